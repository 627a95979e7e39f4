"""Faults of the MTU on the way of a VM's packets: segment, tunnel, underlay, L3VNI."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator

from inventory.names import first_few
from tasks.addresses import IpAddress
from tasks.facts.index import MAIN_TABLE
from tasks.facts.model import LinkFact, RouteFact
from tasks.faults.base import Fault, Sighting
from tasks.faults.fabric.evpn import FLOOD
from tasks.faults.gateway_view import GatewayView, SwitchView, inside
from tasks.faults.model import Status

#: What VXLAN adds to a packet, by the version of the underlay: the outer IP header, UDP, VXLAN and
#: the inner Ethernet header.
OVERHEAD = {4: 50, 6: 70}
#: The MTU that Cumulus 4.2 and later give every device of which nobody says another one: that of an
#: SVI promises nothing then, and its VMs have a smaller one.
_BY_DEFAULT = 9216
_NAMED = 5


def _segment(view: SwitchView) -> Iterator[Sighting]:
    for gateway in view.views:
        svi, vxlan = view.links.get(gateway.svi), view.vxlan_of(gateway.svi)
        if svi is None:
            continue
        if vxlan is not None and vxlan.mtu < svi.mtu:
            yield _narrow(vxlan, svi, "VMs behind other leafs")
        for port, hypervisor in sorted(_ports(gateway).items()):
            link = view.links[port]
            if link.mtu < svi.mtu:
                yield _narrow(link, svi, f"VMs of {hypervisor}")


def _narrow(link: LinkFact, svi: LinkFact, whom: str) -> Sighting:
    return Sighting(
        link.name,
        f"ip link: {link.name} has MTU {link.mtu}, {svi.name} has {svi.mtu}: large packets to "
        f"{whom} are dropped",
        f"Give {link.name} at least the MTU of {svi.name} (mtu line of its stanza, ifup), or "
        f"{svi.name} a smaller one on every leaf.",
        svi.name,
    )


def _ports(view: GatewayView) -> dict[str, str]:
    """Return the bridge ports of hypervisors that carry the SVI's network."""
    bridge, vlan = view.switch.bridge_of(view.svi)
    found = {}
    for port, hypervisor in view.plugged.items():
        link = view.links.get(view.bridge_port(port))
        if link is None or link.master != bridge:
            continue
        if vlan is None or view.switch.vlan_on(link.name, vlan):
            found[link.name] = hypervisor
    return found


def _tunnel(view: SwitchView) -> Iterator[Sighting]:
    """Yield underlay devices that do not carry what a vxlan device lets in."""
    narrow: dict[str, dict[str, int]] = defaultdict(dict)
    routes = _underlay(view)
    ways: dict[IpAddress, list[str]] = {}  # each VTEP has a row for every VNI
    largest = _largest(view)
    stated = _stated(view)
    for row in view.facts.fdb.rows:
        link = view.links.get(row.port)
        if row.mac != FLOOD or not row.remote or link is None or link.kind != "vxlan":
            continue
        remote = ipaddress.ip_address(row.remote)
        needed = min(link.mtu, largest.get(link.name, link.mtu)) + OVERHEAD[remote.version]
        if remote not in ways:
            ways[remote] = _ways(remote, routes)
        for device in ways[remote]:
            out = view.links.get(device)
            if out is None or out.kind == "vxlan" or out.mtu >= needed:
                continue
            if link.name in stated or out.mtu != _BY_DEFAULT:
                narrow[device][link.name] = needed
    for device, vxlans in narrow.items():
        needed = max(vxlans.values())
        yield Sighting(
            device,
            f"ip link: {device} has MTU {view.links[device].mtu}, and packets of "
            f"{first_few(sorted(vxlans), _NAMED)} have up to {needed} bytes with the VXLAN "
            "headers: large ones to VMs behind other leafs are lost",
            f"Give {device} and the links behind it an MTU of at least {needed}, or the SVIs and "
            "vxlan devices a smaller one.",
        )


def _largest(view: SwitchView) -> dict[str, int]:
    """Return the largest MTU of the SVIs, by their vxlan device."""
    found: dict[str, int] = {}
    for gateway in view.gateways:
        svi, vxlan = view.links.get(gateway.interface), view.vxlan_of(gateway.interface)
        if svi is not None and vxlan is not None:
            found[vxlan.name] = max(svi.mtu, found.get(vxlan.name, 0))
    return found


def _stated(view: SwitchView) -> set[str]:
    """Return the vxlan devices of the SVIs whose stanza says their MTU."""
    found = (view.vxlan_of(g.interface) for g in view.gateways if g.values("mtu"))
    return {link.name for link in found if link is not None}


def _underlay(view: SwitchView) -> list[RouteFact]:
    """Return the routes of the default VRF, the most specific first."""
    rows = (r for r in view.facts.routes.rows if r.table in MAIN_TABLE and r.kind == "unicast")
    return sorted(rows, key=lambda row: (-row.destination.prefixlen, row.metric))


def _ways(remote: IpAddress, routes: list[RouteFact]) -> list[str]:
    """Return the devices by which packets to an address leave."""
    best = next((route for route in routes if inside(remote, route.destination)), None)
    return [
        route.device
        for route in routes
        if best is not None
        and (route.destination, route.metric) == (best.destination, best.metric)
        and route.device
    ]


def _l3vni(view: SwitchView) -> Iterator[Sighting]:
    for row in view.facts.vrf_vnis.rows:
        svi = view.links.get(row.svi)
        others = [
            view.links[gateway.interface]
            for gateway in view.gateways
            if gateway.interface in view.links
            and (vrf := view.vrf_of(gateway.interface)) is not None
            and vrf.name == row.vrf
        ]
        widest = max(others, key=lambda link: link.mtu, default=None)
        for device in (svi, view.links.get(row.vxlan)):
            if device is not None and widest is not None and device.mtu < widest.mtu:
                yield Sighting(
                    device.name,
                    f"ip link: {device.name} of L3VNI {row.vni} has MTU {device.mtu}, "
                    f"{widest.name} in VRF {row.vrf} has {widest.mtu}: large packets between "
                    "subnets of different leafs are refused",
                    f"Give {device.name} the MTU of the largest SVI of the VRF (mtu line of its "
                    "stanza, ifup).",
                )


FAULTS = (
    Fault(
        "segment-mtu",
        "Ports of an SVI's network carry its MTU",
        Status.WARNING,
        scope="switch",
        needs=("links", "gateways", "fdb"),
        find_on_switch=_segment,
    ),
    Fault(
        "tunnel-mtu",
        "The underlay carries what the vxlan devices let in",
        Status.WARNING,
        scope="switch",
        needs=("links", "fdb", "routes", "gateways"),
        find_on_switch=_tunnel,
    ),
    Fault(
        "l3vni-mtu",
        "An L3VNI carries the MTU of its VRF's SVIs",
        Status.WARNING,
        scope="switch",
        needs=("links", "vrf_vnis", "gateways"),
        find_on_switch=_l3vni,
    ),
)
