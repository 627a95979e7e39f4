"""LibreNMS as a source of events, by its API.

It logs no event when a port is gone, only what changes on a port that is there. So its answer has
the events of ports that appeared, went down or came up, and the ports that it has now.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from inventory.errors import SourceError
from inventory.events.clock import ahead, clock_warning
from inventory.events.model import TOLERANCE, LastPoll, PortEvent
from inventory.events.wording import find_device, librenms_kind, librenms_name, wanted_label
from inventory.model import Answer
from inventory.names import one_line
from inventory.sources.web import MissingPageError, WebClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inventory.events.model import Device
    from inventory.settings import LibreNmsSettings
    from inventory.sources.patience import Patience

T = TypeVar("T")
SYSTEM = "LibreNMS"
_FORMAT = "%Y-%m-%d %H:%M:%S"
_JSON = frozenset({"application/json"})
_LIMIT = 1000
_TOKEN = "Check the secret librenms_token: a token of an account with global read."  # noqa: S105


@dataclass(frozen=True)
class _Known:
    """A device as LibreNMS has it."""

    key: str
    hostname: str
    polled: datetime | None
    taken: float


class LibreNmsSource:
    """The source of events that asks LibreNMS's API (an ``EventSource``)."""

    system = SYSTEM

    def __init__(
        self,
        settings: LibreNmsSettings,
        token: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._token = token
        self._zone = ZoneInfo(settings.time_zone)
        self._web = WebClient(
            self.system,
            settings.model_copy(update={"username": None}),
            patience=patience,
            headers={"X-Auth-Token": token} if token else {},
        )
        self._lock = threading.RLock()
        self._ahead = timedelta()
        self._devices: list[tuple[_Known, tuple[str, str]]] | None = None

    @property
    def location(self) -> str:
        """Return its address."""
        return self._web.location

    def port_events(
        self, device: Device, labels: Sequence[str], since: datetime, until: datetime
    ) -> Answer[tuple[PortEvent, ...]]:
        """See ``EventSource.port_events``."""
        with self._lock:
            known = self._find(device)
            names = {port: name for port, name, _ in self._ports(known)}
            params = {
                "from": self._written(since - TOLERANCE),
                "to": self._written(until + TOLERANCE),
                "limit": str(_LIMIT),
                "sortorder": "ASC",
            }
            rows = self._list(f"logs/eventlog/{quote(known.hostname, safe='')}", "logs", params)
            if len(rows) >= _LIMIT:
                raise SourceError(
                    self.system,
                    f"it has {_LIMIT} events of {device.name} or more for that time.",
                    "Look at the event log in a browser: something is very busy there.",
                )
            found = []
            for row in rows:
                # An unknown name drops the filter, and all devices' events come back.
                if str(row.get("device_id")) != known.key or row.get("type") != "interface":
                    continue
                message = one_line(row.get("message") or "", 1000)
                port = str(row.get("reference") or "")
                label = names.get(port) or librenms_name(message)
                kind = librenms_kind(message)
                at = self._read_time(row.get("datetime"))
                if (
                    kind
                    and wanted_label(label, labels)
                    and since - TOLERANCE <= at <= until + TOLERANCE
                ):
                    found.append(PortEvent(at, port, one_line(label), kind, message))
            warning = clock_warning(self.system, self._ahead)
            return self._answer(tuple(sorted(found, key=lambda event: event.at)), warning)

    def last_poll(self, device: Device) -> Answer[LastPoll]:
        """See ``EventSource.last_poll``."""
        with self._lock:
            known = self._find(device)
            began = known.polled and known.polled - timedelta(seconds=known.taken)
            return self._answer(LastPoll(began, known.polled, self._settings.poll_interval))

    def live_ports(self, device: Device, labels: Sequence[str]) -> Answer[tuple[str, ...]]:
        """See ``EventSource.live_ports``."""
        with self._lock:
            ports = self._ports(self._find(device))
            live = {wanted_label(name, labels) for _, name, gone in ports if not gone}
            return self._answer(tuple(name for name in labels if name in live))

    def link(self, device: Device, since: datetime, until: datetime) -> str:
        """See ``EventSource.link``; the page has no filter by time."""
        del since, until
        with self._lock:
            base = self.location.rstrip("/")
            key = quote(self._find(device).key, safe="")
            return f"{base}/device/device={key}/tab=logs/section=eventlog/"

    def close(self) -> None:
        """Do nothing: a token has no session."""

    def _answer(self, value: T, warning: str = "") -> Answer[T]:
        return Answer(value, self.system, datetime.now(timezone.utc), warning=warning)

    def _find(self, device: Device) -> _Known:
        if self._devices is None:
            rows = self._list("devices", "devices", {})
            self._devices = [self._known(row) for row in rows]
        found = find_device(device, self._devices)
        if len(found) == 1:
            return found[0]
        what = f"several devices that may be {device.name}" if found else f"no {device.name}"
        raise SourceError(
            self.system,
            f"it shows {what} to this token.",
            f"Is the switch polled there, once? {_TOKEN}",
        )

    def _known(self, row: Mapping[str, Any]) -> tuple[_Known, tuple[str, str]]:
        polled = row.get("last_polled")
        try:
            taken = float(row.get("last_polled_timetaken") or 0)
        except (TypeError, ValueError):
            taken = 0.0
        at = self._read_time(polled) if polled else None
        if at and at > datetime.now(timezone.utc) + timedelta(minutes=5):
            raise SourceError(
                self.system,
                f"its last poll of {one_line(row.get('hostname'), 80)} lies in the future "
                f"({one_line(polled, 40)} in {self._settings.time_zone}).",
                "Correct librenms.time_zone in the settings: it is the zone of LibreNMS's server.",
            )
        names = str(row.get("hostname") or ""), str(row.get("sysName") or "")
        return _Known(str(row.get("device_id")), names[0], at, taken), names

    def _ports(self, known: _Known) -> list[tuple[str, str, bool]]:
        """Return the device's ports: id, name, and whether it is gone."""
        params = {"columns": "port_id,ifName,deleted"}
        rows = self._list(f"devices/{quote(known.hostname, safe='')}/ports", "ports", params)
        return [
            (str(row.get("port_id")), str(row.get("ifName") or ""), str(row.get("deleted")) == "1")
            for row in rows
        ]

    def _list(self, path: str, key: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return a list of the API.

        Raises:
            SourceError: it is no answer of the API, or an error of it.
        """
        if not self._token:
            raise SourceError(
                self.system, "no token is known to ask with.", f"Set it. {_TOKEN} (docs/secrets.md)"
            )
        try:
            page = self._web.get(f"api/v0/{path}", params, content_types=_JSON)
        except MissingPageError as error:
            error.advise("LibreNMS's address is without /api/v0.")
            raise
        except SourceError as error:
            if " gave HTTP 401" in error.message or " gave HTTP 403" in error.message:
                error.advice = _TOKEN
            raise
        now = datetime.now(timezone.utc)
        self._ahead = ahead(page.date or now, now)
        try:
            return _rows(json.loads(page.text), key)
        except (ValueError, RecursionError) as error:
            raise SourceError(
                self.system,
                f"GET {page.url} is no answer of LibreNMS's API ({one_line(error, 120)}).",
                "Check librenms.url in the settings.",
            ) from error

    def _written(self, when: datetime) -> str:
        return (when + self._ahead).astimezone(self._zone).strftime(_FORMAT)

    def _read_time(self, text: object) -> datetime:
        try:
            local = datetime.strptime(str(text), _FORMAT).replace(tzinfo=self._zone)
        except ValueError:
            raise SourceError(
                self.system,
                f'its time "{one_line(text, 40)}" is not of the form 2024-12-01 15:54:54.',
                "Its version may be another one than those that are read here.",
            ) from None
        return local.astimezone(timezone.utc) - self._ahead


def _rows(found: object, key: str) -> list[dict[str, Any]]:
    """Return the rows of an answer.

    Raises:
        ValueError: it is an error, or something else.
    """
    if not isinstance(found, dict) or found.get("status") != "ok":
        said = found.get("message") if isinstance(found, dict) else ""
        raise ValueError(str(said or "it does not say that all is well"))
    rows = found.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"it has no list of {key}")
    return rows
