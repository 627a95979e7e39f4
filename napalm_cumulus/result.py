"""What a command on a switch leaves behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CommandResult:
    """What a command left behind. An `exit_status` of -1 means it was killed by a signal."""

    command: str
    exit_status: int
    stdout: bytes
    stderr: bytes
