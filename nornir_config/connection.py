"""The Nornir connection plugin ``napalm``, in place of nornir_napalm's.

nornir_napalm's own plugin writes the port of a host into the dictionary of options that all hosts
of a group share, so that the next host is reached on the first one's port: behind port forwards
that is the wrong switch. This one copies the options, and can tell a dead session from a live one.
nornir_napalm's tasks work over it unchanged.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napalm import get_network_driver
from napalm.base.exceptions import ConnectionClosedException, ConnectionException
from nornir.core.plugins.connections import ConnectionPluginRegister

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napalm.base import NetworkDriver
    from nornir.core.configuration import Config
    from nornir.core.inventory import Host
    from nornir.core.task import Task

    from napalm_cumulus import CumulusDriver
    from napalm_cumulus.result import CommandResult

CONNECTION_NAME = "napalm"


class Napalm:
    """A NAPALM driver as a Nornir connection; ``extras`` are its constructor's arguments."""

    connection: NetworkDriver

    def open(  # noqa: PLR0917 - the signature is Nornir's
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Build the driver of ``platform`` and open it.

        ``port`` is the host's own and wins over a port in ``extras``, which may come from a group.

        Raises:
            ConnectionException: the host has no address or no platform, or the driver could not
                open the connection.
        """
        if not hostname or not platform:
            lacking = "address (hostname)" if platform else "platform"
            raise ConnectionException(f"the inventory gives this host no {lacking}")
        arguments = copy.deepcopy(extras or {})
        optional_args = arguments.pop("optional_args", None) or {}
        if configuration is not None and Path(configuration.ssh.config_file or "-").is_file():
            optional_args.setdefault("ssh_config_file", str(configuration.ssh.config_file))
        if port:
            optional_args["port"] = port
        driver = _driver_of(get_network_driver, platform)
        connection = driver(
            hostname=hostname,
            username=username or "",
            password=password or "",
            optional_args=optional_args,
            **arguments,
        )
        connection.open()
        self.connection = connection

    def close(self) -> None:
        """Close the driver's connection."""
        self.connection.close()


@functools.cache
def _driver_of(find: Callable[[str], type[NetworkDriver]], platform: str) -> type[NetworkDriver]:
    """The platform's driver, looked for once: NAPALM tries several modules each time."""
    return find(platform)


def register() -> None:
    """Put `Napalm` in the place of nornir_napalm's plugin, whoever registered before.

    Nornir registers every installed plugin at each start and refuses a name that another class
    holds, so ours leaves its place while that happens.
    """
    if CONNECTION_NAME in ConnectionPluginRegister.available:
        ConnectionPluginRegister.deregister(CONNECTION_NAME)
    ConnectionPluginRegister.auto_register()
    ConnectionPluginRegister.deregister(CONNECTION_NAME)
    ConnectionPluginRegister.register(CONNECTION_NAME, Napalm)


def read_device(task: Task) -> CumulusDriver:
    """The driver of the task's host, for reading: a session that died is opened anew."""
    device = _device(task)
    if _is_alive(device):
        return device
    drop_connection(task.host)
    return _device(task)


def change_device(task: Task) -> CumulusDriver:
    """The driver of the task's host, for changing it: a session that died is an error.

    What was read over the old session may no longer hold, and a candidate loaded there is gone.

    Raises:
        ConnectionClosedException: the session has died.
    """
    device = _device(task)
    if not _is_alive(device):
        drop_connection(task.host)
        raise ConnectionClosedException(
            f"the session to {task.host.name} was lost before the change; nothing was changed"
        )
    return device


def run_once(
    task: Task, commands: Sequence[str], *, timeout: float | None = None
) -> list[CommandResult]:
    """Run reading commands in one round trip, with nothing asked before it.

    A session that was kept and has died meanwhile is opened anew, once.

    Args:
        task: the task on the switch.
        commands: shell lines; a failing one does not stop the others.
        timeout: seconds for all of them; the driver's ``command_timeout`` by default.

    Raises:
        NapalmException: the driver's own.
    """
    kept = CONNECTION_NAME in task.host.connections
    try:
        return _device(task).run_many(commands, timeout=timeout)
    except ConnectionClosedException:
        if not kept:
            raise
    drop_connection(task.host)
    return _device(task).run_many(commands, timeout=timeout)


def drop_connection(host: Host) -> None:
    """Forget the host's connection, so that the next use opens a new one."""
    plugin = host.connections.pop(CONNECTION_NAME, None)
    if plugin is not None:
        # It is thrown away because it is broken: closing it may fail in any way.
        with contextlib.suppress(Exception):
            plugin.close()


def _device(task: Task) -> CumulusDriver:
    # The inventory gives every host the platform "cumulus".
    device: CumulusDriver = task.host.get_connection(CONNECTION_NAME, task.nornir.config)
    return device


def _is_alive(device: NetworkDriver) -> bool:
    return bool(device.is_alive().get("is_alive"))
