"""The errors of hosts that a run could not finish, and of runs that were interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.errors import ExitCode, VipkeeperError

if TYPE_CHECKING:
    from nornir.core.task import AggregatedResult


class NoHostsError(VipkeeperError):
    """There is no host to run on; Nornir would report success for a run without hosts."""

    exit_code = ExitCode.TARGET


class FleetInterrupt(KeyboardInterrupt):
    """Ctrl-C, or another signal to stop, during a run.

    Attributes:
        results: the results of every host, including those that were not started.
        by: the signal, in words for a person.
    """

    def __init__(self, results: AggregatedResult, by: str = "Ctrl-C") -> None:
        super().__init__(f"the run was stopped by {by}")
        self.results = results
        self.by = by


class HostDeadlineError(VipkeeperError):
    """A host did not finish in its time."""

    exit_code = ExitCode.SWITCH

    @classmethod
    def not_asked(cls, name: str, allowed: str) -> HostDeadlineError:
        """Return the error for a host that was not started.

        ``allowed`` says which time was over.
        """
        return cls(
            f"{name}: not asked: {allowed} were over before its turn came",
            "Allow more time (--deadline) or more at once (--workers).",
        )

    @classmethod
    def no_answer(cls, name: str, seconds: float, allowed: str) -> HostDeadlineError:
        """Return the error for a host that was started so many seconds ago and has not ended."""
        return cls(
            f"{name}: no answer for {seconds:.0f} s, when {allowed} were over; it was given up",
            "It accepts connections and then hangs, or is very slow: log in and look at its load.",
        )

    @classmethod
    def still_hanging(cls, name: str) -> HostDeadlineError:
        """Return the error for a host that an earlier run gave up, and whose thread still runs."""
        return cls(
            f"{name}: still hanging since an earlier run; it was not asked again",
            "Check whether you can log in to it at all.",
        )


class NotStartedError(VipkeeperError):
    """A host was not started: nothing was done on it."""

    exit_code = ExitCode.CANCELLED


class AbandonedError(VipkeeperError):
    """A run was interrupted while it worked on the host; how that ended is not known."""

    exit_code = ExitCode.CANCELLED

    @classmethod
    def of(cls, name: str, *, changing: bool) -> AbandonedError:
        """Return the error for a host that was abandoned; a change there may still go on."""
        if not changing:
            return cls(f"{name}: stopped before it had answered", "")
        return cls(
            f"{name}: stopped while it was being worked on; how that ended is not known",
            f"See what became of a change: vip pending {name}",
        )
