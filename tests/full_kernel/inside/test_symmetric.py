"""Symmetric routing: the SVIs are in a tenant's VRF."""

from __future__ import annotations

import pytest

from lab.lab import Lab
from tests.full_kernel import real_shape

LAB = ["--shape", "real"]


def test_a_leaf_is_built_as_sites_are(well: Lab) -> None:
    real_shape.is_built_as_sites_are(well, "tenant1")


def test_no_alarm_on_a_healthy_fabric(well: Lab) -> None:
    real_shape.no_alarm(well)


@pytest.mark.parametrize("fault", real_shape.FAULTS)
def test_a_fault_is_named_healed_and_mended(fault: str, well: Lab) -> None:
    real_shape.healed_and_mended(well, fault)


def test_the_vip_of_two_tenants_is_toggled_in_one_vrf(well: Lab) -> None:
    real_shape.toggled(well, "tenant1")
