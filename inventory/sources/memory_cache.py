"""Keeps one expensive answer for a short time within a process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from inventory.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class TimedValue(Generic[T]):
    """The value of a function, fetched once for all threads that want it at the same time.

    A failure is kept too, for a shorter time: when a system is down, a run over many switches must
    wait for its time-out once, not once for each switch.
    """

    def __init__(
        self,
        fetch: Callable[[], T],
        *,
        keep: float = 300,
        keep_failure: float = 20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Wrap ``fetch``; ``keep`` and ``keep_failure`` are seconds."""
        self._fetch = fetch
        self._keep, self._keep_failure = keep, keep_failure
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._held: T | SourceError | None = None

    def get(self) -> T:
        """Return the kept value, or a fresh one.

        Raises:
            SourceError: fetching fails, or failed a moment ago.
        """
        with self._lock:
            if self._clock() >= self._until:
                try:
                    self._held = self._fetch()
                    self._until = self._clock() + self._keep
                except SourceError as exc:
                    self._held = exc
                    self._until = self._clock() + self._keep_failure
            held = self._held
        if isinstance(held, SourceError):
            raise held.with_traceback(None)
        return held  # type: ignore[return-value]  # None only where T itself allows None

    def forget(self) -> None:
        """Drop the kept value, so that the next call fetches it again."""
        with self._lock:
            self._until = float("-inf")
