"""Checks of what the switch has tried out itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tasks.facts.model import ProbeFact
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View

#: Fewer silent neighbours than this say something about them and not about the VIP.
_ENOUGH = 2


def _interface(view: View, device: str) -> str:
    for gateway in view.gateways:
        if device in gateway.devices:
            return gateway.interface
    return ""


def _of(view: View, kind: str) -> Iterator[ProbeFact]:
    return (probe for probe in view.facts.probes.rows if probe.kind == kind)


def _rogue(view: View) -> Iterator[Seen]:
    for probe in _of(view, "duplicate"):
        if probe.ok:
            continue
        svi = _interface(view, probe.device)
        where = [f"{mac} ({_place(view, svi, mac)})" for mac in probe.macs]
        yield Seen(
            probe.target,
            f"arping: {' and '.join(where)} answers ARP for {probe.target}",
            "Somebody else uses the gateway's address: take it from that VM or switch. Announcing "
            "the VIP (vip heal) helps the others until it answers again.",
            svi,
        )


def _place(view: View, svi: str, mac: str) -> str:
    ports = [place.port for place in view.places(svi, mac)]
    return f"behind {', '.join(dict.fromkeys(ports))}" if ports else "the bridge does not know it"


def _deaf(view: View) -> Iterator[Seen]:
    tried: dict[tuple[str, str], list[ProbeFact]] = defaultdict(list)
    for probe in _of(view, "ping"):
        if probe.ok or "packet loss" in probe.detail:  # else it could not even be sent
            tried[probe.source, probe.device].append(probe)
    for (vip, device), probes in tried.items():
        if len(probes) >= _ENOUGH and not any(probe.ok for probe in probes):
            targets = ", ".join(probe.target for probe in probes)
            yield Seen(
                vip,
                f"ping from {vip}: none of {len(probes)} neighbours answers ({targets})",
                "They may just refuse pings (security groups). If one of them is known to answer "
                "otherwise: vip heal on it.",
                _interface(view, device),
            )


def _no_way(view: View, kind: str, what: str) -> Iterator[Seen]:
    for probe in _of(view, kind):
        if not probe.ok:
            subject = probe.source or probe.target
            yield Seen(
                subject,
                f"ip route get: {what.format(subject)}: {probe.detail}",
                "Look at routes, policy rules, rp_filter and forwarding: the other findings name "
                "the cause.",
                _interface(view, probe.device),
            )


def _no_way_out(view: View) -> Iterator[Seen]:
    return _no_way(view, "route-out", "packets of {} find no way outside")


def _no_way_in(view: View) -> Iterator[Seen]:
    return _no_way(view, "route-in", "packets to {} do not leave by its SVI")


CHECKS = (
    Check(
        "vip-answered-by-other",
        "Nobody else answers ARP for a VIP",
        Status.CRITICAL,
        _rogue,
        ("probes",),
    ),
    Check(
        "vip-reaches-nobody",
        "Neighbours answer pings from the VIP",
        Status.WARNING,
        _deaf,
        ("probes",),
    ),
    Check(
        "no-way-out",
        "The addresses in question have a way outside",
        Status.CRITICAL,
        _no_way_out,
        ("probes",),
    ),
    Check(
        "no-way-in",
        "The addresses in question have a way in",
        Status.CRITICAL,
        _no_way_in,
        ("probes",),
    ),
)
