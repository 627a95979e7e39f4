"""Asking many switches the same at once, and what every such run has: a pace, an end by Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from napalm_cumulus.account import who
from nornir_config.init import init_nornir
from nornir_config.runner.errors import FleetInterrupt
from nornir_config.runner.fleet import FleetRunner
from nornir_config.secrets import get_secret
from runbooks.run.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core.inventory import Defaults, Inventory
    from nornir.core.task import MultiResult, Result

    from nornir_config.settings import Settings


@dataclass(frozen=True)
class CheckPace:
    """How many switches at once, and for how long; None takes the value of the settings.

    Attributes:
        workers: switches at once.
        deadline: seconds for all of them.
    """

    workers: int | None = None
    deadline: float | None = None


class Rounds(Protocol):
    """Shows the progress of a round."""

    def begin(self, total: int) -> None:
        """Begin to show a round of so many switches."""

    def end(self) -> None:
        """Stop showing the round."""


class SwitchRounds:
    """Asks the same switches once, or repeatedly over kept connections."""

    def __init__(
        self,
        settings: Settings,
        inventory: Inventory,
        pace: CheckPace,
        progress: Rounds,
        take: Callable[[str, MultiResult], None],
    ) -> None:
        """Prepare; no switch is asked yet.

        Args:
            settings: the settings for logins and deadlines.
            inventory: the switches.
            pace: how many at once, and for how long.
            progress: shows each round.
            take: is told the results of each switch as they come.
        """
        self._inventory = inventory
        self._progress = progress
        self._runner = FleetRunner(
            pace.workers or settings.workers,
            deadline=pace.deadline or settings.check.deadline,
            host_deadline=settings.check.switch_deadline,
            # Nothing is changed, so Ctrl-C does not wait for any switch.
            wait_on_cancel=False,
            on_result=take,
        )
        self._nornir = init_nornir(settings, inventory=inventory, owner=who(), runner=self._runner)

    def ask(self, task: Callable[..., Result], name: str, **arguments: Any) -> str:  # noqa: ANN401  # the task's own
        """Run a task on every switch; return the signal that ended it, or an empty text."""
        # Nornir silently skips a host that failed once, for ever.
        self._nornir.data.reset_failed_hosts()
        self._progress.begin(len(self._inventory.hosts))
        try:
            self._nornir.run(task=task, name=name, **arguments)
        except FleetInterrupt as interrupt:
            return interrupt.by
        finally:
            self._progress.end()
        return ""

    def cancel(self) -> None:
        """End the round that is under way; may be called from a signal handler."""
        self._runner.cancel()


def interrupted(by: str, left: int, total: int, done: str) -> CancelledError:
    """Return the error of a round that a signal ended.

    Args:
        by: the signal.
        left: the number of switches that it did not come to.
        total: the number of all switches.
        done: what was done with the others ("checked").
    """
    return CancelledError(
        f"stopped by {by}: {left} of {total} switches were not {done}; "
        "nothing on any switch was touched",
        "Run it again.",
    )


def find_password(defaults: Defaults) -> bool:
    """Ask for the password of all switches where none is known; return whether one was found."""
    if defaults.password:
        return False
    question = f"Password of {defaults.username or 'the user'} on the switches: "
    password = get_secret("ssh_password", use_keyring=True, prompt=question)
    if password is None:
        return False
    defaults.password = password.get_secret_value()
    return True
