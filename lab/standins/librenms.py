"""A stand-in for LibreNMS's API, from its documentation and source; fed by Observium's poller.

It logs no event when a port is gone, and an unknown host name drops the filter of the event log.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Flask, Response, jsonify, request

from lab.standins.observium.poller import EventRow, Poller

_TIME = "%Y-%m-%d %H:%M:%S"


def create_librenms(poller: Poller, token: str, *, ahead: timedelta = timedelta()) -> Flask:
    """Return a WSGI application that answers as LibreNMS's API does.

    Args:
        poller: has the tables.
        token: the token that it takes.
        ahead: what its local time is ahead of UTC.
    """
    app = Flask("librenms", static_folder=None)
    store = poller.store

    def local(at: float | None) -> str | None:
        if at is None:
            return None
        return (datetime.fromtimestamp(at, timezone.utc) + ahead).strftime(_TIME)

    def before() -> tuple[Response, int] | None:
        if request.headers.get("X-Auth-Token") == token:
            return None
        return jsonify(status="error", message="Unauthenticated."), 401

    def devices() -> Response:
        rows = [
            {
                "device_id": device.id,
                "hostname": device.hostname,
                "sysName": device.sys_name,
                "last_polled": local(device.polled),
                "last_polled_timetaken": device.taken,
            }
            for device in store.devices
        ]
        return jsonify(status="ok", devices=rows, count=len(rows))

    def ports(host: str) -> Response:
        device = next((d.id for d in store.devices if d.hostname == host), 0)
        rows = [
            {"port_id": p.id, "ifName": p.name, "deleted": int(p.deleted)}
            for p in store.ports
            if p.device == device
        ]
        return jsonify(status="ok", ports=rows, count=len(rows))

    def events(host: str) -> Response:
        device = next((d.id for d in store.devices if d.hostname == host), None)
        begin, end = request.args.get("from", ""), request.args.get("to", "9")
        rows = [
            row
            for event in store.events
            if device in {None, event.device} and (row := _row(event, local(event.at))) is not None
        ]
        rows = [row for row in rows if begin <= row["datetime"] <= end]
        limit, start = int(request.args.get("limit", 50)), int(request.args.get("start", 0))
        page = rows[start : start + limit]
        return jsonify(status="ok", logs=page, count=len(page), total=len(rows))

    app.before_request(before)
    app.add_url_rule("/api/v0/devices", view_func=devices)
    app.add_url_rule("/api/v0/devices/<host>/ports", view_func=ports)
    app.add_url_rule("/api/v0/logs/eventlog/<host>", view_func=events)
    return app


def _row(event: EventRow, when: str | None) -> dict[str, Any] | None:
    """Return an event as LibreNMS has it; None for one that it does not log."""
    message = event.message
    if "[ifDescr]" in message:
        name = message.split("-> '", 1)[1].split("'", 1)[0]
        message = f"ifDescr:  -> {name}"
    elif "[ifOperStatus]" in message:
        old, new = message.split("'")[1::2][:2]
        message = f"ifOperStatus: {old} -> {new}"
    elif event.kind == "port":
        return None
    return {
        "event_id": event.id,
        "device_id": event.device,
        "datetime": when or "",
        "message": message,
        "type": "interface" if event.kind == "port" else "system",
        "reference": event.entity,
        "severity": 3,
    }
