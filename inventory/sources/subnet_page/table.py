"""The subnet page's HTML, read as data. Pure: text in, rows out.

Its markup is not known, so the table is found by the texts of its header cells, in any order and
among any others, without classes, ids or positions. Elements may be nested thousands deep (optional
end tags that are left out are enough), so each is visited a limited number of times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    ip_address,
    ip_network,
)
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from bs4.exceptions import ParserRejectedMarkup

from inventory.names import IpAddress, IpNetwork, is_hostname, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4.element import PageElement

_HEADERS = ("ip address", "fqdn", "seen")
_DISPLAYING = re.compile(r"Displaying:\s*([0-9A-Fa-f.:]+/\d{1,3})", re.IGNORECASE)
_CIDR = re.compile(r"(?<![\w.:])[0-9A-Fa-f.:]+/\d{1,3}(?!\w)")
_BETWEEN_NAMES = re.compile(r"[\s,;]+")
_MAX_SPAN = 50
_MAX_COLUMNS = 100
#: A cell of a listing may contain at most so many elements and texts.
_MAX_IN_CELL = 300


class SubnetPageError(ValueError):
    """The page is not a valid listing of the subnet; the text says why."""


@dataclass(frozen=True)
class Row:
    """One registered address.

    Attributes:
        address: the address; None when the cell has no address of the subnet (see ``text``).
        names: every host name in its FQDN cell, without the dot of the root; at least one.
        seen: the page's own words.
        text: the text of the address cell, for messages.
    """

    address: IpAddress | None
    names: tuple[str, ...]
    seen: str
    text: str


def read_subnet(html: str, subnet: IpNetwork) -> tuple[Row, ...]:
    """Return all rows that have a name, from every block of the page.

    Raises:
        SubnetPageError: the page does not say that it shows this subnet, or has no listing.
    """
    low = html.lower()
    if low.count("<table") > low.count("</table") or ("<html" in low and "</html" not in low):
        raise SubnetPageError("it is cut off, so a name that is missing may only be lost")
    soup = _soup(html)
    shown = {
        network
        for text in _DISPLAYING.findall(" ".join(soup.get_text(" ").split()))
        if (network := _network(text)) is not None
    }
    if shown != {subnet}:
        what = ", ".join(sorted(map(str, shown))) or "no subnet"
        raise SubnetPageError(f'it was asked for {subnet} and says "Displaying:" of {what}')
    rows: list[Row] = []
    listings = 0
    for table in _tables(soup):
        columns: dict[str, int] = {}
        for cells in _grid(table):
            if columns:
                rows.extend(_rows(cells, columns, subnet))
            elif columns := _columns(cells):
                listings += 1
    if not listings:
        raise SubnetPageError(
            "it has no table with the headers IP Address, FQDN and Seen; it may want a login"
        )
    return tuple(rows)


def read_selector(html: str) -> tuple[IpNetwork, ...]:
    """Return the subnets in the page's own selector, in its order.

    Raises:
        SubnetPageError: there is no selector with subnets in it.
    """
    soup = _soup(html)
    found: dict[IpNetwork, None] = {}
    for option in soup.find_all("option") if soup.find("select") else ():
        own = " ".join(child for child in option.contents if isinstance(child, NavigableString))
        for text in (str(option.get("value") or ""), own):
            match = _CIDR.search(unquote(text))
            network = _network(match.group()) if match else None
            if network is not None:
                found.setdefault(network)
                break
    if not found:
        raise SubnetPageError("it has no selector that offers subnets")
    return tuple(found)


def _network(text: str) -> IpNetwork | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _soup(html: str) -> BeautifulSoup:
    try:
        return BeautifulSoup(html, "html.parser")
    except (ParserRejectedMarkup, AssertionError, ValueError, RecursionError) as exc:
        raise SubnetPageError(f"it is not HTML ({one_line(exc, 80)})") from exc


@dataclass(frozen=True)
class _Cell:
    """A cell and its words; None where it has so much content that it is not a listing's."""

    tag: Tag
    words: str | None


def _cell(tag: Tag) -> _Cell:
    inside = list(islice(_inside(tag), _MAX_IN_CELL + 1))
    if len(inside) > _MAX_IN_CELL:
        return _Cell(tag, None)
    kinds = tag.interesting_string_types or ()  # no comments
    texts = [str(text) for text in inside if type(text) in kinds]
    return _Cell(tag, " ".join(" ".join(texts).split()))


def _inside(tag: Tag) -> Iterator[PageElement]:
    """Yield its descendants lazily: bs4's own generator walks to the last of them first."""
    levels = [iter(tag.contents)]
    while levels:
        element = next(levels[-1], None)
        if element is None:
            levels.pop()
            continue
        yield element
        if isinstance(element, Tag):
            levels.append(iter(element.contents))


def _columns(cells: list[_Cell]) -> dict[str, int]:
    """Return the positions of the three columns, if this row is a header with all of them."""
    texts = [(cell.words or "").casefold() for cell in cells]
    if not all(texts.count(header) == 1 for header in _HEADERS):
        return {}
    return {header: texts.index(header) for header in _HEADERS}


def _rows(cells: list[_Cell], columns: dict[str, int], subnet: IpNetwork) -> Iterator[Row]:
    if len(cells) <= max(columns.values()) or _columns(cells):
        return
    address, fqdn, seen = (cells[columns[header]] for header in _HEADERS)
    if fqdn.tag is address.tag:  # one cell across both: a heading or a remark
        return
    if address.words is None or fqdn.words is None or seen.words is None:
        raise SubnetPageError(f"a cell of it holds more than {_MAX_IN_CELL} elements")
    words = (word.removesuffix(".") for word in _BETWEEN_NAMES.split(fqdn.words))
    names = tuple(dict.fromkeys(word for word in words if is_hostname(word)))
    if names:
        text = address.words
        yield Row(_address(text, subnet), names, one_line(seen.words, 60), one_line(text, 60))


def _address(text: str, subnet: IpNetwork) -> IpAddress | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address if address in subnet else None


def _tables(soup: BeautifulSoup) -> list[list[Tag]]:
    """Return the rows of each table, without those of tables inside it."""
    rows: dict[int, list[Tag]] = {}
    owners: dict[int, int | None] = {}
    for row in soup.find_all("tr"):
        passed: list[int] = []
        at: PageElement | None = row.parent
        while at is not None and id(at) not in owners:
            passed.append(id(at))
            if getattr(at, "name", "") == "table":
                owners[id(at)] = id(at)
                break
            at = at.parent
        owner = owners[id(at)] if at is not None else None
        owners.update(dict.fromkeys(passed, owner))
        if owner is not None:
            rows.setdefault(owner, []).append(row)
    return list(rows.values())


def _grid(table: list[Tag]) -> Iterator[list[_Cell]]:
    """Yield a table's rows with spans filled in, up to a width that no listing exceeds."""
    hanging: dict[int, tuple[_Cell, int]] = {}
    for row in table:
        cells: list[_Cell] = []
        own = iter(row.find_all(["td", "th"], recursive=False))
        below: dict[int, tuple[_Cell, int]] = {}
        while len(cells) < _MAX_COLUMNS:
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
            made, height = _cell(following), _span(following, "rowspan")
            for _ in range(_span(following, "colspan")):
                if height > 1:
                    below[len(cells)] = (made, height - 1)
                cells.append(made)
        hanging = below
        yield cells


def _span(cell: Tag, kind: str) -> int:
    digits = str(cell.get(kind) or "1").lstrip("0")
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return min(int(digits[:3]), _MAX_SPAN)
