"""``vip watch``: repeats the check over kept connections, for Prometheus and for a log."""

from __future__ import annotations

import queue
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.text import Text

from inventory.errors import ExitCode, VipkeeperError
from nornir_config.stopping import STOPS
from runbooks.check import prepare
from runbooks.fleet.checker import Checker
from runbooks.monitor.changes import Change, Changes, append
from runbooks.monitor.metrics import LatestRound, served
from runbooks.monitor.refresh import Refresh, same_switches
from runbooks.output.text import STYLES, about, counted, headline
from runbooks.run.records import now
from runbooks.run.story import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from nornir_config.settings import Settings
    from runbooks.check import CheckRequest
    from runbooks.fleet.assess import CheckOptions
    from runbooks.fleet.sources import Sources
    from runbooks.monitor.refresh import Prepared
    from tasks.health.model import FleetHealth


@dataclass(frozen=True)
class WatchOptions:
    """The options of ``vip watch``; None takes the value of the settings.

    Attributes:
        interval: seconds from the beginning of one round to that of the next.
        listen: address and port for Prometheus.
        log: the file of changes.
        rounds: end after so many rounds; None goes on until a signal.
    """

    interval: float | None = None
    listen: str | None = None
    log: Path | None = None
    rounds: int | None = None


def run_watch(
    settings: Settings,
    sources: Sources,
    request: CheckRequest,
    options: WatchOptions,
    console: Console,
) -> int:
    """Watch until SIGTERM, SIGHUP or Ctrl-C; return the exit code.

    Raises:
        UsageError: it is not possible to listen at that address.
        RecordError: the log cannot be written.
        VipkeeperError: there is nothing to watch.
    """

    def ask() -> Prepared:
        return prepare(settings, sources.for_run(settings, request.pace), request)

    latest = LatestRound()
    watch = _Watch(settings, request, ask, latest, options, console)
    with ExitStack() as stack:
        stack.callback(watch.close)
        where = stack.enter_context(served(latest, options.listen or settings.watch.listen))
        ears = stack.enter_context(_told_to_end(watch.cancel))
        number = len(watch.selected.inventory.hosts)
        watch.log({"at": now(), "event": "started", "switches": number})
        watched = counted(number, "switch", "switches")
        watch.tell(f"watching {watched}, metrics at {where}", "dim")
        watch.go(ears)
        watch.log({"at": now(), "event": "stopped", "rounds": latest.rounds})
    watch.tell("stopped; every connection is closed", "dim")
    return ExitCode.OK


class _Watch:
    """The rounds of ``vip watch``."""

    def __init__(  # noqa: PLR0917 - all of it is the watch's own
        self,
        settings: Settings,
        request: CheckRequest,
        ask: Callable[[], Prepared],
        latest: LatestRound,
        options: WatchOptions,
        console: Console,
    ) -> None:
        self._settings = settings
        self._request = request
        self._latest = latest
        self._rounds = options.rounds
        self._interval = options.interval or settings.watch.interval
        self._path = options.log or settings.paths.watch
        self._console = console
        self._changes = Changes()
        self._refresh = Refresh(ask, settings.watch.refresh)
        self.selected, looking = ask()
        self._checker = self._make_checker(looking)

    def go(self, ears: queue.SimpleQueue[int]) -> None:
        """Check repeatedly, until a signal arrives or the rounds are over."""
        due = time.monotonic()
        while True:
            looked = self._checker.look()
            if looked.interrupted:
                return
            self._latest.health = looked.health
            self._latest.connections = self._checker.connections
            self._latest.rounds += 1
            self._tell_changes(looked.health)
            if self._rounds is not None and self._latest.rounds >= self._rounds:
                return
            # A round that took too long is followed by one round at once, not by all missed ones.
            due = max(due + self._interval, time.monotonic())
            try:
                ears.get(timeout=max(due - time.monotonic(), 0))
            except queue.Empty:
                self._take_inventory()
                continue
            return

    def cancel(self) -> None:
        """End the round that is under way; may be called from a signal handler."""
        self._checker.cancel()

    def close(self) -> None:
        """Close the connections."""
        self._checker.close()

    def _make_checker(self, looking: CheckOptions) -> Checker:
        names = sorted(self.selected.inventory.hosts)
        kept = frozenset(names[: self._settings.watch.keep])
        return Checker(
            self._settings, self.selected, replace(looking, keep=kept), self._request.pace
        )

    def _take_inventory(self) -> None:
        """Take over a new inventory, where there is one."""
        found = self._refresh.poll()
        if found is None:
            return
        if isinstance(found, VipkeeperError):
            self.tell(
                f"the inventory could not be read again, so the old one is kept: {found}", "yellow"
            )
            return
        selected, looking = found
        if same_switches(selected, self.selected):
            return
        self._checker.close()
        self.selected = selected
        self._checker = self._make_checker(looking)
        self.tell(f"the inventory has changed: {len(selected.inventory.hosts)} switches", "dim")

    def log(self, *lines: dict[str, object]) -> None:
        """Append to the log of changes.

        Raises:
            RecordError: it cannot be written.
        """
        append(self._path, lines)

    def tell(self, text: str, style: str = "") -> None:
        """Print a line on the terminal, with the time of day."""
        self._console.print(Text(f"{now().astimezone():%H:%M:%S} {text}", style=style))

    def _tell_changes(self, health: FleetHealth) -> None:
        changes = self._changes.update(health)
        if self._latest.rounds == 1:
            self.tell(f"{health.status.value}: {headline(health)}", STYLES[health.status])
        for change in changes:
            self.tell(_in_words(change), "green" if change.event == "cleared" else _style(change))
        if not changes:
            return
        try:
            self.log(*(change.as_line() for change in changes))
        except VipkeeperError as error:
            # The rounds go on when the disk is full.
            self.tell(str(error), "yellow")


def _style(change: Change) -> str:
    return STYLES[change.finding.status]


def _in_words(change: Change) -> str:
    found = change.finding
    what = " ".join(part for part in (found.switch or "fleet", found.check, about(found)) if part)
    if change.event == "cleared":
        return printable(f"cleared  {what} after {change.seconds:.0f} s")
    was = f" (was {change.was})" if change.was else ""
    return printable(f"{found.status.value:<8} {what}{was}: {found.evidence}")


@contextmanager
def _told_to_end(cancel: Callable[[], None]) -> Iterator[queue.SimpleQueue[int]]:
    """Put the signals to stop into the queue that is yielded; each ends the round under way."""
    ears: queue.SimpleQueue[int] = queue.SimpleQueue()

    def hear(number: int, _: Any) -> None:  # noqa: ANN401 - a frame
        ears.put(number)
        cancel()

    # Under nohup a closed terminal must not end it.
    heard = [n for n in STOPS if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield ears
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
