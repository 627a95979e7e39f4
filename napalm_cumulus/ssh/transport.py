"""Running commands on a switch: exec channels, no terminal, no prompt to guess."""

from __future__ import annotations

import secrets
import shlex
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import paramiko

from napalm_cumulus import errors
from napalm_cumulus.result import CommandResult, ended
from napalm_cumulus.ssh.connect import SshConnection, connect
from napalm_cumulus.ssh.log import SessionLog

if TYPE_CHECKING:
    from napalm_cumulus.ssh.options import SshOptions

__all__ = ["CommandResult", "SshTransport", "Transport"]

_CHUNK = 256 * 1024
_ALIVE_TIMEOUT = 5.0
_SHOWN_COMMAND = 200
#: So many packets of at most 32 KiB may wait unread: a quarter of a channel's window.
_PACKETS = 16
_NO_STATUS = -1


class Transport(Protocol):
    """A way to run commands on one switch, as root when so configured."""

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """Run one `sh` command line to its end."""
        ...

    def is_alive(self) -> bool:
        """Whether commands can be run now."""
        ...

    def close(self) -> None:
        """End the session; may be called twice."""
        ...


class SshTransport:
    """Commands over one SSH connection, each on an exec channel of its own.

    A command ends when it has closed its output: a background job must redirect its stdout and
    stderr, or it is waited for as with `ssh host command`.
    """

    def __init__(self, options: SshOptions) -> None:
        self.options = options
        self._log = _session_log(options)
        whole = options.session_timeout
        self._end = None if whole is None else time.monotonic() + whole
        try:
            self._connection: SshConnection = connect(options)
        except BaseException as error:
            if self._log is not None:
                self._log.note(f"not opened: {type(error).__name__}: {error}")
            raise
        if self._log is not None:
            self._log.note("opened")

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """Run one `sh` command line, as root when `sudo` is set.

        Raises:
            CommandTimeoutException: It did not end in time (it may still be running), or the
                session's own time is over (it was not begun).
            ConnectionClosedException: The session was lost (it may still be running).
            CommandErrorException: It wrote more than the configured limit.
            ConnectAuthError: sudo wants a password that is missing or wrong.
        """
        begun = time.monotonic()
        try:
            self._require_time(command)
            result = self._run(command, stdin, timeout)
        except BaseException as error:
            if self._log is not None:
                self._log.failed(command, stdin, time.monotonic() - begun, error)
            raise
        if self._log is not None:
            self._log.ran(result, stdin, time.monotonic() - begun)
        return result

    def _run(self, command: str, stdin: bytes, timeout: float | None) -> CommandResult:
        options = self.options
        limit = options.command_timeout if timeout is None else timeout
        if not options.sudo:
            return _Exchange(self, command, _sh(command), stdin=stdin, timeout=limit).result()
        if options.sudo_password is None:
            wrapped = f"sudo -n -- {_sh(command)}"
            result = _Exchange(self, command, wrapped, stdin=stdin, timeout=limit).result()
            self._check_sudo(result)
            return result
        prompt, ready = secrets.token_hex(16), secrets.token_hex(16)
        # sudo asks with our own random prompt and the command announces itself with another
        # random word, so the password is sent exactly when sudo reads it: never to the command,
        # not even where sudo asks no password.
        inner = f"printf %s {ready}; exec {_sh(command)}"
        wrapped = f"sudo -S -p {prompt} -- {_sh(inner)}"
        login = _SudoLogin(prompt.encode(), ready.encode(), options.sudo_password)
        return _Exchange(self, command, wrapped, stdin=stdin, timeout=limit, login=login).result()

    def is_alive(self) -> bool:
        """Whether a command can be run: asks the switch, does not trust the socket."""
        if self._over():
            self.close()
            return False
        if not self._connection.transport.is_active():
            return False
        try:
            probe = _Exchange(self, "true", "true", stdin=b"", timeout=_ALIVE_TIMEOUT)
            return probe.result(probing=True).exit_status == 0
        except (
            errors.CommandTimeoutException,
            errors.ConnectionClosedException,
            errors.CommandErrorException,
        ):
            return False

    def close(self) -> None:
        """End the session and those of the jump hosts."""
        if self._log is not None and self.connected():
            self._log.note("closed")
        self._connection.close()

    def open_channel(self, timeout: float) -> paramiko.Channel:
        """A fresh session channel.

        Raises:
            ConnectionClosedException: The session is gone.
            CommandErrorException: The switch allows no further channel.
        """
        try:
            return self._connection.transport.open_session(timeout=max(timeout, 0.1))
        except paramiko.ChannelException as error:
            raise errors.CommandErrorException(
                f"{self.options.address} refused another channel on this session: {error.text}. "
                "Too many commands may be running at once (sshd's MaxSessions)."
            ) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self.lost(error) from error

    def connected(self) -> bool:
        """Whether the connection stands, without asking the switch."""
        return self._connection.transport.is_active()

    def lost(self, cause: object = None, *, doing: str = "") -> errors.ConnectionClosedException:
        """The error for a session that is gone."""
        because = f": {cause}" if cause and str(cause) else ""
        during = (
            f" while running {_shown(doing)}. The command may still be running there"
            if doing
            else ""
        )
        return errors.ConnectionClosedException(
            f"The SSH session with {self.options.address} is lost{because}{during}. Open a new "
            "session and look at the switch's state before you go on."
        )

    def _over(self) -> bool:
        """Whether the time of the whole session is over."""
        return self._end is not None and time.monotonic() >= self._end

    def _require_time(self, command: str) -> None:
        if self._over():
            self.close()
            raise errors.CommandTimeoutException(
                f"{_shown(command)} was not begun on {self.options.address}: the session's "
                f"{self.options.session_timeout:g} s (session_timeout) are over, and it is "
                "closed. Open a new session, or allow more."
            )

    def _check_sudo(self, result: CommandResult) -> None:
        if result.exit_status == 1 and result.stderr.lstrip().startswith(b"sudo: "):
            raise errors.ConnectAuthError(
                f"sudo on {self.options.address} refused user {self.options.user!r}: "
                f"{_text(result.stderr)}. Give the user NOPASSWD rights or set sudo_password."
            )


