"""What the inventory of a large site takes, with all systems well and with one that hangs.

    .venv/bin/python -m benchmarks.inventory_time

The systems are the lab's stand-ins on 127.0.0.1, in the process of the benchmark; ``vip`` is a
process of its own. The first refresh fills the cache; in each of the other rounds a system hangs.
``vip inventory show`` asks Mimic and the subnet page, ``refresh`` asks OpenStack as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import positive
from lab.standins import Faults, StandIns
from lab.topology.large import large_cloud

VIP = Path(sys.executable).with_name("vip")
EACH_LEAF = 6
#: Less than so many time-outs are waited for in all, by whatever number of questions.
GOAL = 2.0


@dataclass(frozen=True)
class Round:
    """What hangs, by the system's name in the faults file; and which command meets it."""

    what: str
    command: str
    hanging: Mapping[str, str]
    #: Whether the systems still make the answers that they make when all are well.
    working: bool = True


ROUNDS = (
    Round("Mimic hangs", "show", {"mimic": "hang"}, working=False),
    Round("Mimic's list hangs", "show", {"mimic": "list-hangs"}),
    Round("the subnet page hangs", "show", {"subnet-page": "hang"}),
    Round("OpenStack hangs", "refresh", {"openstack": "hang"}),
)


@dataclass(frozen=True)
class Run:
    """One run of a command: how long, how many requests, and how it ended."""

    seconds: float
    requests: int
    code: int
    told: str


def settings(served: StandIns, directory: Path, timeout: float) -> Path:
    """Write the settings of ``vip``; return their path."""
    clouds = directory / "clouds.yaml"
    clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
    path = directory / "vipkeeper.toml"
    path.write_text(
        f'[openstack]\ncloud = "lab"\nclouds_file = "{clouds}"\n'
        f"timeout = {timeout}\ndeadline = {3 * timeout}\n"
        f'[mimic]\nurl = "{served.mimic_url}"\ntimeout = {timeout}\n'
        f'[subnet_page]\nurl = "{served.subnet_page_url}"\ntimeout = {timeout}\n'
        f'[paths]\ncache = "{directory}"\n'
    )
    return path


def run(command: str, served: StandIns, config: Path) -> Run:
    """Run ``vip inventory`` with a command once."""
    served.asked.clear()
    began = time.monotonic()
    ended = subprocess.run(
        [str(VIP), "--config", str(config), "inventory", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    seconds = time.monotonic() - began
    return Run(seconds, sum(served.asked.values()), ended.returncode, ended.stderr + ended.stdout)


def line(what: str, command: str, done: Run, waited: str = "") -> str:
    """Return a row of the table."""
    figures = f"{done.seconds:>7.1f} {done.requests:>9} {done.code:>5} {waited:>10}"
    return f"{what:<22} {command:<8} {figures}"


def main() -> int:
    """Measure and print; gives 1 where a goal is missed, or a command ended otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hypervisors", type=positive, default=245, metavar="N")
    parser.add_argument("--vms", type=positive, default=980, metavar="N")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true", help="print what vip says, too")
    given = parser.parse_args()
    faults: dict[str, object] = {}
    topology = large_cloud(given.hypervisors, given.vms, EACH_LEAF)
    print(f"{given.hypervisors} hypervisors, {given.vms} VMs, time-out {given.timeout:g} s")
    print(f"{'':<22} {'command':<8} {'s':>7} {'requests':>9} {'exit':>5} {'time-outs':>10}")
    with (
        tempfile.TemporaryDirectory() as name,
        StandIns(topology, Faults(fixed=faults), local=True, quiet=True) as served,
    ):
        config = settings(served, Path(name), given.timeout)
        well = {command: run(command, served, config) for command in ("refresh", "show")}
        missed = any(done.code for done in well.values())
        for command, done in well.items():
            print(line("all systems well", command, done), flush=True)
        for each in ROUNDS:
            faults.update(each.hanging)
            done = run(each.command, served, config)
            faults.clear()
            work = well["show"].seconds if each.working else 0.0
            waited = max(0.0, done.seconds - work) / given.timeout
            print(line(each.what, each.command, done, f"{waited:.2f}"), flush=True)
            if given.verbose:
                print(done.told)
            missed |= waited >= GOAL or done.code != (4 if each.command == "refresh" else 0)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
