"""Curing the planned faults of one leaf: look again, cure, and check that it helped.

This is a Nornir task. Each leaf has a report and audit lines of its own, as ``vip heal`` has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from inventory.errors import ExitCode, VipkeeperError
from inventory.names import short_host
from runbooks.cure.ladder import cure_gateway, harmful
from runbooks.cure.observer import GatewayObserver, Observation, not_judged
from runbooks.cure.rogues import Compute, tell_rogues
from runbooks.cure.verdict import end_healed_for_now, look_at_end
from runbooks.cure.words import complaint_of
from runbooks.fleet.assess import ports_of
from runbooks.fleet.plan import RULES, diagnoses_of, peers_of
from runbooks.fleet.selection import behind_ports
from runbooks.run.attempt import cures_in_words
from runbooks.run.run import Run, recorded
from runbooks.run.session import SwitchSession, identify, switch_session
from runbooks.run.story import Story
from tasks.errors import RefusedError
from tasks.facts.collect import collect_facts
from tasks.faults.fabric.configuration import UNDER_WAY
from tasks.faults.model import Finding, Status
from tasks.health.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from inventory.model import Switch
    from nornir_config.settings import Settings
    from runbooks.fleet.assess import Assessment
    from runbooks.fleet.plan import LeafPlan, SviPlan
    from tasks.facts.model import SwitchFacts
    from tasks.faults.model import Diagnosis

_PAUSE = 1.0  # seconds between two looks at what a cure did


class NotHealedError(VipkeeperError):
    """Cures were carried out, and a fault is still there."""

    exit_code = ExitCode.NOT_HEALED


class LeafStory(Story):
    """The story of one leaf among others: each line names the leaf."""

    def __init__(self, whole: Story, switch: str) -> None:
        super().__init__(whole.console)
        self._switch = short_host(switch)

    def tell(self, step: str, text: str, kind: str = "ok") -> None:
        """Tell it with the leaf's name in front."""
        super().tell(step, f"{self._switch}: {text}", kind)


@dataclass(frozen=True)
class Healing:
    """What the leafs of one healing share.

    Attributes:
        settings: the settings; they hold the dead-man's timer and how long a cure may take to show.
        story: the story of the whole run, whose console is used.
        plans: the plan of each leaf, by its name.
        before: the assessment of each leaf before healing, by its name.
        look: looks at some leafs anew, without probes.
        compute: returns the source that knows the owner of a MAC.
        force: whether to go on where a leaf that shares a VIP is not well or cannot be asked.
    """

    settings: Settings
    story: Story
    plans: Mapping[str, LeafPlan]
    before: Mapping[str, Assessment]
    look: Callable[[tuple[str, ...]], Mapping[str, Assessment]]
    compute: Compute
    force: bool = False


def heal_leaf(task: Task, healing: Healing, switches: Mapping[str, Switch]) -> Result:
    """Carry out the host's plan, and return its ``Run``. This is a Nornir task.

    Raises:
        VipkeeperError: the cure was refused, or did not help.
        NapalmException: the driver's own.
    """
    name = task.host.name
    run = Run(healing.settings, LeafStory(healing.story, name), "heal", name)
    with recorded(run), switch_session(healing.settings, switches[name]) as session:
        identify(session)
        plan = healing.plans[name]
        run.report.plan = plan
        behind = behind_ports(task.host)
        still: list[Diagnosis] = []
        for svi in plan.svis:
            still += _heal_svi(run, healing, session, svi, behind)
        run.report.remaining = tuple(still)
        for svi in plan.svis:
            _require_present(run, session, svi)
        done = cures_in_words(run.report.attempts) or "well again before it was touched"
        told = f"{name}: {', '.join(sorted(plan.vips))}: {done}"
        if still:
            rogues = tell_rogues(run, name, still, healing.compute)
            end_healed_for_now(run, told, still, rogues)
        else:
            run.end("healed", told)
    return Result(task.host, result=run, changed=run.changed)


