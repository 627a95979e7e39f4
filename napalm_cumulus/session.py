"""A login on a switch that runs shell commands; the driver is built upon it.

It does not import NAPALM, which is slow: a program that only reads does not need NAPALM.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from napalm_cumulus import batch, errors
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.arguments import checked
from napalm_cumulus.ssh.options import DEFAULT_MAX_OUTPUT, check_login, resolve
from napalm_cumulus.ssh.transport import SshTransport, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napalm.base import models

    from napalm_cumulus.commit.report import PendingCommit
    from napalm_cumulus.config.snapshot import Snapshot


class Session:
    """A login on a switch; nothing is contacted before ``open()``."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
        *,
        transport: Transport | None = None,
    ) -> None:
        """Take the parameters of the session.

        Args:
            hostname: address, name, or ``Host`` of the SSH configuration.
            username: login name; empty takes the one of the SSH configuration, or the caller's own.
            password: login password; empty logs in only by key or agent.
            timeout: seconds to wait for the connection.
            optional_args: further settings; copied, never changed.
            transport: an open session to use instead of SSH.
        """
        self.hostname, self.username, self.password, self.timeout = check_login(
            hostname, username, password, timeout
        )
        self.optional_args: dict[str, Any] = checked(optional_args)
        self._given_transport = transport
        self._transport: Transport | None = None
        self._is_root = False

    def open(self) -> None:
        """Connect, verify the host key, and log in; does nothing while a session is open."""
        if self._transport is not None:
            if self._transport.is_alive():
                return
            self.close()
        self._is_root = False
        self._transport = self._given_transport or SshTransport(
            resolve(self.hostname, self.username, self.password, self.timeout, self.optional_args)
        )

    def close(self) -> None:
        """End the session; may be called twice."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def is_alive(self) -> models.AliveDict:
        """Return whether the switch runs commands now; asks the switch, not the socket."""
        transport: Transport | None = getattr(self, "_transport", None)  # half-built in __del__
        return {"is_alive": transport is not None and transport.is_alive()}

    def _session(self) -> Transport:
        """Return the open session.

        Raises:
            ConnectionClosedException: there is no session.
        """
        if self._transport is None:
            raise errors.ConnectionClosedException(
                f"There is no session with {self.hostname}: call open() first."
            )
        return self._transport

    def _root_session(self) -> Transport:
        """Return the open session, once it is known to be root's.

        What others are told by the switch is half of the truth: no LLDP, no pending commit.

        Raises:
            ConnectionClosedException: There is none.
            NoRootError: It is another user's.
        """
        session = self._session()
        if isinstance(self._transport, SshTransport) and not self._is_root:
            options = self._transport.options
            # sudo gives root, or says itself that it does not.
            if options.user != "root" and not options.sudo:
                said = self._transport.run("id -u").stdout.strip()
                if said.isdigit() and int(said) != 0:
                    raise errors.NoRootError(
                        f"User {options.user!r} has no root rights on {options.address}: log in as "
                        "root or use sudo (the optional argument sudo). Nothing was done."
                    )
            self._is_root = True
        return session

    @property
    def require_root(self) -> Callable[[], None]:
        """Return a function that raises ``NoRootError`` where the session is not root's.

        With sudo, the first command tells. It is a property for the same reason as ``run_many``.
        """

        def require() -> None:
            self._root_session()

        return require

    @property
    def pending(self) -> PendingCommit | None:
        """Return the commit that waits on the switch; None also while no session is open."""
        from napalm_cumulus.commit import transaction  # noqa: PLC0415 - most sessions do without

        if getattr(self, "_transport", None) is None:
            return None
        return transaction.pending(self._root_session(), self.hostname)

    @property
    def take_snapshot(self) -> Callable[[], Snapshot]:
        """Return a function that reads the configuration on the disk and the applied one.

        It is a property for the same reason as ``run_many``.
        """

        def take() -> Snapshot:
            from napalm_cumulus.config import snapshot  # noqa: PLC0415 - as above

            return snapshot.take(self._root_session())

        return take

    @property
    def run_many(self) -> Callable[..., list[CommandResult]]:
        """Return a function that runs shell commands in one round trip and returns all results.

        It takes the commands (``sh`` command lines) and ``timeout``, the seconds for all of them
        together, by default ``command_timeout``. Each command runs in a shell of its own with empty
        stdin. A command that fails does not stop the others. The results have exit status, stdout
        and stderr as bytes, in the order of the commands. It is a property because NAPALM's
        contract allows no further method.
        """
        # A session's log shows each command of a batch, so the answer must be readable.
        packed = not self.optional_args.get("session_log")
        return functools.partial(self._run_many, packed=packed)

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None, packed: bool = False
    ) -> list[CommandResult]:
        """Run the commands in one round trip; a command that fails does not stop the others."""
        if not commands:
            return []
        boundary = batch.new_boundary()
        try:
            answer = self._session().run(
                batch.PACKED_SHELL if packed else batch.SHELL,
                stdin=batch.script(commands, boundary),
                timeout=timeout,
            )
        except (errors.CommandTimeoutException, errors.CommandErrorException) as error:
            # The transport only knows the shell that runs the batch.
            listed = "; ".join(command[:100] for command in commands)
            raise type(error)(f"{error} The shell was running: {listed}") from error
        stdout, stderr = answer.stdout, answer.stderr
        if packed:
            limit = int(self.optional_args.get("max_output", DEFAULT_MAX_OUTPUT))
            stdout = batch.unpacked(stdout, boundary, limit)
            stderr = batch.unpacked(stderr, boundary, limit)
        return batch.parse(commands, boundary, stdout, stderr)
