"""Commits that wait for their confirmation: show, confirm, roll back.

nornir_napalm's confirm task reports success when nothing is pending. So a confirmation that came
after the switch had rolled back looks like a success. The tasks of this module fail then.
"""

from __future__ import annotations

from nornir.core.task import Result, Task

from nornir_config.connection import change_device, read_session
from tasks.errors import NothingPendingError


def read_pending(task: Task) -> Result:
    """Return the driver's ``PendingCommit``, or None. This is a Nornir task."""
    return Result(host=task.host, result=read_session(task).pending)


def confirm_commit(task: Task) -> Result:
    """Confirm the pending commit, and return it. This is a Nornir task.

    Raises:
        NothingPendingError: nothing is pending.
    """
    device = change_device(task)
    pending = device.pending
    if pending is None:
        raise NothingPendingError(
            f"{task.host.name}: there is no commit to confirm: it was confirmed or rolled back "
            "before, or its time ran out and the switch has gone back to the old configuration",
            "See which on the switch (ifquery -c -a) before you commit again.",
        )
    if not task.is_dry_run():
        device.confirm_commit()
    return Result(host=task.host, result=pending, changed=not task.is_dry_run())


def rollback_commit(task: Task) -> Result:
    """Roll back the pending commit, and return it. This is a Nornir task.

    Raises:
        NothingPendingError: nothing is pending.
    """
    device = change_device(task)
    pending = device.pending
    if pending is None:
        raise NothingPendingError(
            f"{task.host.name}: there is no commit to roll back: it was confirmed or rolled back "
            "before, or its time ran out and the switch has gone back by itself",
        )
    if not task.is_dry_run():
        device.rollback(pending_only=True)
    return Result(host=task.host, result=pending, changed=not task.is_dry_run())
