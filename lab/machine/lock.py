"""The lock of a lab."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.topology.default import LabError

_LOCKS = Path("/run/lock")


@contextmanager
def only_one(lab: str) -> Iterator[None]:
    """Let only one process at a time bring a lab up or down.

    Raises:
        LabError: another process does.
    """
    _LOCKS.mkdir(parents=True, exist_ok=True)
    path = _LOCKS / f"vipkeeper-lab-{lab}.lock"
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another process is bringing the lab {lab!r} up or down."
            raise LabError(message, "Wait for it, or choose another name.") from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
