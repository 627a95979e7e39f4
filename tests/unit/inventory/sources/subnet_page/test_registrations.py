"""The index of the subnet page finds what reading it row by row found, and the same errors."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.errors import (
    AmbiguousSwitchError,
    SourceError,
    UnknownSwitchError,
    VipkeeperError,
)
from inventory.model import Switch
from inventory.names import same_host
from inventory.sources import host_index
from inventory.sources.subnet_page.registrations import SubnetListing, find_switch
from inventory.sources.subnet_page.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable


def row_by_row(switch: str, rows: tuple[Row, ...]) -> Switch:
    """What the look-up means, as plainly as it can be said."""
    pairs = [(name, row) for row in rows for name in row.names]
    found = [pair for pair in pairs if pair[0].casefold() == switch.casefold()]
    found = found or [pair for pair in pairs if same_host(pair[0], switch)]
    if not found:
        raise UnknownSwitchError("Subnet page", f"none of its {len(rows)} registered addresses")
    listed = ", ".join(f"{row.text} {name}" for name, row in found)
    addresses = {row.address for _, row in found}
    if None in addresses:
        raise SourceError("Subnet page", f"no address of its subnet ({listed})")
    if len(addresses) > 1 or len({name.casefold() for name, _ in found}) > 1:
        raise AmbiguousSwitchError("Subnet page", f"can be {switch}: {listed}.")
    name, row = found[0]
    others = sorted(
        {
            other
            for other, at in pairs
            if at.address == row.address
            and not same_host(other, name)
            and not any(same_host(alias, name) for alias in at.names)
        }
    )
    if others:
        raise AmbiguousSwitchError("Subnet page", f"several names: {name}, {', '.join(others)}.")
    assert row.address is not None
    return Switch(name, row.address, row.seen)


def by_index(switch: str, rows: tuple[Row, ...]) -> Switch:
    return find_switch(switch, SubnetListing(rows))


def outcome(
    look_up: Callable[[str, tuple[Row, ...]], Switch], switch: str, rows: tuple[Row, ...]
) -> Switch | VipkeeperError:
    try:
        return look_up(switch, rows)
    except VipkeeperError as error:
        return error


# Few names and addresses, so that they meet: short, full, of two domains, in both cases.
NAMES = st.sampled_from(
    ["sw3", "SW3", "sw3.a.example", "SW3.A.example", "sw3.b.example", "sw4", "sw4.a.example", "sw"]
)
ADDRESSES = st.sampled_from([None, *map(ip_address, ("10.5.0.1", "10.5.0.2", "2001:db8::1"))])


@st.composite
def _row(draw: st.DrawFn) -> Row:
    address = draw(ADDRESSES)
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    seen = draw(st.sampled_from(["Today", "Never"]))
    return Row(address, tuple(names), seen, str(address or "10.9.9.9"))


@given(st.lists(_row(), max_size=6), NAMES)
@example([], "sw3")
def test_the_index_says_what_reading_row_by_row_says(listed: list[Row], switch: str) -> None:
    rows = tuple(listed)
    expected, found = outcome(row_by_row, switch, rows), outcome(by_index, switch, rows)
    if isinstance(expected, Switch):
        assert found == expected
        return
    assert type(found) is type(expected)
    # The words that name rows and names, in their order.
    assert str(expected).removeprefix("Subnet page: ") in str(found)


def test_a_fleet_is_looked_up_without_reading_the_page_once_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def counted(one: str, other: str) -> bool:
        nonlocal compared
        compared += 1
        return same_host(one, other)

    monkeypatch.setattr(host_index, "same_host", counted)
    monkeypatch.setattr("inventory.sources.subnet_page.registrations.same_host", counted)
    count = 2000
    addresses = [ip_network("10.64.0.0/16")[i + 1] for i in range(count)]
    rows = tuple(
        Row(address, (f"swt-{i:04}.example.internal",), "Today", str(address))
        for i, address in enumerate(addresses)
    )
    listed = SubnetListing(rows)
    for i, address in enumerate(addresses):
        assert find_switch(f"swt-{i:04}.example.internal", listed).address == address
        assert find_switch(f"SWT-{i:04}", listed).address == address
    assert compared <= 4 * count
