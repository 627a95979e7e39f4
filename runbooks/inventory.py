"""``vip inventory``: the site's switches, as a table, refreshed, or as Nornir's own files."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inventory.causes import HYPERVISOR, Notes
from inventory.errors import ExitCode
from inventory.export import write
from inventory.model import Answer
from inventory.names import short_host
from inventory.nornir_hosts import BuiltInventory, build_inventory
from runbooks.fleet.progress import progress_of
from runbooks.output.text import counted
from runbooks.run.records import plain
from runbooks.run.story import make_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.run.story import Story


def build(
    settings: Settings, site: Site, told: Callable[[str], None] | None = None
) -> BuiltInventory:
    """Ask the sources; every answer is kept for a day when one of them is down.

    Args:
        settings: the settings for logins.
        site: the sources.
        told: is told each hypervisor as its answer comes.

    Raises:
        SourceError: no switch is known at all.
    """
    return build_inventory(site, username=settings.ssh.username, port=settings.ssh.port, told=told)


def refresh(settings: Settings, site: Site, story: Story) -> int:
    """Ask all sources for everything, so that it is kept; return the exit code.

    Raises:
        SourceError: no switch is known at all.
    """
    names = site.uplink.list_hypervisors().value
    with _shown("hypervisors and switches", len(names)) as told:
        built = build(settings, site, told)
    notes = Notes()
    with _shown("VMs", len(names)) as told:
        vms = _keep_vms(site, names, notes, told)
    tell_shortfalls(built, story)
    for line in notes.lines:
        story.tell("note", line, "warn")
    found = (
        f"{counted(len(built.inventory.hosts), 'switch', 'switches')}, "
        f"{counted(len(names), 'hypervisor')} and {counted(vms, 'VM')}, "
        f"kept in {settings.paths.cache}"
    )
    if built.complete and not notes.unanswered:
        story.tell("refreshed", found)
        return ExitCode.OK
    story.tell("refreshed", f"only in part: {found}", "fail")
    return ExitCode.SOURCE


@contextmanager
def _shown(step: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a terminal how far a step is; yield what is to be told each host that is done."""
    progress = progress_of(step, lines=False)
    progress.begin(total)
    try:
        yield lambda name: progress.tell(name, "")
    finally:
        progress.end()


def _keep_vms(site: Site, names: Sequence[str], notes: Notes, told: Callable[[str], None]) -> int:
    """Ask for the VMs of hypervisors, so that each VM is found later; return their number."""
    count = 0
    for name, outcome in site.ask_each(site.compute.vms_on, names):
        told(name)
        if isinstance(outcome, Answer):
            notes.answered(outcome, name)
            count += len(outcome.value)
        else:
            notes.left_out(outcome, "", name, HYPERVISOR)
    return count


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
            "details": built.details,
        }
        console.print(json.dumps(plain(content), indent=2))
        return
    table = make_table("switch", "address", "seen", "hypervisors")
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
