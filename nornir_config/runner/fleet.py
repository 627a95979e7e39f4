"""A Nornir runner for fleets: it keeps deadlines, can be cancelled, and never loses a host.

Nornir's threaded runner waits for ever for a host that hangs, and Ctrl-C does not stop it: every
queued host is still worked on. To use this runner in a Nornir configuration::

    runner:
      plugin: vipkeeper
      options: {num_workers: 50, deadline: 60}
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nornir_config.runner.errors import FleetInterrupt, NoHostsError
from nornir_config.runner.job import Job
from nornir_config.runner.run import FleetRun, RunnerOptions
from nornir_config.stopping import STOPS, interrupt, name_of

if TYPE_CHECKING:
    from nornir.core.inventory import Host
    from nornir.core.task import AggregatedResult, MultiResult, Task

#: Nornir closes the connections of its good hosts by a task of this name; there may be no such
#: host.
_CLOSING = "close_connections_task"


class FleetRunner:
    """Runs a task on many hosts at once; every host gets a result in any case."""

    def __init__(
        self,
        num_workers: int = 20,
        *,
        deadline: float | None = None,
        host_deadline: float | None = None,
        stagger: float = 0.0,
        stop_on_failure: bool = False,
        wait_on_cancel: bool = True,
        exclusive: Callable[[Host], Iterable[str]] | str | None = None,
        on_result: Callable[[str, MultiResult], None] | None = None,
        on_cancel: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """Take the options of all runs.

        Args:
            num_workers: the number of hosts at once.
            deadline: seconds for the whole run. After that no host is started, and running ones are
                abandoned: their connection is closed and their thread is left to end by itself. Use
                it only for reading; a change has a timer on the switch instead.
            host_deadline: the same for each host, from its own start.
            stagger: seconds between the starts of two hosts.
            stop_on_failure: start no other host after one has failed.
            wait_on_cancel: at Ctrl-C, SIGTERM or SIGHUP, let running hosts finish (a change ends or
                is rolled back). A second signal abandons them, except SIGHUP, which a closed
                terminal sends twice. False abandons them at once, for tasks that only read.
            exclusive: returns the keys of a host (a function, or the name of a datum of the host);
                hosts with a key in common never run at the same time.
            on_result: called in the caller's thread with each host's name and result, once.
            on_cancel: called at the signal with the names of the hosts that are still running.

        Raises:
            ValueError: a number is not valid.
        """
        if num_workers < 1 or stagger < 0 or min(deadline or 1, host_deadline or 1) <= 0:
            raise ValueError("num_workers and deadlines must be positive, and stagger not negative")
        self._rules = RunnerOptions(
            num_workers,
            deadline,
            host_deadline,
            stagger,
            stop_on_failure,
            wait_on_cancel,
            _keys_of(exclusive),
            on_result or (lambda *_: None),
            on_cancel or (lambda _: None),
        )
        self._left: dict[str, Job] = {}
        self._runs: set[FleetRun] = set()

    def run(self, task: Task, hosts: list[Host]) -> AggregatedResult:
        """Run a task on the hosts; Nornir calls this method of its runners.

        Raises:
            NoHostsError: there is no host.
            FleetInterrupt: ctrl-C; it holds the results so far.
        """
        if not hosts and task.name != _CLOSING:
            raise NoHostsError(
                f"no switch is left to run {task.name} on",
                "Check the names or the filter, and whether all of them have failed before.",
            )
        run = FleetRun(self._rules, task, hosts, self._left)
        self._runs.add(run)
        try:
            with _signals_to(run.cancel):
                results = run.go()
        finally:
            self._runs.discard(run)
        if run.cancelled:
            raise FleetInterrupt(results, run.stopped_by)
        return results

    def cancel(self) -> None:
        """Cancel the run as Ctrl-C does; may be called from any thread."""
        for run in list(self._runs):
            run.cancel()


def _keys_of(
    exclusive: Callable[[Host], Iterable[str]] | str | None,
) -> Callable[[Host], Iterable[str]]:
    if callable(exclusive):
        return exclusive
    if exclusive is None:
        return lambda _: ()
    return lambda host: [str(host[exclusive])] if exclusive in host.keys() else []  # noqa: SIM118 - Nornir's Host is no dict


@contextlib.contextmanager
def _signals_to(cancel: Callable[[str], None]) -> Iterator[None]:
    """Let the signals that raise KeyboardInterrupt cancel the run instead, at a safe point.

    An exception could interrupt the bookkeeping between any two of its lines.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard: list[int] = []

    def cancelled(number: int, _: Any) -> None:  # noqa: ANN401 - a frame
        again = number == signal.SIGHUP and bool(heard)
        heard.append(number)
        if not again:
            cancel(name_of(number))

    before = {number: signal.getsignal(number) for number in STOPS}
    raising = (signal.default_int_handler, interrupt)
    caught = [number for number in STOPS if before[number] in raising]
    try:
        for number in caught:
            signal.signal(number, cancelled)
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])
