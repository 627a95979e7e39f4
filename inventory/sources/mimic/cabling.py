"""Cables in drawings: which of several is current, and where drawings differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inventory.names import same_host

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Link:
    """One drawn cable; ``port`` is empty where the drawing does not say."""

    interface: str
    switch: str
    port: str
    observed: date | None


def newest(links: Sequence[Link]) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """Return the rows with the newest date of each interface, and the older rows."""
    best: dict[str, date] = {}
    for link in links:
        when = link.observed or date.min
        best[link.interface] = max(best.get(link.interface, date.min), when)
    ordered = sorted(set(links), key=lambda link: (link.interface, link.switch, link.port))
    kept = [link for link in ordered if (link.observed or date.min) == best[link.interface]]
    return tuple(kept), tuple(link for link in ordered if link not in kept)


def left_out(old: Link, hypervisor: str) -> str:
    """Return the note about a row that is not used, so that a person knows there was one."""
    seen = f"observed {old.observed}" if old.observed else "without a date"
    return (
        f"{hypervisor} {old.interface}: an LLDP row that is not the newest is left out: "
        f"{f'{old.switch} {old.port}'.rstrip()}, {seen}"
    )


def differences(magdb: Sequence[Link], netbox: Sequence[Link]) -> list[str]:
    """Return a note for each interface whose ends differ in LLDP and in the recorded cabling."""
    recorded = {link.interface: link for link in netbox}
    notes = []
    for link in magdb:
        other = recorded.get(link.interface)
        if other is None:
            continue
        if not same_host(link.switch, other.switch) or (
            link.port and other.port and link.port != other.port
        ):
            notes.append(
                f"MagDB (LLDP) has {link.interface} on {link.switch} {link.port}, "
                f"NetBox (recorded) on {other.switch} {other.port}; LLDP is taken"
            )
    return notes
