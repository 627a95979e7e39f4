"""The switches that are asked: of the sources, else those that were looked at or written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import SourceError
from inventory.export import read_switches
from inventory.leafs import LeafMemory
from inventory.model import Switch
from inventory.names import command, same_host
from inventory.nornir_hosts import collect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inventory.site import Site
    from nornir_config.settings import Settings

#: At most so many notes of one kind are told one by one.
_FEW = 3


@dataclass(frozen=True)
class KnownSwitches:
    """The switches that can be asked.

    Attributes:
        switches: at least one.
        notes: a sentence for each source that failed, or could not tell all.
    """

    switches: tuple[Switch, ...]
    notes: tuple[str, ...] = ()


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
        told = f"The {len(switches)} switches that are asked are those known from before."
        return KnownSwitches(switches, (str(failure), *notes, told))
    listed = tuple(answer.value for answer in found.switches)
    warnings = _few(found.warnings)
    if not found.problems:
        return KnownSwitches(listed, warnings)
    switches, notes = _without_sources(settings, listed)
    return KnownSwitches(switches, (*_few(found.problems), *warnings, *notes))


def _without_sources(
    settings: Settings, listed: tuple[Switch, ...]
) -> tuple[tuple[Switch, ...], tuple[str, ...]]:
    """Return switches with those added that are written down or were looked at; and notes."""
    switches, notes = list(listed), []
    if settings.paths.inventory is not None:
        try:
            _add(switches, read_switches(settings.paths.inventory))
        except SourceError as error:
            notes.append(str(error))
    memory = LeafMemory(settings.paths.cache)
    _add(switches, (Switch(leaf.name, leaf.address) for leaf in memory.known()))
    return tuple(switches), tuple(notes)


def _add(switches: list[Switch], more: Iterable[Switch]) -> None:
    """Add switches that are not there yet, by name or address."""
    for switch in more:
        known = (
            other.address == switch.address or same_host(other.name, switch.name)
            for other in switches
        )
        if not any(known):
            switches.append(switch)


def _few(notes: tuple[str, ...]) -> tuple[str, ...]:
    more = len(notes) - _FEW
    return (*notes[:_FEW], f"And {more} more like that.") if more > 0 else notes
