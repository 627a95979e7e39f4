"""Faults of VRFs: a device in another one than its stanza says, and the kernel's rule for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.facts.index import MAIN_TABLE, in_words
from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.gateway.devices import BY_IFUP
from tasks.faults.model import Status
from tasks.ladder import ANY_CURE, Cure

if TYPE_CHECKING:
    from tasks.facts.model import RuleFact
    from tasks.faults.gateway_view import GatewayView

#: The table of the kernel's rule for VRFs, as releases of iproute2 write it; the oldest ones do not
#: know the word, and show a table without a name.
_OF_VRFS = frozenset({"l3mdev", "l3mdev-table", "[l3mdev-table]", "0", "unspec"})
#: Where the kernel puts it.
_PLACE = 1000


def _svi_elsewhere(view: GatewayView) -> Iterator[Sighting]:
    wanted = view.gateway.vrf
    if view.svi not in view.links or view.vrf == wanted:
        return
    lacks = f", which does not exist here{_as_stanza(view)}" if not _exists(view, wanted) else ""
    yield Sighting(
        view.svi,
        f"ip link: {view.svi} is {in_words(view.vrf)}, configured is "
        f"{wanted or 'none'}{lacks}: its VMs have another way out, or none",
        f"ifup {wanted} {view.svi}." if lacks else f"ifup {view.svi}.",
        view.svi,
        device=view.svi,
    )


def _exists(view: GatewayView, vrf: str) -> bool:
    link = view.links.get(vrf)
    return not vrf or (link is not None and link.kind == "vrf")


def _as_stanza(view: GatewayView) -> str:
    link = view.links.get(view.gateway.vrf)
    return f" (it is of the kind {link.kind or 'plain'})" if link else ""


def _vrr_elsewhere(view: GatewayView) -> Iterator[Sighting]:
    """Find VRR devices that are not in their SVI's VRF; ``ifup`` and ``ifquery -c`` leave it so."""
    for vip in view.by_device:
        found = view.switch.vrf_name(vip.device)
        if vip.link is None or vip.svi is None or found == view.vrf:
            continue
        master = f"master {view.vrf}" if view.vrf else "nomaster"
        yield Sighting(
            str(vip.ip),
            f"ip link: {vip.device} is {in_words(found)}, {view.svi} is {in_words(view.vrf)} "
            "(ifquery -c does not see it)",
            f"ip link set {vip.device} {master}; ifup leaves it where it is.",
            view.svi,
            device=vip.device,
            about=found,
        )


def _vrr_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    devices, several = ", ".join(each.device for each in seen), len(seen) > 1
    place = in_words(str(seen[0].about))
    return (
        f"{devices} {'are' if several else 'is'} {place}, and {view.svi} is {in_words(view.vrf)}: "
        "what the VMs send is routed by another table than what they are sent"
    )


def is_of_vrfs(rule: RuleFact) -> bool:
    """Return whether a rule looks up the table of the packet's own VRF."""
    return "l3mdev" in rule.selector or rule.table in _OF_VRFS


def place_of_vrf_rule(view: GatewayView) -> int | None:
    """Return the priority of the rule by which the gateway's VRF is looked up; None for none.

    Older releases of ifupdown2 make rules for each VRF in place of the kernel's one.
    """
    words = {"iif": view.vrf}, {"oif": view.vrf}
    places = [
        rule.priority
        for rule in view.facts.rules.rows
        if is_of_vrfs(rule) or (rule.table in view.tables and dict(rule.selector) in words)
    ]
    return min(places, default=None)


def _rule_lost(view: GatewayView) -> Iterator[Sighting]:
    """Find a rule for VRFs that is gone, or that comes after the main table's."""
    if not view.vrf:
        return
    place = place_of_vrf_rule(view)
    main = [r.priority for r in view.facts.rules.rows if r.table in MAIN_TABLE and not r.selector]
    if place is not None and (not main or place < min(main)):
        return
    told = "no rule looks up the tables of VRFs"
    if place is not None:
        told = f"the rule for VRFs ({place}) comes after that of the main table ({min(main)})"
    yield Sighting(
        view.vrf,
        f"ip rule: {told}: packets of VRF {view.vrf} are routed by the main table",
        "Not a fault of the VIP, a toggle does not help: find out who removed it, then "
        f"ip rule add l3mdev pref {_PLACE} (and ip -6 rule add l3mdev pref {_PLACE}).",
    )


FAULTS = (
    Fault(
        "vrf-rule-missing",
        "The rule for VRFs is there, before that of the main table",
        Status.CRITICAL,
        needs=("links", "rules"),
        find=_rule_lost,
        cure=Cure.NONE,
        sentence=lambda view, _: (
            f"the kernel does not look up the table of VRF {view.vrf}: its packets are routed by "
            "the main table"
        ),
        resists=ANY_CURE,
        layer=Layer.SWITCH,
    ),
    Fault(
        "svi-vrf-wrong",
        "Each SVI is in its configured VRF",
        Status.CRITICAL,
        needs=("links",),
        find=_svi_elsewhere,
        cure=Cure.REAPPLY,
        sentence=lambda view, _: (
            f"{view.svi} is {in_words(view.vrf)}, and its stanza puts it "
            f"{in_words(view.gateway.vrf)}"
        ),
        remedy=BY_IFUP,
        resists=(Cure.FLAP,),
    ),
    Fault(
        "vrr-vrf-wrong",
        "VRR devices are in their SVI's VRF",
        Status.CRITICAL,
        needs=("links",),
        find=_vrr_elsewhere,
        cure=Cure.REAPPLY,
        sentence=_vrr_sentence,
        remedy="the device is put into its SVI's VRF",
        resists=(Cure.FLAP,),
    ),
)
