"""What is known of each fault beside how it is told: which cures do not end it."""

from __future__ import annotations

import pytest

from tasks.health.diagnosis import RECOGNISERS
from tasks.health.diagnosis_model import Cure

#: As measured on real ifupdown2, each by the fault's injection and the cure, and a look after it.
NO_TOGGLE = {
    "vip-answered-by-other",
    "blackhole-route",
    "foreign-route",
    "forwarding-off",
    "rp-filter-all",
    "arp-ignore-all",
    "policy-rule-from",
    "policy-rule-to",
    "policy-rule-iif",
    "hypervisor-unreachable",
}
NO_FLAP = {
    "vrr-device-deleted",
    "svi-down",
    "vrr-protodown",
    "vip-address-lost",
    "neighbour-wrong",
    "neighbour-wrong-permanent",
    "vrr-forwarding-off",
    "vrr-rp-filter",
    "vrr-arp-ignore",
    "vrr-noarp",
}
NO_RECREATION = {"neighbour-wrong", "neighbour-wrong-permanent"}


@pytest.mark.parametrize(
    ("cure", "faults"),
    [
        (Cure.TOGGLE, NO_TOGGLE),
        (Cure.FLAP, NO_TOGGLE | NO_FLAP),
        (Cure.RECREATE, NO_TOGGLE | NO_RECREATION),
    ],
)
def test_what_a_cure_does_not_end(cure: Cure, faults: set[str]) -> None:
    assert {row.fault for row in RECOGNISERS if cure in row.resists} == faults


def test_what_is_covered_for_a_time_only() -> None:
    assert [row.fault for row in RECOGNISERS if row.returns] == ["vip-answered-by-other"]
