"""The events of a run: shown to a person at once, and kept for the report."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from napalm_cumulus.redaction import without_secrets
from nornir_config.terminal import width_of
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


@dataclass(frozen=True)
class Event:
    """One event of a run.

    Attributes:
        at: when (UTC).
        step: the system or the step (``Mimic``, ``toggle``).
        kind: ``ok``, ``info``, ``warn``, ``fail`` or ``do``.
        text: what was found or done.
    """

    at: datetime
    step: str
    kind: str
    text: str


class QuietPipeConsole(Console):
    """A console that becomes silent when its reader has gone, so that the run goes on.

    ``vip heal ... | head``, a closed terminal or a full disk behind ``>`` must not end a repair
    half way, and must not prevent its report from being written.
    """

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 - rich's own
        """Print, as long as somebody reads."""
        try:
            super().print(*objects, **how)
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Write into nothing from now on, also what is left over when Python ends."""
        self.quiet = True
        with suppress(OSError, ValueError):  # the file has no descriptor of its own
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self.file.fileno())
            os.close(devnull)


def make_table(*headings: str) -> Table:
    """Return a table for a person; a long text is folded, and none is cut off."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that writes plain whole lines where there is no terminal."""
    file = forgiving(sys.stderr if stderr else sys.stdout)
    return QuietPipeConsole(
        file=file,
        width=width_of(file),
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=True,
    )


def forgiving(file: TextIO) -> TextIO:
    """Return the file; it now writes ``?`` for a character that its encoding does not have."""
    if isinstance(file, io.TextIOWrapper) and file.errors in {"strict", "surrogateescape"}:
        file.reconfigure(errors="replace")
    return file


def printable(text: str) -> str:
    r"""Return a text without control characters: VM names and files on switches come from others.

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
        """Show a difference of configurations, indented below its step."""
        if self._quiet:
            return
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in without_secrets(diff).splitlines():
            self.console.print(Text("    " + printable(line), style=styles.get(line[:1], "dim")))

    def _printable(self, mark: str) -> str:
        try:
            mark.encode(self.console.encoding)
        except (UnicodeEncodeError, LookupError):
            return _PLAIN_MARKS[mark]
        return mark
