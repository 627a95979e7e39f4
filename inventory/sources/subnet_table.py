"""The subnet page's HTML, read as data. Pure: text in, rows out.

Its markup is not known, so the table is found by the texts of its header cells, in any order and
among any others, and nothing hangs on classes, ids or positions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bs4 import BeautifulSoup

from inventory.text import is_hostname, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

Network = IPv4Network | IPv6Network
_HEADERS = ("ip address", "fqdn", "seen")
_DISPLAYING = re.compile(r"Displaying:\s*([0-9A-Fa-f.:]+/\d{1,3})", re.IGNORECASE)
_CIDR = re.compile(r"(?<![\w.:])[0-9A-Fa-f.:]+/\d{1,3}(?!\w)")
_BETWEEN_NAMES = re.compile(r"[\s,;]+")
_MAX_SPAN = 50


class SubnetPageError(ValueError):
    """The page is not a sound listing of the subnet; the text says why."""


@dataclass(frozen=True)
class Row:
    """One registered address.

    Attributes:
        address: None when the cell holds no address of the subnet; ``text`` has what it holds.
        names: every host name in its FQDN cell, verbatim; at least one.
        seen: the page's own words.
        text: the address cell, for messages.
    """

    address: IPv4Address | IPv6Address | None
    names: tuple[str, ...]
    seen: str
    text: str


def read_subnet(html: str, subnet: Network) -> tuple[Row, ...]:
    """All rows with a name, of every block of the page.

    Raises:
        SubnetPageError: the page does not say that it displays this subnet, or has no listing.
    """
    low = html.lower()
    if low.count("<table") > low.count("</table") or ("<html" in low and "</html" not in low):
        raise SubnetPageError("it is cut off, so a name that is missing may only be lost")
    soup = BeautifulSoup(html, "html.parser")
    shown = {
        network
        for text in _DISPLAYING.findall(_words(soup))
        if (network := _network(text)) is not None
    }
    if shown != {subnet}:
        what = ", ".join(sorted(map(str, shown))) or "no subnet"
        raise SubnetPageError(f'it was asked for {subnet} and says "Displaying:" of {what}')
    rows: list[Row] = []
    listings = 0
    for table in soup.find_all("table"):
        grid = _grid(table)
        start = next((i for i, cells in enumerate(grid) if _columns(cells)), None)
        if start is None:
            continue
        listings += 1
        columns = _columns(grid[start])
        rows.extend(_rows(grid[start + 1 :], columns, subnet))
    if not listings:
        raise SubnetPageError(
            "it has no table with the headers IP Address, FQDN and Seen; it may want a login"
        )
    return tuple(rows)


def read_selector(html: str) -> tuple[Network, ...]:
    """The subnets that the page's own selector offers, in its order.

    Raises:
        SubnetPageError: there is no selector with subnets in it.
    """
    soup = BeautifulSoup(html, "html.parser")
    found: dict[Network, None] = {}
    for option in soup.select("select option"):
        for text in (str(option.get("value") or ""), option.get_text(" ")):
            match = _CIDR.search(unquote(text))
            network = _network(match.group()) if match else None
            if network is not None:
                found.setdefault(network)
                break
    if not found:
        raise SubnetPageError("it has no selector that offers subnets")
    return tuple(found)


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _columns(cells: list[Tag]) -> dict[str, int]:
    """Where the three columns are, if this row of cells is a header with all of them."""
    texts = [_words(cell).casefold() for cell in cells]
    if not all(texts.count(header) == 1 for header in _HEADERS):
        return {}
    return {header: texts.index(header) for header in _HEADERS}


def _rows(grid: list[list[Tag]], columns: dict[str, int], subnet: Network) -> Iterator[Row]:
    for cells in grid:
        if len(cells) <= max(columns.values()) or _columns(cells):
            continue
        address, fqdn, seen = (cells[columns[header]] for header in _HEADERS)
        if fqdn is address:  # one cell across both: a heading or a remark
            continue
        names = tuple(
            dict.fromkeys(name for name in _BETWEEN_NAMES.split(_words(fqdn)) if is_hostname(name))
        )
        if names:
            text = _words(address)
            yield Row(_address(text, subnet), names, one_line(_words(seen), 60), one_line(text, 60))


def _address(text: str, subnet: Network) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address if address in subnet else None


def _grid(table: Tag) -> list[list[Tag]]:
    """The table's own rows (not those of tables inside it), with spans filled in."""
    grid: list[list[Tag]] = []
    hanging: dict[int, tuple[Tag, int]] = {}
    for row in table.find_all("tr"):
        if row.find_parent("table") is not table:
            continue
        cells: list[Tag] = []
        own = iter(row.find_all(["td", "th"], recursive=False))
        below: dict[int, tuple[Tag, int]] = {}
        while True:
            column = len(cells)
            if column in hanging:
                cell, left = hanging.pop(column)
                if left > 1:
                    below[column] = (cell, left - 1)
                cells.append(cell)
                continue
            following = next(own, None)
            if following is None:
                break
            for _ in range(_span(following, "colspan")):
                if _span(following, "rowspan") > 1:
                    below[len(cells)] = (following, _span(following, "rowspan") - 1)
                cells.append(following)
        hanging = below
        grid.append(cells)
    return grid


def _span(cell: Tag, kind: str) -> int:
    text = str(cell.get(kind) or "1")
    return min(int(text), _MAX_SPAN) if text.isascii() and text.isdigit() and int(text) else 1
