"""``vip heal``: from "it does not answer" to "it answers again", or to a clear refusal."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import ExitCode
from runbooks.cure.carry_out import carry_out, plan_toggle
from runbooks.cure.leafs import Incident, gateway_of
from runbooks.cure.observer import GatewayObserver, look_at_rest
from runbooks.cure.policy import the_toggle_asked_for
from runbooks.cure.rest import look_at_the_well
from runbooks.cure.treat import treat
from runbooks.cure.verdict import end_healed, look_at_end
from runbooks.cure.words import question
from runbooks.incident.attachment import reach, require_confirmed
from runbooks.incident.endpoints import Endpoint, endpoints_of, served, silent_fixed
from runbooks.incident.path import follow, given_of, record
from runbooks.incident.reachability import Probe, ProbeError, probe_all, wait_until_answering
from runbooks.incident.survey import ImpactSurvey
from runbooks.run.run import Run, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inventory.site import Site
    from runbooks.incident.attachment import AttachedLeaf
    from runbooks.incident.path import TracedPath
    from runbooks.run.approval import Agreement
    from tasks.faults.model import Diagnosis


@dataclass(frozen=True)
class HealOptions:
    """The options of ``vip heal``.

    Attributes:
        dry_run: show the diagnosis and the plan, and change nothing.
        toggle: toggle whatever the diagnosis is, even when the target answers.
        force: go on where the switch does not see the hypervisor, or where a fault is only
            suspected.
        switch: the switch that the target is behind, by name or address; the uplink source is not
            asked then.
        hypervisor: the hypervisor of the VM, for when OpenStack cannot be asked.
        macs: the MACs of the VM, for when OpenStack cannot be asked.
        vrf: the VRF of its gateway, where several VRFs have the same addresses; empty where that is
            not said.
    """

    dry_run: bool = False
    toggle: bool = False
    force: bool = False
    switch: str = ""
    hypervisor: str = ""
    macs: tuple[str, ...] = ()
    vrf: str = ""


def run_heal(run: Run, site: Site, agreement: Agreement, options: HealOptions) -> None:
    """Heal the run's target; the outcome is written to the run."""
    run.report.options = options
    with recorded(run):
        given = given_of(
            run.settings, site, run.story, options.switch, options.hypervisor, options.macs
        )
        followed = follow(site, run.target, run.story, given)
        record(run, followed)
        endpoints = endpoints_of(followed.chain)
        probes = _probe(run, endpoints)
        if _healthy(endpoints, probes) and not options.toggle:
            case = _incident(run, site, followed, endpoints, probes, agreement, options)
            _nothing_to_do(run, probes, look_at_the_well(case))
            return
        if followed.failure is not None:
            raise followed.failure
        _require_certainty(probes, options)
        sample = 0 if options.toggle else run.settings.heal.blast_sample
        survey = ImpactSurvey(site, followed.chain, sample)
        with ExitStack() as stack:
            reached = reach(run, stack, followed, endpoints)
            case = _incident(run, site, followed, endpoints, probes, agreement, options)
            if options.toggle:
                behind = require_confirmed(run, reached, followed, force=options.force)
                _toggle(case, behind, dry_run=options.dry_run)
                return
            treat(case, reached, survey, force=options.force, dry_run=options.dry_run)


def _probe(run: Run, endpoints: tuple[Endpoint, ...]) -> dict[str, Probe]:
    settings = run.settings.heal
    addresses = list(dict.fromkeys(text for endpoint in endpoints for text in endpoint.probed))
    found = probe_all(
        addresses,
        count=settings.probe_count,
        interval=settings.probe_interval,
        timeout=settings.probe_timeout,
    )
    for probe in found:
        run.story.tell("ping", str(probe), "ok" if probe.answers else "fail")
    run.report.pings.before = found
    return dict(zip(addresses, found, strict=True))


def _healthy(endpoints: tuple[Endpoint, ...], probes: dict[str, Probe]) -> bool:
    """Return whether any endpoint answers: then the gateway works, whatever else may be wrong."""
    return any(probes[text].answers for endpoint in endpoints for text in endpoint.probed)


