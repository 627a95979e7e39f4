"""Starts Nornir, from the settings with some switches or with the whole site's inventory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Groups,
    Host,
    Hosts,
    Inventory,
)
from nornir.core.state import GlobalState
from nornir.plugins.runners import SerialRunner

from nornir_config.connection import CONNECTION_NAME, PLATFORM, take_place
from nornir_config.runner.errors import NoHostsError
from nornir_config.runner.fleet import FleetRunner
from nornir_config.secrets import get_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nornir.core.plugins.runners import RunnerPlugin

    from inventory.model import Switch
    from nornir_config.settings import Settings, SshSettings


def init_nornir(
    settings: Settings,
    switches: Iterable[Switch] | None = None,
    *,
    inventory: Inventory | None = None,
    dry_run: bool = False,
    owner: str = "",
    runner: RunnerPlugin | None = None,
) -> Nornir:
    """Start Nornir.

    Args:
        settings: the settings of login, time-outs and number of workers.
        switches: the switches to run on.
        inventory: an inventory to use in place of ``switches`` (``SiteInventory(...).load()``).
        dry_run: whether tasks compose and compare, but commit nothing.
        owner: the owner of changes, as other operators read it.
        runner: spreads tasks over the hosts; None works on as many at once as the settings allow,
            and on a single host in this thread.

    Returns:
        A Nornir with the login of the settings. It writes no log file and does not change the
        process's logging.

    Raises:
        NoHostsError: there is no switch.
    """
    take_place()
    inventory = inventory or switch_inventory(switches or ())
    if not inventory.hosts:
        raise NoHostsError("no switch is left to work on", "Check the names or the filter.")
    _apply_login(inventory, settings.ssh, owner)
    if runner is None and len(inventory.hosts) == 1:
        # In this thread, so that Ctrl-C reaches the task itself, not only a thread that waits for
        # it.
        runner = SerialRunner()
    return Nornir(
        inventory=inventory,
        runner=runner or FleetRunner(settings.workers),
        config=Config.from_dict(logging={"enabled": False}),
        data=GlobalState(dry_run=dry_run),
    )


def switch_inventory(switches: Iterable[Switch]) -> Inventory:
    """Return an inventory of only these switches; ``data`` has what is known of each."""
    defaults = Defaults()
    hosts = Hosts()
    for switch in switches:
        hosts[switch.name] = Host(
            name=switch.name,
            hostname=str(switch.address),
            platform=PLATFORM,
            data={"switch": switch},
            defaults=defaults,  # otherwise Nornir gives a host empty defaults of its own
        )
    return Inventory(hosts=hosts, groups=Groups(), defaults=defaults)


def driver_arguments(ssh: SshSettings, owner: str = "") -> dict[str, Any]:
    """Return the driver's constructor arguments that come from the settings, with secrets.

    Raises:
        SecretError: the file of a secret is open to others.
    """
    optional_args: dict[str, Any] = {
        "use_agent": ssh.use_agent,
        "command_timeout": ssh.command_timeout,
    }
    named = {
        "known_hosts_file": ssh.known_hosts,
        "key_file": ssh.key_file,
        "ssh_config_file": ssh.config_file,
        "proxy_jump": ssh.proxy_jump,
        "owner": owner,
    }
    optional_args.update({key: str(value) for key, value in named.items() if value})
    if passphrase := get_secret("ssh_passphrase"):
        optional_args["passphrase"] = passphrase.get_secret_value()
    if ssh.sudo:
        optional_args["sudo"] = True
        if password := get_secret("sudo_password"):
            optional_args["sudo_password"] = password.get_secret_value()
    return {"timeout": math.ceil(ssh.connect_timeout), "optional_args": optional_args}


def _apply_login(inventory: Inventory, ssh: SshSettings, owner: str) -> None:
    """Give the inventory's defaults the login of the settings; a host's own values stay."""
    defaults = inventory.defaults
    defaults.username = defaults.username or ssh.username
    defaults.port = defaults.port or ssh.port
    defaults.platform = defaults.platform or PLATFORM
    if defaults.password is None and (password := get_secret("ssh_password")):
        defaults.password = password.get_secret_value()
    arguments = driver_arguments(ssh, owner)
    defaults.connection_options.setdefault(CONNECTION_NAME, ConnectionOptions(extras={}))
    holders: list[Defaults | Host] = [defaults, *inventory.groups.values()]
    holders += inventory.hosts.values()
    for holder in holders:
        options = holder.connection_options.get(CONNECTION_NAME)
        # Nornir takes all extras from the first level that has any, so each level gets ours.
        if options is not None and (options.extras is not None or holder is defaults):
            options.extras = _merged(arguments, options.extras or {})


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    optional_args = below["optional_args"] | (above.get("optional_args") or {})
    return below | above | {"optional_args": optional_args}
