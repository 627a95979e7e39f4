"""The registered addresses of all subnets as one listing, and the lookup of a switch. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from inventory.errors import AmbiguousSwitchError, SourceError, UnknownSwitchError
from inventory.model import Switch
from inventory.names import IpAddress, same_host
from inventory.sources.host_index import HostIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.sources.subnet_page.table import Row

SYSTEM = "Subnet page"


class SubnetListing:
    """Rows, indexed once: a fleet looks up thousands of names among thousands of rows.

    Attributes:
        count: number of registered addresses.
        names: the registered names.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        """Index the rows by name and by address."""
        self.count = len(rows)
        pairs = [(name, row) for row in rows for name in row.names]
        self.names = tuple(name for name, _ in pairs)
        self._names = HostIndex(pairs)
        self._addresses: dict[IpAddress | None, list[tuple[str, Row]]] = defaultdict(list)
        for name, row in pairs:
            self._addresses[row.address].append((name, row))

    def named(self, switch: str) -> list[tuple[str, Row]]:
        """Return the rows of the full name, else those of names that can be the same host."""
        return self._names.find(switch)

    def sharing(self, row: Row) -> list[tuple[str, Row]]:
        """Return all names that are registered for the row's address, including the row's own."""
        return self._addresses[row.address]


def find_switch(switch: str, listed: SubnetListing, location: str = "") -> Switch:
    """Return the switch of that name: by the full name, else by the short one if it is unique.

    Two full names are never the same switch only because their first parts are equal.

    Raises:
        UnknownSwitchError: no row has the name.
        AmbiguousSwitchError: the rows contradict each other.
        SourceError: its row has no address of its subnet.
    """
    found = listed.named(switch)
    if not found:
        raise UnknownSwitchError(
            SYSTEM,
            f"none of its {listed.count} registered addresses is named {switch}.",
            f"Search for the switch at {location or 'the page'}; its subnet may be missing from "
            "subnet_page.subnets in the settings.",
        ).naming(switch, listed.names)
    shown = ", ".join(f"{row.text} {name}" for name, row in found)
    addresses = {row.address for _, row in found}
    if None in addresses:
        raise SourceError(
            SYSTEM,
            f"the row of {switch} holds no address of its subnet ({shown}).",
            "Have the registration corrected.",
        )
    if len(addresses) > 1 or len({name.casefold() for name, _ in found}) > 1:
        raise AmbiguousSwitchError(
            SYSTEM,
            f"several registered addresses can be {switch}: {shown}.",
            "Give the full name, or have the registration corrected.",
        )
    name, row = found[0]
    # Several names in one cell are one registration and its aliases; in separate rows they are two.
    others = sorted(
        {
            other
            for other, at in listed.sharing(row)
            if not same_host(other, name) and not any(same_host(alias, name) for alias in at.names)
        }
    )
    if others:
        raise AmbiguousSwitchError(
            SYSTEM,
            f"the address {row.text} is registered under several names: "
            f"{name}, {', '.join(others)}.",
            "Have the registration corrected: whose switch it is must be certain.",
        )
    if row.address is None:  # excluded above; repeated for the type checker
        raise AssertionError(row)
    return Switch(name, row.address, row.seen)
