"""What is known of each fault beside how it is told: which cures do not end it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.faults.catalogue import CURED
from tasks.health.diagnose import diagnose
from tasks.ladder import Cure
from tests.unit.tasks.health.healthy import healthy
from tests.unit.tasks.health.test_diagnosis import FAULTS

#: As measured on real ifupdown2, each by the fault's injection and the cure, and a look after it.
NO_TOGGLE = {
    "vip-answered-by-other",
    "blackhole-route",
    "foreign-route",
    "vrf-rule-missing",
    "forwarding-off",
    "rp-filter-all",
    "arp-ignore-all",
    "policy-rule-from",
    "policy-rule-to",
    "policy-rule-iif",
    "hypervisor-unreachable",
    "vlan-not-configured",
    "port-down",
    "port-blocking",
}
NO_FLAP = {
    "vrr-device-deleted",
    "svi-down",
    "vrr-protodown",
    "vip-address-lost",
    "svi-vrf-wrong",
    "vrr-vrf-wrong",
    "neighbour-wrong",
    "neighbour-wrong-permanent",
    "vrr-forwarding-off",
    "vrr-rp-filter",
    "vrr-arp-ignore",
    "vrr-noarp",
    "port-out-of-bridge",
    "vm-mac-on-wrong-port",
}
NO_RECREATION = {"neighbour-wrong", "neighbour-wrong-permanent", "vm-mac-on-wrong-port"}


@pytest.mark.parametrize(
    ("cure", "faults"),
    [
        (Cure.TOGGLE, NO_TOGGLE),
        (Cure.FLAP, NO_TOGGLE | NO_FLAP),
        (Cure.RECREATE, NO_TOGGLE | NO_RECREATION),
    ],
)
def test_what_a_cure_does_not_end(cure: Cure, faults: set[str]) -> None:
    assert {row.id for row in CURED if cure in row.resists} == faults


def test_what_is_covered_for_a_time_only() -> None:
    assert [row.id for row in CURED if row.returns] == ["vip-answered-by-other"]


def test_no_fault_resists_its_own_cure() -> None:
    """`test_diagnosis` has the cure of each row; here the two are held together."""
    for fault, (make, cure, _) in FAULTS.items():
        for found in diagnose(make(healthy())):
            assert found.cure not in found.resists, fault
            assert found.fault != fault or found.cure is cure


def test_the_documentation_says_the_same() -> None:
    text = (Path(__file__).parents[4] / "docs/diagnosis.md").read_text()
    section = text.split("## What does not end a fault\n", 1)[1].split("\n## ", 1)[0]
    told: dict[str, set[str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            for fault in re.findall(r"`([a-z-]+)`", cells[0]):
                told[fault] = set(re.findall(r"`([a-z-]+)`", cells[1]))
    cures = {Cure.REAPPLY, Cure.FLAP, Cure.RECREATE, Cure.TOGGLE}
    known = {
        row.id: {cure.value for cure in row.resists if cure in cures}
        for row in CURED
        if row.resists
    }
    known["vm-arp-wrong"] = {"recreate", "toggle"}
    assert told == known
