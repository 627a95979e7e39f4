"""Every fault of the catalogue, in one pass: it bites as it says, a check finds it and nothing
else, ``vip heal`` names it and cures it by the mildest cure, nobody else is disturbed, and the lab
mends it; the kernel is as before after the cure, and after mending.

Some faults share the script that mends them, and some harm nobody yet: of each such group one,
drawn from the seed, is mended after its cure, or given to ``vip heal --all-unhealthy``. The others
are cured all the same. ``VIPKEEPER_CURES=all`` does it with each.

``VIPKEEPER_CATALOGUE_TABLE`` names a file for what was seen, as a table.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

import pytest

from lab.faults.catalogue import PLAIN_FAULTS, Fault
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.pinger import Pinger
from lab.machine.shell import wait_until
from napalm_cumulus.result import CommandResult
from tasks.cures.apply import apply_cure
from tasks.cures.model import CureOutcome
from tasks.facts.assemble import read_facts
from tasks.facts.collect import Probes, commands
from tasks.faults.model import Diagnosis
from tasks.gateways import GatewayQuery, find_gateway
from tasks.health.diagnose import diagnose
from tasks.ladder import Cure
from tests.lab.desk import SWITCH, Desk, untouched
from tests.lab.kernel_state import state
from tests.lab.looker import Looker, require_found
from tests.lab.switch import PATIENCE, LeafUnderTest
from tests.lab.ward import KERNEL

A1 = "130.246.213.11"
OUTSIDE = "198.51.100.250"
HEADINGS = ("fault", "diagnosis", "cure", "outage of a bystander", "verified")

#: The others are found by a check alone: tests/lab/test_fabric_faults.py.
FAULTS = [fault for fault in PLAIN_FAULTS if not fault.only_checked]
#: Faults that are felt by the whole leaf, or by whoever is in the way.
WHOLE_LEAF = {"forwarding-off", "rp-filter-all"}
LARGE = ["ping", "-n", "-q", "-c", "1", "-W", "1", "-s", "1472", "-M", "do", OUTSIDE]


_ALL = os.environ.get("VIPKEEPER_CURES") == "all"


def one_of_each(group: Callable[[Fault], Hashable]) -> set[str]:
    """The names of one fault of each group, drawn by the seed; None is no group."""
    draw = random.Random(f"{os.environ['VIPKEEPER_SEED']} catalogue")
    shuffled = draw.sample(FAULTS, len(FAULTS))
    groups = {group(fault): fault.name for fault in shuffled}
    return {name for of, name in groups.items() if of is not None}


def mends(fault: Fault) -> Hashable:
    """How the lab mends a fault: in many cases by making the devices anew."""
    where = (fault.leaf, fault.vm, fault.rogue, fault.hypervisor, fault.spine)
    return tuple(script and script.mend for script in where)


#: What is mended after it was cured, and what is given to ``vip heal --all-unhealthy``.
MENDED = {f.name for f in FAULTS} if _ALL else one_of_each(mends)
IN_ALL = (
    {f.name for f in FAULTS if f.latent}
    if _ALL
    else one_of_each(lambda fault: (fault.cure == "none") if fault.latent else None)
)


class Table:
    """What was seen, a row for each fault."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(self, fault: Fault, diagnosis: str, cure: str, outage: str, verified: str) -> None:
        self.rows.append((f"{fault.id} `{fault.name}`", f"`{diagnosis}`", cure, outage, verified))

    def text(self) -> str:
        lines = [HEADINGS, ("---",) * len(HEADINGS), *sorted(self.rows)]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    table = Table()
    yield table
    path = os.environ.get("VIPKEEPER_CATALOGUE_TABLE")
    if path:
        Path(path).write_text(table.text())


def named(fault: Fault) -> str:
    return f"{fault.id}-{fault.name}"


BYSTANDERS = ("vm-b1", "vm-a2")


def break_(lab: Lab, fault: Fault) -> None:
    """Inject a fault while others behind the SVI know their gateway, and see that it bites."""
    for vm in BYSTANDERS:
        assert lab.answers(OUTSIDE, source=vm)
        refresh_gateway(lab, vm)
    report = FaultInjector(lab).inject(fault.name)
    assert (report.leaf, report.vm) == ("swt-sn2100-03", "vm-a1")
    assert report.as_declared


def refresh_gateway(lab: Lab, vm: str) -> None:
    """Let a VM know its gateway's MAC afresh, so that it asks nobody while a fault lasts.

    For 15 seconds at least: half of the kernel's base_reachable_time, arp(7).
    """
    gateway, mac = str(lab.topology.vip.ip), lab.topology.virtual_mac
    known = ["ip", "neigh", "replace", gateway, "lladdr", mac, "nud", "reachable", "dev", "eth0"]
    lab.exec_vm(vm, known, check=True)


