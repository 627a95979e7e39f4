"""VLANs, VNIs of VLANs, bonds: what iproute2 6.1 printed on a full kernel, as facts."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.facts.bridging import BondState, ConfiguredPort, TunnelFact, VlanFact
from tasks.facts.model import FdbFact
from tests.unit.tasks.health.recorded import INTERFACES, archive, changed, facts, rows, said

VLANS = """\
[{"ifname":"bridge","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]},{"vlan":453}]},\
{"ifname":"bond1","vlans":[{"vlan":1,"flags":["Egress Untagged"]},\
{"vlan":100,"vlanEnd":102,"flags":[]},{"vlan":453,"flags":["PVID","Egress Untagged"]}]}]
"""
TUNNELS = """\
[{"ifname":"vxlan48","tunnels":[{"vlan":453,"tunid":10453},\
{"vlan":600,"vlanEnd":602,"tunid":10600,"tunidEnd":10602}]}]
"""


def test_the_vlans_of_ports_and_of_the_bridge_itself() -> None:
    assert facts(bridge_vlans=VLANS).bridge_vlans.rows == (
        VlanFact("bridge", 1, 1, pvid=True, untagged=True),
        VlanFact("bridge", 453, 453),
        VlanFact("bond1", 1, 1, untagged=True),
        VlanFact("bond1", 100, 102),
        VlanFact("bond1", 453, 453, pvid=True, untagged=True),
    )


def test_the_vnis_of_the_vlans_of_a_single_device() -> None:
    assert facts(vlan_tunnels=TUNNELS).vlan_tunnels.rows == (
        TunnelFact("vxlan48", 453, 453, 10453),
        TunnelFact("vxlan48", 600, 602, 10600),
    )


def test_an_iproute2_that_knows_no_tunnels_has_none() -> None:
    error = b'Command "tunnelshow" is unknown, try "bridge vlan help".\n'
    read = facts(vlan_tunnels=said("vlan_tunnels", 255, b"# text\n", error))
    assert (read.vlan_tunnels.absent, read.vlan_tunnels.unread) == (True, "")


@pytest.mark.parametrize("name", ["bridge_vlans", "vlan_tunnels"])
def test_a_table_that_could_not_be_read_is_named_as_a_person_would(name: str) -> None:
    read: Any = facts(**{name: said(name, 1, b"# text\n", b"Cannot bind netlink socket")})
    word = "show" if name == "bridge_vlans" else "tunnelshow"
    assert f"'bridge -j vlan {word}'" in getattr(read, name).unread
    assert "Cannot bind" in getattr(read, name).unread


def _with(row: dict[str, Any]) -> list[Any]:
    return [*rows("links"), {"ifindex": 90, "flags": ["UP", "LOWER_UP"], "mtu": 9000, **row}]


def test_a_bond_without_a_partner() -> None:
    lacp = {"aggregator": 2, "num_ports": 1, "actor_key": 15, "partner_key": 1}
    lacp |= {"partner_mac": "00:00:00:00:00:00"}
    data = {"mode": "802.3ad", "miimon": 100, "min_links": 1, "ad_select": "stable"}
    info = {"info_kind": "bond", "info_data": {**data, "ad_info": lacp}}
    read = facts(links=_with({"ifname": "bond1", "linkinfo": info}))
    (bond,) = (link.bond for link in read.links.rows if link.name == "bond1")
    assert bond == BondState("802.3ad", 1, "00:00:00:00:00:00", 2)


def test_the_aggregator_of_a_bonds_port() -> None:
    slave = {"state": "ACTIVE", "mii_status": "UP", "ad_aggregator_id": 1}
    info = {"info_kind": "veth", "info_slave_kind": "bond", "info_slave_data": slave}
    read = facts(links=_with({"ifname": "swp9", "master": "bond1", "linkinfo": info}))
    assert [link.aggregator for link in read.links.rows if link.name == "swp9"] == [1]


def test_a_single_vxlan_device_has_no_vni_of_its_own() -> None:
    data = {"external": True, "vnifilter": True, "id": 0, "local": "10.0.0.11", "port": 4789}
    info = {"info_kind": "vxlan", "info_data": data}
    read = facts(links=_with({"ifname": "vxlan48", "master": "bridge", "linkinfo": info}))
    (link,) = (link for link in read.links.rows if link.name == "vxlan48")
    assert (link.external, link.vni, link.local) == (True, None, "10.0.0.11")


def test_a_bridge_says_whether_it_is_vlan_aware() -> None:
    def aware(row: dict[str, Any]) -> None:
        if row["ifname"] == "vlan453":
            row["linkinfo"]["info_data"]["vlan_filtering"] = 1

    told = {
        link.name: link.vlan_filtering for link in facts(links=changed("links", aware)).links.rows
    }
    assert (told["vlan453"], told["vlan999"], told["swp10"]) == (True, False, None)


def test_an_entry_of_a_single_device_has_its_vni() -> None:
    row = {"mac": "00:00:00:00:00:00", "ifname": "vxlan48", "dst": "10.0.0.12"}
    read = facts(fdb=[{**row, "src_vni": 10453, "flags": ["self"], "state": "permanent"}])
    assert read.fdb.rows == (
        FdbFact(row["mac"], "vxlan48", remote="10.0.0.12", state="permanent", vni=10453),
    )


def test_the_configuration_says_which_vlans_a_port_is_to_have() -> None:
    text = INTERFACES + (
        "\nauto bridge\niface bridge\n\tbridge-vlan-aware yes\n\tbridge-ports swp1s3\n"
        "\tbridge-vids 453\n"
    )
    read = facts(configuration=archive(**{"etc/network/interfaces": text}))
    assert read.bridging.ports == {
        "swp1s3": ConfiguredPort("swp1s3", "bridge", ((453, 453), (1, 1)), 1)
    }
    assert not facts().bridging.ports


@pytest.mark.parametrize("end", [4096, 10**12, 452])
def test_a_range_that_is_none_of_vlans_is_not_believed(end: int) -> None:
    vlans = [{"ifname": "bond1", "vlans": [{"vlan": 453, "vlanEnd": end}]}]
    tunnels = [{"ifname": "vxlan48", "tunnels": [{"vlan": 453, "vlanEnd": end, "tunid": 1}]}]
    read = facts(bridge_vlans=vlans, vlan_tunnels=tunnels)
    assert "are no VLANs" in read.bridge_vlans.unread
    assert "are no VLANs" in read.vlan_tunnels.unread
