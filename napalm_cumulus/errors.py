"""The exceptions of this driver, NAPALM's and its own, imported when first needed.

Importing anything of NAPALM imports the drivers of all its vendors, which is half of the start of a
program that only reads switches. So modules say ``from napalm_cumulus import errors`` and
``errors.CommandErrorException``. ``except`` works as usual, and the classes with NAPALM's names are
NAPALM's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napalm.base.exceptions import (
        CommandErrorException,
        CommandTimeoutException,
        CommitConfirmException,
        CommitError,
        ConnectAuthError,
        ConnectionClosedException,
        ConnectionException,
        ConnectTimeoutError,
        LockError,
        MergeConfigException,
        NapalmException,
        ReplaceConfigException,
        SessionLockedException,
    )

    from napalm_cumulus.refusals import (
        CommitRefusedError,
        MixedDiskError,
        NoRootError,
        SudoRefusedError,
    )
else:

    def __getattr__(name: str) -> type[Exception]:
        if name not in __all__:  # looking for other attributes does not import NAPALM
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from napalm.base import exceptions  # noqa: PLC0415 - see above

        from napalm_cumulus import refusals  # noqa: PLC0415 - as above

        return getattr(refusals, name, None) or getattr(exceptions, name)


__all__ = [
    "CommandErrorException",
    "CommandTimeoutException",
    "CommitConfirmException",
    "CommitError",
    "CommitRefusedError",
    "ConnectAuthError",
    "ConnectTimeoutError",
    "ConnectionClosedException",
    "ConnectionException",
    "LockError",
    "MergeConfigException",
    "MixedDiskError",
    "NapalmException",
    "NoRootError",
    "ReplaceConfigException",
    "SessionLockedException",
    "SudoRefusedError",
]
