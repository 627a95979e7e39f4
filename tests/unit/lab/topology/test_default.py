from __future__ import annotations

import dataclasses
from ipaddress import IPv4Interface

import pytest

from lab.fabric.fabric import Fabric, tap
from lab.fabric.interfaces import render_interfaces
from lab.fabric.routing import leaf_as, render_leaf, render_spine
from lab.topology.default import LabError, Topology, default_topology


@pytest.mark.parametrize("extra", [0, 1, 40])
def test_json_round_trip_is_the_identity(extra: int) -> None:
    topology = default_topology("a", extra, {"03": 7})
    assert Topology.from_json(topology.to_json()) == topology


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "a"}'])
def test_a_text_that_is_no_topology_is_refused(text: str) -> None:
    with pytest.raises(LabError, match="not a lab's topology"):
        Topology.from_json(text)


@pytest.mark.parametrize("name", ["", "A", "1a", "a" * 17, "a/b", "a.b", "a b", "-a", ".."])
def test_names_that_could_not_be_namespaces_or_paths_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot be called"):
        default_topology(name)


def test_the_cast_that_runbooks_and_stand_ins_count_on() -> None:
    topology = default_topology()
    assert [leaf.name for leaf in topology.leafs] == [
        "swt-sn2100-03.example.internal",
        "swt-sn2100-01.example.internal",
    ]
    a1 = topology.vm("vm-a1")
    assert topology.hypervisor(a1.hypervisor or "").short_name == "hv50"
    assert topology.leaf_of(a1).address == IPv4Interface("10.5.0.43/24")
    assert topology.vm("vm-stopped").status == "SHUTOFF"
    nowhere = topology.vm("vm-nohost")
    assert (nowhere.status, nowhere.hypervisor, nowhere.address) == ("ERROR", None, None)
    assert nowhere.fault
    twins = [vm for vm in topology.vms if vm.name == "twin"]
    assert len({vm.project_id for vm in twins}) == 2
    assert len({vm.hypervisor for vm in twins}) == 2


def test_look_ups_by_short_name_number_id_and_address() -> None:
    topology = default_topology()
    leaf = topology.leaf("03")
    assert topology.leaf("swt-sn2100-03") == topology.leaf(leaf.name) == leaf
    a1 = topology.vm("vm-a1")
    assert topology.vm(a1.uuid) == topology.vm("130.246.213.11") == a1
    with pytest.raises(LabError, match="2 VMs called 'twin'"):
        topology.vm("twin")
    with pytest.raises(LabError, match="no VM"):
        topology.vm("None")
    with pytest.raises(LabError, match="no leaf"):
        topology.leaf("3")
    with pytest.raises(LabError, match="no hypervisor"):
        topology.leaf_of(topology.vm("vm-nohost"))


def test_drawings_that_contradict_themselves_are_refused() -> None:
    topology = default_topology()
    first = topology.vms[0]
    moved = dataclasses.replace(first, hypervisor="hv99.nubes.example.internal")
    doubled = dataclasses.replace(topology.vms[1], address=first.address)
    at_vip = dataclasses.replace(first, address=topology.vip)
    for vms in ((moved,), (first, first), (first, doubled), (at_vip,)):
        with pytest.raises(LabError):
            dataclasses.replace(topology, vms=vms)
    with pytest.raises(LabError, match="unknown leaf"):
        dataclasses.replace(topology, leafs=topology.leafs[:1])
    with pytest.raises(LabError, match="one port twice"):
        dataclasses.replace(topology, bystanders=topology.bystanders[:1] * 2)


def test_extra_stanzas_are_only_for_leafs_that_are_drawn() -> None:
    with pytest.raises(LabError, match="not drawn"):
        default_topology(extra_stanzas={"99": 1})
    with pytest.raises(LabError, match="0 to 40"):
        default_topology(extra_leafs=41)


