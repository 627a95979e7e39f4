"""One run of the ``FleetRunner``: when each host starts, and what its result is.

All bookkeeping is done in the caller's thread. The threads of the workers only report through a
queue, so no lock is needed, and a worker that never reports delays nobody.
"""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nornir.core.task import AggregatedResult, MultiResult, Result

from nornir_config.runner.errors import AbandonedError, HostDeadlineError, NotStartedError
from nornir_config.runner.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nornir.core.inventory import Host
    from nornir.core.task import Task

    from inventory.errors import VipkeeperError


@dataclass(frozen=True)
class RunnerOptions:
    """The options of a run; see ``FleetRunner``."""

    num_workers: int
    deadline: float | None
    host_deadline: float | None
    stagger: float
    stop_on_failure: bool
    wait_on_cancel: bool
    exclusive: Callable[[Host], Iterable[str]]
    on_result: Callable[[str, MultiResult], None]
    on_cancel: Callable[[Sequence[str]], None]


class FleetRun:
    """One run; the object is used once.

    Attributes:
        cancelled: how often it was cancelled.
        stopped_by: the first cause of cancelling.
    """

    def __init__(
        self,
        rules: RunnerOptions,
        task: Task,
        hosts: Sequence[Host],
        left: dict[str, Job],
    ) -> None:
        self.cancelled = 0
        self.stopped_by = ""
        self._heeded = 0
        self._rules = rules
        self._task = task
        self._hosts = hosts
        self._left = left
        self._waiting = list(hosts)
        self._running: dict[str, Job] = {}
        self._hanging: list[Job] = []
        self._results: dict[str, MultiResult] = {}
        self._events: queue.SimpleQueue[tuple[Job, MultiResult] | None] = queue.SimpleQueue()
        now = time.monotonic()
        self._end = now + rules.deadline if rules.deadline else None
        self._next_start = now

    def cancel(self, by: str = "Ctrl-C") -> None:
        """Cancel the run; may be called from a signal handler and from any thread."""
        self.stopped_by = self.stopped_by or by
        self.cancelled += 1
        self._events.put(None)

    def go(self) -> AggregatedResult:
        """Work until every host has its result."""
        while self._waiting or self._running:
            self._step()
        done = AggregatedResult(self._task.name)
        for host in self._hosts:
            done[host.name] = self._results[host.name]
        return done

    def _step(self) -> None:
        try:
            if self._heeded < self.cancelled:
                self._heed_cancel()
            self._enforce_deadlines()
            self._start_ready()
            self._drop_blocked()
            if self._waiting or self._running:
                self._take_next(self._patience())
        except KeyboardInterrupt:  # raised by another signal handler
            self.cancel()

    def _take_next(self, patience: float | None) -> bool:
        """Take the next event; return False when there was none for so many seconds."""
        try:
            event = self._events.get(timeout=patience)
        except queue.Empty:
            return False
        if event is not None:
            self._take(*event)
        return True

    def _take(self, job: Job, result: MultiResult) -> None:
        name = job.host.name
        if self._running.get(name) is not job:
            return  # it was abandoned, and has its result already
        stop = result.failed and self._rules.stop_on_failure
        self._settle(job.host, result)
        del self._running[name]
        if stop:
            self._drop_waiting(
                f"{name} failed before its turn came; after the first failure no other is started",
                f"Repair {name} first, then run the command again.",
            )

    # --- starting ------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        while self._waiting and len(self._running) < self._rules.num_workers:
            now = time.monotonic()
            if now < self._next_start or (host := self._next_ready()) is None:
                return
            self._start(host, now)

    def _next_ready(self) -> Host | None:
        """Return the first waiting host that shares no key with a running one."""
        jobs = [*self._running.values(), *(job for job in self._hanging if job.alive)]
        held = {key for job in jobs for key in job.keys}
        return next((h for h in self._waiting if held.isdisjoint(self._rules.exclusive(h))), None)

    def _start(self, host: Host, now: float) -> None:
        earlier = self._left.get(host.name)
        if earlier is not None and earlier.alive:
            self._waiting.remove(host)
            self._settle_error(host, HostDeadlineError.still_hanging(host.name))
            return
        job = Job(host, frozenset(self._rules.exclusive(host)), now)
        self._running[host.name] = job
        self._waiting.remove(host)
        self._next_start = now + self._rules.stagger
        job.start(self._work)

    def _work(self, job: Job) -> None:
        try:
            result = self._task.copy().start(job.host)
        except BaseException as error:  # noqa: BLE001 - SystemExit of one host must end no other
            result = _failed(self._task, job.host, error)
        self._events.put((job, result))

    # --- ending early --------------------------------------------------------------------------

    def _heed_cancel(self) -> None:
        again, self._heeded = self._heeded > 0, self.cancelled
        self._drop_waiting("it was stopped before its turn came", "")
        if self._rules.wait_on_cancel and not again:
            self._drop_unstarted()
            self._rules.on_cancel(sorted(self._running))
            return
        changing = self._rules.wait_on_cancel  # a run that only reads waits for nobody
        for job in list(self._running.values()):
            self._abandon(job, AbandonedError.of(job.host.name, changing=changing))

    def _drop_unstarted(self) -> None:
        """Settle a host whose start was interrupted."""
        for name, job in list(self._running.items()):
            if not job.begun:
                del self._running[name]
                self._settle_error(job.host, NotStartedError(f"{name}: not started: stopped", ""))

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        if min(self._due(), default=now + 1) > now:
            return
        while self._take_next(0):  # a host that has answered by now is not late
            pass
        if self._end is not None and now >= self._end:
            allowed = f"the run's {self._rules.deadline:g} s"
            for host in self._take_waiting():
                self._settle_error(host, HostDeadlineError.not_asked(host.name, allowed))
            for job in list(self._running.values()):
                self._give_up(job, now, allowed)
        limit = self._rules.host_deadline
        for job in list(self._running.values()):
            if limit is not None and now - job.began >= limit:
                self._give_up(job, now, f"the {limit:g} s of each switch")

    def _give_up(self, job: Job, now: float, allowed: str) -> None:
        error = HostDeadlineError.no_answer(job.host.name, now - job.began, allowed)
        self._abandon(job, error)

    def _abandon(self, job: Job, error: VipkeeperError) -> None:
        if job.thread is not None:
            self._left[job.host.name] = job
            self._hanging.append(job)
            job.abandon()
        self._take(job, _failed(self._task, job.host, error))

    def _drop_blocked(self) -> None:
        """Give up hosts that wait for a key of a host that hangs, when no other host runs."""
        if self._running or not self._waiting or self._next_ready() is not None:
            return
        names = ", ".join(job.host.name for job in self._hanging if job.alive)
        self._drop_waiting(f"it must not run together with {names}, which hangs", "")

    def _drop_waiting(self, because: str, advice: str) -> None:
        for host in self._take_waiting():
            self._settle_error(
                host, NotStartedError(f"{host.name}: not started: {because}", advice)
            )

    def _take_waiting(self) -> list[Host]:
        waiting, self._waiting = self._waiting, []
        return waiting

    # --- results -------------------------------------------------------------------------------

    def _settle_error(self, host: Host, error: VipkeeperError) -> None:
        self._settle(host, _failed(self._task, host, error))

    def _settle(self, host: Host, result: MultiResult) -> None:
        self._results[host.name] = result
        self._rules.on_result(host.name, result)

    def _due(self) -> list[float]:
        """Return the times of the deadlines."""
        due = [] if self._end is None else [self._end]
        if self._rules.host_deadline is not None:
            due += [job.began + self._rules.host_deadline for job in self._running.values()]
        return due

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline or start; None when there is none."""
        due = self._due()
        if self._waiting and len(self._running) < self._rules.num_workers:
            due += [self._next_start] if self._next_start > time.monotonic() else []
        return max(min(due) - time.monotonic(), 0) if due else None


def _failed(task: Task, host: Host, error: BaseException) -> MultiResult:
    result = Result(host, result=str(error), failed=True, exception=error)
    result.name = task.name  # type: ignore[assignment] # Nornir's own code sets it so
    results = MultiResult(task.name)
    results.append(result)
    return results
