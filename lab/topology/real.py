"""The real shape: the default topology with bonds, tenants, and a single VXLAN device on a leaf."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from lab.topology.cloud import OverlapSpec, stable_id
from lab.topology.shapes import Routing, Shape, TenantSpec
from lab.topology.specs import HypervisorSpec, LeafSpec, PortSpec, Topology, VmSpec

#: The hypervisor with two cables in its bond, and the port of the second one.
_TWO_CABLES = ("hv50", "swp1s1")
#: The second tenant's VMs: name, hypervisor, address. The first one has the address of ``vm-a1``;
#: the second one's address is nobody else's, so the outside reaches it.
_OVERLAPPING = (
    ("vm-t1", "hv50", "130.246.213.11/22"),
    ("vm-t2", "hv60", "130.246.213.61/22"),
)


def as_real(topology: Topology, routing: Routing, *, single_vxlan: str) -> Topology:
    """Return a plain topology in the real shape.

    Args:
        topology: the plain topology.
        routing: how leafs are to route between segments.
        single_vxlan: the number of the leaf with one VXLAN device for all VNIs.
    """
    symmetric = routing is Routing.SYMMETRIC
    leafs = tuple(
        _leaf(leaf, place, single_vxlan=leaf is topology.leaf(single_vxlan))
        for place, leaf in enumerate(topology.leafs, 1)
    )
    return replace(
        topology,
        leafs=leafs,
        hypervisors=tuple(_hypervisor(host, topology) for host in topology.hypervisors),
        vms=(*topology.vms, *_overlapping_vms(topology)),
        shape=Shape.REAL,
        tenant=TenantSpec("tenant1", 104001, 4001) if symmetric else None,
        overlap=OverlapSpec(
            TenantSpec("tenant2", 104002, 4002) if symmetric else TenantSpec("tenant2")
        ),
    )


def _leaf(leaf: LeafSpec, place: int, *, single_vxlan: bool) -> LeafSpec:
    ports = [PortSpec("swp11", f"24:8a:07:{place:02x}:0b:00", "core router (tenant2)")]
    if place == 1:
        ports.append(PortSpec(_TWO_CABLES[1], f"24:8a:07:{place:02x}:01:01", "hv50 uplink"))
    return replace(
        leaf,
        ports=(*leaf.ports, *ports),
        overlap_outside=IPv4Interface(f"192.0.2.{128 + 2 * place}/31"),
        single_vxlan=single_vxlan,
    )


def _hypervisor(host: HypervisorSpec, topology: Topology) -> HypervisorSpec:
    """Return a hypervisor with a bond: the first one of a leaf a trunk, the others access ports."""
    lane = [x for x in topology.hypervisors if x.leaf == host.leaf].index(host)
    second = _TWO_CABLES[1] if host.short_name == _TWO_CABLES[0] else ""
    return replace(host, bond=f"bond{lane + 1}", second_port=second, tagged=lane == 0)


def _overlapping_vms(topology: Topology) -> list[VmSpec]:
    owner = next(project for project in topology.projects if project.name == "chemistry")
    found = []
    for name, host, address in _OVERLAPPING:
        third, fourth = IPv4Address(address.partition("/")[0]).packed[2:]
        vm = VmSpec(
            name=name,
            address=IPv4Interface(address),
            mac=f"fa:16:3e:d5:{third:02x}:{fourth:02x}",
            hypervisor=topology.hypervisor(host).name,
            uuid=stable_id("server", f"{name}@{host}"),
            project_id=owner.id,
            overlap=True,
        )
        found.append(vm)
    return found
