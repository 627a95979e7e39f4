"""Whether leafs hold the VIP, looked at all the time and all at once."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fcntl import ioctl

from lab.lab import Lab
from lab.machine.netns import in_namespace

_GET_FLAGS, _GET_ADDRESS = 0x8913, 0x8915  # SIOCGIFFLAGS, SIOCGIFADDR
_UP = 0x1
_GONE = {errno.ENODEV, errno.EADDRNOTAVAIL}
_EVERY = 0.001  # seconds; the shortest outage that is looked for lasts some 0.02


@dataclass
class VipWatcher:
    """Asks each leaf's kernel for the VIP, over a socket that is in the leaf's network.

    Attributes:
        lab: the lab; its leafs must not be rebooted meanwhile.
        names: the leafs' numbers.
        looks: how often all of them were looked at.
        away: each change of who is without the VIP on a VRR device that is up, in order.
        longest: the longest time between two looks, in seconds.
    """

    lab: Lab
    names: tuple[str, ...]
    looks: int = 0
    away: list[frozenset[str]] = field(default_factory=list)
    longest: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look while the body runs."""
        with ExitStack() as stack:
            sockets = {
                name: stack.enter_context(in_namespace(self.lab.leaf(name).netns, _socket))
                for name in self.names
            }
            thread = threading.Thread(target=self._look, args=(sockets,))
            thread.start()
            try:
                yield
            finally:
                self._stop.set()
                thread.join(10)

    @property
    def most(self) -> int:
        """The most leafs that were without the VIP at one time."""
        return max(map(len, self.away), default=0)

    def in_order(self) -> list[str]:
        """The leafs that were without the VIP, by when they were so for the first time."""
        return list(dict.fromkeys(name for away in self.away for name in sorted(away)))

    def told(self) -> str:
        """What was seen, for a person."""
        return (
            f"{self.looks} looks, {self.longest * 1000:.0f} ms apart at most; without the VIP: "
            f"{' '.join('+'.join(sorted(away)) or 'none' for away in self.away) or 'none'}"
        )

    def _look(self, sockets: dict[str, socket.socket]) -> None:
        device = f"{self.lab.topology.svi}-v0"
        vip = self.lab.topology.vip.ip.packed
        before, last = frozenset[str](), time.monotonic()
        while not self._stop.is_set():
            away = frozenset(
                name for name, inside in sockets.items() if not _holds(inside, device, vip)
            )
            now = time.monotonic()
            self.looks += 1
            self.longest, last = max(self.longest, now - last), now
            if away != before:
                self.away.append(away)
                before = away
            time.sleep(_EVERY)


def _socket() -> socket.socket:
    """A socket stays in the network in which it was made."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _holds(inside: socket.socket, device: str, address: bytes) -> bool:
    """Whether a device is there, is up, and has the address."""
    request = struct.pack("16s24x", device.encode())
    try:
        (flags,) = struct.unpack_from("H", ioctl(inside, _GET_FLAGS, request), 16)
        found = ioctl(inside, _GET_ADDRESS, request)[20:24]
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise
    return bool(flags & _UP) and found == address


def numbers(lab: Lab) -> tuple[str, ...]:
    """The numbers of a lab's leafs, in the order of their names."""
    return tuple(sorted(leaf.short_name.rsplit("-", 1)[-1] for leaf in lab.topology.leafs))
