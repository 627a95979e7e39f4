"""Faults of the bonds that hypervisors are attached to: their ports, and their LACP partners.

A bond goes on with the ports that are left. Where none is left, the bond has no carrier, and the
faults of ports say so too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Status
from tasks.faults.segment.ports import bridge_ports_of, has_carrier, spoken_for
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.facts.bridging import BondState
    from tasks.facts.model import LinkFact
    from tasks.faults.gateway_view import GatewayView

_LACP = "802.3ad"
_NOBODY = "00:00:00:00:00:00"


def _bonds(view: GatewayView) -> Iterator[tuple[LinkFact, BondState]]:
    """Yield the bonds that serve the gateway and are up, with their state."""
    for name in bridge_ports_of(view):
        link = view.links.get(name)
        if link is not None and link.bond is not None and link.up:
            yield link, link.bond


def _working(view: GatewayView, bond: str) -> list[str]:
    """Return the ports in a bond that have a carrier."""
    return [
        name
        for name in view.switch.beside(bond)
        if has_carrier(link := view.links.get(name)) and link is not None and link.master == bond
    ]


def _port_lost(view: GatewayView) -> Iterator[Sighting]:
    """Find ports of a bond that are down, or not in it."""
    for link, _ in _bonds(view):
        meant = view.facts.bridging.bonds.get(link.name)
        working = _working(view, link.name)
        for name in view.switch.beside(link.name):
            port = view.links.get(name)
            if port is None or (port.up and port.master == link.name):
                continue
            if port.master != link.name and (meant is None or name not in meant.ports):
                continue
            what = "is not in it" if port.master != link.name else "is administratively down"
            rest = f"{', '.join(working)} is left" if working else "no port of it works"
            yield Sighting(
                name,
                f"ip link: {name} is a port of {link.name} and {what}; {rest}",
                f"ifup {link.name}.",
                spoken_for(view),
                None if working else Status.CRITICAL,
                link.name,
                latent=bool(working),
            )


def _port_lost_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    return "; ".join(each.evidence.removeprefix("ip link: ") for each in seen)


def _alone(view: GatewayView) -> Iterator[Sighting]:
    """Find LACP bonds whose other end does not take part, at all or on one port.

    Such a bond uses one port, or none: it depends on the release and on ``bond-lacp-bypass-allow``.
    """
    for link, bond in _bonds(view):
        working = _working(view, link.name)
        if bond.mode != _LACP or not working:
            continue
        carrier = has_carrier(link)
        apart = [
            name
            for name in working
            if bond.aggregator is not None
            and view.links[name].aggregator not in {None, bond.aggregator}
        ]
        if bond.partner == _NOBODY:
            what = f"{link.name} has no LACP partner (its MAC is {_NOBODY})"
            what += "" if carrier else ", and no carrier"
        elif apart:
            what = f"{', '.join(apart)} is not in the aggregator that {link.name} uses"
        else:
            continue
        yield Sighting(
            link.name,
            f"ip -d link: {what}; the ports have a carrier",
            "See to LACP on the hypervisor: its bond's mode has to be 802.3ad, and its ports have "
            "to be in one bond and at the right ports of the right switches.",
            spoken_for(view),
            None if carrier else Status.CRITICAL,
            link.name,
            certain=not carrier,
            latent=carrier and not view.silent,
        )


def _alone_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    return "; ".join(each.evidence.removeprefix("ip -d link: ") for each in seen)


def _too_few(view: GatewayView) -> Iterator[Sighting]:
    """Find bonds that are kept down because too few of their ports work."""
    for link, bond in _bonds(view):
        working = _working(view, link.name)
        if 0 < len(working) < bond.min_links and not has_carrier(link):
            yield Sighting(
                link.name,
                f"ip -d link: {link.name} has no carrier: {len(working)} of its ports works "
                f"({', '.join(working)}), and min_links is {bond.min_links}",
                "See to its other ports and their cables; or lower bond-min-links.",
                spoken_for(view),
                device=link.name,
            )


def _too_few_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    return "; ".join(each.evidence.removeprefix("ip -d link: ") for each in seen)


FAULTS = (
    Fault(
        "bond-port-lost",
        "Ports of a bond are up and in it",
        Status.WARNING,
        needs=("links",),
        find=_port_lost,
        cure=Cure.REAPPLY,
        sentence=_port_lost_sentence,
        remedy="'ifup' of the bond takes its ports in and brings them up",
        layer=Layer.PORT,
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "bond-without-partner",
        "LACP bonds have a partner on every port",
        Status.WARNING,
        needs=("links",),
        find=_alone,
        cure=Cure.NONE,
        sentence=_alone_sentence,
        layer=Layer.PORT,
        silences_arp=True,
    ),
    Fault(
        "bond-below-min-links",
        "Bonds have as many working ports as they need",
        Status.CRITICAL,
        needs=("links",),
        find=_too_few,
        cure=Cure.NONE,
        sentence=_too_few_sentence,
        layer=Layer.PORT,
        silences_arp=True,
    ),
)
