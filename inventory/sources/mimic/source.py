"""Mimic: from a hypervisor to its top-of-rack switches.

Mimic is a dashboard and not an API: most of its failures look like empty answers. Everything that
may be a failure is a ``SourceError`` here. "Unknown" is believed only from a page that is valid in
every other respect.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from threading import Semaphore
from typing import TYPE_CHECKING, TypeVar

from inventory.errors import NoNeighbourError, SourceError, TargetError, UnknownHypervisorError
from inventory.model import Answer, Uplink
from inventory.names import is_hostname, one_line
from inventory.sources.host_index import HostIndex
from inventory.sources.memory_cache import TimedValue
from inventory.sources.mimic.cabling import Link, differences
from inventory.sources.mimic.drawing import Drawing, DrawingError, read_magdb, read_netbox
from inventory.sources.mimic.pages import (
    HostPage,
    NoHostsError,
    PageError,
    read_host_page,
    read_view,
)
from inventory.sources.page import Page
from inventory.sources.web import MissingPageError, WebClient, WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.settings import MimicSettings
    from inventory.sources.patience import Patience

_T = TypeVar("_T")
_JSON = frozenset({"application/json"})
_HTML = frozenset({"text/html"})
_SVG = frozenset({"image/svg+xml"})
_OPENNEBULA = "opennebula"
_OBSERVED, _RECORDED = "Mimic/MagDB", "Mimic/NetBox"
_ADVICE = "Open {url} in a browser; if it looks the same there, ask who runs Mimic."


@dataclass(frozen=True)
class _Read:
    """One drawing, as far as it could be read."""

    drawing: Drawing | None = None
    failure: SourceError | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        return self.drawing.links if self.drawing else ()


@dataclass(frozen=True)
class _View:
    """One view's hypervisors, or its failure, and what a person should know of it."""

    names: tuple[str, ...] = ()
    failure: SourceError | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Listed:
    """The list of hypervisors, an index of their names, and the failure of one of the views."""

    answer: Answer[tuple[str, ...]]
    index: HostIndex[None]
    failure: SourceError | None = None


