"""The exit codes of ``vip``, and the errors of the command line itself."""

from __future__ import annotations

from inventory.errors import VipkeeperError
from tasks.faults.model import Status

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
#: What a check ends with, by its worst finding.
EXIT_CODES = {
    Status.OK: OK,
    Status.WARNING: FOUND_WARNING,
    Status.CRITICAL: FOUND_CRITICAL,
    Status.UNKNOWN: FOUND_UNKNOWN,
}


class CancelledError(VipkeeperError):
    """The operator said no, or pressed Ctrl-C."""

    exit_code = CANCELLED


class UsageError(VipkeeperError):
    """The command line asks for something that makes no sense."""

    exit_code = USAGE
