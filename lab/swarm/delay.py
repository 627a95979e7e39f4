"""A line that delays every packet, for kernels without ``netem``.

Two tun devices are in two network namespaces, with this process between them. A packet that is
routed into one comes out of the other a fixed time later, in order. TCP only sees a longer path.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress

from lab.machine.netns import in_namespace

DEVICE = "delay0"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET = 65536
_BATCH = 64


def open_tun(name: str) -> int:
    """Return a tun device in the calling thread's network namespace, as a file descriptor.

    It is gone when the descriptor is closed.
    """
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        request = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(handle, _TUNSETIFF, request)
    except OSError:
        os.close(handle)
        raise
    return handle


class Direction:
    """One direction of the line.

    Args:
        source: the descriptor to read packets from.
        target: the descriptor to write them to.
        delay: the seconds that each packet is held.
    """

    def __init__(self, source: int, target: int, delay: float) -> None:
        self.source = source
        self._target = target
        self._delay = delay
        self._held: deque[tuple[float, bytes]] = deque()

    def take(self) -> None:
        """Read the packets that have arrived."""
        with suppress(BlockingIOError):
            for _ in range(_BATCH):
                packet = os.read(self.source, _PACKET)
                self._held.append((time.monotonic() + self._delay, packet))

    def give(self) -> float | None:
        """Send the packets that are due; return the seconds until the next one, or None."""
        while self._held:
            left = self._held[0][0] - time.monotonic()
            if left > 0:
                return left
            with suppress(OSError):  # a full or downed device loses packets, as cables do
                os.write(self._target, self._held[0][1])
            self._held.popleft()
        return None


def run(near: int, far: int, delay: float) -> None:
    """Carry packets until killed."""
    directions = [Direction(near, far, delay), Direction(far, near, delay)]
    by_source = {direction.source: direction for direction in directions}
    while True:
        waits = [left for direction in directions if (left := direction.give()) is not None]
        ready, _, _ = select.select(list(by_source), [], [], min(waits, default=None))
        for source in ready:
            by_source[source].take()


def main() -> None:
    """Run ``python -m lab.swarm.delay NEAR FAR SECONDS``.

    Two namespaces, and the delay each way.
    """
    near, far, delay = sys.argv[1:]
    handles = [in_namespace(name, lambda: open_tun(DEVICE)) for name in (near, far)]
    with suppress(OSError):
        os.nice(-10)  # a cable does not wait for a CPU
    run(handles[0], handles[1], float(delay))


if __name__ == "__main__":
    main()
