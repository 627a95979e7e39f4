"""MAC addresses and VLANs: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napalm.base import models
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters import (
    bridge,
)

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import VRF_LINKS, said


def test_mac_address_table(recorded: Recorded) -> None:
    found = bridge.parse_mac_address_table(recorded("bridge_j_fdb.json"))
    assert all(fits(models.MACAdressTable, one) for one in found)
    assert len(found) == 9
    by_mac = {one["mac"]: one for one in found}
    learned, remote = by_mac["42:F4:3A:3B:A4:69"], by_mac["F6:AB:32:6E:51:54"]
    assert (learned["interface"], learned["vlan"], learned["static"]) == ("swp1", 453, False)
    assert remote["interface"] == "vni10453"
    assert by_mac["00:00:5E:00:01:C5"]["static"]


def test_mac_address_table_of_a_vlan_aware_bridge() -> None:
    row = {"mac": "aa:bb:cc:00:00:01", "ifname": "swp1", "master": "bridge", "flags": []}
    found = bridge.parse_mac_address_table(said([{**row, "vlan": 7}, {**row, "vlan": 8}, row]))
    assert [one["vlan"] for one in found] == [7, 8, 0]


def test_vlans_of_traditional_bridges(recorded: Recorded) -> None:
    found = bridge.parse_vlans(recorded("bridge_j_vlan.json"), recorded("ip_j_d_link.json"))
    assert all(fits(models.VlanDict, one) for one in found.values())
    assert found == {
        453: {"name": "vlan453", "interfaces": ["swp1", "vni10453"]},
        999: {"name": "vlan999", "interfaces": ["swp2"]},
    }


@pytest.mark.parametrize(
    "answer",
    [
        [
            {"ifname": "swp1", "vlans": [{"vlan": 1}, {"vlan": 453, "vlanEnd": 454}]},
            {"ifname": "bridge", "vlans": [{"vlan": 999}]},
        ],
        {"swp1": [{"vlan": 1}, {"vlan": 453, "vlanEnd": 454}], "bridge": [{"vlan": 999}]},
    ],
)
def test_vlans_of_a_vlan_aware_bridge(answer: object) -> None:
    found = bridge.parse_vlans(said(answer), said(VRF_LINKS))
    assert {number: one["interfaces"] for number, one in found.items()} == {
        1: ["swp1"],
        453: ["swp1"],
        454: ["swp1"],
        999: [],
    }
