"""What the benchmarks share: arguments, the machine, numbers, a lab of their own."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from lab.lab import Lab
from lab.topology.default import Topology


class BenchError(Exception):
    """Something could not be measured, or left the leaf other than it found it."""


@contextmanager
def lab_up(topology: Topology) -> Iterator[Lab]:
    """Yield a lab; take it down again, also after a signal to end."""
    signal.signal(signal.SIGTERM, stopped)
    lab = Lab(topology.name)
    lab.up(topology)
    try:
        yield lab
    finally:
        lab.down()


def stopped(*_: object) -> NoReturn:
    """End this process in order, after a signal."""
    raise SystemExit(143)


def parser(description: str | None, lab: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    made = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    made.add_argument("--lab", default=lab, help=f"the lab's name (default: {lab})")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    return made


def positive(text: str) -> int:
    """Return a number of at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def load() -> float:
    """Return the machine's load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def warn(console: Console) -> None:
    """Say what the machine is busy with."""
    console.print(f"{os.cpu_count()} CPUs, load {load()}: other work on this machine disturbs.")


def ms(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f"{seconds * 1000:.0f}"


def p90(values: Sequence[float]) -> float:
    """Return the ninth decile, between the nearest two values; the value itself if there is one."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=10, method="inclusive")[8]


def write(path: Path, content: dict[str, Any], console: Console) -> None:
    """Write what was measured, and where and how, as JSON."""
    machine = {"kernel": platform.release(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    command = [f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    whole = {"when": when, "command": command, "machine": machine, **content}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=2) + "\n")
    console.print(f"Every round stands in {path}.")
