"""The web UI of Observium CE 24.12, as a running one was measured to answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape
from urllib.parse import unquote

from flask import Flask, Response, redirect, request

from lab.standins.behaviour import HTML, app_for, generic
from lab.standins.faults import OBSERVIUM, Faults
from lab.standins.observium import pages
from lab.standins.observium.poller import DeviceRow, EventRow, Poller
from lab.topology.default import OBSERVIUM_PASSWORD, OBSERVIUM_USER

_COOKIE = "OBSID"
_SIZES = (10, 20, 50, 100, 500, 1000, 10_000, 50_000)
_USUAL_SIZE = 100
_READER = 5
_AHEAD = timedelta(minutes=10)
_BUSY = 700  # events, so that one page does not hold them
#: The second name of each filter of the event log.
_FILTERS = {"device": "device_id", "entity_id": "port", "entity_type": "type"}


@dataclass
class _Session:
    """A login; it is bound to what the client sends with every request."""

    bound: tuple[str, ...]
    page_size: int = _USUAL_SIZE
    requests: int = 0


@dataclass
class _State:
    poller: Poller
    faults: Faults
    password: str
    sessions: dict[str, _Session] = field(default_factory=dict)
    #: The rows of Observium's table of logins: what a careless client fills.
    logins: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        ahead = _AHEAD if "clock-ahead" in self.active() else timedelta()
        return datetime.fromtimestamp(self.poller.clock(), timezone.utc) + ahead

    def active(self) -> frozenset[str]:
        return self.faults.active(OBSERVIUM)


def create_observium(
    poller: Poller,
    faults: Faults,
    *,
    password: str = OBSERVIUM_PASSWORD,
    logins: list[str] | None = None,
) -> Flask:
    """Return a WSGI application that answers as Observium does.

    Args:
        poller: has Observium's tables; ``POST /lab/poll`` lets it poll, which no Observium has.
        faults: the active faults.
        password: the password of the account.
        logins: gets a line for each login and logout.
    """
    state = _State(poller, faults, password, logins=[] if logins is None else logins)

    def before() -> Response | None:
        return None if request.path == "/lab/poll" else _instead(faults)

    def poll_now() -> Response:
        poll(poller, faults, request.get_json(force=True, silent=True) or {})
        return Response("polled\n", content_type="text/plain")

    def any_page(path: str = "") -> Response:
        response = _answer(state, path)
        response.headers["Date"] = format_datetime(state.now().replace(microsecond=0), usegmt=True)
        return response

    app = app_for("observium", before)
    app.add_url_rule("/lab/poll", view_func=poll_now, methods=["POST"])
    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, view_func=any_page, methods=["GET", "POST"])
    return app


def _instead(faults: Faults) -> Response | None:
    """Return what comes in the place of Observium; None where it answers itself."""
    active = faults.active(OBSERVIUM)
    if "db-down" in active:
        return Response("<html><body>DB not connected</body></html>", 500, content_type=HTML)
    if "sso-redirect" in active:
        return Response("", 302, {"Location": "https://sso.example.org/login"})
    for name, page in (("sso-page", pages.SSO), ("other-product", pages.OTHER)):
        if name in active:
            return Response(page, content_type=HTML)
    return generic(faults, OBSERVIUM, active)


def poll(
    poller: Poller,
    faults: Faults,
    seen: Mapping[str, Iterable[Mapping[str, object]]] | None = None,
) -> None:
    """Let the poller poll, as the faults have it; ``seen`` is as for ``Poller.poll``."""
    active = faults.active(OBSERVIUM)
    if "poller-stopped" not in active:
        fadeout, ignored = "fadeout" in active, "ports-ignored" in active
        poller.poll(fadeout=fadeout, ignored=ignored, seen=seen)


def _answer(state: _State, path: str) -> Response:
    key = request.cookies.get(_COOKIE, "")
    session = state.sessions.get(key)
    bound = _bound()
    if session is not None and session.bound != bound:
        del state.sessions[key]  # another client: the session is destroyed for both
        session = None
    if session is None:
        return _login(state, path, bound)
    session.requests += 1
    if "session-lost" in state.active() and session.requests > 2:  # noqa: PLR2004 - in the middle
        del state.sessions[key]
        return _login(state, path, bound)
    return _page(state, path, key, session)


def _bound() -> tuple[str, ...]:
    names = ("User-Agent", "Accept-Encoding", "Accept-Language")
    return (str(request.remote_addr), *(request.headers.get(name, "") for name in names))


def _login(state: _State, path: str, bound: tuple[str, ...]) -> Response:
    """Log in by form, Basic or query; anything else gets the form, with 200 and no reason."""
    basic = request.authorization
    given = request.form if request.method == "POST" else request.args
    user, password = given.get("username", ""), given.get("password", "")
    if basic is not None and not user:
        user, password = basic.username or "", basic.password or ""
    right = user == OBSERVIUM_USER and password == state.password
    if right and "login-refused" not in state.active():
        key = secrets.token_hex(16)
        state.sessions[key] = _Session(bound)
        state.logins.append(f"login {user}")
        response = Response("", 302, {"Location": request.path})
        response.set_cookie(_COOKIE, key, path="/", samesite="Lax", max_age=86400)
        return response
    if path.startswith("ajax/"):
        return Response("unauthenticated", content_type=HTML)
    return Response(pages.LOGIN, content_type=HTML)


def _page(state: _State, path: str, key: str, session: _Session) -> Response:
    level = 1 if "level-1" in state.active() else _READER
    first = path.split("/", 1)[0]
    if first == "logout":
        state.sessions.pop(key, None)
        state.logins.append("logout")
        return redirect("/", 302)  # type: ignore[return-value] # werkzeug's own class of it
    if path == "ajax/get_entities.php":
        return _entities(state, level)
    if first == "eventlog":
        return Response(_eventlog(state, path, session, level), content_type=HTML)
    if first == "pollerlog" and level >= _READER:
        return Response(_pollerlog(state), content_type=HTML)
    # Its API does not exist in CE: that path, too, is the dashboard.
    return Response(pages.whole("<h3>Overview</h3>"), content_type=HTML)


# --- the lists behind the pages' forms


def _names(state: _State) -> dict[int, str]:
    if "added-by-address" in state.active():
        return {device.id: device.address for device in state.poller.store.devices}
    return {device.id: device.hostname for device in state.poller.store.devices}


def _entities(state: _State, level: int) -> Response:
    if level < _READER:
        return Response("[]", content_type=HTML)
    store = state.poller.store
    with store.lock:
        if request.args.get("entity_type") == "device":
            listed: object = {
                str(key): {"name": name, "device_id": str(key)}
                for key, name in _names(state).items()
            }
        else:
            device = request.args.get("device_id")
            listed = [
                {
                    "value": port.id,
                    "name": port.label,
                    "icon": "port-up" if port.up else "port-down",
                }
                for port in store.ports
                if str(port.device) == device and not port.deleted
            ]
    return Response(json.dumps(listed), content_type=HTML)


# --- the event log


def _wanted(path: str) -> dict[str, str]:
    """Return the filters, from the query or from parts of the path."""
    parts = [part.split("=", 1) for part in path.split("/")[1:] if "=" in part]
    given = {key: unquote(value).replace("\x7f", "/") for key, value in parts}
    given.update(request.args.to_dict())
    return {_FILTERS.get(key, key): value for key, value in given.items()}


def _eventlog(state: _State, path: str, session: _Session, level: int) -> str:
    active, wanted = state.active(), _wanted(path)
    if (asked := wanted.get("pagesize", "")).isdigit():
        session.page_size = next((s for s in _SIZES if s >= int(asked)), _SIZES[-1])
    rows: list[str] = []
    if level >= _READER:
        with state.poller.store.lock:
            found = _found(state, wanted, active)
            number = max(1, int(wanted.get("pageno", "1")))
            shown = found[(number - 1) * session.page_size : number * session.page_size]
            rows = [_row(state, event, active) for event in shown]
            more = len(found) > min(99, session.page_size)
    if not rows:
        return pages.whole("<h4>No eventlog entries found!</h4>")
    html = pages.whole(pages.eventlog(rows, items=len(found) if more else None))
    return html[: len(html) * 2 // 3] if "page-cut-off" in active else html


def _found(state: _State, wanted: dict[str, str], active: frozenset[str]) -> list[EventRow]:
    store = state.poller.store
    rows = list(store.events)
    if "busy" in active:
        last = rows[-1] if rows else EventRow(0, 1, state.poller.clock(), "", "port", 1)
        text = "Interface changed: [ifAlias] 'a' -> 'b'"
        rows += [
            EventRow(last.id + number, last.device, last.at, text, "port", 1)
            for number in range(1, _BUSY)
        ]
    if "filters-ignored" in active:
        return rows[::-1]
    begin, end = wanted.get("timestamp_from", ""), wanted.get("timestamp_to", "9")
    text = wanted.get("message", "").lower()
    return [
        row
        for row in rows[::-1]
        if wanted.get("device_id", str(row.device)) == str(row.device)
        and wanted.get("type", row.kind) == row.kind
        and wanted.get("port", str(row.entity)) == str(row.entity)
        and wanted.get("severity", str(row.severity)) == str(row.severity)
        and text in row.message.lower()
        and begin <= _local(state, row.at) <= end
    ]


def _local(state: _State, at: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a time as its PHP writes it: in the server's zone, without naming it."""
    active = state.active()
    zone = timezone(timedelta(hours=-5)) if "zone-new-york" in active else timezone.utc
    ahead = _AHEAD if "clock-ahead" in active else timedelta()
    return (datetime.fromtimestamp(at, zone) + ahead).strftime(form)


