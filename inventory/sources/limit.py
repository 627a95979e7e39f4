"""The time that a run has for asking the site's systems."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Stop:
    """Whether the program has been asked to stop; then no answer of a source is waited for."""

    def __init__(self) -> None:
        self._asked: Callable[[], bool] = bool

    def ask(self, asked: Callable[[], bool]) -> None:
        """Store what tells whether somebody has asked for it: who handles the signals knows."""
        self._asked = asked

    def __bool__(self) -> bool:
        """Return whether the program has been asked to stop."""
        return self._asked()


STOP = Stop()


class Limit:
    """An end on the monotonic clock; it begins to run when it is made."""

    def __init__(
        self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow so many seconds from now on."""
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())


#: No limit.
ENDLESS = Limit()
