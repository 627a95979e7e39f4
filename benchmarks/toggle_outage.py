"""The outage that a VM sees while its gateway's VIP is toggled, by three ways of toggling it.

Run as root from the repository's root; it builds its own lab and takes it down again::

    .venv/bin/python benchmarks/toggle_outage.py

``README.md`` beside this file says what is measured and how to read the table.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from napalm.base.exceptions import NapalmException
from rich.console import Console

from benchmarks.common import BenchError, lab_up, load, ms, parser, positive, warn, write
from benchmarks.toggle_rounds import NAMES, PERSON, RELOADS, VIP, VM, Leaf, Round, results, show
from lab.fabric.interfaces import render_interfaces
from lab.lab import Lab
from lab.machine.kernel import has_vlans
from lab.machine.netns import in_namespace
from lab.machine.pinger import OutageReport
from lab.topology.default import LabError, default_topology
from napalm_cumulus import CumulusDriver
from tasks.gateways import GatewayQuery, gateway_in

LEAF = "03"
INTERVAL = 0.01  # seconds between two pings, as asked of ping; kernels round it up
CALM = 0.5  # seconds of answered pings before a toggle, and after it
_ENOUGH = 20  # answers before and after the outage together, at least
RECOVERY = 60.0  # seconds that the VM may need until it is reached again

# Everything whose change on the disk would be a broken promise.
_DISK = "find /etc/network -xdev -printf '%p %y %m %u %g %l\\n' -type f -exec sha256sum {} + | sort"
_KERNEL = (
    "ip -o addr show | awk '{ print $2, $3, $4 }' | sort; "
    # FRR is not there: what is in the table is ifupdown2's and the kernel's own.
    "ip route show | sort"
)
_KEPT = "/run/bench.interfaces"
_COMMENT = (
    "cp -p {file} {kept} && "
    # Only inside the one stanza: elsewhere it would take the management address away, too.
    "sed -i '/^iface {svi}$/,/^auto /s/^\\([[:space:]]*\\)address/\\1#address/' {file} && "
    "! cmp -s {file} {kept}"
)
_RESTORE = "cp -p {kept} {file} && rm {kept}"


class Bench:
    """The leaf under test, of a lab that is up.

    Args:
        lab: the lab.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.spec = lab.topology.leaf(LEAF)
        self.outside = str(lab.topology.seat.outside.ip)
        self.words = {
            "svi": lab.topology.svi,
            "file": f"/etc/network/{self.spec.svi_file}",
            "kept": _KEPT,
        }
        self.disk = self.sh(_DISK)
        self.kernel = self.sh(_KERNEL)

    # --- the three ways

    def toggle_by_vip(self) -> tuple[float, float | None]:
        """Toggle as ``vip toggle`` does; return the time, and the switch's own bound."""
        with self.session() as driver:
            driver.load_merge_candidate(config=self.candidate(driver))
            begin = time.monotonic()
            driver.commit_config(message="benchmark", revert_in=60, bounce=True)
            wall = time.monotonic() - begin
            report = driver.last_commit
        if report is None or not (report.applied_ok and report.reverted_ok):
            raise BenchError(f"The toggle did not do what it should: {report}")
        if report.mode != "targeted":
            raise BenchError(f"The toggle reloaded everything: {report.why_full}")
        return wall, report.outage_seconds

    def toggle_by_reloads(self) -> tuple[float, None]:
        """Run both reloads of the manual procedure in one shell command; return the time."""
        steps = [_COMMENT, "ifreload -a", _RESTORE, "ifreload -a"]
        return self.in_shell(" && ".join(steps)), None

    def toggle_by_person(self) -> tuple[float, None]:
        """Run the manual procedure, each step as an ``ssh`` command; return the time."""
        wall = sum(
            self.in_shell(step) for step in (_COMMENT, "ifreload -a", _RESTORE, "ifreload -a")
        )
        return wall, None

    def in_shell(self, script: str) -> float:
        """Run a script on the leaf by the seat's ``ssh``; return the time."""
        begin = time.monotonic()
        words = script.format(**self.words)
        done = self.lab.exec_seat(["ssh", self.spec.short_name, words], timeout=300)
        wall = time.monotonic() - begin
        if done.returncode != 0:
            raise BenchError(f"{words!r} ended with {done.returncode}: {done.stderr.strip()}")
        return wall

    @contextmanager
    def session(self) -> Iterator[CumulusDriver]:
        """Yield a driver's session from the operator's seat."""
        seat = self.lab.seat
        options = {
            "known_hosts_file": str(seat.known_hosts),
            "ssh_config_file": "/dev/null",
            "key_file": str(seat.key_file),
            "use_agent": False,
        }
        driver = CumulusDriver(str(self.spec.address.ip), "root", "", 30, options)
        in_namespace(seat.netns, driver.open)
        try:
            yield driver
        finally:
            driver.close()

    def candidate(self, driver: CumulusDriver) -> str:
        """Return the VIP's stanza with its address lines commented out, as ``vip`` does it."""
        text = driver.get_config(retrieve="startup")["startup"]
        wanted = GatewayQuery(vip=self.lab.topology.vip.ip)
        return gateway_in(text, self.spec.short_name, wanted).candidate

    # --- measuring

    def measure(self, way: str) -> Round:
        """Toggle once while the VM pings; the leaf is as before, and proven to be."""
        toggle: Callable[[], tuple[float, float | None]] = {
            VIP: self.toggle_by_vip,
            RELOADS: self.toggle_by_reloads,
            PERSON: self.toggle_by_person,
        }[way]
        device = self.device()
        try:
            with self.lab.start_pinger(VM, self.outside, INTERVAL) as pinger:
                time.sleep(CALM)
                wall, on_switch = toggle()
                self.wait_until_reached()
                time.sleep(CALM)
                seen = pinger.stop()
        finally:
            self.put_back()
        if self.device() == device:
            raise BenchError(f"{NAMES[way]} did not take the VIP away.")
        self.verify(NAMES[way])
        return Round(way, self.proven(seen).longest, seen.lost, wall, on_switch, load())

    def calm(self, seconds: float = 3) -> OutageReport:
        """Return what the VM sees while nothing is toggled."""
        with self.lab.start_pinger(VM, self.outside, INTERVAL) as pinger:
            time.sleep(seconds)
            seen = pinger.stop()
        if seen.sent <= _ENOUGH or seen.lost:
            raise BenchError(f"The VM's pings get lost though nothing is toggled: {seen}")
        return seen

    @staticmethod
    def proven(seen: OutageReport) -> OutageReport:
        """Return the report, if it is one of an outage between two times of calm."""
        if seen.lost < 1 or seen.sent - seen.lost < _ENOUGH:
            raise BenchError(f"No outage was measured: {seen}")
        return seen

    def wait_until_reached(self) -> None:
        """Wait until the VM reaches the outside again."""
        end = time.monotonic() + RECOVERY
        while not self.lab.answers(self.outside, source=VM):
            if time.monotonic() > end:
                raise BenchError(f"{VM} does not reach the outside any more.")

    def put_back(self) -> None:
        """Give the leaf its file back where a round was broken off."""
        restore = _RESTORE.format(**self.words)
        self.sh(f"[ ! -e {_KEPT} ] || {{ {restore}; ifreload -a; }}", timeout=300)

    def verify(self, after: str) -> None:
        """Compare the leaf's files and its kernel's addresses and routes with the beginning's."""
        for what, script, before in (
            ("files", _DISK, self.disk),
            ("addresses or routes", _KERNEL, self.kernel),
        ):
            now = self.sh(script)
            if now != before:
                lines = sorted(set(now.splitlines()) ^ set(before.splitlines()))[:6]
                raise BenchError(f"{after} changed the leaf's {what}: {'; '.join(lines)}")

    def stanzas(self) -> int:
        """Return the ``iface`` stanzas of its configuration."""
        files = "/etc/network/interfaces /etc/network/interfaces.d/*"
        return int(self.sh(f"cat {files} 2>/dev/null | grep -c '^iface '"))

    def device(self) -> str:
        """Return the ifindex of the VIP's device; every toggle makes a new one."""
        return self.sh(f"cat /sys/class/net/{self.words['svi']}-v0/ifindex").strip()

    def sh(self, script: str, timeout: float = 60) -> str:
        """Return the stdout of a script on the leaf, without the network."""
        done = self.lab.exec_leaf(LEAF, ["sh", "-c", script], timeout=timeout, check=True)
        return done.stdout


