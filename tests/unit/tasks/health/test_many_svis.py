"""A leaf with hundreds of SVIs on one VLAN-aware bridge is judged within seconds."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import ip_interface, ip_network

from tasks.facts.bridging import Bridging, ConfiguredPort, VlanFact
from tasks.facts.model import FdbFact, LinkFact, NeighbourFact, PortFact, Section, SwitchFacts
from tasks.health.assess import assess
from tasks.model import VirtualAddress
from tests.unit.tasks.health.healthy import GATEWAY, MAC0, UP, route
from tests.unit.tasks.health.real import REAL, facts

SVIS, PORTS, VTEPS, NEIGHBOURS = 300, 48, 20, 10
VLANS = range(10, 10 + SVIS)
#: On a quiet machine it takes one; as the SVIs were looked for in every port, it took ten.
SECONDS = 5.0


def subnet(vlan: int, host: int, *, bits: int = 24) -> str:
    return f"10.{vlan // 250}.{vlan % 250}.{host}/{bits}"


def leaf() -> SwitchFacts:
    ports = [f"swp{number}" for number in range(1, PORTS + 1)]
    links = [LinkFact("bridge", 1, UP, 9000, kind="bridge", vlan_filtering=True)]
    links += [LinkFact(port, 2, UP, 9000, master="bridge") for port in ports]
    ranges = tuple((vlan, vlan) for vlan in VLANS)
    meant = {port: ConfiguredPort(port, "bridge", ranges) for port in ports}
    vlans = [VlanFact(port, vlan, vlan) for vlan in VLANS for port in (*ports, "bridge")]
    gateways, routes, fdb, neighbours = [], [], [], []
    for vlan in VLANS:
        svi, vxlan = f"vlan{vlan}", f"vni{vlan}"
        vip = VirtualAddress(f"{svi}-v0", MAC0, ip_interface(subnet(vlan, 1)), 1)
        gateways.append(replace(GATEWAY, interface=svi, vip=vip, virtual=(vip,), own=(), stanza=""))
        links += [
            LinkFact(svi, 3, UP, 9000, kind="vlan", parent="bridge", vlan=vlan),
            LinkFact(vip.device, 4, UP, 9000, MAC0, kind="macvlan", parent=svi),
            LinkFact(vxlan, 5, UP, 9000, kind="vxlan", master="bridge", vni=vlan),
        ]
        meant[vxlan] = ConfiguredPort(vxlan, "bridge", ((vlan, vlan),), vlan)
        vlans.append(VlanFact(vxlan, vlan, vlan, pvid=True, untagged=True))
        routes += [route(vip.device, ip_network(subnet(vlan, 0)))]
        fdb += [FdbFact("00:" * 5 + "00", vxlan, remote=f"10.254.0.{n}") for n in range(2, VTEPS)]
        for host in range(10, 10 + NEIGHBOURS):
            mac = f"fa:16:3e:{vlan // 256:02x}:{vlan % 256:02x}:{host:02x}"
            address = ip_interface(subnet(vlan, host)).ip
            neighbours.append(NeighbourFact(address, svi, mac, "REACHABLE"))
            routes.append(route("", subnet(vlan, host, bits=32), protocol="bgp", table="1099"))
            fdb.append(FdbFact(mac, ports[host], "bridge", vlan=vlan))
    return replace(
        facts(REAL),
        gateways=tuple(gateways),
        links=Section(tuple(links)),
        bridging=Bridging(meant),
        ports=Section(tuple(PortFact(port, "bridge", "forwarding") for port in meant)),
        bridge_vlans=Section(tuple(vlans)),
        routes=Section(tuple(routes)),
        fdb=Section(tuple(fdb)),
        neighbours=Section(tuple(neighbours)),
    )


def test_hundreds_of_svis_are_judged_within_seconds() -> None:
    read = leaf()
    began = time.process_time()
    found = assess(read)
    assert time.process_time() - began < SECONDS
    assert len(found.fabric.vnis) == SVIS
    told = {finding.check for finding in found.findings}
    assert not {check for check in told if check.startswith(("vlan-", "pvid", "port-"))}
