"""Notices a peer that is gone, however many jump hosts are in between.

The kernel notices a dead path only to the nearest host, and paramiko's keepalives expect no answer.
So a silent switch is asked, and given up when it does not answer.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import paramiko

#: After so many intervals without a single byte the peer counts as gone.
PATIENCE = 3
#: OpenSSH's own name for it; any server must answer it, even if it does not know it.
_REQUEST = "keepalive@openssh.com"
_TICKS = 4


class WatchedSocket:
    """A socket, or paramiko's replacement for one, that records when it last received something."""

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 - socket or channel
        self._sock = sock
        self.heard = time.monotonic()

    def recv(self, size: int) -> bytes:
        """Return the bytes that the peer sent."""
        data: bytes = self._sock.recv(size)
        self.heard = time.monotonic()
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the socket's
        return getattr(self._sock, name)


class Keepalive:
    """Asks a silent peer, and closes the transport when no answer comes."""

    def __init__(self, transport: paramiko.Transport, sock: WatchedSocket, interval: float) -> None:
        self._transport = transport
        self._sock = sock
        self._interval = interval
        self._stopped = threading.Event()
        self._question: threading.Thread | None = None
        threading.Thread(target=self._watch, name="ssh keepalive", daemon=True).start()

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()

    def _watch(self) -> None:
        tick = self._interval / _TICKS
        checked = time.monotonic()
        while not self._stopped.wait(tick) and self._transport.is_active():
            now = time.monotonic()
            if now - checked > 2 * tick + 1:
                # This process itself was stopped, so bytes from the peer may be unread.
                self._sock.heard = now
            checked = now
            silent = now - self._sock.heard
            if silent >= self._interval * PATIENCE:
                self._transport.close()
            elif silent >= self._interval:
                self._ask()

    def _ask(self) -> None:
        if self._question is not None and self._question.is_alive():
            return  # still unanswered
        # It ends with the answer or with the transport.
        self._question = threading.Thread(
            target=self._transport.global_request, args=(_REQUEST,), daemon=True
        )
        self._question.start()
