"""The frames of the channel between the machine and the lab's kernel.

Many commands share one line. Each frame says whose it is, so nothing has to be escaped. Neither end
sends more of a stream than the other has allowed (``CREDIT``), so that a command that does not read
never stops the signals of its own or the bytes of others.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

_HEADER = struct.Struct("!BBII")
#: Bytes of a stream that one frame carries at most, and those that may be under way unread.
LARGEST = 8192
WINDOW = 65536
#: No frame is larger, whatever its header says: the environment of a command is the largest.
_MOST = 4 * 1024 * 1024

STDIN, STDOUT, STDERR = 0, 1, 2


class Kind(IntEnum):
    """What a frame means."""

    HELLO = 1  # the guest is ready
    START = 2  # a command, as JSON
    DATA = 3  # bytes of a stream
    CREDIT = 4  # so many bytes of a stream were taken
    EOF = 5  # a stream has ended
    SIGNAL = 6  # a signal for the command; the guest says by it that it was sent
    SIZE = 7  # the terminal's rows and columns
    GONE = 8  # who asked for the command is no more
    EXIT = 9  # the command has ended, as JSON
    ACK = 11  # so many bytes of the line were taken
    ENDED = 10  # the kernel has ended, as JSON; only the machine's side says this


@dataclass(frozen=True)
class Frame:
    """One frame: its kind, the command and the stream it belongs to, and what it carries."""

    kind: Kind
    session: int = 0
    stream: int = 0
    body: bytes = b""

    def encode(self) -> bytes:
        """Return its bytes on the line."""
        return _HEADER.pack(self.kind, self.stream, self.session, len(self.body)) + self.body

    @property
    def number(self) -> int:
        """Return what a ``CREDIT`` or ``SIGNAL`` carries."""
        return int.from_bytes(self.body, "big")

    @property
    def fields(self) -> dict[str, Any]:
        """Return what a frame with JSON carries."""
        read = json.loads(self.body)
        return read if isinstance(read, dict) else {}


def of_number(kind: Kind, session: int, number: int, stream: int = 0) -> Frame:
    """Return a frame that carries a number."""
    return Frame(kind, session, stream, number.to_bytes(4, "big"))


def of_fields(kind: Kind, session: int, fields: dict[str, Any]) -> Frame:
    """Return a frame that carries JSON."""
    return Frame(kind, session, 0, json.dumps(fields).encode())


class Reader:
    """Makes frames of bytes, however these were cut."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are whole now.

        Raises:
            ValueError: the bytes are not of this channel.
        """
        self._held += data
        found = []
        while len(self._held) >= _HEADER.size:
            kind, stream, session, length = _HEADER.unpack_from(self._held)
            if length > _MOST:
                raise ValueError(f"a frame of {length} bytes")
            end = _HEADER.size + length
            if len(self._held) < end:
                break
            found.append(Frame(Kind(kind), session, stream, bytes(self._held[_HEADER.size : end])))
            del self._held[:end]
        return found