def start_bystander(lab: Lab, fault: Fault) -> Pinger | None:
    """Pings of another VM behind the same SVI; None where the fault cuts off all of them."""
    if fault.spreads:
        return None
    for vm in BYSTANDERS:
        refresh_gateway(lab, vm)
        if lab.answers(OUTSIDE, source=vm, count=2):
            return lab.start_pinger(vm, OUTSIDE)
    return None


def disturbance(pinger: Pinger | None, cure: Cure, away: float = 0.0) -> str:
    """What the bystander saw, in words; it may lose nothing by a cure that takes nothing away.

    Where the fault cuts all of them off only the switch's own clock can tell what the cure took.
    """
    if pinger is None:
        took = f"; away for {away:.2f} s by the switch's clock" if away else ""
        return f"cut off by the fault itself{took}"
    report = pinger.stop()
    assert report.sent > 50
    if not cure.disruptive:
        assert report.lost == 0, f"{cure.value} cost a bystander {report}"
        return "none"
    assert report.longest < 15, f"{cure.value} cost a bystander {report}"
    return f"{report.longest * 1000:.0f} ms, {report.lost} of {report.sent} lost"


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_fault_bites_and_is_found_named_cured_and_mended(
    desk: Desk, leaf: LeafUnderTest, looker: Looker, table: Table, fault: Fault
) -> None:
    lab, well, before = desk.lab, leaf.disk(), everything(desk.lab)
    looker.connect()  # the session stands before anything is broken
    break_(lab, fault)
    disk = leaf.disk()
    require_bite(lab, fault)
    require_found(looker, fault)
    if fault.id == "f2":  # the look has made the VM answer, which ends it
        assert FaultInjector(lab).inject(fault.name).as_declared
    if fault.latent:
        require_left_to_check(desk, leaf, looker, table, fault)
    elif fault.cure == "none":
        require_untouched(desk, leaf, table, fault)
    else:
        require_cured(desk, leaf, table, fault)
    assert leaf.disk() == disk
    cured = Cure(fault.cure) is not Cure.NONE and not (fault.latent and is_disruptive(fault))
    if cured:
        same = wait_until(lambda: everything(lab) == before, timeout=PATIENCE)
        assert same, everything(lab) ^ before
        assert lab.exec_vm("vm-a1", LARGE).returncode == 0
        if fault.name not in MENDED and fault.rogue is None:
            FaultInjector(lab).forget()
            assert leaf.disk() == well
            return
        FaultInjector(lab).inject(fault.name)
    if fault.id == "f2":
        assert lab.answers(OUTSIDE, source="vm-a1"), "its own packets do not end it"
    begin = time.monotonic()
    assert [item.answers for item in FaultInjector(lab).mend()] == [True]
    assert time.monotonic() - begin < PATIENCE
    assert FaultInjector(lab).active() == []
    assert wait_until(lambda: everything(lab) == before, timeout=PATIENCE), everything(lab) ^ before
    assert leaf.disk() == well


def is_disruptive(fault: Fault) -> bool:
    return Cure(fault.cure).disruptive


def everything(lab: Lab) -> set[str]:
    """What of the leaf's kernel a fault, a cure or mending may not leave changed."""
    return state(lab) | set(
        lab.exec_leaf("03", ["sh", "-c", KERNEL], check=True).stdout.split("\n")
    )


def require_bite(lab: Lab, fault: Fault) -> None:
    """The VM is cut off as declared, and nobody else."""
    if fault.id != "f2":  # which ends with the first packet that the VM sends
        assert lab.answers(OUTSIDE, source="vm-a1") == fault.latent
    assert lab.answers("130.246.213.31"), "a VM behind the other leaf"
    if fault.name not in WHOLE_LEAF:
        assert lab.answers("10.99.0.101"), "the bystander on the same leaf"
    assert [active.fault for active in FaultInjector(lab).active()] == [fault.name]


