"""One deadline for work that other libraries do on sockets.

The time-outs of requests, urllib3 and http.client count from one packet to the next: a server that
sends one byte of a header each second is read for ever. So the work runs in a thread of its own,
and the caller waits for it only until the deadline. Then the sockets of the work are shut, which
ends every read from them.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError

from inventory.sources.limit import STOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.response import HTTPResponse

T = TypeVar("T")
_LOOK_UP = 0.2  # seconds after which work that is given up is left, at the latest


class DeadlineError(TimeoutError):
    """The time is over; the sockets of the work are shut, and its thread is abandoned.

    Attributes:
        last: the address of its last request; empty where none was sent.
    """

    def __init__(self, message: str, last: str = "") -> None:
        super().__init__(message)
        self.last = last


class _Sockets:
    """The sockets of one piece of work, each with a second descriptor.

    urllib3 hands a socket on from object to object (TLS detaches it from the first one). A
    descriptor of our own reaches the connection in any case.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._closed = False
        self.last = ""
        self.hung = False

    def hold(self, sock: socket.socket) -> bool:
        """Return whether there is time left; if so, the socket will be shut at the deadline."""
        with self._lock:
            if not self._closed:
                # Not sock.dup(): for a TLS socket that would begin a new TLS session.
                self._held.append(socket.fromfd(sock.fileno(), sock.family, sock.type))
            return not self._closed

    def is_over(self) -> bool:
        with self._lock:
            return self._closed

    def close(self, *, shut: bool) -> None:
        with self._lock:
            held, self._held, self._closed = self._held, [], True
        for sock in held:
            if shut:
                with contextlib.suppress(OSError):  # the other side closed it first
                    sock.shutdown(socket.SHUT_RDWR)
            sock.close()


_SOCKETS: ContextVar[_Sockets | None] = ContextVar("_SOCKETS", default=None)


def within(
    seconds: float, work: Callable[[], T], name: str, given_up: threading.Event | None = None
) -> T:
    """Return the result of ``work``, if it ends in time.

    Args:
        seconds: the time for the whole work.
        work: runs in a thread of its own.
        name: the name of the thread.
        given_up: ends the time when it is set.

    Raises:
        DeadlineError: it did not end in time, or the program is to stop. What it does through
            adapters that are ``bound`` ends at once; anything else goes on in its thread, and
            nobody waits for it.
        Exception: whatever the work raises.
    """
    sockets = _Sockets()
    outcome: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        _SOCKETS.set(sockets)  # a new thread has a context of its own
        try:
            outcome.append((work(), None))
        except BaseException as error:  # noqa: BLE001  # carried to the thread that waits
            outcome.append((None, error))

    thread = threading.Thread(target=run, name=name, daemon=True)
    end = time.monotonic() + seconds
    ended: tuple[T | None, BaseException | None] | None = None
    thread.start()
    try:
        while thread.is_alive() and (left := end - time.monotonic()) > 0:
            if STOP or (given_up is not None and given_up.is_set()):
                break
            thread.join(min(left, _LOOK_UP))
        # Checked before the sockets are shut: a truncated answer may look whole.
        ended = outcome[0] if outcome else None
    finally:
        sockets.close(shut=ended is None)
    if ended is None:
        raise DeadlineError(f"{name} had not ended after {seconds:g} s", sockets.last)
    value, error = ended
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None only where T itself is


def bound(adapter: BaseAdapter) -> None:
    """Let ``within`` shut the connections of this adapter, if it is one for HTTP."""
    if isinstance(adapter, HTTPAdapter):
        adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class _Watched(HTTPConnection):
    """A connection that the deadline of the work can end, at any time."""

    def _new_conn(self) -> socket.socket:
        sockets = _SOCKETS.get()
        if sockets is None:
            return super()._new_conn()
        if not sockets.is_over():
            sock = super()._new_conn()
            if sockets.hold(sock):
                return sock
            sock.close()
        raise ConnectTimeoutError(self, "the deadline of the request is over")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # urllib3's own
        sockets = _SOCKETS.get()
        if sockets is not None:
            if sockets.hung:
                # Libraries try other ways to the same system, each with a time-out of its own.
                raise ConnectTimeoutError(self, "an earlier request of the question timed out")
            sockets.last = f"http://{self.host}:{self.port}{url}"
            if self.sock is not None:  # kept from an earlier piece of work
                sockets.hold(self.sock)
        super().request(method, url, *args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        """Note a time-out: what hangs is not asked again for the same question."""
        try:
            return super().getresponse()
        except TimeoutError:
            sockets = _SOCKETS.get()
            if sockets is not None:
                sockets.hung = True
            raise


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS; the deadline also holds for its handshake."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls
