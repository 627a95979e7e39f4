"""Observium's pages, read as data. Pure: texts in, values out.

A page is judged by what is on it and never by its status: the login form, the dashboard in the
place of an unknown page and an empty event log are all HTTP 200.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup, Comment, Tag
from bs4.exceptions import ParserRejectedMarkup

from inventory.names import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
NO_EVENTS = "No eventlog entries found!"
_HEADERS = ("", "date", "device", "entity", "message")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_AGO = re.compile(r"((?:\d+\s*[ywdhms]\s*)+)ago\b")
_PART = re.compile(r"(\d+)\s*([ywdhms])")
_SECONDS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_QUARTER = timedelta(minutes=15)
_ALL_ZONES = timedelta(hours=15)


class PageError(ValueError):
    """The page is not the one that was asked for; the text says why."""


@dataclass(frozen=True)
class EventRow:
    """One row of the event log.

    Attributes:
        local: its time by the server's own zone, without a zone.
        device: the device's id.
        port: the port's id; empty where Observium has forgotten the port.
        label: the port's name; empty likewise.
        message: the message.
    """

    local: datetime
    device: str
    port: str
    label: str
    message: str


@dataclass(frozen=True)
class PollRow:
    """The last poll of one device.

    Attributes:
        local: its end by the server's own zone.
        age: how long ago that was, as the page says it.
    """

    local: datetime
    age: timedelta


def is_login(html: str) -> bool:
    """Return whether a page is Observium's login form."""
    return 'id="logonform"' in html


def title(html: str) -> str:
    """Return the words by which a person knows the page: its title, else its beginning."""
    found = re.search(r"<title[^>]*>([^<]{1,200})", html, re.IGNORECASE)
    return one_line(found[1] if found else html[:200], 80) or "an empty page"


def read_eventlog(html: str) -> list[EventRow]:
    """Return the rows of an event log, the newest first.

    Raises:
        PageError: it is another page, it is cut off, or a row of it cannot be read.
    """
    if is_login(html):
        raise PageError("it is the login form")
    soup = _soup(html)
    table = next((each for each in soup.find_all("table") if _heads(each) == _HEADERS), None)
    if table is None:
        if any(head.get_text(strip=True) == NO_EVENTS for head in soup.find_all("h4")):
            return []
        raise PageError(f'it has neither the table of events nor "{NO_EVENTS}" ({title(html)})')
    if html.lower().count("<table") > html.lower().count("</table"):
        raise PageError("it is cut off in the middle of its table")
    rows = []
    for line in table.find_all("tr"):
        cells = line.find_all("td", recursive=False)
        if cells:
            rows.append(_event(cells))
    return rows


def _heads(table: Tag) -> tuple[str, ...]:
    return tuple(cell.get_text(strip=True).lower() for cell in table.find_all("th"))


def _event(cells: list[Tag]) -> EventRow:
    if len(cells) != len(_HEADERS):
        raise PageError(f"a row of its table has {len(cells)} cells and not {len(_HEADERS)}")
    _, date, device, entity, message = cells
    port = entity.find("a", attrs={"data-etype": "port"})
    words = port.get_text(strip=True) if isinstance(port, Tag) else ""
    return EventRow(
        _local(date.get_text(strip=True)),
        _entity_id(device, "device"),
        _entity_id(entity, "port"),
        one_line(words),
        one_line(message.get_text(), 1000),
    )


def _entity_id(cell: Tag, kind: str) -> str:
    link = cell.find("a", attrs={"data-etype": kind})
    return str(link.get("data-eid") or "") if isinstance(link, Tag) else ""


def _local(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIME_FORMAT)  # noqa: DTZ007 - the page has no zone
    except ValueError:
        raise PageError(
            f'its time "{one_line(text, 40)}" is not of the form 2024-12-01 15:54:54 '
            "(timestamp_format in Observium, or of its user, says otherwise)"
        ) from None


def read_pollerlog(html: str) -> dict[str, PollRow]:
    """Return the last poll of each device, by its id; a device that was never polled is left out.

    Raises:
        PageError: it is another page.
    """
    if is_login(html):
        raise PageError("it is the login form")
    found: dict[str, PollRow] = {}
    devices = 0
    for line in _soup(html).find_all("tr"):
        device = _entity_id(line, "device")
        devices += bool(device)
        times = [_TIME.search(c) for c in line.find_all(string=lambda x: isinstance(x, Comment))]
        local = next((match[0] for match in times if match), None)
        age = _AGO.search(" ".join(line.get_text(" ").split()))
        if device and local and age:
            found[device] = PollRow(_local(local), _duration(age[1]))
    if not devices:
        raise PageError(f"it lists no device ({title(html)})")
    return found


def _duration(text: str) -> timedelta:
    parts = ((int(number), unit) for number, unit in _PART.findall(text))
    return timedelta(seconds=sum(number * _SECONDS[unit] for number, unit in parts))


def offset_of(poll: PollRow, server: datetime) -> timedelta:
    """Return how far the server's local time is ahead of UTC.

    Args:
        poll: a device's last poll.
        server: the server's clock (UTC) when it wrote the page.

    Raises:
        PageError: that is the offset of no zone.
    """
    exact = poll.local.replace(tzinfo=timezone.utc) - (server - poll.age)
    offset = round(exact / _QUARTER) * _QUARTER
    if abs(offset) > _ALL_ZONES:
        raise PageError(f"its times are {abs(exact)} away from UTC, which no time zone is")
    return offset


def read_devices(text: str) -> dict[str, str]:
    """Return the name of each device that the account may see, by its id.

    Raises:
        PageError: it is no such list.
    """
    found = _json(text)
    if found == []:  # PHP's empty object
        return {}
    if not isinstance(found, dict):
        raise PageError("it is no list of devices")
    names = {str(key): value.get("name") for key, value in _objects(found)}
    return {key: name for key, name in names.items() if isinstance(name, str) and name}


def _objects(found: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    for key, value in found.items():
        if not isinstance(value, dict):
            raise PageError("it is no list of devices")
        yield key, value


def read_ports(text: str) -> list[str]:
    """Return the names of a device's ports that exist.

    Raises:
        PageError: it is no such list.
    """
    found = _json(text)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise PageError("it is no list of ports")
    return [str(each["name"]) for each in found if each.get("name")]


def _json(text: str) -> object:
    """Return what an answer in JSON holds; Observium sends it as HTML."""
    if text.strip() == "unauthenticated":
        raise PageError('it says "unauthenticated"')
    if is_login(text):
        raise PageError("it is the login form")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise PageError(f"it is not JSON ({title(text)})") from None
    return found


def _soup(html: str) -> BeautifulSoup:
    try:
        return BeautifulSoup(html, "html.parser")
    except (ParserRejectedMarkup, RecursionError) as error:
        raise PageError("its HTML cannot be read") from error
