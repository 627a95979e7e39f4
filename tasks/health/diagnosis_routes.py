"""Faults of routes and policy rules: what the kernel would do with the VMs' packets."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from tasks.health.diagnosis_model import Cure, Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.health.diagnosis_view import Expected, View
    from tasks.health.facts import IpAddress, IpNetwork, ProbeFact, RouteFact, RuleFact

#: Tables that every kernel's own rules name, and the words of the rule for VRFs.
_OWN_TABLES = frozenset({"local", "main", "default", "l3mdev", "l3mdev-table"})
_ROUTES_BACK = "the routes that the kernel made for the addresses are added again"
_THROWN_AWAY = frozenset({"blackhole", "unreachable", "prohibit"})


def connected_lost(view: View) -> Diagnosis | None:
    """One of several connected routes of a VIP's network is gone; the others do its work.

    It harms once a route of the same network from elsewhere (BGP) is preferred to those left.
    """
    lost = [w for w in _lost(view) if w.address.network not in _networks_without(view)]
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
        tuple(dict.fromkeys(w.device for w in lost)),
        latent=not stolen,
        remedy=_ROUTES_BACK,
    )


def routes_lost(view: View) -> Diagnosis | None:
    """Every connected route of a VIP's network is gone: answers find no way to the VMs."""
    networks = _networks_without(view)
    lost = [w for w in _lost(view) if w.address.network in networks]
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
        tuple(dict.fromkeys(w.device for w in lost)),
        remedy=_ROUTES_BACK,
    )


def local_route_lost(view: View) -> Diagnosis | None:
    """A VIP is on its device, and the kernel does not take packets to it for its own."""
    known = {
        route.destination.network_address
        for route in view.facts.routes.rows
        if route.kind == "local" and route.destination.num_addresses == 1
    }
    lost = [
        wanted
        for wanted in view.expected
        if wanted.device in view.vrr
        and view.works(wanted.device)
        and view.bears(wanted)
        and wanted.address.ip not in known
    ]
    if not lost:
        return None
    vips = ", ".join(str(w.address.ip) for w in lost)
    return Diagnosis(
        "vip-local-route-lost",
        f"{vips} is missing in the local routing table: the switch does not answer for it",
        tuple(f"ip route show table local: no {w.address.ip}" for w in lost),
        Cure.REAPPLY,
        view.gateway.interface,
        tuple(dict.fromkeys(w.device for w in lost)),
        remedy=_ROUTES_BACK,
    )


def blackhole_route(view: View) -> Diagnosis | None:
    """A more special route throws packets to VMs away."""
    found = [route for route in _more_special(view) if view.leads_nowhere(route)]
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
        for route in _more_special(view)
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


def rule_from(view: View) -> Diagnosis | None:
    """A policy rule decides about packets from VMs."""
    return _rule(view, "policy-rule-from", "src", "from the VMs")


def rule_to(view: View) -> Diagnosis | None:
    """A policy rule decides about packets to VMs."""
    return _rule(view, "policy-rule-to", "dst", "to the VMs")


def rule_iif(view: View) -> Diagnosis | None:
    """A policy rule decides about packets that come in by the gateway's devices."""
    return _rule(view, "policy-rule-iif", "iif", "from the gateway's devices")


def _rule(view: View, fault: str, key: str, whose: str) -> Diagnosis | None:
    # The kernel's own rule for VRFs comes before all but the local table's; ours are after that.
    found = [rule for rule in view.facts.rules.rows if _matches(view, rule, key)]
    sure = [rule for rule in found if _surely_lost(view, rule, key)]
    tried = [
        f"ip route get: {probe.detail}"
        for silent in view.silent
        if (probe := _failed_way(view, str(silent.address), inwards=key == "dst"))
    ]
    found = sure or (found if tried else [])
    if not found:
        return None
    return Diagnosis(
        fault,
        f"a policy rule decides about packets {whose}: {_rule_words(found[0])}",
        (*(f"ip rule: {_rule_words(rule)}" for rule in found), *tried),
        Cure.NONE,
        view.gateway.interface,
        certain=bool(sure or tried),
        remedy="Find out who made the rule, and remove it there: ip rule del pref "
        f"{found[0].priority}",
    )


