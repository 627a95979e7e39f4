"""Cables in drawings: which of several is current, and where drawings differ. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inventory.names import same_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Link:
    """One drawn cable.

    Attributes:
        interface: the host's own interface.
        switch: the name of the switch.
        port: its port; empty where the drawing does not say.
        observed: the date of this cable; None where it has none.
        shared: whether the drawing has one date for several cables, which is then nobody's.
    """

    interface: str
    switch: str
    port: str
    observed: date | None
    shared: bool = False

    @property
    def where(self) -> str:
        """Return the switch and its port, for a person."""
        return f"{self.switch} {self.port}".rstrip()


def newest(links: Sequence[Link]) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """Return the rows with the newest date of each interface, and the older rows.

    A row that shares its date may be newer or older than any other: it is always kept, and makes no
    other row old.
    """
    cables: dict[tuple[str, str, str], Link] = {}
    for link in links:
        cable = (link.interface, link.switch, link.port)
        cables[cable] = max(cables.get(cable, link), link, key=_certainty)
    ordered = [cables[cable] for cable in sorted(cables)]
    best: dict[str, date] = {}
    for link in ordered:
        if not link.shared:
            when = link.observed or date.min
            best[link.interface] = max(best.get(link.interface, date.min), when)
    kept = [
        link
        for link in ordered
        if link.shared or (link.observed or date.min) == best[link.interface]
    ]
    return tuple(kept), tuple(link for link in ordered if link not in kept)


def _certainty(link: Link) -> tuple[bool, date]:
    return link.shared, link.observed or date.min


def left_out(old: Link, hypervisor: str) -> str:
    """Return the note about a row that is not used, so that a person knows there was one."""
    seen = f"observed {old.observed}" if old.observed else "without a date"
    return (
        f"{hypervisor} {old.interface}: an LLDP row that is not the newest is left out: "
        f"{old.where}, {seen}"
    )


def undecided(kept: Iterable[Link], hypervisor: str) -> list[str]:
    """Return a note where an interface has several cables and no date tells which is current."""
    by_interface: dict[str, list[Link]] = defaultdict(list)
    for link in kept:
        by_interface[link.interface].append(link)
    several = [
        f"{interface} is on {' or on '.join(link.where for link in links)}"
        for interface, links in by_interface.items()
        if len(links) > 1
    ]
    if not several:
        return []
    told = ", ".join(several)
    note = f"{hypervisor}: the dates in Mimic do not tell which cable is current: {told}"
    return [f"{note} (all are kept, and the switches decide)"]


def differences(magdb: Sequence[Link], netbox: Sequence[Link], hypervisor: str) -> list[str]:
    """Return a note for each interface whose ends differ in LLDP and in the recorded cabling."""
    notes = []
    for other in netbox:
        seen = [link for link in magdb if link.interface == other.interface]
        if seen and not any(_agree(link, other) for link in seen):
            notes.append(
                f"{hypervisor}: MagDB (LLDP) has {other.interface} on "
                f"{', '.join(link.where for link in seen)}, NetBox (recorded) on {other.where} "
                "(LLDP is taken)"
            )
    return notes


def _agree(link: Link, other: Link) -> bool:
    if not same_host(link.switch, other.switch):
        return False
    return not link.port or not other.port or link.port == other.port
