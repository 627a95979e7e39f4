"""When LLDP last saw the cables of a hypervisor, and what that is worth. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from inventory.model import Uplink

if TYPE_CHECKING:
    from collections.abc import Iterable


def age_days(uplink: Uplink, today: date) -> int | None:
    """Return the days since LLDP last saw a cable; None where nobody ever did.

    >>> from datetime import date
    >>> age_days(Uplink("hv", "eth0", "sw", "swp1", date(2018, 3, 11), "Mimic"), date(2018, 3, 13))
    2
    """
    return None if uplink.observed is None else max(0, (today - uplink.observed).days)


def date_notes(uplinks: Iterable[Uplink], today: date, stale_days: int) -> list[str]:
    """Return a note for each cable with an old date, and one for all without a date."""
    notes: list[str] = []
    undated: dict[str, list[str]] = defaultdict(list)
    for uplink in uplinks:
        where = f"{uplink.hypervisor} {uplink.interface} on {uplink.switch} {uplink.port}".rstrip()
        days = age_days(uplink, today)
        if days is None:
            undated[uplink.source].append(where)
        elif days >= stale_days:
            notes.append(f"{where} was last observed {days} days ago, on {uplink.observed}.")
    for source, places in undated.items():
        verb = "has" if len(places) == 1 else "have"
        notes.append(f"{', '.join(places)} {verb} no LLDP date ({source}).")
    return notes
