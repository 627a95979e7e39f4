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
from inventory.sources.mimic.pages import HostPage, PageError, read_host_page, read_view
from inventory.sources.web import Page, WebClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.settings import MimicSettings

_T = TypeVar("_T")
_JSON = frozenset({"application/json"})
_HTML = frozenset({"text/html"})
_SVG = frozenset({"image/svg+xml"})
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
class _Listed:
    """The list of hypervisors, and an index of their names."""

    answer: Answer[tuple[str, ...]]
    index: HostIndex[None]


class MimicSource:
    """The uplink source that reads Mimic (an ``UplinkSource``)."""

    system = "Mimic"

    def __init__(self, settings: MimicSettings, password: str | None = None) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._web = WebClient(self.system, settings, password)
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
        asked_at = datetime.now(timezone.utc)
        spellings, list_failure = self._spellings(hypervisor)
        absences: list[str] = []
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
            absences.append(f'{name}: "{" ".join(page.absences)}"')
        said = "; ".join(absences)
        if list_failure:
            raise SourceError(
                self.system,
                f"it was asked for {hypervisor} and said {said}, but its list of hypervisors, "
                f"which has its spelling of the name, could not be read: {list_failure}",
                list_failure.advice,
            )
        raise UnknownHypervisorError(
            self.system,
            f"it does not know the hypervisor {hypervisor} ({said}).",
            f"Search for the host at {self.location}; it may be registered under another name.",
        )

    def _spellings(self, hypervisor: str) -> tuple[list[str], SourceError | None]:
        """Return the spellings to try.

        That of its list, then lower case (Mimic is case-sensitive).
        """
        failure = None
        known: HostIndex[None] = HostIndex()
        try:
            known = self._list.get().index
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
        return list(dict.fromkeys(names)), failure

    def _fetch_list(self) -> _Listed:
        asked_at = datetime.now(timezone.utc)
        names: set[str] = set()
        problems: list[str] = []
        failure: SourceError | None = None
        for view in self._settings.views:
            try:
                page = self._get(f"/views/view-cloud-{view}.php", None, _JSON)
                found = self._parsed(page, lambda body: read_view(body, self._settings.panels))
            except SourceError as exc:
                failure = exc
                problems.append(str(exc))
                continue
            names.update(found.names)
            if found.rejected:
                problems.append(
                    f"left out, because no host can have these names: {', '.join(found.rejected)}"
                )
            if not found.names:
                problems.append(
                    f"{page.url} has no panel of hypervisors, only {', '.join(found.panels)}"
                )
        if not names:
            if failure is not None and len(problems) == 1:
                raise failure
            raise SourceError(
                self.system,
                f"it was asked for the hypervisors and gave none: {'; '.join(problems)}.",
                "Check mimic.views and mimic.panels in the settings.",
            )
        listed = tuple(sorted(names))
        answer = Answer(listed, self.system, asked_at, warning="; ".join(problems))
        return _Listed(answer, HostIndex((name, None) for name in listed))

    def _host_page(self, name: str) -> HostPage:
        page = self._get("/node.php", {"n": name}, _HTML)
        return self._parsed(page, lambda _: read_host_page(page.text))

    def _uplinks(self, name: str, page: HostPage) -> tuple[tuple[Uplink, ...], tuple[str, ...]]:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(self._drawing, page.magdb, name, read_magdb)
            second = pool.submit(self._drawing, page.netbox, name, read_netbox)
            magdb, netbox = first.result(), second.result()
        if magdb.links:
            notes = [
                *(magdb.drawing.notes if magdb.drawing else ()),
                *differences(magdb.links, netbox.links),
            ]
            if magdb.drawing and magdb.drawing.unknown:
                notes.append(f"no LLDP neighbour is known for {', '.join(magdb.drawing.unknown)}")
            return self._as_uplinks(name, magdb.links, _OBSERVED), tuple(notes)
        why = self._nothing_in(name, page, magdb)
        if netbox.links:
            warning = (
                f"from NetBox, which is recorded and not observed, because MagDB has nothing: {why}"
            )
            return self._as_uplinks(name, netbox.links, _RECORDED), (warning,)
        if netbox.failure and not page.magdb:
            raise netbox.failure
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
        said = " ".join(page.absences)
        return NoNeighbourError(
            self.system, f'it draws no cable of {name} (MagDB: "{said or "no drawing"}").'
        )

    def _drawing(self, path: str, name: str, read: Callable[[bytes, str], Drawing]) -> _Read:
        if not path:
            return _Read()
        try:
            page = self._get(path, None, _SVG)
            return _Read(self._parsed(page, lambda body: read(body, name)))
        except SourceError as exc:
            return _Read(failure=exc)

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
