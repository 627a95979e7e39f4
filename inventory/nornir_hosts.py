"""The whole site as a Nornir inventory: every switch with a hypervisor attached to it."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nornir.core.inventory import (
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)

from inventory.causes import HYPERVISOR, SWITCH, Notes
from inventory.errors import NoNeighbourError, SourceError, TargetError
from inventory.model import Answer, Switch, Uplink
from inventory.names import whole_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inventory.site import Site

PLATFORM = "cumulus"
logger = logging.getLogger(__name__)
_GROUP_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_MANY = 3


@dataclass(frozen=True)
class SiteSwitches:
    """Every switch of a site, and what could not be found out.

    Attributes:
        switches: the switches, each with its uplinks, sorted by name.
        problems: a line for each cause for which hypervisors or switches had to be left out.
        warnings: a line for each cause for which answers deserve less trust.
        details: a sentence for each of these hypervisors, switches and answers.
        complete: whether every answer was given now, and none is kept or missing.
    """

    switches: tuple[Answer[Switch], ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class BuiltInventory:
    """A Nornir inventory, and what could not be put into it; see ``SiteSwitches``."""

    inventory: Inventory
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    complete: bool = True


def collect(site: Site, told: Callable[[str], None] | None = None) -> SiteSwitches:
    """Ask for the uplinks of all hypervisors and the addresses of all their switches.

    Args:
        site: the sources.
        told: is told each hypervisor as its answer comes.

    Raises:
        SourceError: there is no list of hypervisors, no switch is known at all, or most hypervisors
            have lost their neighbours at once, which is the source's fault.
    """
    names = site.uplink.list_hypervisors()
    problems, warnings = Notes(), Notes()
    warnings.answered(names)
    uplinks: list[Uplink] = []
    blind = 0
    for name, outcome in site.ask_each(site.uplink.uplinks_of, names.value):
        if told is not None:
            told(name)
        if isinstance(outcome, Answer):
            uplinks.extend(outcome.value)
            warnings.answered(outcome, name)
        else:
            problems.left_out(outcome, "", name, HYPERVISOR)
            blind += isinstance(outcome, NoNeighbourError)
    if blind >= _MANY and 2 * blind > len(names.value):
        raise SourceError(
            site.uplink.system,
            f"it knows no switch behind {blind} of {len(names.value)} hypervisors, which is "
            "probably an outage of its own and not true.",
            "Ask who runs it whether its table of LLDP links is intact.",
        )
    switches = _addresses(site, uplinks, problems)
    if not switches:
        raise _no_switch(site, len(names.value), _by_switch(uplinks), problems)
    for answer in switches:
        warnings.answered(answer, answer.value.name, SWITCH)
    details = (*problems.sentences, *warnings.sentences)
    complete = not (problems.unanswered or warnings.unanswered)
    return SiteSwitches(switches, problems.lines, warnings.lines, details, complete)


def _no_switch(
    site: Site, hypervisors: int, uplinks: Mapping[str, object], problems: Notes
) -> SourceError:
    """Return the error of an inventory without hosts, of the source that is to blame for it."""
    listed = " ".join(problems.lines) or "no hypervisor has an uplink."
    system, what = site.uplink.system, "not one switch is known"
    if uplinks:
        system, what = site.address.system, f"not one of the {len(uplinks)} switches"
    advice = next((f.advice for f in problems.failures if f.system == system), "")
    empty = "An inventory without hosts would look like a run without faults; nothing was made."
    return SourceError(
        system,
        f"{what} behind {hypervisors} hypervisors{' has an address' if uplinks else ''}: {listed}",
        f"{advice} {empty}".strip(),
    )


def _addresses(site: Site, uplinks: list[Uplink], problems: Notes) -> tuple[Answer[Switch], ...]:
    """Return the switches of the uplinks with their addresses; note a problem for each other."""
    found: list[Answer[Switch]] = []
    for name, here in _by_switch(uplinks).items():
        try:
            answer = site.address.address_of(name)
        except (SourceError, TargetError) as exc:
            behind = ", ".join(sorted({uplink.hypervisor for uplink in here}))
            lead = f"The switch {name} (behind it: {behind}) is left out."
            problems.left_out(exc, lead, name, SWITCH)
            continue
        switch = Switch(name, answer.value.address, answer.value.seen, here)
        found.append(replace(answer, value=switch))
    owners: dict[str, list[str]] = defaultdict(list)
    for answer in found:
        owners[str(answer.value.address)].append(answer.value.name)
    for address, shared in owners.items():
        if len(shared) > 1:
            problems.warn(
                f"The switches {', '.join(shared)} are left out: all have the address {address}."
            )
    kept = [answer for answer in found if len(owners[str(answer.value.address)]) == 1]
    return tuple(sorted(kept, key=lambda answer: answer.value.name))


def _by_switch(uplinks: list[Uplink]) -> dict[str, tuple[Uplink, ...]]:
    """Return uplinks by switch.

    The names of one switch, short or full and in any case, count as one.
    """
    spelled: dict[str, list[Uplink]] = defaultdict(list)
    for uplink in uplinks:
        spelled[uplink.switch].append(uplink)
    grouped: dict[str, list[Uplink]] = defaultdict(list)
    for name, whole in whole_names(spelled).items():
        grouped[whole].extend(spelled[name])
    order = sorted(grouped)
    return {
        name: tuple(sorted(set(grouped[name]), key=lambda u: (u.hypervisor, u.interface, u.port)))
        for name in order
    }


def build_inventory(
    site: Site,
    *,
    username: str | None = None,
    port: int | None = None,
    told: Callable[[str], None] | None = None,
) -> BuiltInventory:
    """Build the Nornir inventory of a site.

    Args:
        site: the sources.
        username: the login name; becomes the inventory's default.
        port: the SSH port; becomes the inventory's default.
        told: is told each hypervisor as its answer comes.

    Raises:
        SourceError: see ``collect``.
    """
    found = collect(site, told)
    for detail in found.details:
        logger.debug("%s", detail)
    groups = Groups()
    defaults = Defaults(username=username, port=port)
    hosts = Hosts()
    for answer in found.switches:
        parents = ParentGroups()
        for name in group_names(answer.value.short_name, site.name, site.name_pattern):
            if name not in groups:
                groups[name] = Group(name=name, defaults=defaults)
            parents.add(groups[name])
        hosts[answer.value.name] = Host(
            name=answer.value.name,
            hostname=str(answer.value.address),
            platform=PLATFORM,
            groups=parents,
            data=_data(answer),
            defaults=defaults,
        )
    inventory = Inventory(hosts=hosts, groups=groups, defaults=defaults)
    return BuiltInventory(inventory, found.problems, found.warnings, found.details, found.complete)


def group_names(short_name: str, site: str, pattern: str) -> tuple[str, ...]:
    """Return the groups of a switch: rack and model as far as its name tells, then the site.

    >>> group_names("swt-sn2100-03", "ral", r"^swt-(?P<model>[a-z]+[0-9]+)-")
    ('model_sn2100', 'site_ral')
    """
    match = re.search(pattern, short_name) if pattern else None
    parts = match.groupdict() if match else {}
    known = [(kind, parts.get(kind)) for kind in ("rack", "model")] + [("site", site)]
    return tuple(
        f"{kind}_{_GROUP_UNSAFE.sub('_', value.lower())}" for kind, value in known if value
    )


def _data(answer: Answer[Switch]) -> dict[str, Any]:
    """Return what is known of a switch, as plain values for YAML that a diff can compare.

    The times of the answers are left out: every day's file would differ by them.
    """
    switch = answer.value
    return {
        "hypervisors": sorted({uplink.hypervisor for uplink in switch.uplinks}),
        "uplinks": [
            {
                "hypervisor": uplink.hypervisor,
                "interface": uplink.interface,
                "port": uplink.port,
                "observed": uplink.observed.isoformat() if uplink.observed else None,
                "source": uplink.source,
            }
            for uplink in switch.uplinks
        ],
        "address_source": answer.source,
        "seen": switch.seen,
    }
