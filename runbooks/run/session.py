"""Running tasks on one switch: log in, run, explain errors, log out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nornir.core.task import Result, Task

from inventory.errors import ExitCode, VipkeeperError
from napalm_cumulus import errors as napalm
from napalm_cumulus.account import who
from nornir_config.connection import drop_connection, read_session
from nornir_config.init import init_nornir
from nornir_config.secrets import get_secret, no_password
from runbooks.run.explain import of_switch, root_cause, with_advice
from tasks.identity import check_identity
from tasks.pending import read_pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from inventory.model import Switch
    from nornir_config.settings import Settings

#: Beyond the timer: the time of two reloads of a large switch.
_SETTLING = 45.0


class LostSwitchError(VipkeeperError):
    """The session was lost while the switch was changing, and no new one could be opened."""

    exit_code = ExitCode.SWITCH


@contextmanager
def switch_session(
    settings: Settings, switch: Switch, *, dry_run: bool = False
) -> Iterator[SwitchSession]:
    """Log in to a switch for the length of a ``with`` block.

    The password is asked for only when the login without one has failed.

    Raises:
        ConnectionException: the switch cannot be reached or logged in to.
    """
    session = SwitchSession(settings, switch, dry_run=dry_run)
    try:
        session.log_in()
        yield session
    finally:
        session.log_out()


class SwitchSession:
    """One switch, to run Nornir tasks on."""

    def __init__(self, settings: Settings, switch: Switch, *, dry_run: bool = False) -> None:
        self.switch = switch
        self._nornir = init_nornir(settings, [switch], dry_run=dry_run, owner=who())

    def log_in(self) -> None:
        """Open a session, also in place of one that was lost.

        Raises:
            ConnectionException: the switch cannot be reached or logged in to.
        """
        self.log_out()
        try:
            self.run(_open)
        except napalm.ConnectAuthError as refused:
            defaults = self._nornir.inventory.defaults
            question = f"Password of {defaults.username or 'the user'} on {self.switch.name}: "
            password = None if defaults.password else _ask(question)
            if password is None:
                if not defaults.password:
                    with_advice(refused, no_password(str(refused)))
                raise
            defaults.password = password.get_secret_value()
            self.run(_open)

    def log_out(self) -> None:
        """Close the session; one that is dead already is only dropped."""
        for host in self._nornir.inventory.hosts.values():
            drop_connection(host)

    def run(self, task: Callable[..., Result], **arguments: Any) -> Any:  # noqa: ANN401
        """Run a task on the switch and return its result.

        Raises:
            Exception: the exception of the task.
        """
        # Nornir silently skips a host that failed once, for ever.
        self._nornir.data.reset_failed_hosts()
        results = self._nornir.run(task=task, **arguments)[self.switch.name]
        if results.failed and (cause := root_cause(results)) is not None:
            of_switch(cause, self.switch.name)
            raise cause
        return results[0].result


def identify(session: SwitchSession) -> None:
    """Verify the switch's name; a switch that was given by its address only tells its name.

    Raises:
        WrongSwitchError: the switch has another name.
    """
    if session.switch.name != str(session.switch.address):
        session.run(check_identity)


def lost() -> tuple[type[Exception], ...]:
    """Return the exceptions of a lost session.

    A function, since NAPALM is imported only when needed.
    """
    return napalm.ConnectionException, napalm.CommandTimeoutException


def wait_until_settled(session: SwitchSession, revert_in: int, cause: BaseException) -> None:
    """Log in again until nothing is pending on the switch.

    Args:
        session: the session that was lost.
        revert_in: the dead-man's timer of what was under way, in seconds.
        cause: the error by which the session was lost.

    Raises:
        LostSwitchError: something was still pending at the end of the time.
    """
    name = session.switch.name
    patience = _wait_seconds(revert_in)
    until = time.monotonic() + patience
    while True:
        try:
            session.log_in()
            if session.run(read_pending) is None:
                return
        except lost():
            pass
        if time.monotonic() >= until:
            raise LostSwitchError(
                f"the session to {name} was lost during the change ({cause}), and for "
                f"{patience:g} s it could not be seen that it has finished; it goes on by itself, "
                "and hand-made routes and neighbours were not put back",
                f"Look as soon as it can be reached: vip pending {name}, then vip trace; "
                "hand-made routes and neighbours are in the audit log",
            ) from None
        time.sleep(1)


def _wait_seconds(revert_in: int) -> float:
    return revert_in + _SETTLING


def _ask(question: str) -> SecretStr | None:
    return get_secret("ssh_password", use_keyring=True, prompt=question)


def _open(task: Task) -> Result:
    read_session(task)
    return Result(host=task.host)
