"""Curing a target that is cut off: look, diagnose, and carry out the mildest cure that helps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from inventory.errors import ExitCode
from runbooks.cure import ladder
from runbooks.cure.leafs import AffectedLeaf, Incident, affected_leafs_of
from runbooks.cure.policy import CurePolicy, explained, foreign, next_cure
from runbooks.cure.rogues import tell_rogues
from runbooks.cure.verdict import end_healed, look_at_end, still_there, what_now
from runbooks.cure.words import complaint_of, refusal, tell, tell_unread
from runbooks.incident.endpoints import served
from runbooks.incident.impact import Impact, Scope
from runbooks.incident.reachability import wait_until_answering
from tasks.ladder import Cure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.incident.attachment import Attachments
    from runbooks.incident.survey import ImpactSurvey
    from runbooks.run.run import Run
    from tasks.faults.model import Diagnosis
    from tasks.model import Gateway


def treat(
    case: Incident, reached: Attachments, survey: ImpactSurvey, *, force: bool, dry_run: bool
) -> None:
    """Diagnose on every switch behind which the target is, and carry out cures where they help.

    Raises:
        RefusedError: no switch sees the target, or no cure of a switch ends the fault.
        NapalmException: no switch can be reached, or one refuses.
    """
    run = case.run
    with ThreadPoolExecutor(1) as pool:
        # Other VMs are pinged while the switches are asked.
        around = pool.submit(_look_around, case, survey, reached)
        affected_leafs = affected_leafs_of(case, reached, force=force)
        for affected in affected_leafs:
            tell_unread(run, affected.behind.switch.name, affected.looked.facts)
            tell(run, affected.behind.switch.name, affected.diagnoses)
        impact = around.result()
    _tell_impact(run, impact)
    rules = CurePolicy(impact.scope, force)
    able = [
        w for w in affected_leafs if next_cure(w.diagnoses, w.observer.gateway, rules) is not None
    ]
    # A certain diagnosis on one switch goes before a likely one on another.
    able.sort(key=lambda affected: not any(d.certain and not d.latent for d in affected.diagnoses))
    if not able:
        worst = next((w for w in affected_leafs if foreign(w.diagnoses, rules)), affected_leafs[0])
        raise refusal(worst.diagnoses, rules, worst.behind.switch.name)
    if dry_run:
        _dry_run(case, able[0], rules)
        return
    last: tuple[Diagnosis, ...] = ()
    for affected in able:
        name = affected.behind.switch.name
        if name not in run.switches:
            run.switches.append(name)
        treatment = ladder.cure_gateway(
            run,
            affected.observer,
            affected.diagnoses,
            rules,
            case.agreement,
            _Well(case, affected.observer.gateway),
        )
        last = treatment.diagnoses
        kernel = look_at_end(run, affected.behind.session, affected.observer.gateway)
        if treatment.well:
            end_healed(run, kernel, last, case.compute)
            return
    _not_healed(case, last, rules)


class _Well:
    """Tells whether the endpoints answer, in the form that ``ladder.cure_gateway`` expects."""

    def __init__(self, case: Incident, gateway: Gateway) -> None:
        self._case = case
        self._waiting = served(gateway, case.endpoints, case.probes)

    def __call__(self, patience: float) -> bool:
        run = self._case.run
        last, seconds = wait_until_answering(
            self._waiting, patience, one_is_enough=len(self._case.endpoints) > 1
        )
        run.report.pings.after, run.report.pings.waited_seconds = last, round(seconds, 2)
        well = any(probe.answers for probe in last)
        if well or patience > ladder.AT_ONCE:
            for probe in last:
                run.story.tell("ping", str(probe), "ok" if probe.answers else "fail")
        return well


def _look_around(case: Incident, survey: ImpactSurvey, reached: Attachments) -> Impact:
    heard = [name for behind in reached.answered for name in behind.presence.heard]
    own = [text for endpoint in case.endpoints for text in endpoint.probed]
    own += [str(address) for endpoint in case.endpoints for address in endpoint.fixed]
    hostnames = {one.switch.name: one.presence.hostname for one in reached.answered}
    return survey.finish(own, heard, several=len(case.endpoints) > 1, hostnames=hostnames)


def _tell_impact(run: Run, impact: Impact) -> None:
    run.report.impact = impact
    run.story.tell("cut off", impact.sentence, "info" if impact.scope is Scope.VM else "warn")
    for warning in impact.warnings:
        run.story.tell("cut off", warning, "warn")


def _dry_run(case: Incident, affected: AffectedLeaf, rules: CurePolicy) -> None:
    name = affected.behind.switch.name
    case.run.switches.append(name)
    chosen = ladder.Choices(case.run, affected.observer, rules).next(affected.diagnoses)
    if chosen is None:  # callers pass only leafs with a choice
        return
    choice, _ = chosen
    vip = affected.observer.gateway.vip.address
    case.run.end(
        "dry-run",
        f"nothing was touched: for {choice.fault} on {name} it would be {choice.cure.value} "
        f"({vip})",
    )


def _not_healed(case: Incident, found: Sequence[Diagnosis], rules: CurePolicy) -> None:
    run = case.run
    attempts = run.report.attempts
    done = ", ".join(f"{each.cure.value} on {each.switch}" for each in attempts)
    cause = foreign(found, rules) or explained(found)
    named = cause or next((d for d in found if not d.latent), None)
    rogues = tell_rogues(run, attempts[-1].switch, [cause] if cause else [], case.compute)
    seen = f"; what is seen now: {named.fault}: {named.sentence}" if named else ""
    if cause and rogues:
        seen = f"; {still_there([cause], rogues)}"
    toggled = any(each.cure is Cure.TOGGLE for each in attempts)
    advice = "Look at the VM's console, its security groups, and the route to it from outside."
    if trouble := case.host_trouble:
        advice = f"Look at the hypervisor: {trouble}. {advice}"
    if cause:
        advice = what_now(run, [cause], rogues) if rogues else cause.remedy
    elif complaint := complaint_of(attempts):
        seen, advice = complaint
    elif not toggled:
        advice += " To toggle the gateway nevertheless: --toggle"
    run.end(
        "not-healed",
        f"{run.target} still does not answer after {done}{seen}",
        ExitCode.NOT_HEALED,
        advice,
    )
