"""Runs a command in the kernel of a lab, outside of its seat: ``LAB [COMMAND [ARGUMENT]...]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.kernel.client import leave_as
from lab.kernel.kernel import Kernel
from lab.machine.statedir import LABS
from lab.topology.default import LabError


def main() -> int:
    """Run the command on the command line, or a shell; return its exit status."""
    if len(sys.argv) == 1:
        sys.stderr.write("python -m lab.kernel LAB [COMMAND [ARGUMENT]...]\n")
        return 2
    name, *argv = sys.argv[1:]
    kernel = Kernel(LABS / Path(name).name)
    try:
        if not kernel.exists:
            message = f"The lab {name!r} has no kernel of its own."
            raise LabError(message, f"vip lab up --kernel uml --name {name}")  # noqa: TRY301
        return leave_as(kernel.attach(argv or ["bash"], env=os.environ))
    except LabError as error:
        sys.stderr.write(f"Error: {error}\n{error.advice or ''}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