def _row(state: _State, event: EventRow, active: frozenset[str]) -> str:
    form = "%d %b %Y %H:%M" if "date-format" in active else "%Y-%m-%d %H:%M:%S"
    port = state.poller.store.port(event.entity) if event.kind == "port" else None
    forgotten = "ports-forgotten" in active
    entity = "device"
    if event.kind == "port":
        key, label = ("", "") if forgotten or port is None else (str(port.id), port.label)
        entity = f'<a href="#" data-etype="port" data-eid="{key}">{escape(label)}</a>'
    name = (
        "ToR in aisle 3" if "renamed-devices" in active else _device(state, event.device).sys_name
    )
    device = f'<a href="#" data-etype="device" data-eid="{event.device}">{escape(name)}</a>'
    when = _local(state, event.at, form)
    return pages.event_row(event.severity, when, device, entity, escape(event.message))


def _device(state: _State, key: int) -> DeviceRow:
    return next(device for device in state.poller.store.devices if device.id == key)


# --- the poller's page


def _pollerlog(state: _State) -> str:
    rows = []
    for device in state.poller.store.devices:
        link = f'<a href="#" data-etype="device" data-eid="{device.id}">{device.sys_name}</a>'
        polled = "<td>never</td>"
        if device.polled is not None:
            at = float(int(device.polled))
            ago = pages.ago(max(0, int(state.poller.clock()) - int(at)))
            polled = f"<td><!-- {_local(state, at)} -->{ago} ago</td>"
        rows.append(f'<tr class="up"><td class="entity">{link}</td>{polled}</tr>')
    return pages.whole(f'<table class="table table-striped">{"".join(rows)}</table>')
