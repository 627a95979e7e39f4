"""What a kernel of the lab's own costs, next to the machine's: boot, lab up, break, heal, check.

    sudo .venv/bin/python benchmarks/kernel_cost.py

The same commands of ``vip lab`` are run on both kernels in turn, a lab of plain namespaces each.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.common import BenchError, parser, positive, stopped, warn, write
from lab.kernel.package import KERNEL
from lab.lab import Lab

VIP = str(Path(sys.executable).with_name("vip"))
KERNELS = ("host", "uml")
_MANY = "for i in $(seq 100); do /bin/true; done"
_FAULT, _VM = "svi-routes-lost", "vm-a1"


class Bench:
    """A lab on one of the kernels, and the seconds of its steps."""

    def __init__(self, name: str, kernel: str) -> None:
        self._name = name
        self._kernel = kernel
        self.seconds: dict[str, float] = {}

    def round(self) -> dict[str, float]:
        """Do every step once; return their seconds."""
        try:
            self._steps()
        finally:
            Lab(self._name).down()
        return self.seconds

    def _steps(self) -> None:
        if self._kernel == "uml":
            lab = Lab(self._name)
            begin = time.monotonic()
            if lab.up_inside(["true"]):
                raise BenchError("The kernel did not run a command.")
            self.seconds["boot"] = time.monotonic() - begin
            lab.down()
        self._step("lab up", "up", "--kind", "namespace", "--kernel", self._kernel)
        boot = self.seconds.get("boot", 0)
        self.seconds["lab up"] -= boot
        self._step("100 processes", "run", "--", "sh", "-c", _MANY)
        self._step("python3 -c pass", "run", "--", "python3", "-c", "pass")
        self._step("vip check", "run", "--", "vip", "check")
        self._step("break", "break", _FAULT, "--vm", _VM)
        self._step("vip heal", "run", "--", "vip", "heal", _VM, "--yes")
        self._step("mend", "mend")
        self._step("down", "down")

    def _step(self, what: str, command: str, *arguments: str) -> None:
        begin = time.monotonic()
        self._done([VIP, "lab", command, "--name", self._name, *arguments])
        self.seconds[what] = time.monotonic() - begin

    @staticmethod
    def _done(argv: Sequence[str]) -> None:
        done = subprocess.run(
            argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout)[-600:]
            raise BenchError(f"{' '.join(argv)} ended with {done.returncode} and said: {said}")


def main() -> int:
    """Measure, print, and write what was asked for."""
    options = parser(__doc__, "cost")
    options.add_argument("--rounds", type=positive, default=3, metavar="N")
    given = options.parse_args()
    console = Console()
    warn(console)
    signal.signal(signal.SIGTERM, stopped)
    KERNEL.ensure()
    rounds: dict[str, list[dict[str, float]]] = {kernel: [] for kernel in KERNELS}
    try:
        for _ in range(given.rounds):
            for kernel in KERNELS:
                rounds[kernel].append(Bench(given.lab, kernel).round())
    except BenchError as error:
        console.print(f"[red]Error:[/] {error}", highlight=False)
        return 1
    table = Table("step", "machine's kernel (s)", "own kernel (s)", "ratio")
    for step in rounds["uml"][0]:
        own = statistics.median(one[step] for one in rounds["uml"])
        if step not in rounds["host"][0]:
            table.add_row(step, "-", f"{own:.1f}", "-")
            continue
        host = statistics.median(one[step] for one in rounds["host"])
        table.add_row(step, f"{host:.1f}", f"{own:.1f}", f"{own / host:.1f}")
    console.print(table)
    if given.json:
        write(given.json, {"rounds": rounds}, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
