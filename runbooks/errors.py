"""From any exception to what a person reads: a sentence, an advice, an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napalm.base import exceptions as napalm
from nornir.core.exceptions import NornirSubTaskError

from inventory.errors import VipkeeperError

if TYPE_CHECKING:
    from nornir.core.task import MultiResult

OK = 0
UNEXPECTED = 1
USAGE = 2
TARGET = 3
SOURCE = 4
SWITCH = 5
REFUSED = 6
ROLLED_BACK = 7
NOT_HEALED = 8
CANCELLED = 9

_LOST = (
    "The switch goes on by itself and ends in its old configuration at the latest when the timer "
    "runs out; look with: vip pending SWITCH"
)

#: NAPALM's exceptions, the more special ones first: exit code and what to do next.
_NAPALM: tuple[tuple[type[Exception], int, str], ...] = (
    (napalm.ConnectionException, SWITCH, ""),
    (napalm.CommandTimeoutException, SWITCH, _LOST),
    (napalm.CommandErrorException, SWITCH, ""),
    (napalm.LockError, REFUSED, "Run the command again, and look at the new plan."),
    (napalm.SessionLockedException, REFUSED, ""),
    (napalm.CommitConfirmException, REFUSED, "See what is pending: vip pending SWITCH"),
    (napalm.MergeConfigException, REFUSED, "Nothing on the switch was touched."),
    (napalm.ReplaceConfigException, REFUSED, "Nothing on the switch was touched."),
    (napalm.CommitError, ROLLED_BACK, ""),
)


class CancelledError(VipkeeperError):
    """The operator said no, or pressed Ctrl-C."""

    exit_code = CANCELLED


class UsageError(VipkeeperError):
    """The command line asks for something that makes no sense."""

    exit_code = USAGE


@dataclass(frozen=True)
class Explained:
    """What to tell a person about a failure."""

    sentence: str
    advice: str
    exit_code: int
    expected: bool = True

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentence, and the advice where there is one that the sentence does not hold."""
        said = self.advice and self.advice not in self.sentence
        return (self.sentence, self.advice) if said else (self.sentence,)


def explain(error: BaseException, switch: str = "") -> Explained:
    """Put an exception into words.

    Args:
        error: any exception.
        switch: the switch that was worked on, put in front of the driver's own words.
    """
    if isinstance(error, VipkeeperError):
        return Explained(str(error), error.advice, error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        return Explained("stopped by Ctrl-C", "", CANCELLED)
    for kind, code, advice in _NAPALM:
        if isinstance(error, kind):
            said = str(error).strip() or type(error).__name__
            sentence = said if not switch or switch in said else f"{switch}: {said}"
            return Explained(sentence, advice.replace("SWITCH", switch or "SWITCH"), code)
    return Explained(
        f"unexpected {type(error).__name__}: {error}",
        "Run it again with --debug and report what it prints.",
        UNEXPECTED,
        expected=False,
    )


def root_cause(results: MultiResult) -> BaseException | None:
    """The exception that made a Nornir task fail, and not its parents' echo of it."""
    for result in results:
        if result.exception is not None and not isinstance(result.exception, NornirSubTaskError):
            return result.exception
    return next((r.exception for r in results if r.exception is not None), None)
