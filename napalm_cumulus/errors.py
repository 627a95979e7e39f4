"""NAPALM's exceptions, which this driver raises, loaded when one is first needed.

Importing anything of NAPALM loads the drivers of all its vendors: for a program that only reads
switches, half of its start. So modules say ``from napalm_cumulus import errors`` and
``errors.CommandErrorException``; the classes are NAPALM's own, and ``except`` works as ever.
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
        NapalmException,
    )
else:

    def __getattr__(name: str) -> type[Exception]:
        from napalm.base import exceptions  # noqa: PLC0415 - see above

        return getattr(exceptions, name)


__all__ = [
    "CommandErrorException",
    "CommandTimeoutException",
    "CommitConfirmException",
    "CommitError",
    "ConnectAuthError",
    "ConnectTimeoutError",
    "ConnectionClosedException",
    "ConnectionException",
    "LockError",
    "NapalmException",
]
