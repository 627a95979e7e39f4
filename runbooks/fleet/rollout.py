"""Healing many leafs: first a canary, then the others, one at a time for each VIP.

No other leaf is started after one was not healed.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from nornir.core.inventory import Host, Hosts, Inventory

from inventory.errors import ExitCode
from inventory.model import Switch
from napalm_cumulus.account import who
from nornir_config.connection import drop_connection
from nornir_config.init import init_nornir
from nornir_config.runner.fleet import FleetRunner
from nornir_config.stopping import stopped_by
from runbooks.fleet.ask import CheckPace
from runbooks.fleet.assess import CheckOptions
from runbooks.fleet.checker import Checker
from runbooks.fleet.leaf import Healing, heal_leaf
from runbooks.fleet.outcome import LeafOutcome, conclude, nothing_to_cure, outcome_of
from runbooks.fleet.plan import FleetPlan, make_plan, peers_of, refuse_mass_outage
from runbooks.fleet.selection import SelectedSwitches
from runbooks.run.run import Run, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nornir.core.task import MultiResult

    from runbooks.cure.rogues import Compute
    from runbooks.fleet.assess import Assessment
    from runbooks.run.approval import Agreement

_AT_ONCE = 8  # leafs without a VIP in common
#: Exit codes of a leaf after which the next leaf is started.
_WELL = frozenset({ExitCode.OK, ExitCode.HEALED_FOR_NOW})


@dataclass(frozen=True)
class FleetOptions:
    """The options of a healing of many leafs.

    Attributes:
        dry_run: show the plan and change nothing.
        force: go on where most leafs are ill, or where a leaf that shares a VIP cannot be asked.
    """

    dry_run: bool = False
    force: bool = False


def heal_fleet(
    run: Run,
    selected: SelectedSwitches,
    assessments: Mapping[str, Assessment],
    agreement: Agreement,
    options: FleetOptions,
    *,
    compute: Compute,
) -> None:
    """Cure what was diagnosed; the outcome is written to the run.

    Args:
        run: the run of all leafs; each leaf has one of its own besides.
        selected: the switches that were checked.
        assessments: the assessments of those switches, with diagnoses.
        agreement: how the operator's agreement is obtained.
        options: the options of the healing.
        compute: returns the source that knows the owner of a MAC.

    Raises:
        StoppedError: a leaf was not healed.
        RefusedError: so many leafs are ill that the cause is probably not on them.
        CancelledError: the operator said no, or pressed Ctrl-C.
    """
    with recorded(run):
        plan = make_plan(assessments)
        run.report.options, run.report.plan = options, plan
        _tell_plan(run, plan)
        if not plan.leafs:
            nothing_to_cure(run, plan)
            return
        if not options.force:
            refuse_mass_outage(plan, run.settings.heal.max_unhealthy)
        if options.dry_run:
            run.end("dry-run", f"nothing was touched: {len(plan.leafs)} leafs would be healed")
            return
        agreement.require(_question(plan))
        affected = _Rollout(run, selected, plan, assessments, compute, force=options.force)
        conclude(run, plan, *affected.heal())


class _Rollout:
    """The leafs to heal, and how many of them are healed at once."""

    def __init__(
        self,
        run: Run,
        selected: SelectedSwitches,
        plan: FleetPlan,
        assessments: Mapping[str, Assessment],
        compute: Compute,
        *,
        force: bool,
    ) -> None:
        self._run = run
        self._selected = selected
        self._plan = plan
        self._assessments = assessments
        plans = {leaf.switch: leaf for leaf in plan.leafs}
        self._healing = Healing(
            run.settings, run.story, plans, assessments, self._look, compute, force
        )
        self._outcomes: dict[str, LeafOutcome] = {}

    def heal(self) -> tuple[tuple[LeafOutcome, ...], str]:
        """Heal the leafs; return the outcome of each, and the signal that stopped it."""
        names = [leaf.switch for leaf in self._plan.leafs]
        interrupted = ""
        try:
            self._run.story.tell("canary", f"{names[0]} first", "do")
            self._go(names[:1])
            if self._outcomes[names[0]].exit_code in _WELL and names[1:]:
                self._run.story.tell("next", f"{len(names) - 1} more, none twice for a VIP", "do")
                self._go(names[1:])
        except KeyboardInterrupt as stop:  # a FleetInterrupt, or it came between two runs
            interrupted = stopped_by(stop)
        for name in names:
            if name not in self._outcomes:
                because = interrupted or f"{names[0]}, the canary, was not healed"
                self._outcomes[name] = LeafOutcome(
                    name, "not started", f"{name}: not started: {because}"
                )
        return tuple(self._outcomes[name] for name in names), interrupted

    def _go(self, names: Sequence[str]) -> None:
        inventory = _copied(self._selected.inventory, names)
        runner = FleetRunner(
            _AT_ONCE,
            stop_on_failure=True,
            exclusive=self._keys,
            on_result=self._take,
            on_cancel=self._tell_waiting,
        )
        nornir = init_nornir(self._run.settings, inventory=inventory, owner=who(), runner=runner)
        switches = {name: _switch(host) for name, host in inventory.hosts.items()}
        try:
            nornir.run(task=heal_leaf, name="heal", healing=self._healing, switches=switches)
        finally:
            for host in inventory.hosts.values():
                drop_connection(host)

    def _keys(self, host: Host) -> set[str]:
        """Return a leaf and all others that hold one of its VIPs.

        None of them is healed meanwhile.
        """
        vips = tuple(self._healing.plans[host.name].vips)
        return {host.name, *peers_of(host.name, vips, self._assessments)}

    def _look(self, names: tuple[str, ...]) -> Mapping[str, Assessment]:
        """Look at some leafs anew, on new connections."""
        inventory = _copied(self._selected.inventory, names)
        looking = CheckOptions(probe=False, diagnose=True)
        pace = CheckPace(deadline=self._run.settings.check.switch_deadline)
        with closing(
            Checker(self._run.settings, SelectedSwitches(inventory), looking, pace)
        ) as checker:
            return checker.look().assessments

    def _take(self, name: str, results: MultiResult) -> None:
        outcome = outcome_of(name, results)
        self._outcomes[name] = outcome
        if name not in self._run.switches and outcome.verdict != "not started":
            self._run.switches.append(name)
        kind = {"healed": "ok", "failed": "fail"}.get(outcome.verdict, "warn")
        self._run.story.tell(outcome.verdict, outcome.sentence, kind)

    def _tell_waiting(self, names: Sequence[str]) -> None:
        self._run.story.tell(
            "stopping",
            f"no other leaf is started; waiting for {', '.join(names)} to finish or go back "
            "(Ctrl-C again leaves it to the timer on the switch)",
            "warn",
        )


def _tell_plan(run: Run, plan: FleetPlan) -> None:
    for name, diagnosis in plan.left:
        text = f"{name}: {diagnosis.fault}: {diagnosis.sentence}"
        run.story.tell("left alone", text, "warn")
    for number, leaf in enumerate(plan.leafs, 1):
        for svi in leaf.svis:
            cure = svi.first.cure
            outage = " (cut off for less than a second)" if cure.disruptive else ""
            faults = ", ".join(dict.fromkeys(d.fault for d in svi.diagnoses))
            text = f"{leaf.switch}: {', '.join(svi.vips)} on {svi.gateway.interface}: {faults}"
            run.story.tell(f"plan {number}", f"{text} -> {cure.value}{outage}", "do")


def _question(plan: FleetPlan) -> str:
    names = ", ".join(leaf.switch for leaf in plan.leafs)
    return f"Heal {names}, the first one as a canary, and stop at the first failure?"


def _copied(inventory: Inventory, names: Sequence[str]) -> Inventory:
    """Return some hosts of an inventory, with connections of their own."""
    hosts = Hosts()
    for name in names:
        host = inventory.hosts[name]
        hosts[name] = Host(
            name=host.name,
            hostname=host.hostname,
            port=host.port,
            username=host.username,
            password=host.password,
            platform=host.platform,
            groups=host.groups,
            data=host.data,
            connection_options=host.connection_options,
            defaults=host.defaults,
        )
    return Inventory(hosts, inventory.groups, inventory.defaults)


def _switch(host: Host) -> Switch:
    """Return the switch of a host, as records name it."""
    return Switch(host.name, ip_address(host.hostname or ""))
