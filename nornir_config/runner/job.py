"""A host that is worked on in a thread, and how it is abandoned."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core.inventory import Host

_REAP = 0.5  # seconds between two looks at a thread that was abandoned


@dataclass(eq=False)
class Job:
    """A host that is worked on.

    Attributes:
        host: the host.
        keys: its keys; no host with one of them is worked on meanwhile.
        began: when it began, on the monotonic clock.
        thread: its thread; None before it has started.
    """

    host: Host
    keys: frozenset[str]
    began: float
    thread: threading.Thread | None = None

    def start(self, work: Callable[[Job], None]) -> None:
        """Start the thread that works on it."""
        # A daemon: a thread that hangs must not prevent the process from ending.
        self.thread = threading.Thread(
            target=work, args=(self,), name=f"host {self.host.name}", daemon=True
        )
        self.thread.start()

    @property
    def begun(self) -> bool:
        """Return whether its thread has started; an interrupt can prevent that."""
        return self.thread is not None and self.thread.ident is not None

    @property
    def alive(self) -> bool:
        """Return whether its thread still runs."""
        return self.thread is not None and self.thread.is_alive()

    def abandon(self) -> None:
        """Close its connections repeatedly until its thread has ended."""
        if self.thread is not None:
            threading.Thread(target=_reap, args=(self.host, self.thread), daemon=True).start()


def _reap(host: Host, thread: threading.Thread) -> None:
    """Close a host's connections until the thread that uses them has ended."""
    while True:
        ended = not thread.is_alive()
        for name in list(host.connections):
            plugin = host.connections.pop(name, None)
            if plugin is not None:
                # It hangs, so closing it may fail in any way.
                with contextlib.suppress(Exception):
                    plugin.close()
        if ended:
            return
        thread.join(_REAP)
