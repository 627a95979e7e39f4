"""Asymmetric routing, the site of the manual procedure: the SVIs are in the default VRF."""

from __future__ import annotations

import pytest

from lab.lab import Lab
from tests.full_kernel import real_shape
from tests.lab.desk import Desk

LAB = ["--shape", "real", "--routing", "asymmetric"]


def test_a_leaf_is_built_as_sites_are(well: Lab) -> None:
    real_shape.is_built_as_sites_are(well, "")


def test_no_alarm_on_a_healthy_fabric(desk: Desk) -> None:
    real_shape.no_alarm(desk)


@pytest.mark.parametrize("fault", [*real_shape.FAULTS, "neighbour-wrong-permanent"])
def test_a_fault_is_named_healed_and_mended(fault: str, desk: Desk) -> None:
    real_shape.healed_and_mended(desk, fault)


def test_the_vip_of_two_tenants_is_toggled_in_one_vrf(desk: Desk) -> None:
    real_shape.toggled(desk, "default")
