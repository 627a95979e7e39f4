"""The NAPALM driver itself: a session, and the getters and configuration methods of its bases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from napalm_cumulus import errors, values
from napalm_cumulus.commit.methods import ConfigurationMethods
from napalm_cumulus.getters.methods import CumulusGetters
from napalm_cumulus.session import Session

if TYPE_CHECKING:
    from types import TracebackType

    from napalm_cumulus.result import CommandResult
    from napalm_cumulus.ssh.transport import Transport


class CumulusDriver(Session, ConfigurationMethods, CumulusGetters):
    """Cumulus Linux switches whose network is managed by ifupdown2.

    Nothing is contacted before ``open()``. ``Session`` describes the constructor's arguments, and
    ``napalm_cumulus.ssh.arguments.OPTIONAL_ARGS`` lists the optional ones.
    """

    platform = "cumulus"
    profile: ClassVar[list[str]] = [platform]

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        exc_traceback: TracebackType | None,
    ) -> Literal[False] | None:
        """End the session. NAPALM's own method calls an exception that it does not know a bug."""
        self.close()
        return None

    def _session(self) -> Transport:
        return self._answering(super()._session())

    def cli(
        self, commands: list[str], encoding: str = "text", *, check: bool = True
    ) -> dict[str, str | dict[str, Any]]:
        """Run shell commands in one round trip; return the stdout of each.

        Args:
            commands: ``sh`` command lines; each runs in a shell of its own with empty stdin.
            encoding: only "text".
            check: whether to raise when a command fails; otherwise its output is returned in any
                case.

        Raises:
            CommandErrorException: a command's exit status is not 0 (all have been run), or a
                command is not a text (none has been run).
        """
        if encoding != "text":
            raise NotImplementedError(f"{encoding!r} is not an encoding of this driver: use text.")
        if not isinstance(commands, (list, tuple)):
            raise errors.CommandErrorException(
                f"cli: commands is a list of texts, not {values.shown(commands)}."
            )
        with values.refused_as(errors.CommandErrorException, "cli: "):
            lines = [values.text(command, "a command") for command in commands]
            wanted = values.boolean(check, "check")
        results = self._run_many(lines)
        if wanted:
            for result in results:
                self._require_success(result)
        return {result.command: _text(result.stdout) for result in results}

    def _require_success(self, result: CommandResult) -> None:
        if result.exit_status != 0:
            said = _text(result.stderr).strip() or _text(result.stdout).strip() or "nothing"
            raise errors.CommandErrorException(
                f"{result.command!r} failed on {self.hostname} with exit status "
                f"{result.exit_status}. It said: {said}"
            )


def driver_over(session: Session) -> CumulusDriver:
    """Return a driver that works over an open session, and ends with it.

    Raises:
        ConnectionClosedException: the session is not open.
    """
    driver = CumulusDriver(
        session.hostname,
        session.username,
        session.password,
        session.timeout,
        session.optional_args,
        transport=session._session(),  # noqa: SLF001 - the driver is a session itself
    )
    driver.open()
    return driver


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
