"""Faults of policy rules: what decides about the VMs' packets before any route does."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from tasks.faults.model import Cure, Diagnosis
from tasks.health.diagnosis_view import inside

if TYPE_CHECKING:
    from tasks.addresses import IpNetwork
    from tasks.facts.model import ProbeFact, RuleFact
    from tasks.health.diagnosis_view import View

#: Tables that every kernel's own rules name, and the words of the rule for VRFs.
_OWN_TABLES = frozenset({"local", "main", "default", "l3mdev", "l3mdev-table"})
_THROWN_AWAY = frozenset({"blackhole", "unreachable", "prohibit"})


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
        return any(inside(silent.address, network) for silent in view.silent)
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
            or any(inside(address, route.destination) for address in addresses)
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


def _rule_words(rule: RuleFact) -> str:
    selector = " ".join(f"{key} {value}" for key, value in sorted(rule.selector.items()))
    return f"{rule.priority}: {selector} lookup {rule.table}"
