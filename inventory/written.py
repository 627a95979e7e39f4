"""Reading the ``hosts.yaml`` that ``vip inventory write`` has written: the switches of a site.

It is for a day when the sources are down. The file may decide where a session goes, so one that
others can write is not used.
"""

from __future__ import annotations

import os
import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from inventory.errors import SourceError
from inventory.model import Switch
from inventory.names import is_hostname, one_line

HOSTS = "hosts.yaml"
_MAX_BYTES = 20_000_000
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_switches(directory: Path) -> tuple[Switch, ...]:
    """Return the switches of the ``hosts.yaml`` in a directory, with their addresses.

    Raises:
        SourceError: it is not there, cannot be used, or is not for its owner alone to write.
    """
    path = directory / HOSTS
    try:
        status = path.stat()
        if status.st_uid not in {os.geteuid(), 0} or status.st_mode & _OTHERS_MAY_WRITE:
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
