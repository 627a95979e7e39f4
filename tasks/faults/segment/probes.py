"""Faults that show in the probes of the switch itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napalm_cumulus.patterns import MAC
from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Diagnosis, Status, Stranger
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.addresses import IpAddress
    from tasks.facts.model import ProbeFact
    from tasks.faults.gateway_view import GatewayView, SwitchView

_MAC = re.compile(rf"\b{MAC}\b")

#: What ping says where a route is missing, or leads nowhere: the faults of routes.
_NO_ROUTE = re.compile(r"unreachable|No route|Invalid argument", re.IGNORECASE)
#: With fewer silent neighbours than this, the neighbours may be silent and the VIP well.
_ENOUGH = 2


def _interface(view: SwitchView, device: str) -> str:
    for gateway in view.gateways:
        if device in gateway.devices:
            return gateway.interface
    return ""


def _of(view: SwitchView, kind: str) -> Iterator[ProbeFact]:
    return (probe for probe in view.facts.probes.rows if probe.kind == kind)


def _rogue(view: GatewayView) -> Iterator[Sighting]:
    """Find other machines that answer ARP for a VIP."""
    own = {v.mac for v in view.gateway.virtual} | {
        view.links[device].mac for device in view.gateway.devices if device in view.links
    }
    for vip in dict.fromkeys(str(virtual.address.ip) for virtual in view.gateway.virtual):
        wrong = [probe for probe in view.probes("duplicate", vip) if not probe.ok]
        macs = (mac for probe in wrong for mac in probe.macs or macs_in(probe.detail))
        strangers = [
            Stranger(mac, vip, _places(view, mac)) for mac in dict.fromkeys(macs) if mac not in own
        ]
        if strangers:
            yield Sighting(
                vip,
                f"arping: {' and '.join(map(str, strangers))} answers ARP for {vip}",
                "Another machine uses the gateway's address: remove the address from that VM or "
                "switch. Until then, announcing the VIP helps only until that machine "
                "answers ARP again.",
                view.svi,
                device=next(v.device for v in view.gateway.virtual if str(v.address.ip) == vip),
                about=tuple(strangers),
            )


def _strangers(seen: Sequence[Sighting]) -> tuple[Stranger, ...]:
    return tuple(stranger for each in seen for stranger in each.about)


def _rogue_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    who = ", ".join(map(str, _strangers(seen)))
    return f"another machine answers ARP for {', '.join(each.subject for each in seen)}: {who}"


def _name_strangers(found: Diagnosis, view: GatewayView, seen: Sequence[Sighting]) -> Diagnosis:
    strangers = _strangers(seen)
    macs, vips = ", ".join(s.mac for s in strangers), ", ".join(each.subject for each in seen)
    remedy = (
        "the VIP is announced, which lasts until the other machine is asked again: find "
        f"{macs} and take {vips} away from it"
    )
    return replace(found, devices=view.vrr, strangers=strangers, remedy=remedy)


def _places(view: GatewayView, mac: str) -> tuple[str, ...]:
    """Return where the bridge knows a MAC: its ports, and the VTEP behind a tunnel."""
    rows = view.switch.fdb_by_mac.get(mac, ())
    vteps = {row.port: row.remote for row in rows if row.remote}
    ports = dict.fromkeys(row.port for row in view.learnt(mac))
    return tuple(f"{p} (VTEP {vteps[p]})" if p in vteps else p for p in ports)


def macs_in(text: str) -> tuple[str, ...]:
    """Return every MAC in a text, in lower case.

    >>> macs_in("reply from 02:DE:AD:00:00:01 [1 ms]")
    ('02:de:ad:00:00:01',)
    """
    return tuple(mac.lower() for mac in _MAC.findall(text))


def _deaf(view: SwitchView) -> Iterator[Sighting]:
    tried: dict[tuple[str, str], list[ProbeFact]] = defaultdict(list)
    for probe in _of(view, "ping"):
        if probe.sent:
            tried[probe.source, probe.device].append(probe)
    for (vip, device), probes in tried.items():
        if len(probes) >= _ENOUGH and not any(probe.ok for probe in probes):
            targets = ", ".join(probe.target for probe in probes)
            yield Sighting(
                vip,
                f"ping from {vip}: none of {len(probes)} neighbours answers ({targets})",
                "They may just refuse pings (security groups). If one of them is known to answer "
                "otherwise: vip heal on it.",
                _interface(view, device),
            )


def _unsent(view: GatewayView) -> Iterator[Sighting]:
    """Find VIPs from which no ping could be sent, for no reason that is a fault of the gateway.

    Where the VIP or its route is gone, the other findings say so.
    """
    for vip in view.vips:
        pings = [p for p in view.facts.probes.rows if (p.kind, p.device) == ("ping", vip.device)]
        pings = [probe for probe in pings if probe.source == str(vip.ip)]
        held = vip.device in vip.holders and view.works(vip.device)
        held = held and (not view.facts.routes.known or view.takes(vip.ip))
        if not pings or not held or any(probe.sent for probe in pings):
            continue
        reason = pings[0].detail
        if not _NO_ROUTE.search(reason):
            yield Sighting(
                str(vip.ip),
                f"ping from {vip.ip}: it could not be sent ({reason})",
                "Whether VMs answer the VIP is not known. Try it on the switch: "
                f"{_typed(view, vip.ip, pings[0].target)}",
                view.svi,
            )


def _typed(view: GatewayView, vip: IpAddress, target: str) -> str:
    return f"ip vrf exec {view.vrf or 'default'} ping -I {vip} {target}"


def _no_way(view: SwitchView, kind: str, what: str) -> Iterator[Sighting]:
    for probe in _of(view, kind):
        if not probe.ok:
            subject = probe.source or probe.target
            yield Sighting(
                subject,
                f"ip route get: {what.format(subject)}: {probe.detail}",
                "Look at routes, policy rules, rp_filter and forwarding: the other findings name "
                "the cause.",
                _interface(view, probe.device),
            )


def _no_way_out(view: SwitchView) -> Iterator[Sighting]:
    return _no_way(view, "route-out", "packets of {} have no route to the outside")


def _no_way_in(view: SwitchView) -> Iterator[Sighting]:
    return _no_way(view, "route-in", "packets to {} do not leave by its SVI")


FAULTS = (
    Fault(
        "vip-answered-by-other",
        "Nobody else answers ARP for a VIP",
        Status.CRITICAL,
        needs=("probes",),
        find=_rogue,
        cure=Cure.ANNOUNCE,
        sentence=_rogue_sentence,
        refine=_name_strangers,
        resists=(Cure.REAPPLY, Cure.FLAP, Cure.RECREATE, Cure.TOGGLE),
        returns=True,
        layer=Layer.WAY,
    ),
    Fault(
        "vip-reaches-nobody",
        "Neighbours answer pings from the VIP",
        Status.WARNING,
        scope="switch",
        needs=("probes",),
        find_on_switch=_deaf,
    ),
    Fault(
        "probe-unsent",
        "Pings from each VIP can be sent",
        Status.UNKNOWN,
        needs=("probes", "links", "addresses"),
        find=_unsent,
    ),
    Fault(
        "no-way-out",
        "The silent addresses have a route to the outside",
        Status.CRITICAL,
        scope="switch",
        needs=("probes",),
        find_on_switch=_no_way_out,
    ),
    Fault(
        "no-way-in",
        "The silent addresses have a route to their SVI",
        Status.CRITICAL,
        scope="switch",
        needs=("probes",),
        find_on_switch=_no_way_in,
    ),
)
