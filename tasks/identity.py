"""Is the switch that answers the one that was asked for?"""

from __future__ import annotations

from nornir.core.task import Result, Task

from inventory.names import same_host
from tasks.errors import WrongSwitchError
from tasks.shell import read

HOSTNAME = "hostname"


def check_identity(task: Task) -> Result:
    """Nornir task: refuse a switch that calls itself by another name than the inventory does.

    Raises:
        WrongSwitchError: the names differ.
    """
    hostname = read(task, [HOSTNAME])[HOSTNAME].strip()
    require_same(task.host.name, hostname, task.host.hostname or "")
    return Result(host=task.host, result=hostname)


def require_same(expected: str, hostname: str, address: str) -> None:
    """Compare the names; a short one matches a full one.

    Raises:
        WrongSwitchError: they differ.
    """
    if not same_host(expected, hostname):
        raise WrongSwitchError(
            f"the switch at {address} calls itself {hostname or 'nothing'}, not {expected}; "
            "nothing was touched",
            "Correct the address source, or the switch's hostname.",
        )
