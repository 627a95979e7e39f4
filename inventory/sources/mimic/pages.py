"""Mimic's list (JSON) and host page (HTML), read as data. Pure: bodies in, facts out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.names import is_hostname, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAGDB = re.compile(
    r"""data=["'](/components/magdb-draw-interfaces\.php\?system=\d{1,18})["']""", re.ASCII
)
_NETBOX = re.compile(
    r"""data=["'](/components/netbox-draw-interfaces\.php\?netbox_id=\d{1,18}&(?:amp;)?is_vm=1?)["']""",
    re.ASCII,
)
_BROKEN = "Parse error while loading plugin"
_DATABASE = re.compile(r"pg_\w+|mysqli?\w*|No PostgreSQL\w*", re.IGNORECASE)
_DEPRECATED = re.compile(r"\bis deprecated\b", re.IGNORECASE)
_NEAR = 600
_NETBOX_SECTION = re.compile(r"""id=["']netbox["']""")


class PageError(ValueError):
    """The body is not a valid answer; the text says why."""


class NoHostsError(PageError):
    """The list is valid and empty."""


@dataclass(frozen=True)
class HostPage:
    """The content of a host's page.

    Attributes:
        magdb: path and query of MagDB's drawing; empty when there is none.
        netbox: the same for NetBox's drawing.
        absences: the page's own statements that the host is not known, or known only as an address.
        netbox_section: whether the page has a section of NetBox. What that says of an absence is no
            proof: it says so, too, while NetBox is down.
        doubt: why MagDB's absence is no proof either; empty when it is one.
    """

    magdb: str
    netbox: str
    absences: tuple[str, ...]
    netbox_section: bool = False
    doubt: str = ""

    @property
    def netbox_says_no(self) -> bool:
        """Return whether NetBox's section says that it has no such host."""
        return any(absence in _NETBOX_ABSENCES for absence in self.absences)

    @property
    def said(self) -> str:
        """Return what the page says of the host, for a person."""
        said = [f'"{absence}"' for absence in self.absences]
        if self.netbox_section and not self.netbox and not self.netbox_says_no:
            said.append("NetBox knows it and nothing is drawn of that")
        return " and ".join(said) or "nothing"


_NETBOX_ABSENCES = ("Host not in Netbox.", "Stub Record - No object assigned to IP")
_ABSENCES = (
    "Host not in magDB.",
    "Stub Record - No system associated with IP.",
    *_NETBOX_ABSENCES,
)


def read_host_page(html: str) -> HostPage:
    """Find the drawings' addresses in the text: newer PHP puts messages inside start tags.

    Only an absence is distrusted: a drawing has checks of its own.

    Raises:
        PageError: the page is truncated, has no content, or has no drawing and reports a failed
            database.
    """
    if not html.strip():
        raise PageError("the page is empty")
    if "</html>" not in html.lower():
        raise PageError("the page is cut off, as when a database behind it is down")
    doubt = _failed_database(html)
    page = HostPage(
        _only(_MAGDB, html),
        _only(_NETBOX, html),
        tuple(a for a in _ABSENCES if a in html),
        _NETBOX_SECTION.search(html) is not None or any(a in html for a in _NETBOX_ABSENCES),
        doubt,
    )
    if page.magdb or page.netbox:
        return page
    if doubt:
        raise PageError(doubt)
    if not page.absences:
        raise PageError("the page has neither a drawing nor a word on why not")
    return page


def _failed_database(html: str) -> str:
    """Return what the page says of a failed database; empty when it says nothing of that.

    From PHP 8.1 on a healthy page says, in the same words, that a function is deprecated.
    """
    for after in html.split(_BROKEN)[1:]:
        text = after[:_NEAR].split("</p>", 1)[0]
        database = _DATABASE.search(text)
        if database and not _DEPRECATED.search(text):
            return f'the page says "{_BROKEN}" ({database.group()}): a database is down'
    return ""


def _only(pattern: re.Pattern[str], html: str) -> str:
    found = {match.replace("&amp;", "&") for match in pattern.findall(html)}
    if len(found) > 1:
        raise PageError(f"the page has {len(found)} different drawings of one kind")
    return found.pop() if found else ""


@dataclass(frozen=True)
class HostList:
    """A view's hypervisors, and entries that were left out and should not have been there."""

    names: tuple[str, ...]
    panels: tuple[str, ...]
    rejected: tuple[str, ...]


def read_view(body: bytes, wanted: Iterable[str]) -> HostList:
    """Return the hosts of all panels whose name contains one of ``wanted``, case-insensitively.

    Raises:
        NoHostsError: it has no hosts at all: Mimic says so when the system behind it has failed, so
            that is never an answer by itself.
        PageError: the body is not the view's JSON.
    """
    if not body.strip():
        raise PageError("the list is empty")
    if not body.startswith(b"{"):
        begin = one_line(body[:200].decode("utf-8", errors="replace"), 80)
        raise PageError(f'the list does not start as JSON but with "{begin}"')
    try:
        view = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise PageError(f"the list is not JSON ({one_line(exc, 60)})") from exc
    panels = _level(view.get("infrastructure"), "infrastructure")
    if not panels:
        raise NoHostsError(
            "the list has no hosts, which is what Mimic says when Aquilon behind it fails"
        )
    texts = [text.casefold() for text in wanted]
    names: set[str] = set()
    rejected: set[str] = set()
    for panel, clusters in panels.items():
        if not any(text in panel.casefold() for text in texts):
            continue
        for nodes in _level(clusters, panel).values():
            for name in _level(nodes, panel):
                (names if is_hostname(name) else rejected).add(name)
    return HostList(
        tuple(sorted(names)),
        tuple(sorted(one_line(panel, 60) for panel in panels)),
        tuple(sorted(one_line(name, 60) for name in rejected)),
    )


def _level(value: object, name: str) -> Mapping[str, object]:
    """Return one level of the view; PHP writes an empty object as an empty list."""
    if isinstance(value, dict):
        return value
    if value is None or value == []:
        return {}
    raise PageError(f'"{one_line(name, 60)}" in the list is a {type(value).__name__}')
