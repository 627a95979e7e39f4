"""One command on one exec channel: its input, its output, its end, and sudo."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import paramiko

from napalm_cumulus import errors
from napalm_cumulus.result import CommandResult, ended

if TYPE_CHECKING:
    from napalm_cumulus.ssh.options import SshOptions

_CHUNK = 256 * 1024
_SHOWN = 200
#: So many packets of at most 32 KiB may wait unread: a quarter of a channel's window.
_PACKETS = 16
_NO_STATUS = -1


class Session(Protocol):
    """The SSH session in which a command runs."""

    options: SshOptions

    def open_channel(self, timeout: float) -> paramiko.Channel:
        """Open a new session channel."""
        ...

    def connected(self) -> bool:
        """Return whether the connection is up, without asking the switch."""
        ...

    def is_alive(self) -> bool:
        """Return whether a command can be run."""
        ...

    def lost(self, cause: object = None, *, doing: str = "") -> errors.ConnectionClosedException:
        """Return the error for a lost session."""
        ...


@dataclass
class SudoLogin:
    """The state of the conversation with sudo."""

    prompt: bytes
    ready: bytes
    password: str
    asked: bool = False


class _Bell(threading.Event):
    """Set by either output of a channel; only its waiter clears it.

    paramiko clears a buffer's event when that buffer is empty, which would also lose the event of
    the other one. And it sets the event for every packet, of which an answer may have hundreds.
    Waking up for each costs more than reading them, so most of the time only some are noticed, and
    the end.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        super().__init__()
        self._channel = channel
        self._packets = 0
        self.every = 1

    def set(self) -> None:
        """Note a packet, or the end; called by the channel's own thread."""
        self._packets += 1
        ended = self._channel.eof_received or self._channel.closed
        if ended or self._packets % self.every == 0:
            super().set()

    def clear(self) -> None:
        """Ignore paramiko's call, which it makes when one buffer is empty."""

    def silence(self) -> None:
        super().clear()


class Exchange:
    """One command on one channel, from request to exit status."""

    def __init__(
        self,
        session: Session,
        command: str,
        wrapped: str,
        *,
        stdin: bytes,
        timeout: float,
        login: SudoLogin | None = None,
    ) -> None:
        self._session = session
        self._command = command
        self._stdin = stdin
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._login = login
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._writer: threading.Thread | None = None
        self._channel = session.open_channel(timeout)
        self._bell = _Bell(self._channel)
        try:
            self._channel.settimeout(max(self._left(), 0.1))
            self._channel.exec_command(wrapped)
        except (paramiko.SSHException, EOFError, OSError) as error:
            _close(self._channel)
            if isinstance(error, paramiko.SSHException) and session.connected():
                raise errors.CommandErrorException(
                    f"{session.options.address} did not take the command {shown(command)}: "
                    f"{error}. Check that user {session.options.user!r} may run commands."
                ) from error
            raise session.lost(error, doing=command) from error

    def result(self, *, probing: bool = False) -> CommandResult:
        """Write the input and read the output until the command has ended; return its result."""
        channel = self._channel
        try:
            channel.in_buffer.set_event(self._bell)
            channel.in_stderr_buffer.set_event(self._bell)
            if self._login is None:
                self._start_writer(self._stdin)
            self._read_all()
            if not channel.status_event.wait(max(self._left(), 0.0)):
                raise self._late()
            status = channel.exit_status
        finally:
            _close(channel)
            if self._writer is not None:
                self._writer.join(1)
        # Without a status a signal killed the command, or the session was lost during it.
        if status == _NO_STATUS and not probing and not self._session.is_alive():
            raise self._session.lost(doing=self._command)
        if self._login is not None:
            raise self._sudo_refused(status)  # it ended before the command began
        return CommandResult(self._command, status, bytes(self._stdout), bytes(self._stderr))

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _read_all(self) -> None:
        channel = self._channel
        while True:
            self._bell.silence()
            # During the conversation with sudo every packet counts.
            self._bell.every = _PACKETS if self._login is None else 1
            # Checked before draining: packets that arrive in between are seen in the next round.
            ended = channel.closed or (channel.eof_received)
            self._drain()
            if self._login is not None:
                self._talk_to_sudo(self._login)
            if self._too_much():
                raise errors.CommandErrorException(
                    f"{shown(self._command)} on {self._session.options.address} wrote more than "
                    f"{self._session.options.max_output} bytes; it was cut off. Ask for less, or "
                    "raise max_output."
                )
            if ended:
                return
            if not self._bell.wait(max(self._left(), 0.0)):
                raise self._late()

    def _drain(self) -> None:
        # A switch that floods refills the window while it is read, so the limit must hold in here
        # too.
        channel = self._channel
        while channel.recv_ready() and not self._too_much():
            self._stdout += channel.recv(_CHUNK)
        while channel.recv_stderr_ready() and not self._too_much():
            self._stderr += channel.recv_stderr(_CHUNK)

    def _too_much(self) -> bool:
        return len(self._stdout) + len(self._stderr) > self._session.options.max_output

    def _talk_to_sudo(self, login: SudoLogin) -> None:
        if self._stdout.startswith(login.ready):
            # All of stderr so far is sudo's: its prompt, its lecture.
            del self._stdout[: len(login.ready)]
            self._stderr.clear()
            self._login = None
            self._start_writer(self._stdin)
            return
        prompts = self._stderr.count(login.prompt)
        if prompts > 1:
            raise self._sudo_refused()
        if prompts == 1 and not login.asked:
            login.asked = True
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.sendall(login.password.encode() + b"\n")

    def _sudo_refused(self, status: int = _NO_STATUS) -> errors.SudoRefusedError:
        login = self._login
        options = self._session.options
        if login is not None and login.asked:
            return errors.SudoRefusedError(
                f"sudo on {options.address} refused user {options.user!r}: wrong password. "
                "Check sudo_password."
            )
        said = text(bytes(self._stderr))
        return errors.SudoRefusedError(
            f"sudo on {options.address} did not run the command for user {options.user!r}: "
            f"{said or ended(status)}. Check that the user may use sudo."
        )

    def _start_writer(self, data: bytes) -> None:
        if not data:
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.shutdown_write()
            return
        self._writer = threading.Thread(target=self._write, args=(data,), daemon=True)
        self._writer.start()

    def _write(self, data: bytes) -> None:
        # A command that ends without reading its input is no error; its exit status tells.
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.settimeout(None)
            view = memoryview(data)
            for start in range(0, len(view), _CHUNK):
                self._channel.sendall(bytes(view[start : start + _CHUNK]))
            self._channel.shutdown_write()

    def _late(self) -> errors.CommandTimeoutException:
        if not self._session.connected():
            raise self._session.lost(doing=self._command)
        return errors.CommandTimeoutException(
            f"{shown(self._command)} on {self._session.options.address} did not end within "
            f"{self._timeout:g} s. It may still be running on the switch. Look there, or allow "
            "more with command_timeout."
        )


def _close(channel: paramiko.Channel) -> None:
    # Closing fails on a connection that has just broken.
    with suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def shown(command: str) -> str:
    """Return the command for a message: one line, not too long."""
    first, newline, _ = command.partition("\n")
    cut = first[:_SHOWN]
    return repr(cut + ("…" if newline or len(first) > len(cut) else ""))


def text(data: bytes) -> str:
    """Return the output as text, without blanks around it."""
    return data.decode("utf-8", errors="replace").strip()