def _heal_svi(
    run: Run, healing: Healing, session: SwitchSession, plan: SviPlan, behind: Mapping[str, str]
) -> tuple[Diagnosis, ...]:
    """Cure an SVI; return the faults that still harm but are covered for now.

    Raises:
        RefusedError: the SVI is no longer as it was when the plan was made.
        NotHealedError: the SVI is not well.
    """
    facts: SwitchFacts = session.run(collect_facts)
    name, svi = session.switch.name, plan.gateway.interface
    gateway = next((g for g in facts.gateways if g.interface == svi), None)
    if gateway is None or gateway.stanza != plan.gateway.stanza:
        raise RefusedError(
            f"{name}: the stanza of {svi} is no longer as it was when the plan was agreed on; "
            "nothing was touched",
            "Look at the new state (vip check), then run the command again.",
        )
    observer = GatewayObserver(session, gateway, ports=ports_of(gateway, behind))
    found = diagnoses_of(gateway, observer.judge(facts).diagnoses)
    new = {d.fault for d in found if not d.latent} - {d.fault for d in plan.diagnoses}
    if new:
        raise RefusedError(
            f"{name}: {', '.join(sorted(new))} on {svi} was not there when the plan was agreed on; "
            "nothing was touched",
            "Look at the new state (vip check), then run the command again.",
        )
    if unknown := not_judged(plan.diagnoses, facts):
        raise RefusedError(
            f"{name}: whether {_faults(unknown)} on {svi} is still there is not known, because a "
            "table of the switch could not be read; nothing was touched",
            f"See which: vip check {name}",
        )
    before = _critical(healing.before[name].health.findings, svi)
    treatment = cure_gateway(
        run,
        observer,
        found,
        RULES,
        well=partial(_is_well, observer, found),
        before_each=partial(_require_well_peers, run, healing, name, plan.vips),
    )
    still = tuple(d for d in treatment.diagnoses if not d.latent)
    if treatment.attempts and not treatment.well and not still:
        raise _unproven(name, svi, found)
    if not _is_covered(still) or (treatment.attempts and not treatment.well):
        said, advice = complaint_of(treatment.attempts) or (
            "",
            f"Look into that leaf by hand: vip check {name}",
        )
        raise NotHealedError(
            f"{name}: {_faults(still)} on {svi} is still there after "
            f"{', '.join(each.cure.value for each in treatment.attempts) or 'no cure'}{said}",
            advice,
        )
    _prove(run, observer, before, plan)
    return still


def _require_present(run: Run, session: SwitchSession, plan: SviPlan) -> None:
    """Raise where a VIP of the SVI is not there at the end of the run, whatever was seen before.

    Raises:
        NotHealedError: a VIP is not there.
    """
    kernel = look_at_end(run, session, plan.gateway)
    if kernel.absent:
        name = session.switch.name
        raise NotHealedError(
            f"{name}: the gateway {plan.gateway.interface} is not whole at the end: "
            f"{'; '.join(kernel.absent)}",
            f"Find out who or what else works on that leaf, then: vip check {name}",
        )


def _is_covered(still: Sequence[Diagnosis]) -> bool:
    """Return whether every fault that still harms is one that returns after a cure."""
    return all(diagnosis.returns for diagnosis in harmful(still))


def _is_well(observer: GatewayObserver, before: Sequence[Diagnosis], seconds: float) -> bool:
    """Return whether no fault harms any more; neighbours and routes get some time to appear.

    A fault that is only covered is still seen. Then the SVI is well if VMs answer the VIP. A fault
    that was there before is gone only where the facts that show it were read.
    """
    until = time.monotonic() + seconds
    while True:
        looked = observer.look()
        harm = harmful(looked.diagnoses)
        covered = _is_covered(looked.diagnoses) and _is_reached(looked, observer)
        if (not harm or covered) and not not_judged(before, looked.facts):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE)


