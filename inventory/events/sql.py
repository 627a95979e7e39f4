"""Observium's database as a source of events: more exact than its pages.

The account may only read, and only named columns: ``devices`` holds SNMP communities in clear. So
every column is named here, and nothing is ever written.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from inventory.errors import NoAnswerError, SourceError
from inventory.events.clock import ahead, clock_warning
from inventory.events.model import TOLERANCE, LastPoll, PortEvent
from inventory.events.wording import find_device, observium_kind, wanted_label
from inventory.model import Answer
from inventory.names import one_line
from inventory.sources.limit import ENDLESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.events.model import Device
    from inventory.settings import ObserviumSqlSettings
    from inventory.sources.limit import Limit

T = TypeVar("T")
SYSTEM = "Observium's database"
_MOST = 10_000
# TIMESTAMP columns are kept in UTC; the session's zone makes a string of them.
_READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
_ZONE = "SET SESSION time_zone = '+00:00'"
_CLOCK = "SELECT UNIX_TIMESTAMP(NOW(6))"
_DEVICES = (
    "SELECT device_id, hostname, sysName, UNIX_TIMESTAMP(last_polled), last_polled_timetaken "
    "FROM devices"
)
_EVENTS = (
    "SELECT UNIX_TIMESTAMP(e.timestamp), e.entity_id, p.port_label_short, p.ifName, e.message "
    "FROM eventlog e LEFT JOIN ports p ON p.port_id = e.entity_id "
    "WHERE e.device_id = %s AND e.entity_type = 'port' "
    "AND e.timestamp BETWEEN FROM_UNIXTIME(%s) AND FROM_UNIXTIME(%s) "
    "ORDER BY e.timestamp, e.event_id LIMIT %s"
)
_LIVE = "SELECT port_label_short, ifName FROM ports WHERE device_id = %s AND deleted = 0"
_GRANTS = (
    "Give the account the grants of docs/evidence.md: SELECT on eventlog, and on the named columns "
    "of devices and ports."
)
_NETWORK = "Check observium_sql.host, port and socket in the settings, the network and the VPN."
_LOGIN = "Check observium_sql.username and the secret observium_sql_password."
#: What to do, by the server's error number.
_ADVICE = {
    1044: _GRANTS,
    1045: _LOGIN,
    1049: "Check observium_sql.database in the settings.",
    1054: "Its schema is not one that is read here (Observium CE 19.8 to 24.12): use the web UI, "
    'sources.events = "observium".',
    1142: _GRANTS,
    1143: _GRANTS,
    1146: "Check observium_sql.database in the settings: that one is not Observium's.",
    1698: _LOGIN,
}
_GONE = frozenset({2002, 2003, 2006, 2013, 2055})


class ObserviumSqlSource:
    """The source of events that reads Observium's tables (an ``EventSource``)."""

    system = SYSTEM

    def __init__(
        self,
        settings: ObserviumSqlSettings,
        password: str | None = None,
        limit: Limit = ENDLESS,
    ) -> None:
        """Keep what is needed to connect; nothing is asked yet."""
        self._settings = settings
        self._password = password
        self._limit = limit
        self._lock = threading.RLock()
        self._connection: Any = None
        self._ahead = timedelta()

    @property
    def location(self) -> str:
        """Return the server and the database."""
        place = self._settings.socket or f"{self._settings.host}:{self._settings.port}"
        return f"{place}/{self._settings.database}"

    def port_events(
        self, device: Device, labels: Sequence[str], since: datetime, until: datetime
    ) -> Answer[tuple[PortEvent, ...]]:
        """See ``EventSource.port_events``."""
        with self._lock:
            key = self._find(device)[0]
            window = [
                (when + self._ahead).timestamp() for when in (since - TOLERANCE, until + TOLERANCE)
            ]
            rows = self._ask(_EVENTS, (key, *window, _MOST + 1))
            if len(rows) > _MOST:
                raise SourceError(
                    self.system,
                    f"it has more than {_MOST} events of ports of {device.name} for that time.",
                    "Look at the event log in a browser: something is very busy there.",
                )
            found = []
            for seconds, port, short, name, message in rows:
                text = one_line(message or "", 1000)
                label = next((x for x in (short, name) if wanted_label(x or "", labels)), "")
                kind = observium_kind(text)
                if label and kind:
                    found.append(
                        PortEvent(self._time(seconds), str(port), one_line(label), kind, text)
                    )
            return self._answer(tuple(found), clock_warning(self.system, self._ahead))

    def last_poll(self, device: Device) -> Answer[LastPoll]:
        """See ``EventSource.last_poll``; the database knows when a poll began."""
        with self._lock:
            _, _, _, seconds, taken = self._find(device)
            interval = self._settings.poll_interval
            if not seconds:
                return self._answer(LastPoll(None, None, interval))
            ended = self._time(seconds)
            began = ended - timedelta(seconds=float(taken or 0))
            return self._answer(LastPoll(began, ended, interval))

    def live_ports(self, device: Device, labels: Sequence[str]) -> Answer[tuple[str, ...]]:
        """See ``EventSource.live_ports``."""
        with self._lock:
            rows = self._ask(_LIVE, (self._find(device)[0],))
            live = {wanted_label(text or "", labels) for row in rows for text in row}
            return self._answer(tuple(name for name in labels if name in live))

    def link(self, device: Device, since: datetime, until: datetime) -> str:
        """See ``EventSource.link``; without times, as the web UI's zone is not known here."""
        del since, until
        base = self._settings.url
        if not base:
            return ""
        with self._lock:
            query = urlencode({"device_id": str(self._find(device)[0]), "type": "port"})
        return f"{base.rstrip('/')}/eventlog/?{query}"

    def close(self) -> None:
        """Close the connection."""
        with self._lock, suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def _answer(self, value: T, warning: str = "") -> Answer[T]:
        return Answer(value, self.system, datetime.now(timezone.utc), warning=warning)

    def _time(self, seconds: Any) -> datetime:  # noqa: ANN401 - int or Decimal
        return datetime.fromtimestamp(float(seconds), timezone.utc) - self._ahead

    def _find(self, device: Device) -> Any:  # noqa: ANN401 - a row
        rows = self._ask(_DEVICES)
        found = find_device(device, ((row, (row[1] or "", row[2] or "")) for row in rows))
        if len(found) == 1:
            return found[0]
        several = f"several devices that may be {device.name}" if found else ""
        raise SourceError(
            self.system,
            f"it has {several or f'no device {device.name}, neither by hostname nor by sysName'}.",
            "Look at the devices in Observium: is the switch polled there, once?",
        )

    def _ask(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Return the rows of a query.

        Raises:
            SourceError: the server cannot be reached, refused the login, or refused the query.
        """
        pymysql = _library()
        try:
            if self._connection is None:
                self._connection = self._connect(pymysql)
                self._prepare()
            with self._connection.cursor() as cursor:
                cursor.execute(query, values)
                return list(cursor.fetchall())
        except (pymysql.MySQLError, OSError, ValueError, RuntimeError) as error:
            self.close()
            raise self._failure(error) from None  # its traceback has the password in its frames

    def _connect(self, pymysql: Any) -> Any:  # noqa: ANN401 - an optional library
        settings = self._settings
        seconds = max(0.1, min(settings.timeout, self._limit.left()))
        place: dict[str, Any] = {"host": settings.host, "port": settings.port}
        if settings.socket is not None:
            place = {"unix_socket": str(settings.socket)}
        if settings.ca_file is not None:
            place |= {"ssl_ca": str(settings.ca_file), "ssl_verify_identity": True}
        return pymysql.connect(
            **place,
            user=settings.username,
            password=self._password or "",
            database=settings.database,
            connect_timeout=max(1, round(seconds)),
            read_timeout=seconds,
            write_timeout=seconds,
            charset="utf8mb4",
            autocommit=True,
            local_infile=False,
        )

    def _prepare(self) -> None:
        """Let the session speak UTC and write nothing; compare the clocks."""
        with self._connection.cursor() as cursor:
            cursor.execute(_ZONE)
            cursor.execute(_READ_ONLY)
            cursor.execute(_CLOCK)
            ((seconds,),) = cursor.fetchall()
        server = datetime.fromtimestamp(float(seconds), timezone.utc)
        self._ahead = ahead(server, datetime.now(timezone.utc))

    def _failure(self, error: Exception) -> SourceError:
        first = error.args[0] if error.args else None
        number = first if isinstance(first, int) else 0
        said = one_line(error.args[1] if len(error.args) > 1 else error) or type(error).__name__
        user = self._settings.username
        if number in {1045, 1698}:
            message = f"{self.location} refused the login of {user}."
        elif number in _GONE or isinstance(error, OSError):
            gone = NoAnswerError(self.system, f"{self.location} had no answer: {said}.", _NETWORK)
            return gone.because(said)
        else:
            message = f"{self.location} refused what was asked as {user}: {said}."
        return SourceError(
            self.system, message, _ADVICE.get(number, "It is failing itself; ask who runs it.")
        )


def _library() -> Any:  # noqa: ANN401 - it has no types
    """Return PyMySQL.

    Raises:
        SourceError: it is not installed.
    """
    try:
        import pymysql  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415  # optional
    except ImportError:
        raise SourceError(
            SYSTEM, "PyMySQL is not installed.", "pip install 'vipkeeper[observium-sql]'"
        ) from None
    return pymysql
