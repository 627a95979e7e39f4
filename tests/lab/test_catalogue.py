"""Every fault of the catalogue: the right name, the mildest cure, nobody else disturbed.

``VIPKEEPER_CATALOGUE_TABLE`` names a file for what was seen, as a table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faults import FAULTS, Fault
from lab.lab import Lab
from lab.pinger import Pinger
from lab.shell import wait_until
from napalm_cumulus.result import CommandResult
from tasks.health.collect import Probes, commands
from tasks.health.diagnosis import diagnose
from tasks.health.diagnosis_model import Cure, Diagnosis
from tasks.health.read import read_facts
from tests.lab.desk import SWITCH, Desk, untouched
from tests.lab.switch import LeafUnderTest

A1 = "130.246.213.11"
OUTSIDE = "198.51.100.250"
HEADINGS = ("fault", "diagnosis", "cure", "outage of a bystander", "verified")

CUT_OFF = [f for f in FAULTS if not f.latent and f.cure != "none"]
INCURABLE = [f for f in FAULTS if not f.latent and f.cure == "none"]
LATENT = [f for f in FAULTS if f.latent]


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
    assert lab.break_(fault.name).as_declared


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
    assert report.longest < 1, f"{cure.value} cost a bystander {report}"
    return f"{report.longest * 1000:.0f} ms, {report.lost} of {report.sent} lost"


@pytest.mark.parametrize("fault", CUT_OFF, ids=named)
def test_a_fault_is_named_and_cured_with_the_least_harm(
    desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault
) -> None:
    lab, disk = desk.lab, leaf.disk()
    break_(lab, fault)
    bystander = start_bystander(lab, fault)
    elsewhere = lab.start_pinger("vm-x1", OUTSIDE)
    said = desk.vip("heal", "vm-a1", "--yes")
    print(said.out)  # noqa: T201 - pytest -rP shows what a person reads
    assert said.code == 0, said
    report = desk.report()
    first = report["diagnosis"][SWITCH][0]
    assert (first["fault"], first["cure"]) == (fault.recognised_as, fault.cure)
    (rung,) = report["attempts"]
    assert (rung["fault"], rung["cure"]) == (fault.recognised_as, fault.cure)
    assert rung["helped"]
    assert rung["complete"]
    outage = disturbance(bystander, Cure(fault.cure), rung["outage_seconds"])
    assert elsewhere.stop().lost == 0, "traffic of another SVI was hurt"
    # Not by luck, and not for a moment: it answers, and the switch shows nothing more.
    assert lab.answers(A1, count=3)
    assert lab.answers(OUTSIDE, source="vm-a1", count=3)
    assert report["kernel"][-1]["kernel"]["problems"] == []
    left = [found["fault"] for found in report["remaining"] if not found["latent"]]
    if fault.rogue is None:  # a rogue owner stays until somebody takes the VIP away from it
        assert left == []
    assert leaf.disk() == disk
    assert desk.begun() == 1
    table.add(fault, first["fault"], fault.cure, outage, "yes")
    lab.mend()


@pytest.mark.parametrize("fault", INCURABLE, ids=named)
def test_what_no_cure_ends_is_named_and_the_switch_is_untouched(
    desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault
) -> None:
    lab = desk.lab
    break_(lab, fault)
    bystander = start_bystander(lab, fault)
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
    lab.mend()


@pytest.mark.parametrize("fault", LATENT, ids=named)
def test_a_fault_that_harms_nobody_yet_is_named_and_left_to_vip_check(
    desk: Desk, leaf: LeafUnderTest, table: Table, fault: Fault
) -> None:
    lab = desk.lab
    break_(lab, fault)
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--yes")
        assert said.code == 0, said
        assert "nothing to do" in said.out
        found = look(leaf)
    assert [(d.fault, d.cure.value) for d in found] == [(fault.recognised_as, fault.cure)]
    assert all(d.latent for d in found)
    if Cure(fault.cure).disruptive:
        table.add(fault, found[0].fault, f"{fault.cure}, not while all is well", "none", "named")
        lab.mend()
        return
    bystander = start_bystander(lab, fault)
    said = desk.vip("heal", "--all-unhealthy", "--yes")
    print(said.out, said.err)  # noqa: T201 - as above
    assert said.code == 0, said
    outage = disturbance(bystander, Cure(fault.cure))
    assert wait_until(lambda: look(leaf) == (), timeout=3)
    assert lab.answers(A1, count=3)
    table.add(fault, found[0].fault, f"{fault.cure} (--all-unhealthy)", outage, "yes")
    lab.mend()


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