def run(size: str, rounds: int, options: argparse.Namespace, console: Console) -> Leaf:
    """Build the lab, measure, take it down."""
    stanzas = bare_stanzas() if size == "small" else options.stanzas
    more = max(0, stanzas - bare_stanzas())
    topology = default_topology(options.lab, extra_stanzas={LEAF: more})
    console.print(f"Bringing the lab {options.lab!r} up, with a {size} leaf ...")
    with lab_up(topology) as lab:
        bench = Bench(lab)
        calm = bench.calm()
        leaf = Leaf(size, bench.stanzas(), calm.longest, calm.seconds / calm.sent)
        for number in range(1, rounds + 1):
            for way in NAMES:
                leaf.rounds.append(bench.measure(way))
            said = ", ".join(f"{NAMES[x.way]} {ms(x.outage)}" for x in leaf.rounds[-len(NAMES) :])
            console.print(f"  round {number} of {rounds}: {said} ms; load {load()}", soft_wrap=True)
        return leaf


def bare_stanzas() -> int:
    """Return the stanzas of the lab's default leaf."""
    topology = default_topology()
    files = render_interfaces(topology.leaf(LEAF), topology, vlan_aware=has_vlans())
    lines = (line for text in files.values() for line in text.splitlines())
    return sum(line.startswith("iface ") for line in lines)


def arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    made = parser(__doc__, "bench")
    made.add_argument(
        "--rounds", type=positive, help="rounds on each leaf (default: 10 small, 3 large)"
    )
    made.add_argument("--leaf", choices=("small", "large"), action="append", help="only this leaf")
    made.add_argument("--stanzas", type=positive, default=500, help="of the large leaf")
    return made.parse_args()


def main() -> int:
    """Measure both leafs; 0 unless something broke, whatever the times are."""
    options = arguments()
    console = Console()
    warn(console)
    defaults = {"small": 10, "large": 3}
    leafs: list[Leaf] = []
    try:
        for size in options.leaf or defaults:
            leafs += [run(size, options.rounds or defaults[size], options, console)]
    except (BenchError, LabError, NapalmException) as error:
        print(f"The benchmark broke: {error}", file=sys.stderr)
        return 1
    finally:
        if leafs:
            show(leafs, console)
    if options.json:
        write(options.json, results(leafs, INTERVAL), console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
