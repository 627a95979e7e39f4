"""The ladder: carry out the mildest cure that the diagnosis names, look, and climb if need be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napalm.base.exceptions import CommandTimeoutException, ConnectionException

from runbooks.errors import CancelledError
from runbooks.ladder_words import OUTAGES, question, tell_cured, tell_unhelped
from runbooks.policy import Rules, Tried, next_cure
from runbooks.toggle import Plan, carry_out, make_plan, wait_until_settled
from runbooks.treatment import Rung, Treatment
from tasks.cure_model import Cured, PlannedCure
from tasks.cures import apply_cure, plan_cure
from tasks.gateways import Wanted
from tasks.health.collect import Probes, collect_facts
from tasks.health.diagnosis import diagnose
from tasks.health.diagnosis_model import Cure, Diagnosis, Silent
from tasks.model import Gateway, Toggled

if TYPE_CHECKING:
    from runbooks.run import Run
    from runbooks.switches import SwitchSession
    from runbooks.toggle import Agreement
    from tasks.health.facts import SwitchFacts

#: Seconds in which a cure that helps has helped; after the last one it is waited longer.
AT_ONCE = 3.0
_ASK_ANEW = "vm-mac-on-wrong-port"


@dataclass(frozen=True)
class Looked:
    """What a switch showed of one gateway."""

    facts: SwitchFacts
    diagnoses: tuple[Diagnosis, ...]


@dataclass(frozen=True)
class Looker:
    """How one gateway is looked at, before and after each cure.

    Attributes:
        session: the switch.
        gateway: the stanza.
        probes: what the switch is to try out.
        silent: who does not answer; empty for a switch that is healed for its own sake.
        macs: known MACs of VMs, by address.
        ports: hypervisor by port, as the inventory knows it.
    """

    session: SwitchSession
    gateway: Gateway
    probes: Probes = field(default_factory=Probes)
    silent: Sequence[Silent] = ()
    macs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)

    def look(self) -> Looked:
        """Collect the facts in one round trip and diagnose."""
        facts: SwitchFacts = self.session.run(collect_facts, probes=self.probes)
        return self.judge(facts)

    def judge(self, facts: SwitchFacts) -> Looked:
        """Diagnose from facts that are there."""
        found = diagnose(facts, self.gateway, silent=self.silent, macs=self.macs, ports=self.ports)
        return Looked(facts, found)


#: Tells whether the target is well, waiting so many seconds for it.
Well = Callable[[float], bool]


def cure_gateway(  # noqa: PLR0917 - one gateway's whole treatment
    run: Run,
    looker: Looker,
    diagnoses: Sequence[Diagnosis],
    rules: Rules,
    agreement: Agreement,
    well: Well | None = None,
) -> Treatment:
    """Treat one gateway on one switch until all is well or nothing more is allowed.

    Each step is agreed to, written to the audit log before it is taken, told, and followed by a
    look at the switch. Reusable without a patient: then the gateway is well when nothing is found
    that harms.

    Args:
        run: the run; its story, audit log and report.
        looker: the switch and the gateway.
        diagnoses: what was found.
        rules: what the run is willing to do.
        agreement: how the operator's word is got.
        well: tells whether the target is well after a cure; None asks the facts alone.

    Raises:
        CancelledError: the operator said no.
        RefusedError: a cure is not safe now; nothing was touched by it.
        NapalmException: the switch refused a cure, or went back.
    """
    tried: list[Tried] = []
    rungs: list[Rung] = []
    found = tuple(diagnoses)
    while (choice := next_cure(found, looker.gateway, rules, tried)) is not None:
        ready = prepare(run, looker, choice)
        agreement.require(question(looker.session.switch.name, looker.gateway, choice))
        cured = _carry_out(run, looker, choice, ready)
        tried.append(Tried(choice.cure, choice.fault, choice.interface))
        helped = well is not None and well(min(AT_ONCE, run.settings.heal.settle))
        looked = looker.look()
        found = looked.diagnoses
        if not helped:
            last = next_cure(found, looker.gateway, rules, tried) is None
            patience = run.settings.heal.settle if last or not harmful(found) else 0.0
            helped = well(patience) if well is not None else not harmful(found)
        rungs.append(_rung(looker, choice, cured, helped=helped))
        run.facts["cures"] = [*run.facts.get("cures", []), rungs[-1]]
        if helped:
            found = replace(looker, silent=()).judge(looked.facts).diagnoses
            break
        tell_unhelped(run, looker.session.switch.name, choice, found)
    return Treatment(tuple(rungs), found, bool(rungs) and rungs[-1].helped)


def harmful(diagnoses: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Those that harm now and that vipkeeper can cure."""
    return tuple(d for d in diagnoses if not d.latent and d.cure is not Cure.NONE)


