"""Faults of routes: the kernel would send the VMs' packets elsewhere, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.addresses import is_link_local
from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.gateway_view import HOLES, inside
from tasks.faults.model import Diagnosis, Status
from tasks.ladder import ANY_CURE, Cure

if TYPE_CHECKING:
    from tasks.addresses import IpNetwork
    from tasks.facts.model import RouteFact
    from tasks.faults.gateway_view import ExpectedAddress, GatewayView

#: ``throw`` continues with the next table, but no later table forwards for an SVI.
_LOST = HOLES | {"throw"}
#: The protocols of routing daemons, which make EVPN's host routes to VMs behind other leafs.
_DAEMONS = frozenset({"kernel", "bgp", "zebra", "ospf", "isis"})
_MOVING = frozenset({"REACHABLE", "PERMANENT", "DELAY", "PROBE"})
_NOT_OURS = "Not a fault of the VIP, a toggle does not help: "
_ROUTES_BACK = "the routes that the kernel made for the addresses are added again"


# --- connected routes


def _networks_without(view: GatewayView) -> tuple[IpNetwork, ...]:
    """Return the VIPs' networks to which no device of the gateway has a route any more."""
    return tuple(
        network
        for network in view.networks
        if not any(view.connected(network, device) for device in view.gateway.devices)
    )


def _routes_lost(view: GatewayView) -> Iterator[Sighting]:
    if not view.unrouted:
        return
    for network in _networks_without(view):
        for wanted in view.unrouted:
            if wanted.address.network == network:
                yield Sighting(
                    view.svi,
                    f"ip route: no connected route to {network} is left on "
                    f"{', '.join(view.gateway.devices)}{view.in_vrf}: answers have no way back",
                    "ip link set down and up gives a device its own route back; ifup and ifreload "
                    "-a do not.",
                    view.svi,
                    device=wanted.device,
                    about=wanted,
                )


def _routes_lost_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    networks = dict.fromkeys(str(each.about.address.network) for each in seen)
    return (
        f"every connected route of {', '.join(networks)}{view.in_vrf} is missing: packets to the "
        "VMs have no route"
    )


def _tried(found: Diagnosis, view: GatewayView, _: Sequence[Sighting]) -> Diagnosis:
    tried = tuple(
        f"ip route get {silent.address}: {probe.detail}"
        for silent in view.silent
        if (probe := view.failed("route-in", str(silent.address)))
    )
    return replace(found, evidence=(*found.evidence, *tried))


def _route_lost(view: GatewayView) -> Iterator[Sighting]:
    """Find connected routes that are missing while others of the same network do their work.

    It harms once a route of the same network from elsewhere (BGP) is preferred to the ones left.
    """
    if not view.unrouted:
        return
    gone = _networks_without(view)
    for wanted in view.unrouted:
        network = wanted.address.network
        if network not in gone:
            stolen = _stolen(view, wanted)
            led = f"; {words(stolen)} is preferred now" if stolen else ""
            yield Sighting(
                wanted.device,
                f"ip route: the connected route {network} dev {wanted.device} is missing"
                f"{view.in_vrf}{led}",
                "ip link set down and up gives a device its own route back; ifup and ifreload -a "
                "do not.",
                view.svi,
                Status.CRITICAL if stolen else None,
                wanted.device,
                latent=stolen is None,
                about=wanted,
            )


def _stolen(view: GatewayView, wanted: ExpectedAddress) -> RouteFact | None:
    best = view.best(wanted.address.network)
    return best if best is not None and best.device not in view.gateway.devices else None


def _route_lost_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    lost = ", ".join(f"{each.about.address.network} dev {each.device}" for each in seen)
    stolen = next((s for each in seen if (s := _stolen(view, each.about))), None)
    led = f", and {words(stolen)} is preferred now" if stolen else ""
    return f"the connected route {lost} is missing{led}"


def _local_lost(view: GatewayView) -> Iterator[Sighting]:
    """Find VIPs on their device to which the kernel does not accept packets."""
    for vip in view.vips:
        holds = vip.device in vip.holders and view.works(vip.device)
        holds = holds and view.is_in_vrf(vip.device)
        if holds and not is_link_local(vip.ip) and not view.takes(vip.ip):
            yield Sighting(
                str(vip.ip),
                f"ip route show {_local_table(view)}: {vip.ip} is missing, so the switch does not "
                "accept packets to it",
                f"ip link set {vip.device} down, then up.",
                view.svi,
                device=vip.device,
            )


def _local_table(view: GatewayView) -> str:
    return f"vrf {view.vrf} type local" if view.vrf else "table local"


