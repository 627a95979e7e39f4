"""The plain lab on a kernel with VLANs: the first minute of everybody who has such a kernel."""

from __future__ import annotations

import json

import pytest

from lab.lab import Lab
from lab.machine.kernel import has_vlans
from tests.full_kernel import real_shape
from tests.lab.desk import Desk


def test_the_kernel_is_full_and_the_bridge_is_vlan_aware(well: Lab) -> None:
    assert has_vlans()
    for leaf in well.leafs():
        said = leaf.exec(["ip", "-j", "-d", "link", "show", "dev", "bridge"], check=True).stdout
        (bridge,) = json.loads(said)
        assert bridge["linkinfo"]["info_data"]["vlan_filtering"] == 1
        (svi,) = json.loads(leaf.exec(["ip", "-j", "-d", "link", "show", "vlan453"]).stdout)
        assert svi["linkinfo"]["info_kind"] == "vlan"


def test_no_alarm_on_a_healthy_lab(desk: Desk) -> None:
    real_shape.no_alarm(desk)


#: In the default VRF, one of each kind: a device, its flags, a route, a neighbour, a sysctl.
FAULTS = [
    "vrr-device-deleted",
    "vrr-device-down",
    "svi-routes-lost",
    "neighbour-wrong-permanent",
    "vrr-forwarding-off",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_healed_and_mended(fault: str, desk: Desk) -> None:
    real_shape.healed_and_mended(desk, fault)
