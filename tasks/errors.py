"""What can go wrong on a switch, as sentences a person on call can act on."""

from __future__ import annotations

from inventory.errors import ExitCode, VipkeeperError


class RefusedError(VipkeeperError):
    """A change was not begun, since it is not safe or not clear.

    Nothing on the switch was touched.
    """

    exit_code = ExitCode.REFUSED


class WrongSwitchError(RefusedError):
    """The switch that answered is not the one that was asked for."""


class CannotCureError(RefusedError):
    """A cure that cannot be carried out on what the configuration says; another one may be."""


class NoGatewayError(RefusedError):
    """No gateway stanza for the address can be toggled."""


class UnknownGatewayError(NoGatewayError):
    """The gateway that the operator named is not on the switch, or is there more than once."""

    exit_code = ExitCode.TARGET


class AmbiguousGatewayError(NoGatewayError):
    """Several VRFs have a gateway for the address, and it is not known which one is meant."""

    exit_code = ExitCode.TARGET


class NothingPendingError(RefusedError):
    """There is no commit to confirm or to roll back: it was settled before, or its time ran out."""


class UnreadableAnswerError(VipkeeperError):
    """The switch's answer is not one that its software is known to give."""

    exit_code = ExitCode.SWITCH


class ChangeFailedError(VipkeeperError):
    """A change was begun and did not succeed, and the old state was put back."""

    exit_code = ExitCode.ROLLED_BACK
