"""One end of the line between the machine and the guest.

What is under way is bounded, and the other end says what it has taken (``ACK``): so the guest's
serial line is never full. A full one may never be read again: seen where the guest had little CPU.
"""

from __future__ import annotations

from collections import deque

from lab.kernel.frames import Frame, Kind, Reader, of_number
from lab.kernel.outgoing import Outgoing

#: Bytes under way to the guest, whose terminal holds 4096, and from it, which a socket holds.
TO_GUEST, FROM_GUEST = 2048, 32768


class Line:
    """Frames to and from the other end.

    Args:
        descriptor: the line; it does not block.
        window: bytes that may be under way to the other end.
        theirs: bytes that may be under way from there.
        whole: whether a frame that was begun is sent to its end, whatever is under way. One end has
            to do so: else each could wait in the middle of a frame for the other's ``ACK``.
    """

    def __init__(self, descriptor: int, *, window: int, theirs: int, whole: bool) -> None:
        self._out = Outgoing(descriptor)
        self._window = window
        self._acknowledge_at = theirs // 4
        self._whole = whole
        self._queue: deque[Frame] = deque()
        self._under_way = 0
        self._taken = 0
        self._reader = Reader()

    def put(self, frame: Frame) -> None:
        """Send a frame when its turn comes."""
        self._queue.append(frame)

    def take(self, data: bytes) -> list[Frame]:
        """Return the frames that are whole with these bytes.

        Raises:
            ValueError: the bytes are not of this channel.
        """
        found = []
        for frame in self._reader.feed(data):
            if frame.kind is Kind.ACK:
                self._under_way -= frame.number
            else:
                found.append(frame)
        self._taken += len(data)
        if self._taken >= self._acknowledge_at:
            self._queue.appendleft(of_number(Kind.ACK, 0, self._taken))
            self._taken = 0
        return found

    @property
    def waits(self) -> bool:
        """Return whether something could be sent if the descriptor took it."""
        if len(self._out):
            return self._whole or self._under_way < self._window
        return bool(self._queue) and self._may_begin()

    def _may_begin(self) -> bool:
        acknowledges = self._queue[0].kind is Kind.ACK
        return self._under_way < self._window or (self._whole and acknowledges)

    def flush(self) -> None:
        """Send what may be sent and the descriptor takes.

        Raises:
            OSError: nobody is at the other end.
        """
        while self.waits:
            if not len(self._out):
                self._out.put(self._queue.popleft().encode())
            most = len(self._out) if self._whole else self._window - self._under_way
            taken = self._out.flush_some(most)
            self._under_way += taken
            if not taken:
                return
