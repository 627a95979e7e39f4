"""The switches that are asked: of the sources, else those that were looked at or written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import SourceError
from inventory.export import read_switches
from inventory.leafs import LeafMemory
from inventory.model import Switch
from inventory.names import command
from inventory.nornir_hosts import collect
from inventory.sources.host_index import HostIndex
from runbooks.output.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inventory.site import Site
    from nornir_config.settings import Settings


@dataclass(frozen=True)
class KnownSwitches:
    """The switches that can be asked.

    Attributes:
        switches: at least one.
        notes: why a source failed or could not tell all, one line for each cause.
        lacking: whether there are switches that could not be listed.
    """

    switches: tuple[Switch, ...]
    notes: tuple[str, ...] = ()
    lacking: bool = False


def known_switches(settings: Settings, site: Site, target: str) -> KnownSwitches:
    """Return every known switch; the sources are asked first.

    Where they fail or leave something out, the switches of the written ``hosts.yaml`` and those
    that were looked at before are added.

    Args:
        settings: the settings, with the places of what is known from before.
        site: the sources.
        target: what is looked for, for the words of a failure.

    Raises:
        SourceError: no switch is known at all.
    """
    try:
        found = collect(site)
    except SourceError as failure:
        switches, notes = _without_sources(settings, ())
        if not switches:
            search = command("vip", "find", target)
            way = f"Name the addresses of the switches to ask: {search} ADDRESS..."
            advice = " ".join(filter(None, (failure.advice, *notes, way)))
            raise SourceError(failure.system, failure.message, advice) from failure
        told = (
            f"{counted(len(switches), 'switch is', 'switches are')} asked: those known from before."
        )
        return KnownSwitches(switches, (str(failure), *notes, told))
    listed = tuple(answer.value for answer in found.switches)
    if not found.problems:
        return KnownSwitches(listed, found.warnings)
    switches, notes = _without_sources(settings, listed)
    lacking = len(switches) == len(listed)  # else what is known from before may fill the gap
    return KnownSwitches(switches, (*found.problems, *found.warnings, *notes), lacking=lacking)


def _without_sources(
    settings: Settings, listed: tuple[Switch, ...]
) -> tuple[tuple[Switch, ...], tuple[str, ...]]:
    """Return switches with those added that are written down or were looked at; and notes."""
    switches, notes = listed, []
    if settings.paths.inventory is not None:
        try:
            switches = _with(switches, read_switches(settings.paths.inventory))
        except SourceError as error:
            notes.append(str(error))
    memory = LeafMemory(settings.paths.cache)
    leafs = (Switch(leaf.name, leaf.address) for leaf in memory.known())
    return _with(switches, leafs), tuple(notes)


def _with(switches: tuple[Switch, ...], more: Iterable[Switch]) -> tuple[Switch, ...]:
    """Return switches with those added that are not among them, by name or address."""
    names = HostIndex((switch.name, None) for switch in switches)
    addresses = {switch.address for switch in switches}
    return (*switches, *(s for s in more if s.address not in addresses and not names.find(s.name)))
