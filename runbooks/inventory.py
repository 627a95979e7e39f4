"""``vip inventory``: the site's switches, as a table, refreshed, or as Nornir's own files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from inventory.export import write
from inventory.names import short_host
from inventory.nornir_hosts import BuiltInventory, build_inventory
from runbooks.run.records import plain

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.run.story import Story


def build(settings: Settings, site: Site) -> BuiltInventory:
    """Ask the sources; every answer is kept for a day when one of them is down.

    Raises:
        SourceError: no switch is known at all.
    """
    return build_inventory(site, username=settings.ssh.username, port=settings.ssh.port)


def show(built: BuiltInventory, console: Console, *, as_json: bool = False) -> None:
    """Show the switches, their hypervisors, and what had to be left out."""
    hosts = built.inventory.hosts
    if as_json:
        content = {
            "hosts": [
                {"name": name, "hostname": host.hostname, "groups": [g.name for g in host.groups]}
                | plain(host.data)
                for name, host in sorted(hosts.items())
            ],
            "problems": built.problems,
            "warnings": built.warnings,
        }
        console.print(json.dumps(plain(content), indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("switch", "address", "seen", "hypervisors"):
        table.add_column(heading, overflow="fold")
    for name, host in sorted(hosts.items()):
        hypervisors = ", ".join(short_host(h) for h in host.data.get("hypervisors", ()))
        table.add_row(name, host.hostname, host.data.get("seen", ""), hypervisors)
    console.print(table)


def tell_shortfalls(built: BuiltInventory, story: Story) -> None:
    """Tell what is missing from the inventory, and which answers are old."""
    for problem in built.problems:
        story.tell("left out", problem, "fail")
    for warning in built.warnings:
        story.tell("note", warning, "warn")


def write_files(built: BuiltInventory, directory: Path, story: Story) -> None:
    """Write hosts.yaml, groups.yaml and defaults.yaml.

    Raises:
        ExportError: the directory cannot be written to.
    """
    for path in write(built.inventory, directory):
        story.tell("written", str(path))
