"""A log of what was run over a session, for finding out what went wrong on which switch.

It is bounded, readable by its owner alone, and holds no secret as far as secrets can be told. What
goes wrong with the log never disturbs the session.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets as random
import stat
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from napalm_cumulus import batch, errors
from napalm_cumulus.redaction import longest, redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napalm_cumulus.result import CommandResult

#: A log that would grow beyond it becomes the old log; the one before that is gone.
LIMIT = 1024 * 1024
_ENTRY = LIMIT // 4
_COMMAND = 500
_OUTPUT = 1000
#: How much of an output is looked at; redaction may shorten what it finds there.
_WINDOW = 16 * 1024
_ATTEMPTS = 50
_PAUSE = 0.01
_MODE = 0o600
_LOG = logging.getLogger("napalm_cumulus.ssh.log")
_LOG.addHandler(logging.NullHandler())


class SessionLog:
    """The log of one session; sessions, threads and processes may share the file."""

    def __init__(self, path: Path, session: str, secrets: Iterable[str | None]) -> None:
        """Remember where to write; nothing is written yet.

        Args:
            path: the file. When it is full it is renamed to end in ``.1``.
            session: whose log it is, as ``root@10.5.0.43:22``; written on every line.
            secrets: what must never be written.
        """
        known = tuple(secrets)
        self._path = path
        self._session = f"{session} [{random.token_hex(2)}]"
        self._redact = redactor(known)
        self._longest = longest(known)
        self._complained = False

    def note(self, event: str) -> None:
        """Write that something happened to the session."""
        self._write(lambda: [f"{self._session} {self._shown(event, _OUTPUT)}"])

    def ran(self, result: CommandResult, stdin: bytes, seconds: float) -> None:
        """Write what a command left behind; a batch becomes one entry with all its commands."""
        self._write(
            lambda: [
                self._head(f"exit {result.exit_status}", seconds, stdin, result.command),
                *self._results(result, stdin),
            ]
        )

    def failed(self, command: str, stdin: bytes, seconds: float, error: BaseException) -> None:
        """Write that a command gave no result."""

        def lines() -> list[str]:
            sent = batch.read(stdin) if command == batch.SHELL else None
            commands = sent[1] if sent else []
            return [
                self._head("no result", seconds, stdin, command),
                *(f"    $ {self._shown(each, _COMMAND)}" for each in commands),
                f"    {type(error).__name__}: {self._shown(str(error), _OUTPUT)}",
            ]

        self._write(lines)

    def _head(self, outcome: str, seconds: float, stdin: bytes, command: str) -> str:
        shown = self._shown(command, _COMMAND)
        return f"{self._session} {outcome}, {seconds:.3f} s, stdin {len(stdin)} B: {shown}"

    def _results(self, result: CommandResult, stdin: bytes) -> list[str]:
        sent = batch.read(stdin) if result.command == batch.SHELL else None
        if sent is not None:
            boundary, commands = sent
            try:
                results = batch.parse(commands, boundary, result.stdout, result.stderr)
            except errors.CommandErrorException:
                pass  # it did not run to its end: shown as it is
            else:
                lines = []
                for each in results:
                    lines.append(
                        f"    $ {self._shown(each.command, _COMMAND)} (exit {each.exit_status})"
                    )
                    lines += self._outputs(each)
                return lines
        return self._outputs(result)

    def _outputs(self, result: CommandResult) -> list[str]:
        return [
            f"    {name} {len(data)} B: {self._shown(data, _OUTPUT)}"
            for name, data in (("stdout", result.stdout), ("stderr", result.stderr))
            if data
        ]

    def _shown(self, data: bytes | str, limit: int) -> str:
        """Return one line without secrets and control characters, not too long."""
        window = data[:_WINDOW]
        text = window if isinstance(window, str) else window.decode("utf-8", "replace")
        redacted = self._redact(text)
        cut = len(data) > len(window)
        if cut:  # half a secret at the end is none that is recognised
            redacted = redacted[: max(len(redacted) - self._longest, 0)]
        redacted = redacted.rstrip("\n")
        shown = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in redacted[:limit]
        )
        return shown + ("…" if cut or len(redacted) > limit else "")

    def _write(self, lines: Callable[[], list[str]]) -> None:
        try:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            text = "\n".join(lines())
            entry = f"{now.replace('+00:00', 'Z')} {text}".encode("utf-8", "replace")
            if len(entry) > _ENTRY:
                entry = entry[:_ENTRY] + "…".encode()
            _append(self._path, entry + b"\n")
        # Whatever it is: a session, perhaps in the midst of a change, does not end for its log.
        except Exception as error:  # noqa: BLE001
            if not self._complained:
                self._complained = True
                reason = getattr(error, "strerror", None) or error
                _LOG.warning(
                    "The session log %s cannot be written (%s). The session goes on without it.",
                    self._path,
                    reason,
                )


def _append(path: Path, entry: bytes) -> None:
    """Add an entry, alone on the file; rename a full file first.

    Raises:
        OSError: it cannot be written, or it is not a file of ours.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    for _ in range(_ATTEMPTS):
        handle = os.open(path, flags, _MODE)
        try:
            if _append_to(handle, path, entry):
                return
        finally:
            os.close(handle)
    raise TimeoutError(errno.ETIMEDOUT, "somebody else holds its lock")


def _append_to(handle: int, path: Path, entry: bytes) -> bool:
    """Return whether the entry is written; if not, the file is in use or not the current one."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "the file belongs to another user")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_PAUSE)
        return False
    status = os.fstat(handle)
    try:
        if not os.path.samestat(status, os.stat(path)):  # noqa: PTH116 - Path has no samestat
            return False  # somebody has renamed it since it was opened
    except FileNotFoundError:
        return False
    if status.st_size and status.st_size + len(entry) > LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
        return False
    if stat.S_IMODE(status.st_mode) != _MODE:
        os.fchmod(handle, _MODE)
    view = memoryview(entry)
    while view:
        view = view[os.write(handle, view) :]
    return True
