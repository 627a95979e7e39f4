"""Stands for the lab's kernel: the agent on a terminal that is joined to the line ``argv[1]``."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys


def main() -> None:
    line = int(sys.argv[1])
    master, slave = pty.openpty()
    agent = subprocess.Popen([sys.executable, "-S", "-m", "lab.kernel.agent", os.ttyname(slave)])
    ends = {line: master, master: line}
    while agent.poll() is None:
        for descriptor in select.select(list(ends), [], [], 0.2)[0]:
            data = os.read(descriptor, 65536)
            while data:
                data = data[os.write(ends[descriptor], data) :]


if __name__ == "__main__":
    main()
