"""Signals that ask a program to stop: Ctrl-C, SIGTERM, and SIGHUP when its terminal is closed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from inventory.sources.limit import STOP

#: The signals that ask a program to stop.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGHUP: "SIGHUP (its terminal was closed)"}
_GRACE = 10.0  # seconds in which a second signal must not hit what the first one has started


class Stopped(KeyboardInterrupt):
    """One of ``STOPS`` was caught; ``by`` is its name for a person."""

    def __init__(self, number: int) -> None:
        self.by = name_of(number)
        super().__init__(f"stopped by {self.by}")


def name_of(number: int) -> str:
    """Return a signal's name for a person."""
    return _NAMES.get(signal.Signals(number), signal.Signals(number).name)


def stopped_by(error: BaseException | None) -> str:
    """Return the signal that an exception comes from, even indirectly; empty for none."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return str(getattr(error, "by", name_of(signal.SIGINT)))
        error = error.__cause__ or error.__context__
    return ""


class _Ears:
    """Raises ``Stopped`` for the first signal, and for a later one if the first had no effect.

    Attributes:
        shields: how many blocks are running that no signal may interrupt.
        heard: when a signal was last raised, on the monotonic clock.
    """

    def __init__(self) -> None:
        self.shields = 0
        self.heard: float | None = None

    def hear(self, number: int, _: object) -> None:
        """Handle the signal."""
        again = self.heard is not None
        # A closed terminal sends two of them: the shell's and the kernel's.
        if self.shields or (again and number == signal.SIGHUP):
            return
        if self.heard is not None and time.monotonic() - self.heard < _GRACE:
            return
        self.heard = time.monotonic()
        raise Stopped(number)


_EARS = _Ears()


def interrupt(number: int, frame: object) -> None:
    """Raise ``Stopped`` for one of the ``STOPS``, unless already stopping or ``unstopped``.

    Raises:
        Stopped: at once, in the main thread.
    """
    _EARS.hear(number, frame)


def was_stopped() -> bool:
    """Return whether a signal has been raised, so that what follows is the end it asked for."""
    return _EARS.heard is not None


# Ctrl-C in front of a source that hangs ends the questions of all threads, which are waited for.
STOP.ask(was_stopped)


@contextmanager
def unstopped() -> Iterator[None]:
    """Run a short block that no signal interrupts; a signal in the block is ignored."""
    # Signals arrive only in the main thread.
    mine = int(threading.current_thread() is threading.main_thread())
    _EARS.shields += mine
    try:
        yield
    finally:
        _EARS.shields -= mine
