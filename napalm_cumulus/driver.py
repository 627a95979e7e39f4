"""The NAPALM driver itself: a session with (from its bases) getters and configuration."""

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

    Nothing is contacted before ``open()``. See ``Session`` for the constructor's arguments and
    ``napalm_cumulus.ssh.arguments.OPTIONAL_ARGS`` for the optional ones.
    """

    platform = "cumulus"
    profile: ClassVar[list[str]] = [platform]

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        exc_traceback: TracebackType | None,
    ) -> Literal[False] | None:
        """End the session. NAPALM's own prints that an exception it has no name for is a bug."""
        self.close()
        return None

    def _session(self) -> Transport:
        return self._answering(super()._session())

    def cli(
        self, commands: list[str], encoding: str = "text", *, check: bool = True
    ) -> dict[str, str | dict[str, Any]]:
        """Run shell commands, all in one round trip, and give what each wrote to stdout.

        Args:
            commands: ``sh`` command lines; each runs in a shell of its own with empty stdin.
            encoding: Only "text".
            check: Raise when a command fails; otherwise its output is given whatever its status.

        Raises:
            CommandErrorException: A command's exit status is not 0 (they have all been run), or
                one is no text (none has been run).
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
        ConnectionClosedException: It is not open.
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
