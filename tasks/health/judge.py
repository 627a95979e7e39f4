"""Every check of a switch, and how a switch is judged. Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasks.facts.model import SwitchFacts
from tasks.faults.base import Check, Fault
from tasks.faults.catalogue import FAULTS
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Finding, Status
from tasks.faults.view import ExpectedFromSite

#: The check that gives an UNKNOWN for each section of the facts that could not be read.
UNREAD = "unread"

#: The checks of a switch that could not be read, in part or at all.
NOT_JUDGED: tuple[Check, ...] = (
    Check(UNREAD, "Everything that checks look at could be read", Status.UNKNOWN),
    Check("unreachable", "The switch can be connected to", Status.UNKNOWN),
    Check("no-answer", "The switch answers in time", Status.UNKNOWN),
    Check("login-refused", "The switch lets us log in", Status.UNKNOWN),
    Check("no-root", "The account is root on the switch, or becomes it by sudo", Status.UNKNOWN),
    Check("host-key", "The switch has the host key that is known", Status.UNKNOWN),
    Check("unreadable", "The switch's answer can be read", Status.UNKNOWN),
    Check("not-checked", "The switch's turn came before the run ended", Status.UNKNOWN),
    Check(
        "left-out",
        "The inventory can place every switch and hypervisor",
        Status.UNKNOWN,
        scope="fleet",
    ),
)

_SECTIONS = {
    "links": "ip link",
    "addresses": "ip addr",
    "routes": "ip route",
    "rules": "ip rule",
    "neighbours": "ip neigh",
    "fdb": "bridge fdb",
    "ports": "bridge link",
    "bridge_vlans": "bridge vlan show",
    "vlan_tunnels": "bridge vlan tunnelshow",
    "lldp": "lldpctl",
    "drift": "ifquery",
    "vnis": "show evpn vni",
    "vrf_vnis": "show vrf vni",
    "evpn_macs": "show evpn arp-cache",
    "evpn_peers": "show bgp l2vpn evpn summary",
    "probes": "probes",
    "pending": "pending commits",
}


def check_ids() -> tuple[str, ...]:
    """Return the id of every check, of one switch and of the fleet."""
    from tasks.health.fleet import FLEET_CHECKS  # noqa: PLC0415 - it is made of our records

    return tuple(check.id for check in (*FAULTS, *NOT_JUDGED, *FLEET_CHECKS))


def judge(facts: SwitchFacts, expected: ExpectedFromSite | None = None) -> tuple[Finding, ...]:
    """Return every finding on a switch.

    A fault whose facts could not be read is not looked for; each unread section is an UNKNOWN of
    its own.

    Args:
        facts: the facts.
        expected: what other systems expect behind the switch; without it, the checks that compare
            with that are left out.
    """
    view = SwitchView(facts, expected or ExpectedFromSite())
    return findings_of(view, judged(view))


def findings_of(view: SwitchView, faults: Iterable[Fault]) -> tuple[Finding, ...]:
    """Return the findings of some faults, and an UNKNOWN for each unread section."""
    found = (finding for fault in faults for finding in fault.findings(view))
    return (*found, *_unread(view.facts))


def judged(view: SwitchView) -> tuple[Fault, ...]:
    """Return the faults for which the facts hold what they need."""
    return tuple(fault for fault in FAULTS if view.known.issuperset(fault.requires))


def _unread(facts: SwitchFacts) -> Iterator[Finding]:
    reasons = {title: getattr(facts, name).unread for name, title in _SECTIONS.items()}
    reasons |= {"configuration": facts.gateways_unread, "sysctl": facts.sysctls_unread}
    if facts.left_over_unread != facts.pending.unread:
        reasons["left-overs"] = facts.left_over_unread
    if not facts.hostname:
        reasons["hostname"] = "the switch does not say what it calls itself"
    for title, reason in reasons.items():
        if reason:
            yield Finding(
                check=UNREAD,
                status=Status.UNKNOWN,
                switch=facts.switch,
                subject=title,
                evidence=reason,
                remedy="Try the command on the switch. What depends on it was not judged.",
            )