def prepare(run: Run, looker: Looker, choice: Diagnosis) -> PlannedCure | Plan:
    """Tell what a cure would do; nothing is touched.

    Raises:
        RefusedError: it is not safe now.
    """
    name = looker.session.switch.name
    outage = OUTAGES.get(choice.cure)
    harm = f"an outage of {outage} for all behind it" if outage else "no outage for anybody"
    run.story.tell("cure", f"{choice.cure.value} on {name}, {harm}: {choice.remedy}", "do")
    if choice.cure is Cure.TOGGLE:
        return make_plan(run, looker.session, Wanted(interface=looker.gateway.interface))
    planned: PlannedCure = looker.session.run(
        plan_cure, diagnosis=choice, gateway=looker.gateway, macs=_judged_by(looker, choice)
    )
    for step in planned.steps:
        run.story.tell("plan", step, "do")
    for note in planned.notes:
        run.story.tell("note", note, "info")
    run.diff = planned.diff
    run.facts["gateway"] = looker.gateway
    return planned


def _carry_out(run: Run, looker: Looker, choice: Diagnosis, ready: PlannedCure | Plan) -> Cured:
    if isinstance(ready, Plan):
        carry_out(run, looker.session, ready, looker.macs)
        commit = run.facts.get("commit")
        outage = getattr(commit, "outage_seconds", 0.0)
        return Cured(Cure.TOGGLE, ("addresses off and on again",), outage, report=commit)
    switch, settings = looker.session.switch, run.settings.heal
    change = Toggled(ready.diff, before=ready.before)
    why = {"cure": choice.cure, "fault": choice.fault}
    run.before_change(switch, looker.gateway, change, why)
    try:
        cured: Cured = looker.session.run(
            apply_cure,
            diagnosis=choice,
            gateway=looker.gateway,
            message=f"vip {run.command} {run.target}",
            revert_in=settings.revert_in,
            macs=_judged_by(looker, choice),
            planned=ready,
        )
    except KeyboardInterrupt:
        raise CancelledError(
            f"stopped while {switch.name} was at {choice.cure.value}; the switch goes on by itself "
            f"and ends in its old configuration within {settings.revert_in} s at the latest",
            f"Make sure with: vip pending {switch.name}",
        ) from None
    except (ConnectionException, CommandTimeoutException) as error:
        run.story.tell("cure", f"{error} The switch goes on by itself; looking again", "warn")
        wait_until_settled(looker.session, settings.revert_in, error)
        run.story.tell("cure", f"{switch.name} has finished by itself, nothing is pending")
        return Cured(choice.cure, ready.steps, notes=(f"cut short: {error}",))
    tell_cured(run, cured)
    return cured


def _judged_by(looker: Looker, choice: Diagnosis) -> Mapping[str, tuple[str, ...]]:
    """The known MACs by which wrong neighbour entries are told from right ones.

    Where the bridge is wrong about a MAC the switch's right entry goes, too, so that it asks anew.
    """
    if choice.fault != _ASK_ANEW:
        return looker.macs
    asked = {address for address, _ in choice.neighbours}
    return {address: macs for address, macs in looker.macs.items() if address not in asked}


def _rung(looker: Looker, choice: Diagnosis, cured: Cured, *, helped: bool) -> Rung:
    return Rung(
        looker.session.switch.name,
        choice.fault,
        choice.cure,
        choice.interface,
        cured.steps,
        round(cured.outage_seconds, 3),
        cured.complete,
        cured.problems,
        helped,
    )
