"""The Nornir connection plugin ``napalm``, in place of nornir_napalm's.

nornir_napalm's own plugin writes the port of a host into the dictionary of options that all hosts
of a group share, so the next host is reached on the first one's port: behind port forwards that is
the wrong switch. This plugin copies the options, and can tell a dead session from a live one.
nornir_napalm's tasks work with it unchanged. NAPALM itself is imported when a task first asks for
the
driver: a task that only runs commands (``run_once``) needs only the session below it.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nornir.core.plugins.connections import ConnectionPluginRegister

from napalm_cumulus import errors
from napalm_cumulus.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napalm.base import NetworkDriver
    from nornir.core.configuration import Config
    from nornir.core.inventory import Host
    from nornir.core.task import Task

    from napalm_cumulus import CumulusDriver
    from napalm_cumulus.result import CommandResult

CONNECTION_NAME = "napalm"
PLATFORM = "cumulus"


#: nornir_napalm's class, by name: importing it imports NAPALM.
_STOCK = ("nornir_napalm.plugins.connections", "Napalm")


class _InPlaceOfStock(type):
    """Makes a class equal to nornir_napalm's plugin.

    Nornir registers every installed plugin at each ``InitNornir``. It refuses a name that has
    another, unequal class. Ours must stay.
    """

    def __eq__(cls, other: object) -> bool:
        if not isinstance(other, type):
            return NotImplemented
        return cls is other or (other.__module__, other.__qualname__) == _STOCK

    def __hash__(cls) -> int:
        return hash(_STOCK)


class Napalm(metaclass=_InPlaceOfStock):
    """A NAPALM driver as a Nornir connection; ``extras`` are its constructor's arguments."""

    login: Session | NetworkDriver

    @functools.cached_property
    def connection(self) -> NetworkDriver:
        """Return the driver; for a Cumulus switch it uses the open session."""
        if not isinstance(self.login, Session):
            return self.login
        from napalm_cumulus.driver import driver_over  # noqa: PLC0415 - NAPALM is slow to import

        return driver_over(self.login)

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
        """Log in; for a platform other than Cumulus, open its NAPALM driver.

        ``port`` is the host's own, and wins over a port in ``extras``, which may come from a group.

        Raises:
            ConnectionException: the host has no address or no platform, or the driver could not
                open the connection.
        """
        if not hostname or not platform:
            lacking = "address (hostname)" if platform else "platform"
            raise errors.ConnectionException(f"the inventory gives this host no {lacking}")
        arguments = copy.deepcopy(extras or {})
        optional_args = arguments.pop("optional_args", None) or {}
        if configuration is not None and Path(configuration.ssh.config_file or "-").is_file():
            optional_args.setdefault("ssh_config_file", str(configuration.ssh.config_file))
        if port:
            optional_args["port"] = port
        login = login_class(platform)(
            hostname=hostname,
            username=username or "",
            password=password or "",
            optional_args=optional_args,
            **arguments,
        )
        login.open()
        self.login = login

    def close(self) -> None:
        """Close the session."""
        self.login.close()


def login_class(platform: str) -> type[Session | NetworkDriver]:
    """Return the class that logs in to switches of a platform."""
    if platform == PLATFORM:
        return Session
    from napalm import get_network_driver  # noqa: PLC0415 - slow to import

    return get_network_driver(platform)


def register() -> None:
    """Register every installed connection plugin, with ``Napalm`` in place of nornir_napalm's."""
    ConnectionPluginRegister.auto_register()
    take_place()


def take_place() -> None:
    """Put ``Napalm`` in place of nornir_napalm's plugin, even if that was registered before.

    It stays there when Nornir starts again by its own ``InitNornir``.
    """
    ConnectionPluginRegister.available[CONNECTION_NAME] = Napalm


def read_session(task: Task) -> Session:
    """Return the session on the task's host, for reading; reopen one that died.

    The session is below the driver, so reading needs no NAPALM.
    """
    session = _session(task)
    if _is_alive(session):
        return session
    drop_connection(task.host)
    return _session(task)


def read_device(task: Task) -> CumulusDriver:
    """Return the driver of the task's host, for reading; reopen a session that died."""
    read_session(task)
    return _device(task)


def change_session(task: Task) -> Session:
    """Return the session on the task's host, before a change; raise if it died.

    What was read in the old session may have changed, and a candidate loaded there is lost.

    Raises:
        ConnectionClosedException: the session has died.
    """
    session = _session(task)
    if not _is_alive(session):
        drop_connection(task.host)
        raise errors.ConnectionClosedException(
            f"the session to {task.host.name} was lost before the change; nothing was changed"
        )
    return session


def change_device(task: Task) -> CumulusDriver:
    """Return the driver of the task's host, for changing it.

    Raises:
        ConnectionClosedException: the session has died.
    """
    change_session(task)
    return _device(task)


def run_once(
    task: Task,
    commands: Sequence[str],
    *,
    timeout: float | None = None,
    as_root: bool = False,
) -> list[CommandResult]:
    """Run reading commands in one round trip, without a check of the session before it.

    A kept session that died meanwhile is reopened once. One that was taken away and closed under
    the task is not: whoever did that has given the switch up, or is about to end.

    Args:
        task: the task on the switch.
        commands: shell lines; one that fails does not stop the others.
        timeout: seconds for all of them; the driver's ``command_timeout`` by default.
        as_root: refuse to run them as a user to whom the switch tells only half of the truth.

    Raises:
        NoRootError: the session is not root's, and should be.
        NapalmException: the session cannot be opened, or the commands failed in the driver.
    """
    kept = task.host.connections.get(CONNECTION_NAME)
    try:
        session = _session(task)
        if as_root:
            session.require_root()
        return session.run_many(commands, timeout=timeout)
    except errors.ConnectionClosedException:
        if kept is None or task.host.connections.get(CONNECTION_NAME) is not kept:
            raise
    drop_connection(task.host)
    session = _session(task)
    if as_root:
        session.require_root()
    return session.run_many(commands, timeout=timeout)


def drop_connection(host: Host) -> None:
    """Drop the host's connection, so that the next use opens a new one."""
    plugin = host.connections.pop(CONNECTION_NAME, None)
    if plugin is not None:
        # It is dropped because it is broken, so closing it may fail in any way.
        with contextlib.suppress(Exception):
            plugin.close()


def _device(task: Task) -> CumulusDriver:
    # The inventory gives every host the platform "cumulus".
    device: CumulusDriver = task.host.get_connection(CONNECTION_NAME, task.nornir.config)
    return device


def _session(task: Task) -> Session:
    """Return the session of the task's host; it may have no driver yet."""
    if CONNECTION_NAME not in task.host.connections:
        task.host.open_connection(CONNECTION_NAME, task.nornir.config)
    plugin = task.host.connections[CONNECTION_NAME]
    login = plugin.login if isinstance(plugin, Napalm) else plugin.connection
    return cast("Session", login)  # the inventory gives every host the platform "cumulus"


def _is_alive(session: Session) -> bool:
    return bool(session.is_alive().get("is_alive"))
