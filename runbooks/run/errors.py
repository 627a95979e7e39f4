"""The exit codes of ``vip``, and the errors of the command line itself."""

from __future__ import annotations

from inventory.errors import ExitCode, VipkeeperError
from tasks.faults.model import Status

#: What a check ends with, by its worst finding.
EXIT_CODES = {
    Status.OK: ExitCode.OK,
    Status.WARNING: ExitCode.FOUND_WARNING,
    Status.CRITICAL: ExitCode.FOUND_CRITICAL,
    Status.UNKNOWN: ExitCode.FOUND_UNKNOWN,
}


class CancelledError(VipkeeperError):
    """The operator said no, or pressed Ctrl-C."""

    exit_code = ExitCode.CANCELLED


class UsageError(VipkeeperError):
    """The command line asks for something that makes no sense."""

    exit_code = ExitCode.USAGE