def require_cured(desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault) -> None:
    """It is named, and cured with the least harm."""
    lab = desk.lab
    bystander = start_bystander(lab, fault)
    elsewhere = lab.start_pinger("vm-x1", OUTSIDE)
    said = desk.vip("heal", "vm-a1", "--yes")
    print(said.out)  # noqa: T201 - pytest -rP shows what a person reads
    # A rogue owner stays until somebody takes the VIP away from it.
    assert said.code == (13 if fault.rogue else 0), said
    report = desk.report()
    first = report["diagnosis"][SWITCH][0]
    assert (first["fault"], first["cure"]) == (fault.recognised_as, fault.cure)
    (rung,) = report["attempts"]
    assert (rung["fault"], rung["cure"]) == (fault.recognised_as, fault.cure)
    assert rung["helped"]
    assert rung["complete"]
    assert (rung["outage_seconds"] > 0) == is_disruptive(fault)
    outage = disturbance(bystander, Cure(fault.cure), rung["outage_seconds"])
    assert elsewhere.stop().lost == 0, "traffic of another SVI was hurt"
    # Not by luck, and not for a moment: it answers, and the switch shows nothing more.
    assert lab.answers(A1, count=3)
    assert lab.answers(OUTSIDE, source="vm-a1", count=3)
    assert report["kernel"][-1]["kernel"]["problems"] == []
    left = [found["fault"] for found in report["remaining"] if not found["latent"]]
    assert left == ([fault.recognised_as] if fault.rogue else [])
    assert (fault.recognised_as in rung["cured"]) == (fault.rogue is None)
    assert desk.begun() == 1
    assert leaf.state() == set()
    assert leaf.timers() == ""
    table.add(fault, first["fault"], fault.cure, outage, "for now" if fault.rogue else "yes")


def require_untouched(desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault) -> None:
    """What no cure ends is named, and the switch is untouched."""
    bystander = start_bystander(desk.lab, fault)
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--yes")
    print(said.out, said.err)  # noqa: T201 - as above
    assert said.code == 6, said
    assert fault.recognised_as in said.err
    assert "nothing was touched" in said.err
    report = desk.report()
    assert report["verdict"] == "refused"
    first = report["diagnosis"][SWITCH][0]
    assert (first["fault"], first["cure"]) == (fault.recognised_as, "none")
    assert first["remedy"]
    assert desk.begun() == 0
    outage = disturbance(bystander, Cure.NONE)
    table.add(fault, first["fault"], "none, untouched", outage, "exit 6")


def require_left_to_check(
    desk: Desk, leaf: LeafUnderTest, looker: Looker, table: Table, fault: Fault
) -> None:
    """A fault that harms nobody yet is named, and left to ``vip check``."""
    lab = desk.lab
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--yes")
        assert said.code == 0, said
        assert "nothing to do" in said.out
        found = look(leaf)
    assert [(d.fault, d.cure.value) for d in found] == [(fault.recognised_as, fault.cure)]
    assert all(d.latent for d in found)
    if fault.cure == "none":
        assert found[0].remedy
        require_left_alone(desk, leaf, table, fault)
        return
    if is_disruptive(fault):
        table.add(fault, found[0].fault, f"{fault.cure}, not while all is well", "none", "named")
        return
    bystander = start_bystander(lab, fault)
    if fault.name in IN_ALL:
        said = desk.vip("heal", "--all-unhealthy", "--yes")
        print(said.out, said.err)  # noqa: T201 - as above
        assert said.code == 0, said
    else:
        cured: CureOutcome = looker.run(
            apply_cure,
            diagnosis=found[0],
            gateway=looker.run(find_gateway, wanted=GatewayQuery(interface=found[0].interface)),
            message="a test",
            revert_in=30,
        )
        assert (cured.problems, cured.complete) == ((), True)
    outage = disturbance(bystander, Cure(fault.cure))
    assert wait_until(lambda: look(leaf) == (), timeout=PATIENCE)
    assert lab.answers(A1, count=3)
    how = " (--all-unhealthy)" if fault.name in IN_ALL else ""
    table.add(fault, found[0].fault, f"{fault.cure}{how}", outage, "yes")


def require_left_alone(desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault) -> None:
    """A fault that harms nobody yet and that no cure ends stays, until a person sets it right."""
    if fault.name not in IN_ALL:
        table.add(fault, fault.recognised_as, "none, left to `vip check`", "none", "named")
        return
    bystander = start_bystander(desk.lab, fault)
    with untouched(leaf):
        said = desk.vip("heal", "--all-unhealthy", "--yes")
    print(said.out, said.err)  # noqa: T201 - as above
    assert said.code == 0, said
    assert desk.begun() == 0
    assert [d.fault for d in look(leaf)] == [fault.recognised_as]
    outage = disturbance(bystander, Cure.NONE)
    table.add(fault, fault.recognised_as, "none, left to `vip check`", outage, "named")


def test_a_well_leaf_has_no_fault(leaf: LeafUnderTest) -> None:
    assert look(leaf) == ()


def look(leaf: LeafUnderTest) -> tuple[Diagnosis, ...]:
    """What the leaf shows just now, collected past the network."""
    results: dict[str, CommandResult] = {}
    for name, command in commands(Probes()).items():
        done = leaf.lab.exec_leaf(leaf.name, ["sh", "-c", command])
        results[name] = CommandResult(
            command, done.returncode, done.stdout.encode(), done.stderr.encode()
        )
    return diagnose(read_facts(SWITCH, results, {}))
