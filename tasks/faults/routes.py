"""Checks of routes and policy rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from tasks.addresses import IpNetwork
from tasks.facts.model import RouteFact, RuleFact
from tasks.faults import conditions
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View
from tasks.model import Gateway

#: What throws packets away.
_HOLES = {"blackhole", "unreachable", "prohibit", "throw"}
#: How the kernel and routing daemons sign the routes that they look after themselves.
_DAEMONS = {"kernel", "bgp", "zebra", "ospf", "isis"}
_OWN_TABLES = {"local", "main", "default", "255", "254", "253"}
_MOVING = {"REACHABLE", "PERMANENT", "DELAY", "PROBE"}


def _routes_lost(view: View) -> Iterator[Seen]:
    for gateway, found in view.connected:
        for prefix in dict.fromkeys(prefix for _, prefix, there in found if not there):
            lost = [device for device, net, there in found if net == prefix and not there]
            if len(lost) == sum(net == prefix for _, net, _ in found):
                yield Seen(
                    gateway.interface,
                    f"ip route: {prefix} is on none of {', '.join(lost)}: answers find no way back",
                    "Flapping the VRR device brings its route back (vip heal does); a plain "
                    "ifreload -a does not.",
                    gateway.interface,
                )


def _route_lost(view: View) -> Iterator[Seen]:
    for gateway, found in view.connected:
        for device, prefix, there in found:
            if not there and any(net == prefix for _, net, alive in found if alive):
                yield Seen(
                    device,
                    f"ip route: the connected route {prefix} dev {device} is missing; others of "
                    f"{gateway.interface} still lead there",
                    f"ifup {gateway.interface} (vip heal does).",
                    gateway.interface,
                )


def _local_lost(view: View) -> Iterator[Seen]:
    for vip in view.vips:
        if vip.ip in view.taken or not conditions.is_held(vip):
            continue
        if view.works(vip.device):
            yield Seen(
                str(vip.ip),
                f"ip route show table local: {vip.ip} is missing, so the switch does not take "
                "packets to it for its own",
                f"Flap {vip.device} (vip heal does).",
                vip.interface,
            )


def _inside(view: View, *, holes: bool) -> Iterator[tuple[Gateway, IpNetwork, RouteFact]]:
    """Routes more specific than a VIP's prefix, but for the gateway's own: holes, or the others."""
    rows = [
        row
        for row in view.facts.routes.rows
        if row.kind != "local" and (row.kind in _HOLES) == holes
    ]
    for gateway in view.gateways:
        away = [row for row in rows if row.device not in gateway.devices]
        for prefix in dict.fromkeys(virtual.address.network for virtual in gateway.virtual):
            for row in away:
                if conditions.is_part(row.destination, prefix):
                    yield gateway, prefix, row


def _blackhole(view: View) -> Iterator[Seen]:
    for gateway, prefix, row in _inside(view, holes=True):
        yield Seen(
            str(row.destination),
            f"ip route: {row.kind} {row.destination} (proto {row.protocol}, table {row.table}) "
            f"within {prefix} of {gateway.interface}",
            "Not a fault of the VIP, a toggle does not help: ask who added it, then ip route "
            f"del {row.kind} {row.destination}.",
            gateway.interface,
        )


def _foreign(view: View) -> Iterator[Seen]:
    for gateway, prefix, row in _inside(view, holes=False):
        if not _leads_away(view, gateway, row):
            continue
        via = f" via {row.via}" if row.via else ""
        yield Seen(
            str(row.destination),
            f"ip route: {row.destination}{via} dev {row.device} (proto {row.protocol}) takes "
            f"addresses of {prefix} away from {gateway.interface}",
            "Not a fault of the VIP, a toggle does not help: find out who announces or added it "
            "(vtysh -c 'show ip route', the peers' configuration).",
            gateway.interface,
        )


def _leads_away(view: View, gateway: Gateway, row: RouteFact) -> bool:
    """Whether it is wrong; EVPN's host routes to VMs behind other leafs are not.

    A host route is, when this switch itself has the address as a neighbour of its own.
    """
    host = row.destination.prefixlen == row.destination.max_prefixlen
    if not host or row.protocol not in _DAEMONS:
        return True
    return any(
        entry.address == row.destination.network_address
        and entry.state in _MOVING
        and not entry.external
        for entry in view.neighbours.get(gateway.interface, ())
    )


def _rules(view: View) -> Iterator[Seen]:
    for rule in view.facts.rules.rows:
        if rule.table in _OWN_TABLES and not rule.selector:
            continue
        if "l3mdev" in str(rule.selector) or "l3mdev" in rule.table:
            continue
        for gateway in view.gateways:
            word = _catches(rule, gateway)
            if word:
                empty = _dead(view, rule.table)
                effect = "; that table throws them away" if empty else ""
                yield Seen(
                    f"rule {rule.priority}",
                    f"ip rule: {rule.priority} ({_words(rule)} lookup {rule.table}) catches "
                    f"packets {word} {gateway.interface}{effect}",
                    "Not a fault of the VIP, a toggle does not help: ask who added it, then "
                    f"ip rule del priority {rule.priority}.",
                    gateway.interface,
                    Status.CRITICAL if empty else None,
                )


def _catches(rule: RuleFact, gateway: Gateway) -> str:
    """Which packets of the gateway the rule takes: a word, empty for none."""
    selector = rule.selector
    for key, word in (("src", "from"), ("dst", "to")):
        prefix = _prefix(selector.get(key), selector.get(f"{key}len"))
        if prefix is not None:
            hit = any(prefix.overlaps(virtual.address.network) for virtual in gateway.virtual)
            return word if hit else ""
    incoming = selector.get("iif")
    if incoming is not None:
        return "into" if incoming in gateway.devices else ""
    return "" if selector else "of"


def _prefix(address: object, length: object) -> IpNetwork | None:
    if address in {None, "all"}:
        return None
    try:
        return ip_network(f"{address}/{length}" if length is not None else str(address))
    except ValueError:
        return None


def _dead(view: View, table: str) -> bool:
    """Whether what looks there is thrown away."""
    rows = [row for row in view.facts.routes.rows if row.table == table]
    return table in _HOLES or any(row.kind in _HOLES for row in rows)


def _words(rule: RuleFact) -> str:
    words = {"src": "from", "dst": "to"}
    pairs = [f"{words.get(key, key)} {value}" for key, value in rule.selector.items()]
    return re.sub(r" (srclen|dstlen) ", "/", " ".join(pairs)) or "from all"


_ROUTES = ("gateways", "links", "addresses", "routes")

CHECKS = (
    Check(
        "svi-routes-lost",
        "A connected route leads to each VIP's subnet",
        Status.CRITICAL,
        _routes_lost,
        _ROUTES,
    ),
    Check(
        "connected-route-lost",
        "Each device has its connected route",
        Status.WARNING,
        _route_lost,
        _ROUTES,
    ),
    Check(
        "vip-local-route-lost",
        "Each VIP is in the local routing table",
        Status.CRITICAL,
        _local_lost,
        _ROUTES,
    ),
    Check(
        "blackhole-route",
        "Nothing throws packets to a VIP's subnet away",
        Status.CRITICAL,
        _blackhole,
        ("gateways", "routes"),
    ),
    Check(
        "foreign-route",
        "Nothing leads packets to a VIP's subnet elsewhere",
        Status.CRITICAL,
        _foreign,
        ("gateways", "routes"),
    ),
    Check(
        "policy-rule",
        "No policy rule takes the packets of a VIP's subnet",
        Status.WARNING,
        _rules,
        ("gateways", "rules", "routes"),
    ),
)
