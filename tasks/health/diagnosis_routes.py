"""Faults of routes: where the kernel would send the VMs' packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.faults.model import Cure, Diagnosis
from tasks.health.diagnosis_view import devices_of, inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.addresses import IpNetwork
    from tasks.facts.model import RouteFact
    from tasks.health.diagnosis_view import Expected, View

_ROUTES_BACK = "the routes that the kernel made for the addresses are added again"


def connected_lost(view: View) -> Diagnosis | None:
    """One of several connected routes of a VIP's network is gone; the others do its work.

    It harms once a route of the same network from elsewhere (BGP) is preferred to those left.
    """
    if not view.unrouted:
        return None
    networks = _networks_without(view)
    lost = [w for w in view.unrouted if w.address.network not in networks]
    if not lost:
        return None
    stolen = [
        best
        for network in dict.fromkeys(w.address.network for w in lost)
        if (best := view.best(network)) is not None and best.device not in view.gateway.devices
    ]
    led = f", and {_words(stolen[0])} is preferred now" if stolen else ""
    return Diagnosis(
        "connected-route-lost",
        f"the connected route {_routes(lost)} is missing{led}",
        (*_missing(lost), *(f"ip route: {_words(route)}" for route in stolen)),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of(lost),
        latent=not stolen,
        remedy=_ROUTES_BACK,
    )


def routes_lost(view: View) -> Diagnosis | None:
    """Every connected route of a VIP's network is gone: answers find no way to the VMs."""
    if not view.unrouted:
        return None
    networks = _networks_without(view)
    lost = [w for w in view.unrouted if w.address.network in networks]
    if not lost:
        return None
    tried = [
        f"ip route get {silent.address}: {probe.detail}"
        for silent in view.silent
        if (probe := view.failed("route-in", str(silent.address)))
    ]
    return Diagnosis(
        "svi-routes-lost",
        f"every connected route of {', '.join(map(str, networks))} is missing: what is sent to the "
        "VMs finds no way",
        (*_missing(lost), *tried),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of(lost),
        remedy=_ROUTES_BACK,
    )


def local_route_lost(view: View) -> Diagnosis | None:
    """A VIP is on its device, and the kernel does not take packets to it for its own."""
    lost = [
        vip
        for vip in view.vips
        if vip.ip not in view.index.taken
        and view.works(vip.device)
        and vip.virtual.address in view.index.addresses.get(vip.device, ())
    ]
    if not lost:
        return None
    vips = ", ".join(str(vip.ip) for vip in lost)
    return Diagnosis(
        "vip-local-route-lost",
        f"{vips} is missing in the local routing table: the switch does not answer for it",
        tuple(f"ip route show table local: no {vip.ip}" for vip in lost),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of(lost),
        remedy=_ROUTES_BACK,
    )


def blackhole_route(view: View) -> Diagnosis | None:
    """A more special route throws packets to VMs away."""
    found = [route for route in view.more_special if view.leads_nowhere(route)]
    if not found:
        return None
    words = ", ".join(map(_words, found))
    return Diagnosis(
        "blackhole-route",
        f"a more special route throws packets to {_who(view, found)} away: {words}",
        tuple(f"ip route: {_words(route)}" for route in found),
        Cure.NONE,
        view.gateway.interface,
        remedy=f"Find out who made it ({_protocols(found)}) and remove it there: ip route del "
        f"{_words(found[0])}",
    )


def foreign_route(view: View) -> Diagnosis | None:
    """A more special route leads packets to VMs somewhere else.

    Host routes of other leafs are how symmetric EVPN works: one is a fault only for an address
    that is cut off and behind this switch.
    """
    found = [
        route
        for route in view.more_special
        if route.kind == "unicast"
        and route.device
        and route.device not in view.gateway.devices
        and (view.silent or route.destination.num_addresses > 1)
    ]
    if not found:
        return None
    words = ", ".join(map(_words, found))
    return Diagnosis(
        "foreign-route",
        f"a more special route leads packets to {_who(view, found)} elsewhere: {words}",
        tuple(f"ip route: {_words(route)}" for route in found),
        Cure.NONE,
        view.gateway.interface,
        remedy=f"Find out who announces it ({_protocols(found)}) and stop it there: vtysh -c "
        f"'show ip route {found[0].destination}'",
    )


def _networks_without(view: View) -> tuple[IpNetwork, ...]:
    """The VIPs' networks to which no device of the gateway has a route any more."""
    vips = dict.fromkeys(v.address.network for v in view.gateway.virtual)
    return tuple(
        network
        for network in vips
        if not any(view.connected(network, device) for device in view.gateway.devices)
    )


def _who(view: View, routes: list[RouteFact]) -> str:
    hit = [str(s) for s in view.silent if any(inside(s.address, r.destination) for r in routes)]
    return ", ".join(hit) or ", ".join(str(route.destination) for route in routes)


def _protocols(routes: Iterable[RouteFact]) -> str:
    return ", ".join(dict.fromkeys(f"proto {route.protocol or 'boot'}" for route in routes))


def _words(route: RouteFact) -> str:
    """A route as ``ip route`` writes it."""
    kind = "" if route.kind == "unicast" else f"{route.kind} "
    via = f" via {route.via}" if route.via else ""
    device = f" dev {route.device}" if route.device else ""
    metric = f" metric {route.metric}" if route.metric else ""
    return f"{kind}{route.destination}{via}{device}{metric}"


def _routes(lost: list[Expected]) -> str:
    return ", ".join(f"{w.address.network} dev {w.device}" for w in lost)


def _missing(lost: list[Expected]) -> list[str]:
    return [f"ip route: no {w.address.network} dev {w.device} proto kernel" for w in lost]
