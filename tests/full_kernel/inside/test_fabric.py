"""Faults of the fabric where leafs route symmetrically, and one has a single VXLAN device."""

from __future__ import annotations

import os

import pytest

from lab.faults.catalogue import FAULTS, Fault
from lab.topology.shapes import Shape
from tests.lab.fabric_check import require_found_alone
from tests.lab.looker import Looker

LAB = ["--shape", "real"]
_ALL = os.environ.get("VIPKEEPER_FULL_KERNEL") == "all"
#: In every run two that need an L3VNI; most others run on the plain shape each time.
_EACH_TIME = {"l3vni-down", "l3vni-mtu"}
CHECKED = [
    fault
    for fault in FAULTS
    if fault.only_checked and fault.shape is not Shape.PLAIN and (_ALL or fault.name in _EACH_TIME)
]


@pytest.mark.parametrize("fault", CHECKED, ids=lambda fault: f"{fault.id}-{fault.name}")
def test_a_fault_of_the_fabric_is_found_and_what_follows_and_nothing_else(
    looker: Looker, fault: Fault
) -> None:
    require_found_alone(looker, fault)
