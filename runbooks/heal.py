"""``vip heal``: from "it does not answer" to "it answers again", or to a clear refusal."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks import errors
from runbooks.behind import reach, require_confirmed
from runbooks.chain import Followed, follow, record
from runbooks.patients import Patient, known_macs, patients_of, served, silent_fixed
from runbooks.reachability import Probe, ProbeError, probe_all, wait_until_answering
from runbooks.run import Run, recorded
from runbooks.survey import Survey
from runbooks.toggle import Agreement, Plan, carry_out, make_plan
from runbooks.treat import treat
from runbooks.wards import Case
from tasks.errors import NoGatewayError
from tasks.gateways import Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv6Address

    from inventory.site import Site
    from runbooks.behind import Behind
    from runbooks.switches import SwitchSession


@dataclass(frozen=True)
class HealOptions:
    """What the operator asked for besides.

    Attributes:
        dry_run: show the diagnosis and the plan, change nothing.
        toggle: toggle, whatever the diagnosis would be, and even when the target answers.
        force: go on though the switch does not see the hypervisor, and on suspicion.
    """

    dry_run: bool = False
    toggle: bool = False
    force: bool = False


def run_heal(run: Run, site: Site, agreement: Agreement, options: HealOptions) -> None:
    """Heal the run's target; how it ended is in the run."""
    run.facts["options"] = options
    with recorded(run):
        followed = follow(site, run.target, run.story)
        record(run, followed)
        patients = patients_of(followed.chain)
        probes = _probe(run, patients)
        if _healthy(patients, probes) and not options.toggle:
            _nothing_to_do(run, probes)
            return
        if followed.failure is not None:
            raise followed.failure
        _require_certainty(probes, options)
        sample = 0 if options.toggle else run.settings.heal.blast_sample
        survey = Survey(site, followed.chain, sample)
        with ExitStack() as stack:
            reached = reach(run, stack, followed, patients)
            if options.toggle:
                behind = require_confirmed(run, reached, followed, force=options.force)
                _toggle(run, behind, followed, patients, probes, agreement, options)
                return
            case = Case(run, followed, patients, probes, agreement)
            treat(case, reached, survey, force=options.force, dry_run=options.dry_run)


def _probe(run: Run, patients: tuple[Patient, ...]) -> dict[str, Probe]:
    settings = run.settings.heal
    addresses = list(dict.fromkeys(text for patient in patients for text in patient.probed))
    found = probe_all(
        addresses,
        count=settings.probe_count,
        interval=settings.probe_interval,
        timeout=settings.probe_timeout,
    )
    for probe in found:
        run.story.tell("ping", str(probe), "ok" if probe.answers else "fail")
    run.facts["before"] = {"probes": found}
    return dict(zip(addresses, found, strict=True))


def _healthy(patients: tuple[Patient, ...], probes: dict[str, Probe]) -> bool:
    """Whether anybody answers: then the gateway works, whatever else may be wrong."""
    return any(probes[text].answers for patient in patients for text in patient.probed)


def _nothing_to_do(run: Run, probes: dict[str, Probe]) -> None:
    answering = [p.address for p in probes.values() if p.answers]
    silent = [p.address for p in probes.values() if not p.answers]
    advice = ""
    if silent:
        advice = f"{', '.join(silent)} did not answer; to look into that one: vip heal {silent[0]}"
    run.end(
        "healthy",
        f"{run.target} answers at {', '.join(answering)}: nothing to do, nothing was touched",
        advice=advice,
    )


def _require_certainty(probes: dict[str, Probe], options: HealOptions) -> None:
    """Refuse to call a target cut off when it is this machine that cannot ping."""
    unknown = [probe for probe in probes.values() if probe.error]
    if unknown and not options.toggle:
        raise ProbeError(
            f"whether the target is cut off cannot be seen from this machine: {unknown[0]}",
            "Mend this machine's own network, or go on without the ping: --toggle",
        )


def _toggle(  # noqa: PLR0917 - one step of the runbook; all of it is one run's state
    run: Run,
    behind: Sequence[Behind],
    followed: Followed,
    patients: tuple[Patient, ...],
    probes: dict[str, Probe],
    agreement: Agreement,
    options: HealOptions,
) -> None:
    """Toggle one switch after the other until the target answers, as the manual page does."""
    candidates = silent_fixed(patients, probes) or patients[0].fixed
    for one in behind:
        name = one.switch.name
        run.switches.append(name)
        plan = _plan(run, one.session, candidates)
        if options.dry_run:
            run.end("dry-run", f"nothing was touched: {plan.gateway.vip.address} on {name} it is")
            return
        agreement.require(
            f"Toggle {plan.gateway.vip.address} on {name}? Everybody behind it is cut off for "
            "less than a second."
        )
        after = carry_out(run, one.session, plan, known_macs(followed.chain))
        waiting = served(plan.gateway, patients, probes)
        last, seconds = wait_until_answering(
            waiting, run.settings.heal.settle, one_is_enough=len(patients) > 1
        )
        for probe in last:
            run.story.tell("ping", str(probe), "ok" if probe.answers else "fail")
        run.facts["after"] = {"probes": last, "kernel": after, "waited_seconds": round(seconds, 2)}
        if any(probe.answers for probe in last):
            outage = getattr(run.facts.get("commit"), "outage_seconds", None)
            took = f"; the gateway was away for at most {outage:.2f} s" if outage else ""
            run.end("healed", f"{run.target} answers again{took}")
            return
    names = ", ".join(run.switches)
    run.end(
        "not-healed",
        f"{run.target} still does not answer after the gateway was toggled on {names}; the "
        "switch is as it was before",
        errors.NOT_HEALED,
        "It is not (only) the gateway: look at the VM's console, its security groups, and the "
        f"route to {', '.join(map(str, candidates[:2]))} from outside.",
    )


def _plan(
    run: Run, session: SwitchSession, candidates: Sequence[IPv4Address | IPv6Address]
) -> Plan:
    """The plan for the first of the silent addresses that has a gateway on the switch.

    Raises:
        NoGatewayError: none has.
    """
    first: NoGatewayError | None = None
    for address in candidates:
        try:
            return make_plan(run, session, Wanted(address=address))
        except NoGatewayError as error:  # noqa: PERF203 - the next address may have one
            first = first or error
    raise first or NoGatewayError(f"{session.switch.name}: no address to find a gateway for")