# --- routes within a VIP's network


def _holes(view: GatewayView) -> Iterator[Sighting]:
    for row in view.more_specific:
        if row.kind in _LOST:
            yield Sighting(
                str(row.destination),
                f"ip route: {words(row)} (proto {row.protocol or 'boot'}, table {row.table}) lies "
                f"within the subnet of {view.svi}",
                f"{_NOT_OURS}ask who added it, then ip route del {row.kind} {row.destination}"
                f"{_typed_table(view, row)}.",
                view.svi,
                about=row,
            )


def _typed_table(view: GatewayView, row: RouteFact) -> str:
    own = view.vrf and row.table in view.tables
    return view.typed_vrf if own else f" table {row.table}"


def _foreign(view: GatewayView) -> Iterator[Sighting]:
    for row in view.more_specific:
        if row.kind == "unicast" and _leads_away(view, row):
            yield Sighting(
                str(row.destination),
                f"ip route: {words(row)} (proto {row.protocol or 'boot'}{view.in_vrf and ','}"
                f"{view.in_vrf}) takes addresses of the subnet away from {view.svi}",
                f"{_NOT_OURS}find out who announces or added it (vtysh -c 'show ip route"
                f"{view.typed_vrf} {row.destination}', the peers' configuration), and stop it "
                "there.",
                view.svi,
                about=row,
            )


def _leads_away(view: GatewayView, row: RouteFact) -> bool:
    """Return whether a route is wrong; EVPN's host routes to VMs behind other leafs are right.

    A host route is wrong where its address is cut off and behind this switch, and where this switch
    itself has the address as a neighbour.
    """
    if row.destination.num_addresses > 1 or row.protocol not in _DAEMONS or view.silent:
        return True
    return any(
        entry.address == row.destination.network_address
        and entry.state in _MOVING
        and not entry.external
        for entry in view.switch.neighbours.get(view.svi, ())
    )


def _to_whom(view: GatewayView, seen: Sequence[Sighting]) -> str:
    hit = [
        str(silent)
        for silent in view.silent
        if any(inside(silent.address, each.about.destination) for each in seen)
    ]
    return ", ".join(hit or [each.subject for each in seen])


def _all_words(seen: Sequence[Sighting]) -> str:
    return ", ".join(words(each.about) for each in seen)


def words(route: RouteFact) -> str:
    """Return a route as ``ip route`` writes it."""
    kind = "" if route.kind == "unicast" else f"{route.kind} "
    via = f" via {route.via}" if route.via else ""
    device = f" dev {route.device}" if route.device else ""
    metric = f" metric {route.metric}" if route.metric else ""
    return f"{kind}{route.destination}{via}{device}{metric}"


_NEEDS = ("links", "addresses", "routes")

FAULTS = (
    Fault(
        "svi-routes-lost",
        "A connected route leads to each VIP's subnet",
        Status.CRITICAL,
        needs=_NEEDS,
        find=_routes_lost,
        cure=Cure.REAPPLY,
        sentence=_routes_lost_sentence,
        remedy=_ROUTES_BACK,
        refine=_tried,
    ),
    Fault(
        "connected-route-lost",
        "Each device has its connected route",
        Status.WARNING,
        needs=_NEEDS,
        find=_route_lost,
        cure=Cure.REAPPLY,
        sentence=_route_lost_sentence,
        remedy=_ROUTES_BACK,
    ),
    Fault(
        "vip-local-route-lost",
        "Each VIP is in the local routing table",
        Status.CRITICAL,
        needs=_NEEDS,
        find=_local_lost,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: (
            f"{', '.join(each.subject for each in seen)} is missing in the local routing table: "
            "the switch does not answer for it"
        ),
        remedy=_ROUTES_BACK,
    ),
    Fault(
        "blackhole-route",
        "No route drops packets to a VIP's subnet",
        Status.CRITICAL,
        needs=("links", "routes"),
        find=_holes,
        cure=Cure.NONE,
        sentence=lambda view, seen: (
            f"a more specific route drops packets to {_to_whom(view, seen)}: {_all_words(seen)}"
        ),
        resists=ANY_CURE,
        layer=Layer.WAY,
    ),
    Fault(
        "foreign-route",
        "No route leads packets to a VIP's subnet elsewhere",
        Status.CRITICAL,
        needs=("links", "routes"),
        find=_foreign,
        cure=Cure.NONE,
        sentence=lambda view, seen: (
            f"a more specific route leads packets to {_to_whom(view, seen)} elsewhere: "
            f"{_all_words(seen)}"
        ),
        resists=ANY_CURE,
        layer=Layer.WAY,
    ),
)
