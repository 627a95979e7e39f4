"""The errors of asking the site's systems, in sentences that a person on call can act on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class ExitCode(IntEnum):
    """The exit codes of ``vip``; ``docs/errors.md`` says what to do about each."""

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
    FOUND_WARNING = 10
    FOUND_CRITICAL = 11
    FOUND_UNKNOWN = 12
    HEALED_FOR_NOW = 13


class VipkeeperError(Exception):
    """A failure, with its next step.

    Every message is one or two sentences: what was asked, of which system, what came back.

    Attributes:
        advice: what the person on call should do next; may be empty.
        exit_code: the documented exit code of the ``vip`` command (``docs/errors.md``).
        asked: the name that was not found; empty where it is no such error.
        known: the names that are known; ``runbooks.run.explain`` looks for one like it. Not before:
            of a fleet, thousands of names may be unknown at once.
    """

    exit_code: int = ExitCode.UNEXPECTED
    asked: str = ""
    known: Sequence[str] = ()

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    def naming(self, asked: str, known: Sequence[str]) -> Self:
        """Note the name that was not found and the names that are known; return the error."""
        self.asked, self.known = asked, known
        return self


class TargetError(VipkeeperError):
    """The target that was asked for is unknown, ambiguous, or cannot be healed as it is."""

    exit_code = ExitCode.TARGET


class SourceError(VipkeeperError):
    """A site system is down, or its answer does not follow its contract.

    Attributes:
        system: the name of the system for a person (``Mimic``).
        sound: True when the system is well and this *is* its answer ("I do not know that name"); an
            older answer from the cache must not replace it.
    """

    exit_code = ExitCode.SOURCE
    sound = False

    def __init__(self, system: str, message: str, advice: str = "") -> None:
        super().__init__(f"{system}: {message}", advice)
        self.system = system
        self.message = message

    def advise(self, way: str) -> None:
        """Add what to do, once: the same failure may be met again."""
        if way not in self.advice:
            self.advice = f"{self.advice} {way}".strip()

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str, str]]:
        """Pickle by the constructor's own arguments (a runner may send it between processes)."""
        return type(self), (self.system, self.message, self.advice)


#: What to look at where several systems do not answer.
VPN_DOWN = "Is the network or the VPN down?"
#: The reason of a system that the run had no time left for; that says nothing about the system.
NO_TIME = "the time for asking was over"


class NoAnswerError(SourceError):
    """Nothing came back from the system: it is down, or the network to it.

    Attributes:
        reason: why, in the words of the network; the same for every question.
    """

    reason = ""

    def because(self, reason: str) -> Self:
        """Note the reason, and return the error."""
        self.reason = reason
        return self


class SourceTimeoutError(NoAnswerError):
    """The system did not answer in time, or is not asked because it hangs."""


class UnknownHypervisorError(SourceError):
    """The uplink source is well and does not know the hypervisor."""

    exit_code = ExitCode.TARGET
    sound = True


class NoNeighbourError(SourceError):
    """The uplink source knows the hypervisor but no switch behind it.

    It is not sound: a source that has lost its LLDP table gives exactly this answer.
    """


class UnknownSwitchError(SourceError):
    """The address source is well and has no management address of the switch."""

    exit_code = ExitCode.TARGET
    sound = True


class AmbiguousSwitchError(SourceError):
    """The address source has two addresses for a switch, or two names for its address."""

    exit_code = ExitCode.TARGET
    sound = True