@dataclass
class _SudoLogin:
    """How far the conversation with sudo has come."""

    prompt: bytes
    ready: bytes
    password: str
    asked: bool = False


class _Bell(threading.Event):
    """Rung by either output of a channel; only its waiter silences it.

    paramiko clears a buffer's event when that buffer is empty, which would swallow the other
    one's ring. And it rings for every packet, of which an answer may have hundreds: waking up for
    each costs more than reading them, so most of the time only some are heard, and the end.
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
        """Ignore paramiko's wish."""

    def silence(self) -> None:
        super().clear()


class _Exchange:
    """One command on one channel, from request to exit status."""

    def __init__(
        self,
        owner: SshTransport,
        command: str,
        wrapped: str,
        *,
        stdin: bytes,
        timeout: float,
        login: _SudoLogin | None = None,
    ) -> None:
        self._owner = owner
        self._command = command
        self._stdin = stdin
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._login = login
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._writer: threading.Thread | None = None
        self._channel = owner.open_channel(min(timeout, owner.options.connect_timeout))
        self._bell = _Bell(self._channel)
        try:
            self._channel.settimeout(max(self._left(), 0.1))
            self._channel.exec_command(wrapped)
        except (paramiko.SSHException, EOFError, OSError) as error:
            _close(self._channel)
            if isinstance(error, paramiko.SSHException) and owner.connected():
                raise errors.CommandErrorException(
                    f"{owner.options.address} did not take the command {_shown(command)}: {error}. "
                    f"Check that user {owner.options.user!r} may run commands."
                ) from error
            raise owner.lost(error, doing=command) from error

    def result(self, *, probing: bool = False) -> CommandResult:
        """Feed and read until the command has ended."""
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
        # No status: a signal killed the command, or the session went down with it.
        if status == _NO_STATUS and not probing and not self._owner.is_alive():
            raise self._owner.lost(doing=self._command)
        if self._login is not None:
            raise self._sudo_refused(status)  # it ended before the command had begun
        return CommandResult(self._command, status, bytes(self._stdout), bytes(self._stderr))

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _read_all(self) -> None:
        channel = self._channel
        while True:
            self._bell.silence()
            # In the conversation with sudo every packet counts.
            self._bell.every = _PACKETS if self._login is None else 1
            # Looked at before draining: what arrives between the two is seen in the next round.
            ended = channel.closed or (channel.eof_received)
            self._drain()
            if self._login is not None:
                self._talk_to_sudo(self._login)
            if self._too_much():
                raise errors.CommandErrorException(
                    f"{_shown(self._command)} on {self._owner.options.address} wrote more than "
                    f"{self._owner.options.max_output} bytes; it was cut off. Ask for less, or "
                    "raise max_output."
                )
            if ended:
                return
            if not self._bell.wait(max(self._left(), 0.0)):
                raise self._late()

    def _drain(self) -> None:
        # A switch that floods refills the window while it is read: the bound holds in here too.
        channel = self._channel
        while channel.recv_ready() and not self._too_much():
            self._stdout += channel.recv(_CHUNK)
        while channel.recv_stderr_ready() and not self._too_much():
            self._stderr += channel.recv_stderr(_CHUNK)

    def _too_much(self) -> bool:
        return len(self._stdout) + len(self._stderr) > self._owner.options.max_output

    def _talk_to_sudo(self, login: _SudoLogin) -> None:
        if self._stdout.startswith(login.ready):
            # Everything on stderr so far was sudo's: its prompt, its lecture.
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

    def _sudo_refused(self, status: int = _NO_STATUS) -> errors.ConnectAuthError:
        login = self._login
        options = self._owner.options
        if login is not None and login.asked:
            return errors.ConnectAuthError(
                f"sudo on {options.address} refused user {options.user!r}: wrong password. "
                "Check sudo_password."
            )
        said = _text(bytes(self._stderr))
        return errors.ConnectAuthError(
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
        # A command that ends without reading its input is no error: its exit status tells.
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.settimeout(None)
            view = memoryview(data)
            for start in range(0, len(view), _CHUNK):
                self._channel.sendall(bytes(view[start : start + _CHUNK]))
            self._channel.shutdown_write()

    def _late(self) -> errors.CommandTimeoutException:
        if not self._owner.connected():
            raise self._owner.lost(doing=self._command)
        return errors.CommandTimeoutException(
            f"{_shown(self._command)} on {self._owner.options.address} did not end within "
            f"{self._timeout:g} s. It may still be running on the switch. Look there, or allow "
            "more with command_timeout."
        )


def _session_log(options: SshOptions) -> SessionLog | None:
    if options.session_log is None:
        return None
    secrets = (options.password, options.passphrase, options.sudo_password)
    return SessionLog(options.session_log, f"{options.user}@{options.address}", secrets)


def _close(channel: paramiko.Channel) -> None:
    # On a connection that broke this moment, saying goodbye fails.
    with suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def _sh(command: str) -> str:
    return f"sh -c {shlex.quote(command)}"


def _shown(command: str) -> str:
    """The command for a message: one line, not too long."""
    first, newline, _ = command.partition("\n")
    cut = first[:_SHOWN_COMMAND]
    return repr(cut + ("…" if newline or len(first) > len(cut) else ""))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").strip()
