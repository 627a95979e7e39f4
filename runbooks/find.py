"""``vip find``: behind which switch a VM, a hypervisor or a MAC is; the switches are asked."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from inventory.leafs import LeafMemory, leaf_of
from nornir_config.init import switch_inventory
from nornir_config.secrets import no_password
from runbooks.fleet.ask import CheckPace, SwitchRounds, find_password, interrupted
from runbooks.fleet.assess import LOGIN_REFUSED, NOT_CHECKED, why_unanswered
from runbooks.fleet.progress import progress_of
from runbooks.incident.background import Background
from runbooks.run.records import now
from runbooks.run.story import make_console, printable
from runbooks.search.answer import Unanswered, conclude, found_by
from runbooks.search.look import look
from runbooks.search.show import line_of, show, to_json
from runbooks.search.switches import KnownSwitches, known_switches
from runbooks.search.wanted import MAC, Wanted, owner_of, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nornir.core.inventory import Inventory
    from nornir.core.task import MultiResult

    from inventory.model import Switch, VirtualMachine
    from nornir_config.settings import Settings
    from runbooks.fleet.sources import RunSources, Sources
    from runbooks.search.answer import SearchAnswer
    from runbooks.search.look import Sighting

_A_DAY = 86400.0
#: Seconds for OpenStack to say whose a MAC is, once all switches have answered.
_PATIENCE = 2.0


@dataclass(frozen=True)
class SearchRequest:
    """What the command line asks for.

    Attributes:
        target: the VM, hypervisor, MAC or address.
        switches: names or addresses of the only switches to ask; empty means all that are known.
        as_json: print JSON instead of a table.
        pace: number of switches at once, and the deadline.
        vrf: the only VRF whose neighbours count, where several have the same addresses.
    """

    target: str
    switches: tuple[str, ...] = ()
    as_json: bool = False
    pace: CheckPace = field(default_factory=CheckPace)
    vrf: str = ""


def run_find(settings: Settings, sources: Sources, request: SearchRequest) -> int:
    """Search, show the answer, and return the exit code.

    Args:
        settings: the settings for logins and deadlines.
        sources: where switches and VMs come from.
        request: what is asked for.

    Raises:
        TargetError: the target can be no name, or is that of several things.
        SourceError: no switch is known that could be asked.
        CancelledError: a signal stopped it.
    """
    at, began = now(), time.monotonic()
    run = sources.for_run(settings, request.pace)
    site = run.site()
    listed = Background(lambda: _switches(settings, run, request))
    wanted = resolve(site, request.target)
    owner = Background(lambda: owner_of(site, wanted.macs[0])) if wanted.kind == MAC else None
    known = listed.result(_A_DAY)
    search = _Search(
        settings, known.switches, wanted, replace(request, pace=run.rest(request.pace))
    )
    stopped = search.ask_all()
    answer = search.conclude(known, _owner(owner))
    if request.as_json and not stopped:
        sys.stdout.write(to_json(answer, at, time.monotonic() - began))
    elif not request.as_json:
        show(answer, make_console())
    if stopped:
        raise interrupted(stopped, search.not_asked, len(known.switches), "asked")
    return answer.exit_code


def _switches(settings: Settings, sources: RunSources, request: SearchRequest) -> KnownSwitches:
    if not request.switches:
        return known_switches(settings, sources.site(), request.target)
    named = {switch.name: switch for switch in map(sources.find, request.switches)}
    return KnownSwitches(tuple(named.values()), sources.notes())


def _owner(asked: Background[VirtualMachine | None] | None) -> str:
    """Return the name of the VM that has the MAC; empty where that is not known in time."""
    if asked is None:
        return ""
    try:
        vm = asked.result(_PATIENCE)
    except VipkeeperError:
        return ""
    return vm.name if vm else ""


class _Search:
    """Asks every switch at once, each over one connection and in one round trip."""

    def __init__(
        self,
        settings: Settings,
        switches: Sequence[Switch],
        wanted: Wanted,
        request: SearchRequest,
    ) -> None:
        self._inventory: Inventory = switch_inventory(switches)
        self._wanted = wanted
        self._vrf = request.vrf
        self._memory = LeafMemory(settings.paths.cache)
        self._sightings: dict[str, Sighting] = {}
        self._unanswered: dict[str, Unanswered] = {}
        self._checks: dict[str, str] = {}
        self._progress = progress_of("asking", lines=not request.as_json)
        self._rounds = SwitchRounds(
            settings, self._inventory, request.pace, self._progress, self._take
        )

    @property
    def not_asked(self) -> int:
        """Return the number of switches that were not asked before the search was stopped."""
        return sum(check == NOT_CHECKED for check in self._checks.values())

    def ask_all(self) -> str:
        """Ask every switch; return the name of the signal that ended it, or an empty text."""
        stopped = self._ask_all()
        refused = all(check == LOGIN_REFUSED for check in self._checks.values())
        if not stopped and refused and not self._inventory.defaults.password:
            if find_password(self._inventory.defaults):
                return self._ask_all()
            for name, silent in self._unanswered.items():
                problem = f"{silent.problem} {no_password(silent.problem)}"
                self._unanswered[name] = replace(silent, problem=problem)
        return stopped

    def _ask_all(self) -> str:
        self._sightings, self._unanswered, self._checks = {}, {}, {}
        return self._rounds.ask(look, "find", wanted=self._wanted, vrf=self._vrf)

    def conclude(self, known: KnownSwitches, owner: str) -> SearchAnswer:
        """Return the answer; every leaf that answered is remembered."""
        seen = [self._sightings[name] for name in sorted(self._sightings)]
        silent = [self._unanswered[name] for name in sorted(self._unanswered)]
        leafs = (leaf_of(s.switch, s.address, s.hostname, s.vteps) for s in seen)
        self._memory.keep(leaf for leaf in leafs if leaf is not None)
        return conclude(
            self._wanted,
            seen,
            silent,
            self._leafs_by_vtep(),
            notes=known.notes,
            owner=owner,
            lacking=known.lacking,
        )

    def _leafs_by_vtep(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for leaf in self._memory.known():
            for vtep in leaf.vteps:
                found[str(vtep)] = (*found.get(str(vtep), ()), leaf.name)
        return found

    def _take(self, name: str, results: MultiResult) -> None:
        """Take what a switch says, or why it says nothing, and tell it."""
        host = self._inventory.hosts[name]
        if results.failed:
            why = why_unanswered(name, results)
            self._checks[name] = why.check
            problem = why.sentence.removeprefix(f"{name}: ")
            self._unanswered[name] = Unanswered(name, host.hostname or "", problem)
            line, style = f"{name}: {problem}", "magenta"
        else:
            self._sightings[name] = results[0].result
            line, style = line_of(found_by(results[0].result, self._wanted.macs)), "green"
        results.clear()
        self._progress.tell(name, printable(line), style)
