"""The faults that every stand-in can have: hang, cut the connection, be slow."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress

from flask import Flask, Response, request

from lab.standins.faults import Faults, UnknownFaultError

HTML = "text/html; charset=UTF-8"

_HANG_LIMIT = 600.0
_HANG_STEP = 0.1
_SLOW = 3.0


def app_for(name: str, before: Callable[[], Response | None]) -> Flask:
    """Return a Flask application that calls ``before`` first; it reports a bad faults file."""
    app = Flask(name, static_folder=None)
    app.before_request(before)

    # Answering as if there were no fault would make a rehearsal silently wrong.
    def unusable_faults(error: UnknownFaultError) -> Response:
        return Response(f"{error}\n{error.advice}\n", 500, content_type="text/plain; charset=utf-8")

    app.register_error_handler(UnknownFaultError, unusable_faults)
    return app


def empty_500() -> Response:
    """Return PHP's answer to a fatal error with ``display_errors`` off."""
    return Response("", 500, content_type=HTML)


def hang(faults: Faults, system: str, name: str) -> Response:
    """Do not answer until the fault is gone, or for at most ten minutes."""
    end = time.monotonic() + _HANG_LIMIT
    while time.monotonic() < end and name in faults.active(system):
        time.sleep(_HANG_STEP)
    return cut_connection()


def cut_connection() -> Response:
    """Close the client's connection without an answer, as the port of a stopped service would."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):  # the client may have given up earlier
            connection.shutdown(socket.SHUT_RDWR)
    # This reaches a client only where the server does not lend its socket (Flask's test client).
    return Response("", 502)


def be_slow() -> None:
    """Wait as long as the fault ``slow`` says."""
    time.sleep(_SLOW)


def generic(faults: Faults, system: str, active: frozenset[str]) -> Response | None:
    """Return the answer of a fault that any web system may have; None when none is active."""
    if "slow" in active:
        be_slow()
    if "hang" in active:
        return hang(faults, system, "hang")
    if "refused" in active:
        return cut_connection()
    if "http-500" in active:
        return empty_500()
    return None
