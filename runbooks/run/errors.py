"""The errors of the command line itself."""

from __future__ import annotations

from inventory.errors import ExitCode, VipkeeperError


class CancelledError(VipkeeperError):
    """The operator said no, or pressed Ctrl-C."""

    exit_code = ExitCode.CANCELLED


class UsageError(VipkeeperError):
    """The command line asks for something that is not possible."""

    exit_code = ExitCode.USAGE
