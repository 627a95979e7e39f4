"""Verifies that the switch that answers is the one that was asked for."""

from __future__ import annotations

from nornir.core.task import Result, Task

from inventory.names import same_host
from tasks.errors import WrongSwitchError
from tasks.shell import read

HOSTNAME = "hostname"


def check_identity(task: Task) -> Result:
    """Verify the name of the switch, and return it. This is a Nornir task.

    Raises:
        WrongSwitchError: the switch has another name than the inventory says.
    """
    result = read(task, [HOSTNAME])[HOSTNAME]
    hostname = result.stdout.decode("utf-8", "replace").strip() if result.exit_status == 0 else ""
    require_same(task.host.name, hostname, task.host.hostname or "")
    return Result(host=task.host, result=hostname)


def require_same(expected: str, hostname: str, address: str) -> None:
    """Compare the names; a short name matches a full one.

    A switch that was named by its address has no name to compare with: it only tells its own.

    Raises:
        WrongSwitchError: they differ, or the switch told none.
    """
    if expected == address:
        return
    if not hostname:
        raise WrongSwitchError(
            f"the switch at {address} does not say what it is called, which should be {expected}; "
            "nothing was touched",
            "Run 'hostname' on it.",
        )
    if not same_host(expected, hostname):
        raise WrongSwitchError(
            f"the switch at {address} calls itself {hostname}, not {expected}; nothing was touched",
            "Correct the address source, or the switch's hostname.",
        )
