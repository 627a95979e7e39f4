"""A cloud of many VMs, for the stand-ins of the web systems alone: nobody builds such a fabric."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from lab.topology.cloud import stable_id
from lab.topology.default import default_topology
from lab.topology.specs import HypervisorSpec, PortSpec, Topology, VmSpec

_EACH_LEAF = 4
#: On this machine's loopback, where every address answers a ping.
_GATEWAY = IPv4Interface("127.200.0.1/16")
_FIRST = 256


def large_cloud(hypervisors: int = 40, vms: int = 2500, each_leaf: int = _EACH_LEAF) -> Topology:
    """Return a site with so many hypervisors, some behind each leaf, and VMs spread over them."""
    leafs = -(-hypervisors // each_leaf)
    base = default_topology(extra_leafs=max(0, leafs - 2))
    ports = tuple(
        PortSpec(f"swp{lane}", f"24:8a:07:ee:00:{lane:02x}") for lane in range(21, 21 + each_leaf)
    )
    racks = tuple(replace(leaf, ports=leaf.ports + ports) for leaf in base.leafs)
    hosts = tuple(
        HypervisorSpec(
            name=f"hv{100 + number}.nubes.example.internal",
            leaf=racks[number // each_leaf].name,
            port=ports[number % each_leaf].name,
            interface="eth0",
            mac=f"0c:c4:7a:00:{number:02x}:01",
            bmc_mac=f"0c:c4:7a:00:{number:02x}:ff",
            address=IPv4Address("10.6.0.0") + number + 1,
            system_id=7000 + number,
        )
        for number in range(hypervisors)
    )
    network = _GATEWAY.network.network_address
    servers = tuple(
        VmSpec(
            name=f"vm-{number:04}",
            address=IPv4Interface(f"{network + _FIRST + number}/{_GATEWAY.network.prefixlen}"),
            mac=f"fa:16:3e:00:{number >> 8:02x}:{number & 255:02x}",
            hypervisor=hosts[number % hypervisors].name,
            uuid=stable_id("server", f"large-{number}"),
            project_id=base.projects[1].id,
        )
        for number in range(vms)
    )
    return replace(base, leafs=racks, hypervisors=hosts, vms=servers, vip=_GATEWAY)
