"""The time that a run has for asking the site's systems."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


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
