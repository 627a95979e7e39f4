"""Runs commands on a switch, on exec channels: without a terminal and without a prompt."""

from __future__ import annotations

import secrets
import shlex
import threading
import time
from typing import TYPE_CHECKING, Protocol

import paramiko

from napalm_cumulus import errors
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.connect import SshConnection, connect
from napalm_cumulus.ssh.exchange import Exchange, SudoLogin, shown, text
from napalm_cumulus.ssh.log import SessionLog

if TYPE_CHECKING:
    from napalm_cumulus.ssh.options import SshOptions

_ALIVE_TIMEOUT = 5.0
#: Seconds between two attempts at a channel, and for which sshd may be closing the last one.
_PAUSE, _CLOSING = 0.05, 1.0


class Transport(Protocol):
    """Runs commands on one switch, as root if so configured."""

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """Run one ``sh`` command line to its end."""
        ...

    def is_alive(self) -> bool:
        """Return whether commands can be run now."""
        ...

    def close(self) -> None:
        """End the session; may be called twice."""
        ...


class SshTransport:
    """Runs commands over one SSH connection, each on an exec channel of its own.

    A command ends when it has closed its output. A background job must redirect its stdout and
    stderr; otherwise it is waited for, as with ``ssh host command``.
    """

    def __init__(self, options: SshOptions) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._channels: list[paramiko.Channel] = []
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
        """Run one ``sh`` command line, as root when ``sudo`` is set.

        Raises:
            CommandTimeoutException: it did not end in time (it may still be running), or the
                session's own time is over (it was not begun).
            ConnectionClosedException: the session was lost (it may still be running).
            CommandErrorException: it wrote more than the configured limit.
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
            return Exchange(self, command, _sh(command), stdin=stdin, timeout=limit).result()
        if options.sudo_password is None:
            wrapped = f"sudo -n -- {_sh(command)}"
            result = Exchange(self, command, wrapped, stdin=stdin, timeout=limit).result()
            self._check_sudo(result)
            return result
        prompt, ready = secrets.token_hex(16), secrets.token_hex(16)
        # sudo asks with our own random prompt, and the command announces itself with another random
        # word. So the password is sent exactly when sudo reads it, and never to the command, not
        # even if sudo asks for no password.
        inner = f"printf %s {ready}; exec {_sh(command)}"
        wrapped = f"sudo -S -p {prompt} -- {_sh(inner)}"
        login = SudoLogin(prompt.encode(), ready.encode(), options.sudo_password)
        return Exchange(self, command, wrapped, stdin=stdin, timeout=limit, login=login).result()

    def is_alive(self) -> bool:
        """Return whether a command can be run; asks the switch, not the socket."""
        if self._over():
            self.close()
            return False
        if not self._connection.transport.is_active():
            return False
        try:
            probe = Exchange(self, "true", "true", stdin=b"", timeout=_ALIVE_TIMEOUT)
            return probe.result(probing=True).exit_status == 0
        except errors.CommandErrorException:
            return self._busy() and self.connected()  # sshd answered: there is no channel free
        except (errors.CommandTimeoutException, errors.ConnectionClosedException):
            return False

    def close(self) -> None:
        """End the session, and those of the jump hosts."""
        if self._log is not None and self.connected():
            self._log.note("closed")
        self._connection.close()

    def open_channel(self, timeout: float) -> paramiko.Channel:
        """Return a new session channel; wait for one where sshd allows no more for now.

        Raises:
            ConnectionClosedException: the session is lost.
            CommandErrorException: the switch allows no further channel.
        """
        begun = time.monotonic()
        while True:
            left = max(begun + timeout - time.monotonic(), 0.1)
            try:
                channel = self._connection.transport.open_session(
                    timeout=min(left, self.options.connect_timeout)
                )
            except (paramiko.SSHException, EOFError, OSError) as error:
                if not self._was_refused(error):
                    raise self.lost(error) from error
                # The others of this session have all that sshd allows: one of them ends soon. Where
                # there are none, sshd may still be closing the last.
                patience = timeout if self._busy() else min(timeout, _CLOSING)
                if time.monotonic() - begun >= patience or not self.connected():
                    raise errors.CommandErrorException(
                        f"{self.options.address} refused another channel on this session: "
                        f"{getattr(error, 'text', error)}. Too many commands may be running at "
                        "once (sshd's MaxSessions)."
                    ) from error
                time.sleep(_PAUSE)
            else:
                with self._lock:
                    self._channels = [each for each in self._channels if not each.closed]
                    self._channels.append(channel)
                return channel

    def _was_refused(self, error: BaseException) -> bool:
        """Return whether sshd refused a channel, and the session stands.

        paramiko keeps one exception for all threads. Where another has taken it, a refusal looks
        like any other failure; a time-out says so.
        """
        if isinstance(error, paramiko.ChannelException):
            return True
        return type(error) is paramiko.SSHException and (
            self.connected() and "timeout" not in str(error).lower()
        )

    def _busy(self) -> bool:
        """Return whether commands are running on this session."""
        with self._lock:
            return any(not channel.closed for channel in self._channels)

    def connected(self) -> bool:
        """Return whether the connection is up, without asking the switch."""
        return self._connection.transport.is_active()

    def lost(self, cause: object = None, *, doing: str = "") -> errors.ConnectionClosedException:
        """Return the error for a lost session."""
        because = f": {cause}" if cause and str(cause) else ""
        during = (
            f" while running {shown(doing)}. The command may still be running there"
            if doing
            else ""
        )
        return errors.ConnectionClosedException(
            f"The SSH session with {self.options.address} is lost{because}{during}. Open a new "
            "session and look at the switch's state before you go on."
        )

    def _over(self) -> bool:
        """Return whether the time of the whole session is over."""
        return self._end is not None and time.monotonic() >= self._end

    def _require_time(self, command: str) -> None:
        if self._over():
            self.close()
            raise errors.CommandTimeoutException(
                f"{shown(command)} was not begun on {self.options.address}: the session's "
                f"{self.options.session_timeout:g} s (session_timeout) are over, and it is "
                "closed. Open a new session, or allow more."
            )

    def _check_sudo(self, result: CommandResult) -> None:
        if result.exit_status == 1 and result.stderr.lstrip().startswith(b"sudo: "):
            raise errors.SudoRefusedError(
                f"sudo on {self.options.address} refused user {self.options.user!r}: "
                f"{text(result.stderr)}. Give the user NOPASSWD rights or set sudo_password."
            )


def _session_log(options: SshOptions) -> SessionLog | None:
    if options.session_log is None:
        return None
    secrets = (options.password, options.passphrase, options.sudo_password)
    return SessionLog(options.session_log, f"{options.user}@{options.address}", secrets)


def _sh(command: str) -> str:
    return f"sh -c {shlex.quote(command)}"
