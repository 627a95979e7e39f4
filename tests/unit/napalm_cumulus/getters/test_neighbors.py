"""LLDP and the neighbour tables: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napalm.base import models
from napalm.base.exceptions import CommandErrorException
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters import (
    neighbors,
)

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import MISSING, said

#: The port of the neighbour is in a bond.
BONDED = said(
    [
        {"ifname": "swp51", "master": "bond5"},
        {"ifname": "bond5", "linkinfo": {"info_kind": "bond"}},
        {"ifname": "eth0", "master": "mgmt"},
    ]
)


@pytest.mark.parametrize("name", ["lldpctl.json", "lldpctl_json0.json"])
def test_lldp_of_one_neighbour(recorded: Recorded, name: str) -> None:
    assert neighbors.parse_lldp_neighbors(recorded(name)) == {
        "swp51": [{"hostname": "leaf2", "port": "swp51"}]
    }
    (detail,) = neighbors.parse_lldp_neighbors_detail(recorded(name), BONDED, "")["swp51"]
    assert fits(models.LLDPNeighborDetailDict, detail)
    assert detail["parent_interface"] == "bond5"
    assert detail["remote_chassis_id"] == "d2:59:b1:35:9d:4f"
    assert detail["remote_port_description"] == "leaf1 peer (underlay)"
    assert detail["remote_system_capab"] == ["bridge", "router", "wlan-access-point", "station"]
    assert detail["remote_system_enable_capab"] == ["bridge", "router"]


def test_lldp_of_several_neighbours(recorded: Recorded) -> None:
    result = recorded("lldpctl_multi.json")
    found = neighbors.parse_lldp_neighbors(result)
    assert {one["hostname"] for one in found["eth0"]} >= {"leaf2", "leaf3"}
    assert set(neighbors.parse_lldp_neighbors_detail(result, BONDED, "eth0")) == {"eth0"}
    assert neighbors.parse_lldp_neighbors_detail(result, BONDED, "swp99") == {}


def test_lldp_of_a_host_known_by_addresses_only() -> None:
    entry = {
        "chassis": {"id": {"type": "mac", "value": "aa:bb:cc:00:00:01"}},
        "port": {"id": {"type": "mac", "value": "aa:bb:cc:00:00:02"}, "descr": "eth0"},
    }
    found = neighbors.parse_lldp_neighbors(said({"lldp": {"interface": {"swp1": entry}}}))
    assert found == {"swp1": [{"hostname": "aa:bb:cc:00:00:01", "port": "eth0"}]}


def test_no_lldp_neighbour_is_no_error_but_no_lldpd_is() -> None:
    assert neighbors.parse_lldp_neighbors(said({"lldp": {}})) == {}
    assert neighbors.parse_lldp_neighbors(said({"lldp": [{}]})) == {}
    with pytest.raises(CommandErrorException, match="not installed"):
        neighbors.parse_lldp_neighbors(MISSING)


def test_arp_table(recorded: Recorded) -> None:
    of_vrf = [
        {"ifname": "red", "linkinfo": {"info_kind": "vrf"}},
        {"ifname": "vlan453", "master": "red"},
    ]
    found = neighbors.parse_arp_table(recorded("ip_j_neigh.json"), said(of_vrf), "red")
    assert found == [
        {"interface": "vlan453", "mac": "42:F4:3A:3B:A4:69", "ip": "130.246.213.11", "age": -1.0}
    ]
    rows = [
        {"dst": "10.0.0.1", "dev": "swp1", "lladdr": "02:00:00:00:00:01", "confirmed": 79},
        {"dst": "10.0.0.2", "dev": "swp1", "state": ["FAILED"]},
        {"dst": "10.0.0.3", "dev": "swp1", "lladdr": "02:00:00:00:00:03", "state": ["FAILED"]},
    ]
    (one,) = neighbors.parse_arp_table(said(rows), said([]))
    assert fits(models.ARPTableDict, one)
    assert one["age"] == 79.0
    assert isinstance(one["age"], float)


def test_ipv6_neighbours() -> None:
    row = {"dst": "fe80::1", "dev": "swp51", "lladdr": "1a:dc:3f:3a:a5:28", "state": ["STALE"]}
    (one,) = neighbors.parse_ipv6_neighbors_table(said([row]))
    assert fits(models.IPV6NeighborDict, one)
    assert one["state"] == "STALE"
