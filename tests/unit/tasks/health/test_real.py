"""Leafs of the real shape, as they were recorded, and with a VLAN or a VNI taken away."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from typing import Any

import pytest

from tasks.facts.fabric import MlagFact
from tasks.facts.model import AddressFact, LinkFact, Section, SwitchFacts
from tasks.faults.gateway_view import SwitchView
from tasks.health.fabric_records import fabric_of
from tasks.health.judge import judge
from tests.unit.tasks.health.real import REAL, SINGLE, facts, rows

#: What a fault of layer 2 would be called; other checks have tests of their own.
_OF_LAYER_2 = ("vlan", "pvid", "bond", "vni", "port", "vxlan", "drift", "virtual-mac", "mac-")


def told(read: SwitchFacts) -> set[tuple[str, str]]:
    """Each finding about layer 2: its check and its subject."""
    return {(f.check, f.subject) for f in judge(read) if f.check.startswith(_OF_LAYER_2)}


def without(leaf: str, port: str, vlan: int, *, table: str = "bridge_vlans") -> SwitchFacts:
    """The leaf without a VLAN of a port."""
    found: list[Any] = rows(leaf, table)
    entries = "vlans" if table == "bridge_vlans" else "tunnels"
    for row in found:
        if row["ifname"] == port:
            row[entries] = [entry for entry in row[entries] if entry["vlan"] != vlan]
    return facts(leaf, **{table: found})


def test_a_healthy_leaf_gives_no_finding_of_layer_2() -> None:
    assert told(facts(REAL)) == set()


def test_a_healthy_leaf_with_a_single_vxlan_device_is_only_told_that_frr_is_too_old() -> None:
    (finding,) = (f for f in judge(facts(SINGLE)) if f.check.startswith(_OF_LAYER_2))
    assert (finding.check, finding.subject) == ("vxlan-without-evpn", "vxlan48")
    assert "VNI 10453, 10553, 10999, 104001, 104002" in finding.evidence


@pytest.mark.parametrize("leaf", [REAL, SINGLE])
def test_each_svi_has_its_vni(leaf: str) -> None:
    read = facts(leaf)
    view = SwitchView(read)
    found = {gateway.interface: view.vni_of(gateway.interface) for gateway in read.gateways}
    assert found == {"vlan453": 10453, "vlan553": 10553, "vlan999": 10999}


@pytest.mark.parametrize(
    ("leaf", "port", "vlan", "check", "subject"),
    [
        (REAL, "bridge", 453, "vlan-not-on-bridge", "vlan453"),
        (REAL, "bond1", 453, "vlan-not-on-port", "bond1"),
        (REAL, "bond2", 453, "vlan-not-on-port", "bond2"),
        (REAL, "swp2", 999, "vlan-not-on-port", "swp2"),
        (REAL, "vni10453", 453, "vlan-not-on-vxlan", "vni10453"),
        (SINGLE, "bridge", 553, "vlan-not-on-bridge", "vlan553"),
        (SINGLE, "vxlan48", 999, "vlan-not-on-vxlan", "vxlan48"),
    ],
)
def test_a_vlan_that_is_taken_away_is_missed(
    leaf: str, port: str, vlan: int, check: str, subject: str
) -> None:
    read = without(leaf, port, vlan)
    assert told(read) - told(facts(leaf)) == {(check, subject)}


def test_the_vlans_of_l3vnis_are_missed_on_the_bridge_too() -> None:
    """They stand in one range, 4001-4002, of the two tenants."""
    found = told(without(REAL, "bridge", 4001))
    assert found == {("vlan-not-on-bridge", f"vlan{vlan}") for vlan in (4001, 4002)}


def test_a_vni_that_is_taken_away_is_missed() -> None:
    read = without(SINGLE, "vxlan48", 553, table="vlan_tunnels")
    assert told(read) - told(facts(SINGLE)) == {("vni-of-vlan-wrong", "vxlan48")}


@pytest.mark.parametrize("section", ["vnis", "vrf_vnis"])
def test_where_frr_was_not_read_no_flood_list_is_known(section: str) -> None:
    """A VNI may be an L3VNI then, to which nothing is flooded."""
    read = facts(REAL)
    assert any(row.floods is not None for row in fabric_of(SwitchView(read)).vnis)
    unread: dict[str, Any] = {section: Section(unread="vtysh did not end in time")}
    assert not any(row.floods for row in fabric_of(SwitchView(replace(read, **unread))).vnis)


def test_every_pair_may_have_the_same_addresses_on_its_peerlink() -> None:
    read = facts(REAL)
    up = read.links.rows[0].flags | {"UP"}
    peers = LinkFact("peerlink.4094", 90, up, 9216, kind="vlan", parent="peerlink", vlan=4094)
    held = AddressFact("peerlink.4094", ip_interface("10.255.255.1/30"))
    read = replace(
        read,
        links=Section((*read.links.rows, LinkFact("peerlink", 91, up, 9216, kind="bond"), peers)),
        addresses=Section((*read.addresses.rows, held)),
    )
    for mlag, told in ((None, True), (MlagFact("peerlink"), False)):
        record = fabric_of(SwitchView(replace(read, mlag=mlag)))
        assert ("peerlink.4094" in {row.device for row in record.addresses}) is told


@pytest.mark.parametrize("stated", [True, False])
def test_the_mtu_that_cumulus_gives_every_device_is_nobodys_promise(stated: bool) -> None:
    """9216 on SVIs, VXLAN devices and uplinks alike; VMs have 9000 or 1500."""
    read = facts(REAL)
    gateways = tuple(
        each if stated else replace(each, stanza=each.stanza.replace("mtu", "alias"))
        for each in read.gateways
    )
    links = tuple(replace(link, mtu=9216) for link in read.links.rows)
    found = judge(replace(read, gateways=gateways, links=Section(links)))
    assert ("tunnel-mtu" in {finding.check for finding in found}) is stated