def _incident(  # noqa: PLR0917 - what a run knows of a target
    run: Run,
    site: Site,
    followed: TracedPath,
    endpoints: tuple[Endpoint, ...],
    probes: dict[str, Probe],
    agreement: Agreement,
    options: HealOptions,
) -> Incident:
    return Incident(run, followed, endpoints, probes, agreement, lambda: site.compute, options.vrf)


def _nothing_to_do(
    run: Run, probes: dict[str, Probe], found: Mapping[str, Sequence[Diagnosis]]
) -> None:
    """End a run whose target answers; what ``vip check`` would find on its leafs is said."""
    answering = [p.address for p in probes.values() if p.answers]
    silent = [p.address for p in probes.values() if not p.answers]
    answers = f"{run.target} answers at {', '.join(answering)}"
    sentence, advice = f"{answers}: nothing to do, nothing was touched", ""
    if silent:
        advice = f"{', '.join(silent)} did not answer; to look into that one: vip heal {silent[0]}"
    for switch, diagnoses in found.items():
        worst = next((d for d in diagnoses if not d.latent), diagnoses[0])
        advice = f"See all of it: vip check {switch}; to cure it: vip check {switch} --fix"
        has = f"{switch} has {worst.fault}"
        if not worst.latent:
            sentence = (
                f"{answers} from outside, and nothing was touched; but {has}: {worst.sentence}"
            )
            break
        sentence = (
            f"{answers}: nothing to do, nothing was touched; {has}, which harms nobody yet: "
            f"{worst.sentence}"
        )
    run.end("healthy", sentence, advice=advice)


def _require_certainty(probes: dict[str, Probe], options: HealOptions) -> None:
    """Raise where it is this machine that cannot ping: the target may not be cut off."""
    unknown = [probe for probe in probes.values() if probe.error]
    if unknown and not options.toggle:
        raise ProbeError(
            f"whether the target is cut off cannot be seen from this machine: {unknown[0]}",
            "Mend this machine's own network, or go on without the ping: --toggle",
        )


def _toggle(case: Incident, behind: Sequence[AttachedLeaf], *, dry_run: bool) -> None:
    """Toggle one switch after another until the target answers, as the manual page does it."""
    run = case.run
    candidates = silent_fixed(case.endpoints, case.probes) or case.endpoints[0].fixed
    for one in behind:
        run.switches.append(one.switch.name)
        observer = GatewayObserver(one.session, gateway_of(case, one, candidates), macs=case.macs)
        gateway = observer.gateway
        planned = plan_toggle(run, observer)
        if dry_run:
            place = f"{gateway.vip.address} on {one.switch.name}"
            run.end("dry-run", f"nothing was touched: {place} would be toggled")
            return
        choice = the_toggle_asked_for(gateway)
        case.agreement.require(question(one.switch.name, gateway, choice))
        attempt = carry_out(run, observer, choice, planned)
        attempt.helped = _answers(case, served(gateway, case.endpoints, case.probes))
        kernel = look_at_end(run, one.session, gateway)
        if attempt.helped:
            run.report.remaining = look_at_rest(observer)
            end_healed(run, kernel, run.report.remaining, case.compute)
            return
    names = ", ".join(run.switches)
    run.end(
        "not-healed",
        f"{run.target} still does not answer after the gateway was toggled on {names}",
        ExitCode.NOT_HEALED,
        "It is not (only) the gateway: look at the VM's console, its security groups, and the "
        f"route to {', '.join(map(str, candidates[:2]))} from outside.",
    )


def _answers(case: Incident, waiting: Sequence[str]) -> bool:
    """Wait until the target answers, tell the outcome, and note it in the report."""
    run = case.run
    last, seconds = wait_until_answering(
        waiting, run.settings.heal.settle, one_is_enough=len(case.endpoints) > 1
    )
    for probe in last:
        run.story.tell("ping", str(probe), "ok" if probe.answers else "fail")
    run.report.pings.after, run.report.pings.waited_seconds = last, round(seconds, 2)
    return any(probe.answers for probe in last)
