"""How long the requests of a run wait for a system that hangs, all of them together.

A system that hangs costs a whole time-out for every question, and a run has hundreds of questions.
So what the first ones learn holds for the others:

* Until a kind of request was answered for the first time, two of it are under way at most.
* When a request runs into its time-out, and nothing was answered while it waited, that kind of
  request hangs. Others of it that are under way are given up, and no more are sent in this run.
* Another kind may still be answered (a list hangs, pages do not). Its first request tries that with
  a third of the time-out; the rest waits for its outcome. If it hangs too, the system hangs.
* When requests run into their time-outs while others are answered, only some things hang: after two
  of them the rest is waited for as long as is usual for this system today, and not longer.

An answer is everything that came in time, also an error: a system that refuses does not hang.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from inventory.errors import NO_TIME, SourceTimeoutError
from inventory.sources.limit import ENDLESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.sources.limit import Limit

T = TypeVar("T")
Late: TypeAlias = "Callable[[float, str], SourceTimeoutError]"
_UNPROVEN = 2
_NEARLY = 0.9
_USUAL = 4  # so many times the slowest answer of the run is the usual patience
_FORGIVEN_AFTER = 900.0  # for programs that keep a source for days
_ADVICE = "Allow more time with --deadline, or ask the switches by name."


@dataclass
class _Kind:
    """One kind of request.

    Attributes:
        proven: whether one was ever answered.
        waiting: how many are under way.
        failure: the time-out by which it counts as hanging; None as long as it does not.
        given_up: set when those under way are given up.
    """

    proven: bool = False
    waiting: int = 0
    failure: SourceTimeoutError | None = None
    given_up: threading.Event = field(default_factory=threading.Event)


class Patience:
    """Shared by all requests to one system in one run; may be used from several threads."""

    def __init__(self, limit: Limit = ENDLESS, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with all patience.

        Args:
            limit: the end of the time for asking; no request waits longer.
            clock: returns monotonic seconds.
        """
        self._limit = limit
        self._clock = clock
        self._changed = threading.Condition()
        self._kinds: dict[str, _Kind] = {}
        self._trying = False
        self._answered_at = float("-inf")
        self._slowest = 0.0
        self._late = 0
        self._hangs_since = float("inf")

    def ask(
        self,
        kind: str,
        timeout: float,
        whole: float,
        work: Callable[[], T],
        late: Late,
    ) -> T:
        """Do a piece of work that asks the system.

        Args:
            kind: what sort of request it is; each may hang for itself.
            timeout: the seconds after which a system that is silent is said to hang.
            whole: the seconds for the work as a whole.
            work: asks; ends with ``SourceTimeoutError`` where the system was silent.
            late: makes the failure of work that took longer than so many seconds, from these and
                the address of its last request.

        Raises:
            SourceTimeoutError: it hangs, or the limit is reached.
            Exception: whatever the work raises.
        """
        # This imports requests, which a command that asks no system does not need.
        from inventory.sources.deadline import DeadlineError, within  # noqa: PLC0415

        mine, trying = self._begin(kind, late)
        began = self._clock()
        seconds = self._seconds(timeout, whole, trying=trying)
        failure: SourceTimeoutError | None = None
        try:
            return within(seconds, work, f"ask {kind}", mine.given_up)
        except DeadlineError as over:
            failure = late(seconds, over.last)
        except SourceTimeoutError as silent:
            failure = silent
        finally:
            self._end(mine, began, failure, 0 if trying else timeout)
        if self._limit.left() <= 0:
            raise self._over(failure)
        if mine.failure is not None and mine.failure is not failure:
            raise self._again(mine.failure)
        raise failure

    def _begin(self, kind: str, late: Late) -> tuple[_Kind, bool]:
        """Wait until a request may be sent; return its kind, and whether it is the one that tries.

        Raises:
            SourceTimeoutError: the system hangs, or the limit is reached.
        """
        with self._changed:
            if self._clock() - self._hangs_since > _FORGIVEN_AFTER:
                self._kinds.clear()
                self._hangs_since = float("inf")
            mine = self._kinds.setdefault(kind, _Kind())
            while True:
                if self._limit.left() <= 0:
                    raise self._over(late(0, ""))
                hanging = [known.failure for known in self._kinds.values() if known.failure]
                if hanging and (mine.failure or len(hanging) > 1):
                    raise self._again(mine.failure or hanging[0])
                must_try = bool(hanging) and not mine.proven
                crowded = not mine.proven and mine.waiting >= _UNPROVEN
                if not (self._trying if must_try else crowded):
                    break
                self._changed.wait(min(self._limit.left(), 60))
            mine.waiting += 1
            self._trying = self._trying or must_try
            return mine, must_try

    def _seconds(self, timeout: float, whole: float, *, trying: bool) -> float:
        seconds = whole
        if trying or any(kind.failure for kind in self._kinds.values()):
            seconds = timeout / 3
        elif self._late >= _UNPROVEN:
            seconds = min(whole, max(_USUAL * self._slowest, timeout / 10))
        return min(seconds, self._limit.left())

    def _end(
        self, mine: _Kind, began: float, failure: SourceTimeoutError | None, silence: float
    ) -> None:
        now = self._clock()
        with self._changed:
            mine.waiting -= 1
            if not silence:
                self._trying = False
            if failure is None:
                mine.proven = True
                self._answered_at = now
                self._slowest = max(self._slowest, now - began)
            elif mine.failure is None and self._limit.left() > 0:
                self._late += 1
                # A request that had less time says nothing alone: silence has to last as long.
                silent = self._answered_at <= began and now - self._answered_at > _NEARLY * silence
                if not silence or silent:
                    mine.failure, self._hangs_since = failure, now
                    mine.given_up.set()
            self._changed.notify_all()

    @staticmethod
    def _again(first: SourceTimeoutError) -> SourceTimeoutError:
        """Return the failure of a request that is not sent, or not waited for any longer."""
        return SourceTimeoutError(
            first.system, f"it hangs and is not asked again: {first.message}", first.advice
        ).because(first.reason)

    @staticmethod
    def _over(failure: SourceTimeoutError) -> SourceTimeoutError:
        return SourceTimeoutError(
            failure.system, "the time for asking it was over before it answered.", _ADVICE
        ).because(NO_TIME)
