"""What the command line costs before it does anything, against a bare interpreter.

    .venv/bin/python benchmarks/start_cost.py

Each command is run as a process of its own, in turn with ``python -c ""`` of the same environment.
What is compared is CPU time, user and system: wall time says more of the disk and of neighbours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import positive

VIP = Path(sys.executable).with_name("vip")
BARE = (sys.executable, "-c", "")
#: What is measured, and as how many bare interpreters it may cost; None has no such goal.
COMMANDS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "vip --help": ((str(VIP), "--help"), 8.0),
    "vip heal --help": ((str(VIP), "heal", "--help"), None),
    "vip lab --help": ((str(VIP), "lab", "--help"), None),
    "what vip check imports": ((sys.executable, "-c", "import runbooks.check"), None),
    "what vip heal imports": ((sys.executable, "-c", "import runbooks.heal"), None),
}


@dataclass
class Cost:
    """CPU seconds of the rounds of a command, and of the bare interpreters beside it."""

    command: str
    seconds: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Return how many bare interpreters it costs: the median of the rounds' ratios."""
        return statistics.median(s / b for s, b in zip(self.seconds, self.bare, strict=True))


def cpu_seconds(command: tuple[str, ...]) -> float:
    """Return the CPU time of one run, with the processes it started and waited for."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(name: str, command: tuple[str, ...], rounds: int) -> Cost:
    """Run a command and a bare interpreter in turn; the first round is thrown away."""
    cost = Cost(name)
    for number in range(rounds + 1):
        bare, seconds = cpu_seconds(BARE), cpu_seconds(command)
        if number:
            cost.bare.append(bare)
            cost.seconds.append(seconds)
    return cost


def main() -> int:
    """Measure and print; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=15, metavar="N")
    rounds = parser.parse_args().rounds
    missed = False
    print(f"{'command':<24} {'CPU ms':>8} {'bare ms':>8} {'ratio':>6} {'goal':>5}")
    for name, (command, goal) in COMMANDS.items():
        cost = measure(name, command, rounds)
        own, bare = (1000 * statistics.median(x) for x in (cost.seconds, cost.bare))
        said = f"{goal:g}" if goal else ""
        print(f"{name:<24} {own:>8.0f} {bare:>8.0f} {cost.ratio:>6.1f} {said:>5}", flush=True)
        missed |= goal is not None and cost.ratio > goal
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
