"""The result of a command on a switch."""

from __future__ import annotations

import signal
from dataclasses import dataclass

_SIGNALLED = 128  # a shell returns 128 plus the signal's number


@dataclass(frozen=True)
class CommandResult:
    """The result of a command; an ``exit_status`` of -1 means that a signal killed it."""

    command: str
    exit_status: int
    stdout: bytes
    stderr: bytes

    @property
    def reason(self) -> str:
        """Return why it failed, in its own words; or how it ended, if it printed nothing."""
        lines = (line.strip() for line in self.stderr.decode("utf-8", "replace").splitlines())
        return "; ".join(line for line in lines if line) or ended(self.exit_status)


def ended(status: int) -> str:
    """Return, in words, how a command ended that printed nothing.

    >>> ended(2), ended(137)
    ('it said nothing and ended with exit status 2', 'it said nothing and was killed by SIGKILL')
    >>> ended(-1)
    'it said nothing and was killed by a signal'
    """
    said = "it said nothing and"
    if status < 0:
        return f"{said} was killed by a signal"
    try:
        name = signal.Signals(status - _SIGNALLED).name
    except ValueError:
        return f"{said} ended with exit status {status}"
    return f"{said} was killed by {name}"
