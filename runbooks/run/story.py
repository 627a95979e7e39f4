"""What a run tells while it runs: to the person at once, and to the report at the end."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from runbooks.run.records import now

if TYPE_CHECKING:
    from datetime import datetime
    from typing import TextIO

_MARKS = {
    "ok": ("✓", "green"),
    "info": ("·", "dim"),
    "warn": ("!", "yellow"),
    "fail": ("✗", "red"),
    "do": ("►", "cyan"),
}
_PLAIN_MARKS = {"✓": "+", "·": "-", "!": "!", "✗": "x", "►": ">"}
_WIDTH = 13
_WIDE = 200


@dataclass(frozen=True)
class Event:
    """One moment of a run.

    Attributes:
        at: when (UTC).
        step: the system or the stage (``Mimic``, ``toggle``).
        kind: ``ok``, ``info``, ``warn``, ``fail`` or ``do``.
        text: what was found or done.
    """

    at: datetime
    step: str
    kind: str
    text: str


class QuietPipeConsole(Console):
    """A console that falls silent when its reader has gone, and lets the run go on.

    Neither ``vip heal ... | head`` nor a closed terminal nor a full disk behind ``>`` may end a
    repair half way, or keep its report from being written.
    """

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 - rich's own
        """Print, for as long as anybody reads."""
        try:
            super().print(*objects, **how)
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Write into nothing from now on, also what is left over when Python ends."""
        self.quiet = True
        with suppress(OSError, ValueError):  # a file that is none of the system's
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self.file.fileno())
            os.close(devnull)


def make_console(*, stderr: bool = False) -> Console:
    """A console that writes plain whole lines where nobody sits at a terminal."""
    file = forgiving(sys.stderr if stderr else sys.stdout)
    return QuietPipeConsole(
        file=file,
        width=None if file.isatty() else _WIDE,
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=True,
    )


def forgiving(file: TextIO) -> TextIO:
    """The same file; what its encoding does not have is a ``?`` from now on, and no failure."""
    if isinstance(file, io.TextIOWrapper) and file.errors in {"strict", "surrogateescape"}:
        file.reconfigure(errors="replace")
    return file


def printable(text: str) -> str:
    r"""Text that does nothing to a terminal: VM names and files on switches are other people's.

    >>> printable("vm\x1b[2J"), printable("a\tb")
    ('vm\\x1b[2J', 'a\tb')
    """
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


class Story:
    """Prints events as they happen, and keeps them."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console = console
        self._quiet = quiet
        self.events: list[Event] = []

    def tell(self, step: str, text: str, kind: str = "ok") -> None:
        """Tell that something was found or done."""
        text = printable(text)
        self.events.append(Event(now(), step, kind, text))
        if self._quiet:
            return
        mark, style = _MARKS[kind]
        line = Text(f"{self._printable(mark)} ", style=style)
        line.append(f"{step:<{_WIDTH}} ", style="bold")
        line.append(text, style=style if kind in {"warn", "fail"} else "")
        self.console.print(line)

    def show_diff(self, diff: str) -> None:
        """Show a configuration difference, indented below the step it belongs to."""
        if self._quiet:
            return
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in diff.splitlines():
            self.console.print(Text("    " + printable(line), style=styles.get(line[:1], "dim")))

    def _printable(self, mark: str) -> str:
        try:
            mark.encode(self.console.encoding)
        except (UnicodeEncodeError, LookupError):
            return _PLAIN_MARKS[mark]
        return mark