class MimicSource:
    """The uplink source that reads Mimic (an ``UplinkSource``)."""

    system = "Mimic"

    def __init__(
        self,
        settings: MimicSettings,
        password: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._web = WebClient(self.system, settings, password, patience)
        self._slots = Semaphore(settings.parallel)
        self._list: TimedValue[_Listed] = TimedValue(self._fetch_list)

    @property
    def location(self) -> str:
        """Return this Mimic's address."""
        return self._web.location

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        """Return every hypervisor in the configured views, with Aquilon's spelling, sorted.

        Raises:
            SourceError: no view had a list with hypervisors.
        """
        return self._list.get().answer

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        """Return the newest known cables of a hypervisor.

        MagDB's drawing (LLDP, with dates) is used first, and NetBox's (recorded cabling) only where
        MagDB has nothing. Where both have a cable and differ, the warning says so.

        Raises:
            TargetError: several hypervisors have that short name, or it is not a host name.
            UnknownHypervisorError: Mimic is well and does not know the name.
            NoNeighbourError: Mimic knows the hypervisor but no switch behind it.
            SourceError: Mimic failed.
        """
        if not is_hostname(hypervisor):
            raise TargetError(f'"{one_line(hypervisor, 80)}" cannot be the name of a hypervisor.')
        if "_" in hypervisor:
            raise SourceError(
                self.system,
                f"it cannot be asked for {hypervisor}: it drops the underscore, and would answer "
                "for another host.",
            )
        asked_at = datetime.now(timezone.utc)
        spellings, list_failure = self._spellings(hypervisor)
        refused: dict[str, HostPage] = {}
        for name in spellings:
            page = self._host_page(name)
            if page.magdb or page.netbox:
                uplinks, warnings = self._uplinks(name, page)
                if list_failure:
                    warnings += (f"the list of hypervisors could not be read ({list_failure})",)
                return Answer(
                    uplinks,
                    self.system,
                    asked_at,
                    warning="; ".join(warnings),
                    recorded=all(uplink.source == _RECORDED for uplink in uplinks),
                )
            refused[name] = page
        raise self._unknown(hypervisor, refused, list_failure)

    def _unknown(
        self, hypervisor: str, refused: dict[str, HostPage], list_failure: SourceError | None
    ) -> SourceError:
        """Return the error of a hypervisor of which no page has a drawing."""
        said = "; ".join(f"{name}: {page.said}" for name, page in refused.items())
        if list_failure:
            return SourceError(
                self.system,
                f"it was asked for {hypervisor} and said {said}, but its list of hypervisors, "
                f"which has its spelling of the name, could not be read: {list_failure}",
                list_failure.advice,
            )
        if any(page.netbox_section for page in refused.values()):
            text = f"it draws nothing of {hypervisor} ({said})."
            if any(page.netbox_says_no for page in refused.values()):
                text += " That is no proof: it says so, too, when NetBox behind it is down."
            advice = f"Look for the host in NetBox itself, and at {self.location}."
            return SourceError(self.system, text, advice)
        return UnknownHypervisorError(
            self.system,
            f"it does not know the hypervisor {hypervisor} ({said}).",
            f"Search for the host at {self.location}; it may be registered under another name.",
        )

    def _spellings(self, hypervisor: str) -> tuple[list[str], SourceError | None]:
        """Return the spellings to try, and why its list may lack the right one.

        The spelling of its list comes first, then lower case (Mimic is case-sensitive).
        """
        failure = None
        known: HostIndex[None] = HostIndex()
        try:
            listed = self._list.get()
            known, failure = listed.index, listed.failure
        except SourceError as exc:
            failure = exc
        found = [name for name, _ in known.find(hypervisor)]
        if len({name.casefold() for name in found}) > 1:
            raise TargetError(
                f'Several hypervisors in Mimic are called "{hypervisor}": {", ".join(found)}.',
                "Give the full name.",
            )
        names = [*found, hypervisor, *(name.lower() for name in [*found, hypervisor])]
        if found:  # a short name is never used where the full one is known
            names = [name for name in names if ("." in name) == ("." in found[0])]
        return list(dict.fromkeys(names)), None if found else failure

    def _fetch_list(self) -> _Listed:
        asked_at = datetime.now(timezone.utc)
        asked = self._settings.views
        with ThreadPoolExecutor(max(1, len(asked))) as pool:  # one that hangs is waited for once
            views = dict(zip(asked, pool.map(self._view, asked), strict=True))
        for view, found in views.items():
            # Without the list of the cloud's hypervisors the rest would look like a small site.
            if found.failure and not self._is_beside(view):
                raise found.failure
        listed = tuple(sorted({name for view in views.values() for name in view.names}))
        problems = [problem for view in views.values() for problem in view.problems]
        failures = [view.failure for view in views.values() if view.failure]
        if not listed:
            raise SourceError(
                self.system,
                f"it was asked for the hypervisors and gave none: {'; '.join(problems)}.",
                "Check mimic.views and mimic.panels in the settings.",
            )
        answer = Answer(listed, self.system, asked_at, warning="; ".join(problems))
        index = HostIndex((name, None) for name in listed)
        return _Listed(answer, index, failures[0] if failures else None)

    def _is_beside(self, view: str) -> bool:
        return view == _OPENNEBULA and len(set(self._settings.views)) > 1

    def _view(self, view: str) -> _View:
        """Return a view's hypervisors.

        Newer Mimics have no OpenNebula view, and many sites no hypervisors in it: beside another
        view that is no news.
        """
        beside = self._is_beside(view)
        try:
            page = self._get(f"/views/view-cloud-{view}.php", None, _JSON)
            found = self._parsed(page, lambda body: read_view(body, self._settings.panels))
        except SourceError as exc:
            normal = isinstance(exc, MissingPageError) or isinstance(exc.__cause__, NoHostsError)
            return _View() if beside and normal else _View(failure=exc, problems=(str(exc),))
        problems = []
        if found.rejected:
            left = ", ".join(found.rejected)
            problems.append(f"left out, because no host can have these names: {left}")
        if not (found.names or beside):
            shown = ", ".join(found.panels)
            problems.append(f"{page.url} has no panel of hypervisors, only {shown}")
        return _View(found.names, None, tuple(problems))

    def _host_page(self, name: str) -> HostPage:
        page = self._get("/node.php", {"n": name}, _HTML)
        return self._parsed(page, lambda _: read_host_page(page.text))

    def _uplinks(self, name: str, page: HostPage) -> tuple[tuple[Uplink, ...], tuple[str, ...]]:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(self._drawing, page.magdb, name, read_magdb)
            second = pool.submit(self._drawing, page.netbox, name, read_netbox)
            magdb, netbox = first.result(), second.result()
        if magdb.drawing and magdb.links:
            notes = [
                *magdb.drawing.notes,
                *differences(magdb.links, netbox.links, name),
                *_without_neighbour(name, magdb.drawing, "LLDP neighbour is known for"),
            ]
            return self._as_uplinks(name, magdb.links, _OBSERVED), tuple(notes)
        why = self._nothing_in(name, page, magdb)
        if netbox.drawing and netbox.links:
            because = f"which is recorded and not observed, because MagDB has nothing: {why}"
            notes = [
                f"{name}: from NetBox, {because}",
                *netbox.drawing.notes,
                *_without_neighbour(name, netbox.drawing, "cable is recorded for"),
            ]
            return self._as_uplinks(name, netbox.links, _RECORDED), tuple(notes)
        if netbox.failure and not page.magdb:
            raise SourceError(
                self.system, f"{netbox.failure.message} {why.message}", netbox.failure.advice
            )
        raise why

    def _nothing_in(self, name: str, page: HostPage, magdb: _Read) -> SourceError:
        if magdb.failure:
            return magdb.failure
        if magdb.drawing:
            which = ", ".join(magdb.drawing.unknown) or "its interfaces (only a BMC is drawn)"
            drawn = "; ".join(magdb.drawing.notes) or '"Unknown Switch"'
            return NoNeighbourError(
                self.system,
                f"it knows {name} but no LLDP neighbour of {which} ({drawn}).",
                "See whether lldpd runs on the hypervisor. If every hypervisor looks like this, "
                "Mimic has lost its table of links: ask who runs it.",
            )
        if page.doubt:
            return SourceError(self.system, f"{name}: {page.doubt}.")
        return NoNeighbourError(self.system, f"it draws no cable of {name} (MagDB: {page.said}).")

    def _drawing(self, path: str, name: str, read: Callable[[bytes, str], Drawing]) -> _Read:
        if not path:
            return _Read()
        try:
            page = self._get(path, None, _SVG)
            return _Read(self._parsed(page, lambda body: read(body, name)))
        except WrongTypeError as exc:
            return _Read(failure=self._refused(name) if exc.empty else _about(name, exc))
        except SourceError as exc:
            return _Read(failure=_about(name, exc))

    def _refused(self, name: str) -> SourceError:
        """Return the failure of a drawing without content."""
        return SourceError(
            self.system,
            f"the graphviz of Mimic refused to draw {name}, so the drawing is empty. Its data are "
            "there, but a text among them cannot be drawn: a quote in the name of a port or a "
            "host, a DNS alias, or details of a bond.",
            f"A browser shows nothing, either. Ask who runs Mimic to correct the record of {name}; "
            "on the host, lldpctl names the switch.",
        )

    def _as_uplinks(self, name: str, links: tuple[Link, ...], source: str) -> tuple[Uplink, ...]:
        return tuple(
            Uplink(name, link.interface, link.switch, link.port, link.observed, source)
            for link in links
        )

    def _get(self, path: str, params: dict[str, str] | None, types: frozenset[str]) -> Page:
        with self._slots:
            return self._web.get(path, params, content_types=types)

    def _parsed(self, page: Page, read: Callable[[bytes], _T]) -> _T:
        try:
            return read(page.body)
        except (PageError, DrawingError) as exc:
            what = "the drawing cannot be used: " if isinstance(exc, DrawingError) else ""
            raise SourceError(
                self.system, f"GET {page.url}: {what}{exc}.", _ADVICE.format(url=page.url)
            ) from exc


def _about(name: str, failure: SourceError) -> SourceError:
    """Return a drawing's failure with the name of its hypervisor: its address has only a number."""
    return type(failure)(failure.system, f"{name}: {failure.message}", failure.advice)


def _without_neighbour(name: str, drawing: Drawing, what: str) -> list[str]:
    return [f"{name}: no {what} {', '.join(drawing.unknown)}"] if drawing.unknown else []
