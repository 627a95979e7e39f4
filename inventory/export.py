"""Writes a Nornir inventory as ordinary files, for SimpleInventory and for people."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from inventory.errors import ExitCode, VipkeeperError
from inventory.files import write_whole

if TYPE_CHECKING:
    from nornir.core.inventory import Group, Host, Inventory

_HEADER = "# Written by `vip inventory`; the next writing replaces it.\n"
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
        "hosts.yaml": _yaml(hosts),
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