def _failed_way(view: View, address: str, *, inwards: bool) -> ProbeFact | None:
    if inwards:
        return view.failed("route-in", address)
    tried = [p for p in view.probes("route-out") if p.source in {address, ""}]
    return tried[0] if tried and not any(p.ok for p in tried) else None


def _matches(view: View, rule: RuleFact, key: str) -> bool:
    """Whether a rule that somebody added is about the VMs by this word of its selector."""
    selector = rule.selector
    if key not in selector or (rule.table in _OWN_TABLES and not _action(rule)):
        return False
    if key == "iif":
        return selector["iif"] in view.gateway.devices
    network = _network(selector.get(key), selector.get(f"{key}len"))
    if network is None:
        return False
    if view.silent:
        return any(_inside(silent.address, network) for silent in view.silent)
    return any(network.overlaps(v.address.network) for v in view.gateway.virtual
               if v.address.version == network.version)  # fmt: skip


def _surely_lost(view: View, rule: RuleFact, key: str) -> bool:
    """Whether packets that the rule takes are thrown away, by the rule or by its table.

    A table without a matching route is passed over by the kernel, and so harmless.
    """
    if _action(rule) in _THROWN_AWAY:
        return True
    addresses = [silent.address for silent in view.silent] if key == "dst" else []
    found = [
        route
        for route in view.facts.routes.rows
        if route.table == rule.table
        and (
            route.destination.prefixlen == 0
            or any(_inside(address, route.destination) for address in addresses)
        )
    ]
    return bool(found) and all(view.leads_nowhere(route) for route in found)


def _action(rule: RuleFact) -> str:
    return str(rule.selector.get("action", "") or "")


def _network(text: object, length: object) -> IpNetwork | None:
    """What a rule's ``src``/``dst`` with ``srclen``/``dstlen`` names; None for all and nonsense."""
    if not isinstance(text, str) or text == "all":
        return None
    whole = text if length is None or "/" in text else f"{text}/{length}"
    try:
        return ip_network(whole, strict=False)
    except ValueError:
        return None


def _lost(view: View) -> list[Expected]:
    """Addresses whose device works and bears them, and whose connected route is gone."""
    return [
        wanted
        for wanted in view.expected
        if wanted.address.network.num_addresses > 1
        and view.works(wanted.device)
        and view.bears(wanted)
        and not view.connected(wanted.address.network, wanted.device)
    ]


def _networks_without(view: View) -> tuple[IpNetwork, ...]:
    """The VIPs' networks to which no device of the gateway has a route any more."""
    vips = dict.fromkeys(v.address.network for v in view.gateway.virtual)
    return tuple(
        network
        for network in vips
        if not any(view.connected(network, device) for device in view.gateway.devices)
    )


def _more_special(view: View) -> list[RouteFact]:
    """Routes for a part of a VIP's network; where somebody is cut off, those that concern him."""
    networks = dict.fromkeys(v.address.network for v in view.gateway.virtual)
    silent = [s.address for s in view.silent]
    return [
        route
        for route in view.facts.routes.rows
        if view.ours(route)
        and any(_within(route.destination, network) for network in networks)
        and (not silent or any(_inside(address, route.destination) for address in silent))
    ]


def _within(part: IpNetwork, whole: IpNetwork) -> bool:
    return (
        part.version == whole.version
        and part.prefixlen > whole.prefixlen
        and _inside(part.network_address, whole)
    )


def _inside(address: IpAddress, network: IpNetwork) -> bool:
    return address.version == network.version and ip_address(address) in network


def _who(view: View, routes: list[RouteFact]) -> str:
    hit = [str(s) for s in view.silent if any(_inside(s.address, r.destination) for r in routes)]
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


def _rule_words(rule: RuleFact) -> str:
    selector = " ".join(f"{key} {value}" for key, value in sorted(rule.selector.items()))
    return f"{rule.priority}: {selector} lookup {rule.table}"


def _routes(lost: list[Expected]) -> str:
    return ", ".join(f"{w.address.network} dev {w.device}" for w in lost)


def _missing(lost: list[Expected]) -> list[str]:
    return [f"ip route: no {w.address.network} dev {w.device} proto kernel" for w in lost]
