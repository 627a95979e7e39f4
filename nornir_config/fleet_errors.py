"""What becomes of hosts that a run could not bring to an end, and of runs that were cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError

if TYPE_CHECKING:
    from nornir.core.task import AggregatedResult


class NoHostsError(VipkeeperError):
    """There is nothing to run on; Nornir would report a green run over no host."""

    exit_code = 3


class FleetInterrupt(KeyboardInterrupt):
    """Ctrl-C during a run; ``results`` has every host, those that were not started among them."""

    def __init__(self, results: AggregatedResult) -> None:
        super().__init__("the run was interrupted")
        self.results = results


class HostDeadlineError(VipkeeperError):
    """A host was not done in its time."""

    exit_code = 5


class NotStartedError(VipkeeperError):
    """A host's turn never came: nothing was done on it."""

    exit_code = 9


class AbandonedError(VipkeeperError):
    """A host was being worked on when the run was cut short; how it ended is not known."""

    exit_code = 9
