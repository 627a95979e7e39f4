"""What can go wrong on a switch, as sentences a person on call can act on."""

from __future__ import annotations

from inventory.errors import ExitCode, VipkeeperError


class RefusedError(VipkeeperError):
    """A change that is not safe, or not clear, was not begun; nothing on the switch was touched."""

    exit_code = ExitCode.REFUSED


class WrongSwitchError(RefusedError):
    """The switch that answered is not the one that was asked for."""


class CannotCureError(RefusedError):
    """A cure that cannot be carried out on what the configuration says; another one may be."""


class NoGatewayError(RefusedError):
    """No gateway stanza that can be toggled covers the address."""


class NothingPendingError(RefusedError):
    """There is no commit to confirm or to roll back: it was settled before, or timed out."""


class UnreadableAnswerError(VipkeeperError):
    """The switch answered, and not with what its software is known to say."""

    exit_code = ExitCode.SWITCH


class ChangeFailedError(VipkeeperError):
    """A change was begun, did not come out as it should, and the old state was put back."""

    exit_code = ExitCode.ROLLED_BACK
