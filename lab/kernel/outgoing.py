"""Bytes that wait until a descriptor takes them."""

from __future__ import annotations

import os


class Outgoing:
    """A queue in front of a descriptor that does not block.

    Args:
        descriptor: where the bytes go.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._waiting = bytearray()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, data: bytes) -> None:
        """Add bytes behind those that wait."""
        self._waiting += data

    def take(self) -> bytes:
        """Return what waits, and forget it."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken

    def flush_some(self, most: int) -> int:
        """Write once, and no more than so many bytes; return how much that was.

        Raises:
            OSError: nobody is at the other end.
        """
        try:
            taken = os.write(self.descriptor, self._waiting[:most])
        except BlockingIOError:
            return 0
        del self._waiting[:taken]
        return taken

    def flush(self) -> int:
        """Write what the descriptor takes now; return how much that was.

        Raises:
            OSError: nobody is at the other end.
        """
        done = 0
        while self._waiting and (taken := self.flush_some(65536)):
            done += taken
        return done
