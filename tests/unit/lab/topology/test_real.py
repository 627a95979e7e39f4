"""The real shape: what a leaf's files hold, and what is cabled around it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.fabric.fabric import Fabric
from lab.fabric.interfaces import render_interfaces
from lab.fabric.routing import render_leaf
from lab.faults.catalogue import find_fault
from lab.faults.inject import check_shape
from lab.faults.model import NOTHING_YET, Fault
from lab.machine import kernel
from lab.topology.default import LabError, Routing, Shape, Topology, default_topology
from lab.topology.specs import UnknownInLabError
from napalm_cumulus.config.configuration import Configuration
from tasks.gateways import gateways_of

SYMMETRIC = default_topology(shape=Shape.REAL)
ASYMMETRIC = default_topology(shape=Shape.REAL, routing=Routing.ASYMMETRIC)
BOTH = pytest.mark.parametrize("topology", [SYMMETRIC, ASYMMETRIC], ids=lambda x: x.routing.value)


def stanzas(topology: Topology, number: str) -> dict[str, list[str]]:
    """Return the lines of each stanza of a leaf's files."""
    files = render_interfaces(topology.leaf(number), topology, vlan_aware=True)
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in "\n".join(files.values()).splitlines():
        if line.startswith("iface "):
            lines = found[line.split()[1]] = []
        elif line.startswith("\t"):
            lines.append(line.strip())
    return found


@BOTH
def test_it_survives_the_round_trip(topology: Topology) -> None:
    assert Topology.from_json(topology.to_json()) == topology


@BOTH
def test_one_bridge_has_every_port_and_a_large_mtu(topology: Topology) -> None:
    for leaf in topology.leafs:
        found = stanzas(topology, leaf.short_name)
        bridge = found["bridge"]
        assert {"bridge-vlan-aware yes", "bridge-vids 453 999 553", "mtu 9000"} <= set(bridge)
        ports = next(line for line in bridge if line.startswith("bridge-ports")).split()[1:]
        assert set(ports) <= set(found)
        for name in ("vlan453", "vlan999", "vlan553"):
            assert {"vlan-raw-device bridge", "mtu 9000"} <= set(found[name])


def test_symmetric_every_tenant_has_an_l3vni_outside_the_vids() -> None:
    found = stanzas(SYMMETRIC, "03")
    assert "vrf tenant1" in found["vlan453"]
    assert "vrf tenant1" in found["vlan999"]
    assert "vrf tenant1" in found["swp10"]
    assert found["vlan4001"] == [
        "vlan-id 4001",
        "vlan-raw-device bridge",
        "vrf tenant1",
        "mtu 9000",
    ]
    assert {"vxlan-id 104001", "bridge-access 4001"} <= set(found["vni104001"])
    text = render_leaf(SYMMETRIC.leafs[0], SYMMETRIC)
    assert "vrf tenant1\n vni 104001\nexit-vrf\n" in text
    assert "router bgp 65011 vrf tenant1\n" in text
    assert text.count("  advertise ipv4 unicast\n") == 2


def test_asymmetric_the_svis_are_in_the_default_vrf() -> None:
    found = stanzas(ASYMMETRIC, "03")
    for name in ("vlan453", "vlan999", "swp10"):
        assert not [line for line in found[name] if line.startswith("vrf ")]
    assert "tenant1" not in found
    assert "vlan4001" not in found
    assert " vrf " not in render_leaf(ASYMMETRIC.leafs[0], ASYMMETRIC)


@BOTH
def test_every_vrf_has_the_last_route_of_cumulus(topology: Topology) -> None:
    for leaf in topology.leafs:
        for name, lines in stanzas(topology, leaf.short_name).items():
            if "vrf-table auto" in lines:
                last = f"ip route replace vrf {name} unreachable default metric 4278198272"
                assert f"post-up {last}" in lines


@BOTH
def test_the_second_tenant_has_the_first_ones_addresses(topology: Topology) -> None:
    found = stanzas(topology, "03")
    assert "vrf tenant2" in found["vlan553"]
    assert "address-virtual 00:00:5e:00:01:d1 130.246.212.1/22" in found["vlan553"]
    twins = [vm for vm in topology.vms if vm.address == topology.vm("vm-a1").address]
    assert [vm.name for vm in twins] == ["vm-a1", "vm-t1"]
    assert topology.vm("130.246.213.11").name == "vm-a1"
    behind = [vm.name for vm in topology.vms_behind(topology.leafs[0])]
    assert behind == ["vm-a1", "vm-a2", "vm-b1"]


def test_management_has_its_vrf_and_its_default_route() -> None:
    found = stanzas(SYMMETRIC, "03")
    assert {"vrf mgmt", "gateway 10.5.0.254"} <= set(found["eth0"])


def test_one_leaf_has_a_single_vxlan_device() -> None:
    found = stanzas(SYMMETRIC, "02")
    for pair in ("453=10453", "999=10999", "553=10553", "4001=104001", "4002=104002"):
        assert f"bridge-vlan-vni-map {pair}" in found["vxlan48"]
    assert not [name for name in found if name.startswith("vni")]
    assert "vxlan48" not in stanzas(SYMMETRIC, "03")


@BOTH
def test_bonds_go_to_the_hypervisors(topology: Topology) -> None:
    found = stanzas(topology, "03")
    assert {"bond-slaves swp1s3 swp1s1", "bond-mode 802.3ad"} <= set(found["bond1"])
    assert "bridge-vids 453 553" in found["bond1"]
    assert {"bond-slaves swp1s2", "bridge-access 453"} <= set(found["bond2"])
    fabric = Fabric(topology)
    cables = {(link.netns, link.interface): link.peer_interface for link in fabric.links()}
    assert cables[fabric.ns("hv50"), "eth1"] == "swp1s1"
    commands = fabric.setup()[fabric.ns("hv50")]
    assert "link add link bond0 name bond0.553 type vlan id 553" in commands


@BOTH
def test_every_leaf_has_three_gateways(topology: Topology) -> None:
    for leaf in topology.leafs:
        files = render_interfaces(leaf, topology, vlan_aware=True)
        read = Configuration({f"/etc/network/{path}": text for path, text in files.items()})
        assert [g.interface for g in gateways_of(read)] == ["vlan453", "vlan999", "vlan553"]


def test_a_fault_says_which_shape_it_needs() -> None:
    fault = Fault("x", "x1", "does", NOTHING_YET, "none", shape=Shape.REAL)
    check_shape(SYMMETRIC, fault)
    with pytest.raises(UnknownInLabError, match="x needs a lab of the shape real; this one is"):
        check_shape(default_topology(), fault)
    check_shape(default_topology(), find_fault("foreign-route"))
    with pytest.raises(UnknownInLabError, match="foreign-route needs a lab with asymmetric"):
        check_shape(SYMMETRIC, find_fault("foreign-route"))


def test_a_kernel_without_the_modules_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        kernel, "_works", lambda script: "vrf" not in script and "bond" not in script
    )
    assert kernel.missing(Shape.PLAIN) == ()
    assert kernel.missing(Shape.REAL) == ("vrf", "bonding")
    with pytest.raises(LabError, match="lacks what a lab of the shape real needs: vrf, bonding"):
        kernel.require(Shape.REAL)


def test_routing_is_a_choice_of_the_real_shape_alone() -> None:
    done = CliRunner().invoke(app, ["up", "--routing", "asymmetric"])
    assert done.exit_code == 2
    assert "--shape real --routing asymmetric" in done.output
