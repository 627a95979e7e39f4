"""Writes a Nornir inventory as ordinary files, for SimpleInventory and for people.

The switches are read from them again on a day when the sources are down. The file may decide where
a session goes, so one that others can write is not used.
"""

from __future__ import annotations

import io
import os
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from inventory.errors import ExitCode, SourceError, VipkeeperError
from inventory.files import OTHERS_MAY_WRITE, write_whole
from inventory.model import Switch
from inventory.names import is_hostname, one_line

if TYPE_CHECKING:
    from nornir.core.inventory import Group, Host, Inventory

_HEADER = "# Written by `vip inventory`; the next writing replaces it.\n"
HOSTS = "hosts.yaml"
_MAX_BYTES = 20_000_000
_PLAIN = ("hostname", "port", "username", "platform")


class ExportError(VipkeeperError):
    """The files cannot be written."""

    exit_code = ExitCode.USAGE


def render(inventory: Inventory) -> dict[str, str]:
    """Return the texts of the three files by name; equal inventories give equal texts.

    Passwords and connection options (which may hold secrets) are never written.
    """
    hosts = {name: _element(inventory.hosts[name]) for name in sorted(inventory.hosts)}
    groups = {name: _element(inventory.groups[name]) for name in sorted(inventory.groups)}
    defaults = _own(inventory.defaults)
    if inventory.defaults.data:
        defaults["data"] = inventory.defaults.data
    return {
        HOSTS: _yaml(hosts),
        "groups.yaml": _yaml(groups),
        "defaults.yaml": _yaml(defaults),
    }


def write(inventory: Inventory, directory: Path) -> tuple[Path, ...]:
    """Write hosts.yaml, groups.yaml and defaults.yaml, each replaced atomically.

    Raises:
        ExportError: the directory cannot be written.
    """
    written = []
    for name, text in render(inventory).items():
        path = directory / name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode("utf-8"), mode=0o644)
        except OSError as exc:
            raise ExportError(
                f"{path} cannot be written: {exc.strerror or exc}.", "Choose another directory."
            ) from exc
        written.append(path)
    return tuple(written)


def _own(element: Any) -> dict[str, Any]:  # noqa: ANN401  # Host, Group or Defaults: no common public type
    """Return the element's own values; a Host's plain attributes would include inherited ones."""
    values = {name: object.__getattribute__(element, name) for name in _PLAIN}
    return {name: value for name, value in values.items() if value is not None}


def _element(element: Host | Group) -> dict[str, Any]:
    entry = _own(element)
    if element.groups:
        entry["groups"] = [group.name for group in element.groups]
    if element.data:
        entry["data"] = element.data
    return entry


def _yaml(content: dict[str, Any]) -> str:
    yaml: Any = YAML(typ="safe", pure=True)  # its attributes are typed as if always None
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(content, stream)
    return _HEADER + stream.getvalue()


def read_switches(directory: Path) -> tuple[Switch, ...]:
    """Return the switches of the ``hosts.yaml`` in a directory, with their addresses.

    Raises:
        SourceError: it is not there, cannot be used, or is not for its owner alone to write.
    """
    path = directory / HOSTS
    try:
        status = path.stat()
        if status.st_uid not in {os.geteuid(), 0} or status.st_mode & OTHERS_MAY_WRITE:
            raise SourceError(str(path), "others can write it, so it is not used.", "chmod go-w")
        with path.open("rb") as file:
            body = file.read(_MAX_BYTES)
        return _switches(YAML(typ="safe", pure=True).load(body.decode("utf-8")))
    except OSError as error:
        raise SourceError(str(path), f"it cannot be read: {error.strerror or error}.") from error
    except (ValueError, YAMLError) as error:
        raise SourceError(str(path), f"it cannot be used: {one_line(error)}.") from error


def _switches(content: Any) -> tuple[Switch, ...]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(content, dict):
        raise ValueError("it is no table of hosts")  # noqa: TRY004 - one kind of error for all
    return tuple(_switch(str(name), entry) for name, entry in content.items())


def _switch(name: str, entry: object) -> Switch:
    address = entry.get("hostname") if isinstance(entry, dict) else None
    if not is_hostname(name):
        raise ValueError(f'"{one_line(name, 60)}" is no possible name')
    return Switch(name, ip_address(str(address)))
