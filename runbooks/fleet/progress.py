"""The progress of a round: a bar on a terminal, a line for each switch elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from inventory.names import short_host
from runbooks.output.text import STYLES
from runbooks.run.story import make_console, printable
from tasks.faults.model import Status
from tasks.health.model import SwitchHealth

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


class Bar:
    """A bar that disappears at the end of the round.

    Switches that are not well are told above it.
    """

    def __init__(self, console: Console, doing: str = "checking") -> None:
        self._console = console
        self._doing = doing
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def begin(self, total: int) -> None:
        """Show the bar."""
        self._bar = Progress(
            TextColumn(self._doing, markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)
        self._bar.start()

    def done(self, health: SwitchHealth) -> None:
        """Move the bar on."""
        well = health.status is Status.OK
        self.tell(health.switch, "" if well else _line(health), STYLES[health.status])

    def tell(self, switch: str, line: str, style: str = "") -> None:
        """Move the bar on; a line is told above it unless it is empty."""
        if self._bar is None or self._task is None:
            return
        self._bar.update(self._task, advance=1, description=printable(short_host(switch)))
        if line:
            self._bar.console.print(line, style=style)

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Silence:
    """Shows nothing."""

    def begin(self, total: int) -> None:
        """Do nothing."""

    def done(self, health: SwitchHealth) -> None:
        """Do nothing."""

    def tell(self, switch: str, line: str, style: str = "") -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


def progress_of(
    doing: str = "checking", *, bar: bool = True, lines: bool = True
) -> Bar | Lines | Silence:
    """Return a bar for a terminal, lines for a pipe that a person reads, and else silence.

    Args:
        doing: what is done, in front of the bar.
        bar: whether a terminal is shown anything.
        lines: whether a pipe is.
    """
    console = make_console(stderr=True)
    if bar and console.is_terminal:
        return Bar(console, doing)
    return Lines(console) if lines else Silence()


class Lines:
    """Prints a line for each switch as its outcome comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._number = 0

    def begin(self, total: int) -> None:
        """Store the number of switches."""
        self._total, self._number = total, 0

    def done(self, health: SwitchHealth) -> None:
        """Tell the outcome of a switch."""
        self.tell(health.switch, _line(health))

    def tell(self, switch: str, line: str, style: str = "") -> None:
        """Tell the outcome of a switch; its name where the line is empty."""
        self._number += 1
        self._console.print(
            f"{self._number}/{self._total} {line or printable(switch)}", style=style
        )

    def end(self) -> None:
        """Do nothing."""


def _line(health: SwitchHealth) -> str:
    line = f"{printable(health.switch)} {health.status.value}"
    worst = max(health.findings, key=lambda finding: finding.status.weight, default=None)
    if worst is None or worst.status is Status.OK:
        return line
    more = f" (+{len(health.findings) - 1})" if len(health.findings) > 1 else ""
    return f"{line} {printable(worst.check)} {printable(worst.subject)}".rstrip() + more
