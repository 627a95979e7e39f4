"""What can go wrong while asking the site's systems, as sentences a person on call can act on."""

from __future__ import annotations


class VipkeeperError(Exception):
    """A failure with its next step.

    Every message is one or two sentences: what was asked, of which system, what came back.

    Attributes:
        advice: what the person on call should do next; may be empty.
        exit_code: the documented exit code of the ``vip`` command (``docs/errors.md``).
    """

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class TargetError(VipkeeperError):
    """The target that was asked for is unknown, ambiguous, or cannot be healed as it is."""

    exit_code = 3


class SourceError(VipkeeperError):
    """A site system is down, or its answer is not what its contract promises."""

    exit_code = 4

    def __init__(self, system: str, message: str, advice: str = "") -> None:
        super().__init__(f"{system}: {message}", advice)
        self.system = system


class UnknownHypervisorError(SourceError):
    """The uplink source answered soundly that it does not know the hypervisor."""


class UnknownSwitchError(SourceError):
    """The address source answered soundly that the switch has no management address."""
