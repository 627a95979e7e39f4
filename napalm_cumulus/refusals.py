"""The driver's own exceptions; modules import them from ``napalm_cumulus.errors``."""

from __future__ import annotations

from napalm.base.exceptions import CommitError, ConnectAuthError


class CommitRefusedError(CommitError):
    """A commit, or its confirmation, did not begin; it changed nothing on the switch."""


class NoRootError(ConnectAuthError):
    """The login worked, and the user is not root on the switch."""


class SudoRefusedError(NoRootError):
    """The login worked, and sudo does not make the user root."""


class MixedDiskError(CommitError):
    """A confirm failed half way and could not be undone: some files are new, some old.

    Attributes:
        problems: a sentence for each file that is not as it was.
    """

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.problems = problems
