"""Faults of the configuration: identity, duplicates, comments, drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from inventory.names import same_host
from tasks.addresses import IpAddress, is_link_local
from tasks.facts.index import Vip
from tasks.faults.base import Fault, Sighting
from tasks.faults.gateway_view import GatewayView, SwitchView
from tasks.faults.model import Status
from tasks.ladder import Cure


def _identity(view: SwitchView) -> Iterator[Sighting]:
    facts = view.facts
    if not facts.hostname or same_host(facts.switch, facts.hostname):
        return
    yield Sighting(
        "",
        f"hostname: it calls itself {facts.hostname}, the inventory calls it {facts.switch}",
        "Correct the address in the inventory's source, or the switch's hostname. Nothing is "
        "changed on the switch until the two agree.",
    )


def _twice(view: SwitchView) -> Iterator[Sighting]:
    """Find VIPs that stand in several places of one VRF; every VRF may have the same one."""
    vips: dict[tuple[str, IpAddress], list[Vip]] = defaultdict(list)
    for vip in view.vips:
        if not is_link_local(vip.ip):  # which is unique on its link only
            vips[vip.gateway.vrf, vip.ip].append(vip)
    owners: dict[tuple[str, IpAddress], list[str]] = defaultdict(list)
    for gateway in view.gateways:
        for own in gateway.own:
            owners[gateway.vrf, own.ip].append(gateway.interface)
    for (vrf, ip), several in vips.items():
        svis = owners.get((vrf, ip), ())
        if len(several) + len(svis) > 1:
            places = [f"{v.device} ({_place(v)})" for v in several]
            places += [f"{svi} (its own address)" for svi in svis]
            yield Sighting(
                str(ip),
                f"configuration: {ip} stands on {' and on '.join(places)}"
                f"{f' in VRF {vrf}' if vrf else ''}",
                "Remove one of them, then run ifreload -a. With two of them it is undefined which "
                "device answers.",
                several[0].interface,
            )


def _place(vip: Vip) -> str:
    line = vip.virtual.line
    return f"{vip.gateway.file} line {line}" if line else vip.gateway.file


def _repeated(view: SwitchView) -> Iterator[Sighting]:
    wanted = {gateway.interface for gateway in view.gateways}
    for place in view.facts.repeated:
        name = place.split(":", 1)[0]
        if name in wanted:
            yield Sighting(
                name,
                f"configuration: a second stanza for {place}",
                "Merge the stanzas, or delete the copy: ifupdown2 adds their addresses up. A "
                "backup file in interfaces.d is read too.",
                name,
            )


def _not_auto(view: GatewayView) -> Iterator[Sighting]:
    """Yield a stanza with VIPs that is not auto; it may work now, brought up by its name."""
    gateway = view.gateway
    if not gateway.auto:
        yield Sighting(
            view.svi,
            f"configuration: no auto line for {view.svi} in front of its stanza ({gateway.place})",
            f"Put 'auto {view.svi}' in front of its stanza; behind it, it does not count, nor does "
            "'allow-auto'. Then ifreload -a. Until then 'ifreload -a' passes it over too.",
            view.svi,
        )


def _not_auto_sentence(view: GatewayView, _: Sequence[Sighting]) -> str:
    vips = ", ".join(str(v.address.ip) for v in view.gateway.virtual)
    return f"{view.svi} is not auto: after the next boot nobody has {vips}"


def _commented(view: SwitchView) -> Iterator[Sighting]:
    for place in view.facts.commented:
        yield Sighting(
            place.rpartition(" of ")[2],
            f"configuration: {place} is commented out",
            "Probably a toggle by hand that was not finished: remove the # and run ifreload -a. "
            "If it is only a note, delete the line.",
            place.rpartition(" of ")[2],
        )


def _drift(view: SwitchView) -> Iterator[Sighting]:
    rows = view.drift
    for name in dict.fromkeys(row.interface for row in rows):
        words = [f"{r.attribute} ({r.text})".lstrip() for r in rows if r.interface == name]
        yield Sighting(
            name,
            f"ifquery -c: {name + ' differs in ' if name else ''}{', '.join(words)}",
            f"ifup {name} applies what the disk says." if name else "Run ifquery -a -c there.",
            name if any(g.interface == name for g in view.gateways) else "",
        )


def _pending(view: SwitchView) -> Iterator[Sighting]:
    for row in view.facts.pending.rows:
        late = row.remaining < -_GRACE
        when = f"{-row.remaining:.0f} s over its time" if late else f"{row.remaining:.0f} s to go"
        if row.state == "claimed.confirm":
            when = "being confirmed" if not late else "a confirm that does not end"
        noun = "repair" if row.hold == "repair" else "commit"
        place = f"/run/vipkeeper/{row.state}: {noun} {row.id} by {row.owner or 'an unknown user'}"
        if row.armed is False:
            verb = "confirm" if row.state == "claimed.confirm" else "rollback"
            yield Sighting(
                "",
                f"{place}, {when}, its timer is dead",
                f"Nothing will end it: run vip {verb}.",
                status=Status.CRITICAL,
            )
            continue
        settle = "vip rollback" if row.hold in _END_THEMSELVES else "vip confirm or vip rollback"
        if row.hold in _END_THEMSELVES and not late:
            yield Sighting(
                "",
                f"{place}{UNDER_WAY}{when}",
                "It ends by itself: wait for it, then check again.",
            )
            continue
        yield Sighting(
            "",
            f"{place}, {when}",
            f"It should have ended by itself: settle it with {settle}, and look at the switch's "
            "log."
            if late
            else "Wait for it, or settle it: vip confirm or vip rollback.",
            status=Status.CRITICAL if late else None,
        )


def _left_over(view: SwitchView) -> Iterator[Sighting]:
    busy = any(row.state == "claimed.confirm" for row in view.facts.pending.rows)
    for text in view.facts.left_over:
        if not busy:  # a confirm that is running now has such files
            yield Sighting(
                "",
                f"files: {text}",
                "The next commit removes it, and changes nothing by that. It ends an interrupted "
                "confirm first.",
            )


#: In the evidence of a toggle or a repair that another operator has begun.
UNDER_WAY = ", under way, "
#: A toggle or a repair under way: nobody has to confirm it, and nobody can.
_END_THEMSELVES = ("bounce", "repair")
#: A rollback may take so many seconds after a commit's deadline.
_GRACE = 60

FAULTS = (
    Fault(
        "identity",
        "The switch is the one that the inventory means",
        Status.CRITICAL,
        scope="switch",
        find_on_switch=_identity,
    ),
    Fault(
        "vip-twice",
        "Each VIP is configured once",
        Status.WARNING,
        scope="switch",
        needs=("gateways",),
        find_on_switch=_twice,
    ),
    Fault(
        "stanza-repeated",
        "Each SVI has one stanza",
        Status.WARNING,
        scope="switch",
        needs=("gateways",),
        find_on_switch=_repeated,
    ),
    Fault(
        "vip-not-auto",
        "Each stanza with VIPs is auto",
        Status.WARNING,
        needs=("gateways",),
        find=_not_auto,
        cure=Cure.NONE,
        sentence=_not_auto_sentence,
        latent=True,
    ),
    Fault(
        "address-commented-out",
        "No address line is commented out and forgotten",
        Status.WARNING,
        scope="switch",
        needs=("gateways",),
        find_on_switch=_commented,
    ),
    Fault(
        "configuration-drift",
        "The kernel has what ifupdown2 was told",
        Status.WARNING,
        scope="switch",
        needs=("drift",),
        find_on_switch=_drift,
    ),
    Fault(
        "commit-pending",
        "No commit waits",
        Status.WARNING,
        scope="switch",
        needs=("pending",),
        find_on_switch=_pending,
    ),
    Fault(
        "left-over",
        "Nothing is left of an interrupted change",
        Status.WARNING,
        scope="switch",
        needs=("left_over", "pending"),
        find_on_switch=_left_over,
    ),
)