def _is_reached(looked: Observation, observer: GatewayObserver) -> bool:
    """Return whether a VM answers a ping from a VIP, or the switch knows no VM to ping."""
    devices = observer.gateway.devices
    tried = [p for p in looked.facts.probes.rows if p.kind == "ping" and p.device in devices]
    return looked.facts.probes.known and (not tried or any(probe.ok for probe in tried))


def _faults(diagnoses: Sequence[Diagnosis]) -> str:
    return ", ".join(diagnosis.fault for diagnosis in diagnoses)


def _unproven(name: str, svi: str, diagnoses: Sequence[Diagnosis]) -> NotHealedError:
    """Return the error for faults that were cured, and of which it was not seen that they ended."""
    return NotHealedError(
        f"{name}: whether {_faults(diagnoses)} on {svi} is gone is not known, because a table of "
        "the switch could not be read after the cure",
        f"See which, and whether all is well: vip check {name}",
    )


def _critical(findings: tuple[Finding, ...], interface: str) -> dict[tuple[str, str], Finding]:
    return {
        (finding.check, finding.subject): finding
        for finding in findings
        if finding.status is Status.CRITICAL and finding.interface == interface
    }


def _prove(
    run: Run, observer: GatewayObserver, before: Mapping[tuple[str, str], Finding], plan: SviPlan
) -> None:
    """Raise where something of the SVI is critical that was not critical before.

    Raises:
        NotHealedError: something is.
    """
    name, svi = observer.session.switch.name, plan.gateway.interface
    until = time.monotonic() + run.settings.heal.settle
    while True:
        facts = observer.look().facts
        now = _critical(judge(facts), svi)
        new = [finding for key, finding in now.items() if key not in before]
        unknown = not_judged(plan.diagnoses, facts)
        if not new and not unknown:
            break
        if time.monotonic() >= until:
            if not new:
                raise _unproven(name, svi, unknown)
            raise NotHealedError(
                f"{name}: the faults of {svi} are gone, but now: "
                f"{'; '.join(f'{f.check}: {f.evidence}' for f in new)}",
                f"Look into that leaf by hand: vip check {name}",
            )
        time.sleep(_PAUSE)
    for finding in now.values():
        run.story.tell("still", f"{finding.check}: {finding.evidence}", "warn")
    run.report.findings[svi] = tuple(now.values())
    if not now:
        run.story.tell("verified", f"{', '.join(plan.vips)} on {svi}: nothing critical is left")


def _require_well_peers(run: Run, healing: Healing, name: str, vips: tuple[str, ...]) -> None:
    """Raise where another leaf with these VIPs is less well than before, or is being changed.

    Raises:
        RefusedError: a leaf is.
    """
    known = peers_of(name, vips, healing.before)
    if not known:
        return
    now = healing.look(tuple(known))
    still = peers_of(name, vips, now)
    troubles = [f"{peer} could not be asked" for peer in known if not now[peer].answered]
    troubles += [
        f"{peer}, which was well, is not any more"
        for peer, was_well in known.items()
        if was_well and now[peer].answered and not still.get(peer)
    ]
    pending = {
        peer: finding.evidence
        for peer in known
        for finding in now[peer].health.findings
        if finding.check == "commit-pending"
    }
    troubles += [
        f"another operator's cure is under way on {peer}, and ends by itself"
        if UNDER_WAY in evidence
        else f"a commit is pending on {peer}"
        for peer, evidence in pending.items()
    ]
    if troubles and not healing.force:
        raise RefusedError(
            f"{name}: {', '.join(vips)} is not healed here, because of other leafs with the same "
            f"VIP: {'; '.join(troubles)}",
            "Wait for those or repair them first, or go on nevertheless: --force",
        )
    for trouble in troubles:
        run.story.tell("force", trouble, "warn")
    if not troubles:
        run.story.tell("others", f"{', '.join(known)}: as well as before, nothing pending", "info")
