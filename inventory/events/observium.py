"""Observium's web UI as a source of events: it works with every edition as it stands.

The form is filled in only where Observium's own login form was seen, so that no other system gets
the password. Each look logs in once and logs out again: Observium keeps a record of every login.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NoReturn, TypeVar
from urllib.parse import urlencode

from inventory.errors import SourceError
from inventory.events import pages
from inventory.events.clock import ahead, clock_warning
from inventory.events.model import TOLERANCE, LastPoll, PortEvent
from inventory.events.wording import find_device, observium_kind, wanted_label
from inventory.model import Answer
from inventory.names import age_in_words, first_few
from inventory.sources.web import WebClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.events.model import Device
    from inventory.settings import ObserviumSettings
    from inventory.sources.page import Page
    from inventory.sources.patience import Patience

T = TypeVar("T")
SYSTEM = "Observium"
_TYPES = frozenset({"text/html", "application/json", "application/xhtml+xml"})
_PAGE = 500  # one of the sizes that it has; it rounds others up
_MOST_PAGES = 20
_OLD = timedelta(hours=12)  # the age of an older poll may be told without its minutes
_LEVEL = "It needs an account of level 5 (global read)."
_OTHER = "Check observium.url in the settings: it is the address of the page with the login form."


class ObserviumSource:
    """The source of events that reads Observium's pages (an ``EventSource``)."""

    system = SYSTEM

    def __init__(
        self,
        settings: ObserviumSettings,
        password: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._password = password
        self._web = WebClient(
            # The login is a form: the password is sent once, and not with every request.
            self.system,
            settings.model_copy(update={"username": None}),
            patience=patience,
            cookies=True,
        )
        self._lock = threading.RLock()
        self._names: dict[str, str] | None = None
        self._polls: tuple[datetime, dict[str, pages.PollRow]] | None = None
        self._ahead = timedelta()
        self._logged_in = False

    @property
    def location(self) -> str:
        """Return its address."""
        return self._web.location

    def port_events(
        self, device: Device, labels: Sequence[str], since: datetime, until: datetime
    ) -> Answer[tuple[PortEvent, ...]]:
        """See ``EventSource.port_events``."""
        with self._lock:
            key, shift = self._find(device), self._shift()
            found: list[PortEvent] = []
            purged = 0
            # Newest first: turned round, those of one second keep the order in which they came.
            for row in reversed(self._rows(key, since + shift, until + shift)):
                at = row.local.replace(tzinfo=timezone.utc) - shift
                if row.device != key or not since - TOLERANCE <= at <= until + TOLERANCE:
                    continue  # a filter that is not known there is ignored
                purged += not row.label
                name, kind = wanted_label(row.label, labels), observium_kind(row.message)
                if name and kind:
                    found.append(PortEvent(at, row.port, row.label, kind, row.message))
            warning = clock_warning(self.system, self._ahead)
            if purged and not found:
                warning = (
                    f"{self.system} has {purged} events of ports of {device.name} that it has "
                    "forgotten since, so their names are not known."
                )
            return self._answer(tuple(sorted(found, key=lambda event: event.at)), warning)

    def last_poll(self, device: Device) -> Answer[LastPoll]:
        """See ``EventSource.last_poll``; the page does not say how long the poll took."""
        with self._lock:
            key = self._find(device)
            row = self._pollerlog()[1].get(key)
            interval = self._settings.poll_interval
            if row is None:
                return self._answer(LastPoll(None, None, interval))
            ended = row.local.replace(tzinfo=timezone.utc) - self._shift()
            began = ended - timedelta(seconds=self._settings.poll_takes)
            return self._answer(LastPoll(began, ended, interval))

    def live_ports(self, device: Device, labels: Sequence[str]) -> Answer[tuple[str, ...]]:
        """See ``EventSource.live_ports``."""
        with self._lock:
            params = {"device_id": self._find(device), "entity_type": "port"}
            page = self._page("ajax/get_entities.php", params)
            names = self._read(page, pages.read_ports)
            live = {wanted_label(name, labels) for name in names}
            return self._answer(tuple(name for name in labels if name in live))

    def link(self, device: Device, since: datetime, until: datetime) -> str:
        """See ``EventSource.link``."""
        with self._lock:
            key, shift = self._find(device), self._shift()
            base = self.location if self.location.endswith("/") else f"{self.location}/"
            return f"{base}eventlog/?{urlencode(_filters(key, since + shift, until + shift))}"

    def close(self) -> None:
        """Log out, so that no session is left behind."""
        with self._lock, suppress(SourceError):
            if self._logged_in:
                self._logged_in = False
                self._web.get("logout/")

    def _answer(self, value: T, warning: str = "") -> Answer[T]:
        return Answer(value, self.system, datetime.now(timezone.utc), warning=warning)

    # --- the login

    def _login(self) -> None:
        if self._logged_in:
            return
        user = self._settings.username
        if not user or not self._password:
            raise SourceError(
                self.system,
                "no account is known to look with.",
                "Set observium.username in the settings and the secret observium_password "
                "(docs/secrets.md).",
            )
        page = self._web.get("", content_types=_TYPES)
        if not pages.is_login(page.text):
            raise SourceError(
                self.system,
                f"GET {page.url} gave a page without Observium's login form "
                f'("{pages.title(page.text)}"); the password was not sent.',
                f"{_OTHER} Where another system logs people in (single sign-on), choose "
                'sources.events = "observium-sql".',
            )
        form = {"username": user, "password": self._password, "submit": "Login"}
        page = self._web.post(page.url, form, content_types=_TYPES)
        if pages.is_login(page.text):
            raise SourceError(
                self.system,
                f"it refused the login of {user} (it shows its form again, and no reason).",
                "Check observium.username and the secret observium_password; log in with a browser "
                "to see whether the account still works.",
            )
        self._logged_in = True

    # --- pages

    def _page(self, path: str, params: dict[str, str] | None = None) -> Page:
        self._login()
        return self._web.get(path, params or {}, content_types=_TYPES)

    def _read(self, page: Page, read: Callable[[str], T]) -> T:
        try:
            return read(page.text)
        except pages.PageError as error:
            self._unsound(page.url, error)

    def _unsound(self, url: str, error: pages.PageError) -> NoReturn:
        advice = f"Open it in a browser. {_OTHER}"
        if "login form" in str(error) or "unauthenticated" in str(error):
            self._logged_in = False
            advice = "The session was ended meanwhile, perhaps by a proxy; try again."
        raise SourceError(
            self.system, f"GET {url} is not the page that was asked for: {error}.", advice
        ) from error

    def _rows(self, key: str, since: datetime, until: datetime) -> list[pages.EventRow]:
        found: list[pages.EventRow] = []
        for number in range(1, _MOST_PAGES + 1):
            params = {**_filters(key, since, until), "pageno": str(number)}
            rows = self._read(self._page("eventlog/", params), pages.read_eventlog)
            found += rows
            # Newest first: where its filter is ignored, older rows than these are of no use.
            oldest = min((row.local for row in rows), default=since.replace(tzinfo=None))
            if len(rows) < _PAGE or oldest < since.replace(tzinfo=None) - TOLERANCE:
                return found
        raise SourceError(
            self.system,
            f"it has more than {_MOST_PAGES * _PAGE} events of ports for that time; not read "
            "further.",
            "Look at the event log in a browser: something is very busy there.",
        )

    def _find(self, device: Device) -> str:
        names = self._devices()
        found = find_device(device, ((key, (name,)) for key, name in names.items()))
        if len(found) == 1:
            return found[0]
        user = self._settings.username
        if found:
            listed = ", ".join(names[key] for key in found)
            raise SourceError(
                self.system,
                f"it has several devices that may be {device.name}: {listed}.",
                "Remove the one that is no longer in use from Observium.",
            )
        if not names:
            raise SourceError(
                self.system, f"it shows no device at all to the account {user}.", _LEVEL
            )
        raise SourceError(
            self.system,
            f"it shows no device {device.name} to the account {user}, only "
            f"{first_few(sorted(names.values()))}.",
            f"Add the switch to Observium, or look at the account. {_LEVEL}",
        )

    def _devices(self) -> dict[str, str]:
        if self._names is None:
            page = self._page("ajax/get_entities.php", {"entity_type": "device"})
            self._names = self._read(page, pages.read_devices)
        return self._names

    # --- its clock

    def _pollerlog(self) -> tuple[datetime, dict[str, pages.PollRow]]:
        """Return the last polls, and the server's clock when it told them; asked once a look."""
        if self._polls is None:
            page = self._page("pollerlog/")
            asked_at = datetime.now(timezone.utc)
            polls = self._read(page, pages.read_pollerlog)
            server = page.date or asked_at
            self._ahead = ahead(server, asked_at)
            self._polls = server, polls
        return self._polls

    def _shift(self) -> timedelta:
        """Return what its local times are ahead of UTC by this machine's clock.

        The zone is that of its PHP, and is written nowhere: the time and the age of a poll tell it.
        """
        server, polls = self._pollerlog()
        if not polls:
            raise SourceError(
                self.system,
                "it has never polled a device, so its time zone cannot be known.",
                "Is its poller running? Look at the page Poller of Observium.",
            )
        newest = min(polls.values(), key=lambda poll: poll.age)
        if newest.age > _OLD:
            raise SourceError(
                self.system,
                f"it has polled nothing for {age_in_words(newest.age.total_seconds())}, so its "
                "time zone cannot be known.",
                "Is its poller running? Look at the page Poller of Observium.",
            )
        try:
            return pages.offset_of(newest, server) + self._ahead
        except pages.PageError as error:
            self._unsound("pollerlog/", error)


def _filters(key: str, since: datetime, until: datetime) -> dict[str, str]:
    return {
        "device_id": key,
        "type": "port",
        "timestamp_from": (since - TOLERANCE).strftime(pages.TIME_FORMAT),
        "timestamp_to": (until + TOLERANCE).strftime(pages.TIME_FORMAT),
        "pagesize": str(_PAGE),
    }
