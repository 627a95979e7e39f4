"""Which switches a command works on: the site's inventory, or the switches that were named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nornir.core.inventory import Hosts, Inventory

from inventory.errors import SourceError
from inventory.leafs import LeafMemory
from inventory.names import short_host
from inventory.nornir_hosts import build_inventory
from nornir_config.init import switch_inventory
from nornir_config.runner.errors import NoHostsError
from runbooks.run.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nornir.core.inventory import Host

    from inventory.leafs import Leaf
    from inventory.model import Switch
    from inventory.site import Site
    from nornir_config.settings import Settings

#: The keys of ``--filter``; all but the name stand for the inventory's groups ``rack_...`` etc.
FILTERS = ("name", "rack", "model", "site")

#: At most so many switches that were looked at before are named.
_FEW = 4


@dataclass(frozen=True)
class SwitchFilter:
    """The filter that chooses switches.

    Attributes:
        names: names or management addresses; empty means all of the inventory.
        filters: allowed values by key (of ``FILTERS``); a switch must match each key.
        groups: Nornir groups; a switch must be in all of them.
    """

    names: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class SelectedSwitches:
    """The switches of a run.

    Attributes:
        inventory: the hosts; at least one.
        left_out: a sentence for each switch or hypervisor that is missing and should be there.
        notes: a sentence for each answer that is old because its source fails, with its age.
    """

    inventory: Inventory
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parse_filters(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Parse the ``KEY=VALUE`` texts of the command line; return pairs of key and value.

    >>> parse_filters(["rack=a3", "name=swt-*"])
    (('rack', 'a3'), ('name', 'swt-*'))

    Raises:
        UsageError: a key is unknown, or there is no value.
    """
    found = []
    for text in texts:
        key, equals, value = text.partition("=")
        if key not in FILTERS or not equals or not value:
            raise UsageError(
                f"--filter {text!r} is not understood",
                f"Give KEY=VALUE with one of: {', '.join(FILTERS)}. A name may hold * and ?.",
            )
        found.append((key, value))
    return tuple(found)


def select(
    settings: Settings,
    site: Callable[[], Site],
    wish: SwitchFilter,
    find: Callable[[str], Switch],
) -> SelectedSwitches:
    """Return the switches that the filter asks for.

    Args:
        settings: the settings, with the login.
        site: opens the site; called only when its whole inventory is needed.
        wish: the filter.
        find: finds one switch by its name or address.

    Raises:
        NoHostsError: nothing matches.
        TargetError: a named switch is unknown.
        SourceError: a source failed, and no earlier answer of it is kept.
    """
    if wish.names:
        if wish.filters or wish.groups:
            raise UsageError("name switches, or filter the inventory, not both")
        switches = {switch.name: switch for switch in map(find, wish.names)}
        return SelectedSwitches(switch_inventory(switches.values()))
    try:
        built = build_inventory(site(), username=settings.ssh.username, port=settings.ssh.port)
    except SourceError as failure:
        failure.advise(_without_inventory(LeafMemory(settings.paths.cache).known()))
        raise
    inventory = built.inventory
    if wish.filters or wish.groups:
        hosts = {name: host for name, host in inventory.hosts.items() if _matches(host, wish)}
        inventory = Inventory(Hosts(hosts), inventory.groups, inventory.defaults)
        if not inventory.hosts:
            raise _none_matches(built.inventory, wish)
    return SelectedSwitches(inventory, built.problems, built.warnings)


def _without_inventory(leafs: Sequence[Leaf]) -> str:
    """Return how to go on where the sources give no inventory."""
    if not leafs:
        return "To go on without it, name the switches by address: vip check ADDRESS..."
    addresses = " ".join(str(leaf.address) for leaf in leafs[:_FEW])
    more = f", and {len(leafs) - _FEW} more" if len(leafs) > _FEW else ""
    return f"To go on without it: vip check {addresses} (looked at before{more})"


def _none_matches(inventory: Inventory, wish: SwitchFilter) -> NoHostsError:
    groups = sorted(inventory.groups)
    error = NoHostsError(
        f"none of the {len(inventory.hosts)} switches matches",
        f"The inventory's groups are: {', '.join(groups) or 'none'}.",
    )
    missing = [group for group in wish.groups if group not in groups]
    names = [value for key, value in wish.filters if key == "name"]
    if missing:
        return error.naming(missing[0], groups)
    return error.naming(names[0], sorted(inventory.hosts)) if names else error


def rack_of(host: Host) -> str:
    """Return the rack, from the host's groups; empty where no group says it."""
    return _from_groups(host, "rack")


def model_of(host: Host) -> str:
    """Return the model, from the host's groups; empty where no group says it."""
    return _from_groups(host, "model")


def uplinks_of(host: Host) -> dict[str, tuple[str, ...]]:
    """Return the ports by hypervisor, from the uplink source; empty for a switch that was named."""
    found: dict[str, tuple[str, ...]] = {}
    for uplink in host.data.get("uplinks", ()):
        name = uplink["hypervisor"]
        found[name] = (*found.get(name, ()), uplink["port"])
    return found


def behind_ports(host: Host) -> dict[str, str]:
    """Return the hypervisors by port, from the uplink source."""
    return {port: name for name, ports in uplinks_of(host).items() for port in ports}


def _from_groups(host: Host, kind: str) -> str:
    prefix = f"{kind}_"
    names = [group.name for group in host.groups if group.name.startswith(prefix)]
    return names[0].removeprefix(prefix) if names else ""


def _matches(host: Host, wish: SwitchFilter) -> bool:
    in_groups = {group.name for group in host.groups}
    if not in_groups.issuperset(wish.groups):
        return False
    for key in {key for key, _ in wish.filters}:
        values = [value for other, value in wish.filters if other == key]
        if key == "name":
            short = short_host(host.name)
            ok = any(fnmatchcase(n, value) for value in values for n in (host.name, short))
        else:
            ok = not in_groups.isdisjoint(f"{key}_{_slug(value)}" for value in values)
        if not ok:
            return False
    return True


def _slug(value: str) -> str:
    """Return a value in the form in which it stands in a group's name."""
    return re.sub(r"[^a-z0-9_-]+", "_", value.lower())
