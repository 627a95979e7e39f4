"""The words of a cure: what was found, what a cure costs and did, and why no cure is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from inventory.names import short_host
from napalm_cumulus.commit.repair_steps import IFUP_SAYS
from runbooks.cure.policy import CurePolicy, foreign
from runbooks.incident.impact import Scope
from runbooks.run.attempt import rebooted
from tasks.errors import RefusedError
from tasks.facts.model import Section
from tasks.faults.model import Diagnosis
from tasks.ladder import CURES, Cure

if TYPE_CHECKING:
    from runbooks.incident.impact import Sample
    from runbooks.run.attempt import CureAttempt
    from runbooks.run.report import HealReport
    from runbooks.run.run import Run
    from tasks.facts.model import SwitchFacts
    from tasks.model import Aftercare, Gateway


class NotThisFaultError(RefusedError):
    """No cure of this switch ends the fault; nothing was touched."""


def tell(run: Run, switch: str, diagnoses: Sequence[Diagnosis]) -> None:
    """Tell the diagnoses of a switch, with their evidence, and note them in the report."""
    short = short_host(switch)
    for diagnosis in diagnoses:
        kind = "info" if diagnosis.latent else "fail" if diagnosis.certain else "warn"
        sure = "" if diagnosis.certain else " (not certain)"
        harm = " (harms nobody yet)" if diagnosis.latent else ""
        run.story.tell("diagnosis", f"{diagnosis.fault}{sure}{harm}: {diagnosis.sentence}", kind)
        for text in diagnosis.evidence:
            run.story.tell(short, text, "info")
    # The report keeps the first diagnoses; those after the cures stand with its end.
    run.report.diagnosis.setdefault(switch, tuple(diagnoses))


def tell_unread(run: Run, switch: str, facts: SwitchFacts) -> None:
    """Tell which facts of a switch could not be read: no fault can be diagnosed from them."""
    sections = [getattr(facts, each.name) for each in fields(facts)]
    unread = [section.unread for section in sections if isinstance(section, Section)]
    unread += [facts.gateways_unread, facts.sysctls_unread]
    found = tuple(dict.fromkeys(filter(None, unread)))
    for text in found:
        run.story.tell("diagnosis", f"not known: {text}", "warn")
    if found:
        run.report.unread[switch] = found


def refuse(diagnosis: Diagnosis, switch: str) -> NotThisFaultError:
    """Return the refusal that names a fault which no cure of a switch ends."""
    return NotThisFaultError(
        f"{switch}: {diagnosis.fault}: {diagnosis.sentence}; nothing was touched", diagnosis.remedy
    )


def refusal(diagnoses: Sequence[Diagnosis], rules: CurePolicy, switch: str) -> NotThisFaultError:
    """Return the error that says why nothing is done, where ``next_cure`` returns None."""
    cause = foreign(diagnoses, rules)
    if cause is not None:
        return refuse(cause, switch)
    advice = "To toggle the gateway nevertheless: --toggle"
    for diagnosis in diagnoses:
        if not diagnosis.latent and diagnosis.cure.disruptive:
            return NotThisFaultError(
                f"{switch}: {diagnosis.fault}: {diagnosis.sentence}; "
                f"{rules.why_not(diagnosis.cure)}; nothing was touched",
                advice,
            )
    return NotThisFaultError(
        f"{switch}: no fault of the gateway is found; {rules.why_not(Cure.TOGGLE)}; nothing was "
        "touched",
        advice,
    )


def tell_attempt(run: Run, attempt: CureAttempt) -> None:
    """Tell what a cure did."""
    if attempt.rebooted_at:
        run.story.tell("cure", rebooted(attempt), "warn")
    elif attempt.lost_session:
        text = f"{attempt.cure.value}: its duration and its result were not seen"
        run.story.tell("cure", text, "warn")
    else:
        away = attempt.outage_seconds or 0.0
        took = f" (away for at most {away:.2f} s)" if away else ""
        kind = "ok" if attempt.complete else "warn"
        run.story.tell("cure", f"{attempt.cure.value}{took}", kind)
    for problem in attempt.problems:
        run.story.tell("cure", problem, "warn")
    tell_aftercare(run, attempt.aftercare)


def complaint_of(attempts: Sequence[CureAttempt]) -> tuple[str, str] | None:
    """Return what ``ifup`` complained of in the last cure, as the end of a sentence, and advice.

    Where it has not applied the stanza, no other cure will help before the files are corrected.
    """
    for attempt in reversed(attempts):
        said = [problem for problem in attempt.problems if problem.startswith(IFUP_SAYS)]
        if said:
            where = f" ({attempt.gateway.place})" if attempt.gateway else ""
            return (
                f"; {'; '.join(said)}",
                f"Correct the stanza of {attempt.interface}{where}, then 'ifreload -a' there.",
            )
    return None


def cut_off_before(report: HealReport) -> str:
    """Return, as the end of a sentence, who was seen to be cut off before the cures.

    It is empty where nobody was compared with.
    """
    impact = report.impact
    if impact is None:
        return ""
    groups: tuple[Sample, ...] = (impact.beside, impact.leaf)
    leaf = impact.leaf.leaf
    if impact.scope is Scope.VM:
        return "; nobody else was seen to be cut off before"
    if impact.scope is Scope.HYPERVISOR:
        name = short_host(report.way.hypervisor) if report.way else ""
        who, groups = f"the hypervisor {name}".rstrip(), groups[:1]
    elif impact.scope is Scope.LEAF:
        who = f"the leaf {leaf}"
    elif impact.scope is Scope.FLEET:
        who, groups = f"more than the leaf {leaf}", (*groups, *impact.elsewhere)
    else:
        return ""
    answering = sum(len(group.answering) for group in groups)
    size = sum(group.size for group in groups)
    counted = f" ({answering} of {size} others there answered)" if size else ""
    return f"; cut off before: {who}{counted}"


def tell_aftercare(run: Run, care: Aftercare) -> None:
    """Tell what was announced and put back, and what was not."""
    if care.announced:
        run.story.tell("announce", f"gratuitous ARP for {', '.join(care.announced)}")
    for restored in care.restored:
        run.story.tell("put back", restored)
    for lost in care.lost:
        run.story.tell("lost", lost, "warn")
    for note in care.notes:
        run.story.tell("note", note, "info")


def tell_unhelped(run: Run, switch: str, choice: Diagnosis, found: Sequence[Diagnosis]) -> None:
    """Tell that a cure did not help, and what is seen now."""
    still = [d.fault for d in found if not d.latent]
    seen = f"the switch still shows {', '.join(still)}" if still else "the switch shows no fault"
    run.story.tell("cure", f"{choice.cure.value} did not help; {seen}", "warn")
    tell(run, switch, found)


def question(switch: str, gateway: Gateway, choice: Diagnosis) -> str:
    """Return the question to the operator before a cure, with the outage it causes."""
    row, harm = CURES[choice.cure], "Nobody is cut off by it."
    if row.outage:
        harm = f"Everybody behind it is cut off for {row.outage}."
    return f"{row.asked} {gateway.vip.address} on {switch}? {harm}"