def test_every_mac_and_address_is_its_own() -> None:
    topology = default_topology(extra_leafs=40)
    macs = [leaf.mac for leaf in topology.leafs]
    macs += [port.mac for leaf in topology.leafs for port in leaf.ports]
    macs += [mac for hv in topology.hypervisors for mac in (hv.mac, hv.bmc_mac)]
    macs += [vm.mac for vm in topology.vms if vm.mac]
    macs += [host.mac for host in topology.bystanders]
    assert len(set(macs)) == len(macs)
    addresses = [str(leaf.address.ip) for leaf in topology.leafs]
    addresses += [str(service.address) for service in topology.services[:3]]
    addresses += [str(topology.seat.management.ip)]
    assert len(set(addresses)) == len(addresses)


def test_names_fit_the_kernel_and_labs_do_not_mix() -> None:
    fabric = Fabric(default_topology("a", extra_leafs=5))
    links = fabric.links()
    names = [name for link in links for name in (link.interface, link.peer_interface)]
    assert max(len(name) for name in names) <= 15
    ends = [(link.netns, link.interface) for link in links]
    ends += [(link.peer_netns, link.peer_interface) for link in links]
    assert len(set(ends)) == len(ends)
    assert {netns for netns, _ in ends} <= set(fabric.roles())
    assert len(set(fabric.roles())) == len(fabric.roles())
    other = Fabric(default_topology("a-b"))
    assert not any(role.startswith(fabric.prefix) for role in other.roles())


def test_only_running_vms_are_plugged_in() -> None:
    topology = default_topology()
    plugged = {link.peer_interface for link in Fabric(topology).links()}
    for vm in topology.vms:
        assert (tap(vm) in plugged) == (vm.status == "ACTIVE"), vm.name


def test_the_svi_has_both_virtual_lines_and_stands_in_its_file() -> None:
    topology = default_topology(extra_stanzas={"03": 500})
    plain, sourced = topology.leafs
    files = render_interfaces(plain, topology, vlan_aware=False)
    assert list(files) == ["interfaces"]
    stanza = files["interfaces"].split("auto vlan453\n")[1].split("\nauto ")[0]
    assert "\taddress 130.246.212.2/22\n" in stanza
    assert stanza.count("\taddress-virtual 00:00:5e:00:01:c") == 2
    assert files["interfaces"].count("\niface br-t") == 500
    files = render_interfaces(sourced, topology, vlan_aware=False)
    assert list(files) == ["interfaces", "interfaces.d/vlan453.intf"]
    assert "vlan453\n" not in files["interfaces"]
    assert "iface vlan453\n" in files["interfaces.d/vlan453.intf"]
    assert "source /etc/network/interfaces.d/*" in files["interfaces"]


def test_a_richer_kernel_gets_the_vlan_aware_bridge() -> None:
    topology = default_topology()
    text = render_interfaces(topology.leafs[0], topology, vlan_aware=True)["interfaces"]
    assert "\tbridge-vlan-aware yes\n" in text
    assert "\tvlan-raw-device bridge\n" in text
    assert "\tbridge-access 453\n" in text
    assert "bridge-fd" not in text


def test_every_leaf_is_an_as_of_its_own_and_meets_the_spine() -> None:
    topology = default_topology(extra_leafs=40)
    spine = render_spine(topology)
    numbers = {leaf_as(leaf, topology) for leaf in topology.leafs}
    assert len(numbers) == 42
    for leaf in topology.leafs:
        text = render_leaf(leaf, topology)
        assert f"router bgp {leaf_as(leaf, topology)}\n" in text
        assert f" neighbor {leaf.underlay_peer} remote-as 65000\n" in text
        assert "  advertise-all-vni\n" in text
        assert f" neighbor {leaf.underlay.ip} remote-as {leaf_as(leaf, topology)}\n" in spine
    assert "advertise-all-vni" not in spine


def test_no_leaf_keeps_a_list_of_the_others() -> None:
    topology = default_topology(extra_leafs=2)
    files = render_interfaces(topology.leafs[0], topology, vlan_aware=False)
    assert not any(str(other.loopback) in str(files) for other in topology.leafs[1:])
    assert "\tbridge-learning vni10453=off\n" in files["interfaces"]
    assert "\tbridge-arp-nd-suppress vni10453=on\n" in files["interfaces"]
    files = render_interfaces(topology.leafs[0], topology, vlan_aware=True)
    assert "\tbridge-learning off\n" in files["interfaces"]
