"""What ``vip inventory refresh`` of a large site takes, with all systems well and with one hanging.

    .venv/bin/python -m benchmarks.inventory_time

The systems are the lab's stand-ins on 127.0.0.1, in the process of the benchmark; ``vip`` is a
process of its own. The first refresh fills the cache, and in each of the others one system hangs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import positive
from lab.standins import Faults, StandIns
from lab.topology.large import large_cloud

VIP = Path(sys.executable).with_name("vip")
EACH_LEAF = 6
#: At most so many time-outs of wall time, beside what the refresh takes with all systems well.
GOAL = 2.0
#: What hangs, by the system's name in the faults file.
ROUNDS = (
    ("all systems well", {}),
    ("Mimic hangs", {"mimic": "hang"}),
    ("Mimic's list hangs", {"mimic": "list-hangs"}),
    ("the subnet page hangs", {"subnet-page": "hang"}),
    ("OpenStack hangs", {"openstack": "hang"}),
    ("all three hang", {"mimic": "hang", "subnet-page": "hang", "openstack": "hang"}),
)


@dataclass(frozen=True)
class Refresh:
    """One refresh: how long, how many requests to each system, and how it ended."""

    what: str
    seconds: float
    requests: dict[str, int]
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


def refresh(what: str, served: StandIns, config: Path) -> Refresh:
    """Refresh once."""
    served.asked.clear()
    began = time.monotonic()
    ended = subprocess.run(
        [str(VIP), "--config", str(config), "inventory", "refresh"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    seconds = time.monotonic() - began
    return Refresh(what, seconds, dict(served.asked), ended.returncode, ended.stdout + ended.stderr)


def main() -> int:
    """Measure and print; gives 1 where a goal is missed, or a refresh ended otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hypervisors", type=positive, default=245, metavar="N")
    parser.add_argument("--vms", type=positive, default=980, metavar="N")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true", help="print what vip says, too")
    given = parser.parse_args()
    faults: dict[str, object] = {}
    topology = large_cloud(given.hypervisors, given.vms, EACH_LEAF)
    missed = False
    well = 0.0
    print(f"{given.hypervisors} hypervisors, {given.vms} VMs, time-out {given.timeout:g} s")
    print(f"{'':<24} {'s':>7} {'time-outs':>10} {'requests':>9} {'exit':>5}")
    with (
        tempfile.TemporaryDirectory() as name,
        StandIns(topology, Faults(fixed=faults), local=True, quiet=True) as served,
    ):
        config = settings(served, Path(name), given.timeout)
        for what, active in ROUNDS:
            faults.clear()
            faults.update(active)
            done = refresh(what, served, config)
            well = well or done.seconds
            waited = max(0.0, done.seconds - well) / given.timeout
            asked = sum(done.requests.values())
            print(f"{what:<24} {done.seconds:>7.1f} {waited:>10.2f} {asked:>9} {done.code:>5}")
            if given.verbose:
                print(done.told)
            missed |= done.code != (4 if active else 0)
            missed |= len(active) == 1 and waited >= GOAL
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
