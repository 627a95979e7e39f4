"""Faults of policy rules, which decide about the VMs' packets before any route does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.gateway.vrf import place_of_vrf_rule
from tasks.faults.gateway_view import HOLES, inside, is_part
from tasks.faults.model import Status
from tasks.ladder import ANY_CURE, Cure

if TYPE_CHECKING:
    from tasks.addresses import IpAddress, IpNetwork
    from tasks.facts.model import ProbeFact, RouteFact, RuleFact
    from tasks.faults.gateway_view import GatewayView

#: Tables of the kernel's own rules, and the words of the rule for VRFs.
_OWN_TABLES = frozenset(
    {"local", "main", "default", "255", "254", "253", "l3mdev", "l3mdev-table", "[l3mdev-table]"}
)


def _find(key: str, view: GatewayView) -> Iterator[Sighting]:
    """Find rules that match the VMs' packets by one word of their selector.

    A rule harms where it, or its table, drops the packets it matches. Where its table has no
    matching route, the kernel goes on to the next rule, so it harms nobody yet.
    """
    for rule in view.facts.rules.rows:
        if not _takes(view, rule, key):
            continue
        lost = _throws_away(view, rule, inwards=key == "dst")
        tried = "" if lost else _tried(view, inwards=key == "dst")
        effect = "; they are dropped there" if lost else f"; ip route get: {tried}" * bool(tried)
        yield Sighting(
            f"rule {rule.priority}",
            f"ip rule: {rule.priority} ({_words(rule)} lookup {rule.table}) matches packets "
            f"{_WHOSE[key]} {view.svi}{effect}",
            "Not a fault of the VIP, a toggle does not help: find out who made the rule, and "
            f"remove it there: ip rule del pref {rule.priority}",
            view.svi,
            Status.CRITICAL if lost or tried else None,
            latent=not (lost or tried),
            about=rule,
        )


_WHOSE = {"src": "from the VMs of", "dst": "to the VMs of", "iif": "that come in by"}


def _takes(view: GatewayView, rule: RuleFact, key: str) -> bool:
    """Return whether a rule that somebody added matches the VMs by this word of its selector.

    A rule with several such words is found by the first of them.
    """
    selector = {k: v for k, v in rule.selector.items() if (k, v) != ("src", "all")}
    own = "l3mdev" in selector or (rule.table in _OWN_TABLES | view.tables and not _action(rule))
    if own or _comes_too_late(view, rule, inwards=key == "dst"):
        return False
    first = next((each for each in _WHOSE if each in selector), "" if selector else "src")
    if first != key or not selector:
        return first == key  # a rule without a selector matches all packets
    if key == "iif":
        return selector["iif"] in {*view.gateway.devices, view.vrf}
    network = _network(selector.get(key), selector.get(f"{key}len"))
    if network is None:
        return False
    if view.silent:
        return any(inside(silent.address, network) for silent in view.silent)
    return any(n.version == network.version and network.overlaps(n) for n in view.networks)


def _comes_too_late(view: GatewayView, rule: RuleFact, *, inwards: bool) -> bool:
    """Return whether the VRF's own table, which is looked up before the rule, has a route already.

    To a VM that is the connected route; to everybody else only a default route.
    """
    place = place_of_vrf_rule(view) if view.vrf else None
    if place is None or rule.priority <= place:
        return False
    rows = [row for row in view.facts.routes.rows if row.table in view.tables]
    if inwards:
        return any(row.destination in view.networks for row in rows)
    return any(row.destination.prefixlen == 0 for row in rows)


def _throws_away(view: GatewayView, rule: RuleFact, *, inwards: bool) -> bool:
    """Return whether packets that the rule matches are dropped, by the rule or by its table."""
    if _action(rule) in HOLES or rule.table in HOLES:
        return True
    rows = [row for row in view.facts.routes.rows if row.table == rule.table]
    if not inwards:
        return _is_hole([row for row in rows if row.destination.prefixlen == 0])
    if view.silent:
        return any(_is_hole(_ways(rows, silent.address)) for silent in view.silent)
    return any(
        _is_hole(_ways(rows, network.network_address + 1))
        or any(row.kind in HOLES and is_part(row.destination, network) for row in rows)
        for network in view.networks
        if network.num_addresses > 1
    )


def _ways(rows: Sequence[RouteFact], address: IpAddress) -> list[RouteFact]:
    """Return the most specific of the routes that lead to an address."""
    found = [row for row in rows if inside(address, row.destination)]
    longest = max((row.destination.prefixlen for row in found), default=0)
    return [row for row in found if row.destination.prefixlen == longest]


def _is_hole(rows: Sequence[RouteFact]) -> bool:
    best = min(rows, key=lambda row: row.metric, default=None)
    return best is not None and best.kind in HOLES


def _tried(view: GatewayView, *, inwards: bool) -> str:
    """Return what the kernel said where it found no route for a silent endpoint; else empty."""
    probes = (_failed_way(view, str(s.address), inwards=inwards) for s in view.silent)
    return next((probe.detail for probe in probes if probe), "")


def _failed_way(view: GatewayView, address: str, *, inwards: bool) -> ProbeFact | None:
    if inwards:
        return view.failed("route-in", address)
    tried = [
        probe
        for probe in view.facts.probes.rows
        if probe.kind == "route-out"
        and probe.source in {address, ""}
        and (probe.device in view.gateway.devices or not probe.device)
    ]
    return tried[0] if tried and not any(p.ok for p in tried) else None


def _action(rule: RuleFact) -> str:
    return str(rule.selector.get("action", "") or "")


def _network(text: object, length: object) -> IpNetwork | None:
    """Return the network of a rule's ``src``/``dst`` with ``srclen``/``dstlen``.

    It is None for all addresses and for nonsense. The kernel compares as many bits as the length
    says, whatever bits are set after them.
    """
    if not isinstance(text, str) or text == "all":
        return None
    whole = text if length is None or "/" in text else f"{text}/{length}"
    try:
        return ip_network(whole, strict=False)
    except ValueError:
        return None


def _words(rule: RuleFact) -> str:
    names = {"src": "from", "dst": "to"}
    pairs = [f"{names.get(key, key)} {value}" for key, value in rule.selector.items()]
    return re.sub(r" (srclen|dstlen) ", "/", " ".join(pairs)) or "from all"


def _sentence(key: str) -> Callable[[GatewayView, Sequence[Sighting]], str]:
    def sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
        rule = seen[0].about
        return (
            f"a policy rule decides about packets {_WHOSE[key]} {view.svi}: {rule.priority}: "
            f"{_words(rule)} lookup {rule.table}"
        )

    return sentence


FAULTS = tuple(
    Fault(
        f"policy-rule-{word}",
        f"No policy rule matches packets {whose}",
        Status.WARNING,
        needs=("rules", "routes"),
        find=partial(_find, key),
        cure=Cure.NONE,
        sentence=_sentence(key),
        resists=ANY_CURE,
        layer=Layer.WAY,
    )
    for word, key, whose in (
        ("from", "src", "from VMs"),
        ("to", "dst", "to VMs"),
        ("iif", "iif", "that come in by a gateway"),
    )
)
