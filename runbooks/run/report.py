"""The report of a run that may change a switch; ``docs/schemas/heal-run-2.json`` is its schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.target import Kind
    from napalm_cumulus.commit.report import PendingCommit
    from runbooks.cure.rogues import Rogue
    from runbooks.fleet.outcome import LeafOutcome
    from runbooks.fleet.plan import FleetPlan, LeafPlan
    from runbooks.fleet.rollout import FleetOptions
    from runbooks.heal import HealOptions
    from runbooks.incident.impact import Impact
    from runbooks.incident.path import PathStep
    from runbooks.incident.reachability import Probe
    from runbooks.run.attempt import CureAttempt
    from runbooks.run.evidence import PortEvidence
    from runbooks.run.story import Event
    from tasks.cures.model import PlannedCure
    from tasks.faults.model import Diagnosis, Finding
    from tasks.model import Presence, Verification

SCHEMA = "vipkeeper/heal-run/2"


@dataclass(frozen=True)
class TargetTrace:
    """The path on which the target was followed to its switches.

    Attributes:
        kind: what the target is.
        hypervisor: its hypervisor.
        steps: the questions and their answers.
        warnings: what is odd on the path.
    """

    kind: Kind
    hypervisor: str
    steps: tuple[PathStep, ...]
    warnings: tuple[str, ...]


@dataclass
class Pings:
    """Whether the target answered.

    Attributes:
        before: before anything was done.
        after: after the last cure.
        waited_seconds: how long an answer was waited for then.
    """

    before: tuple[Probe, ...] = ()
    after: tuple[Probe, ...] = ()
    waited_seconds: float | None = None


@dataclass(frozen=True)
class GatewayState:
    """What the kernel of a switch held of a gateway at the end of the run."""

    switch: str
    interface: str
    kernel: Verification


@dataclass
class HealReport:
    """Everything that a run found and did, and how it ended.

    Attributes:
        schema: the name and version of this schema.
        id: the run's id, as in the audit log.
        command: ``heal``, ``toggle``, ``confirm`` or ``rollback``.
        target: the target of the run.
        who: the user.
        started: the start (UTC).
        finished: the end (UTC).
        verdict: the outcome in one word.
        exit_code: the exit code of the command.
        sentence: the outcome for a person.
        advice: what to do next; may be empty.
        switches: those that were worked on.
        options: the options of the command.
        way: the path on which the target was followed.
        presence: what each switch says of the hypervisor.
        forced: what would have stopped the run without ``--force``.
        pings: whether the target answered.
        diagnosis: the first diagnoses, by switch.
        unread: what could not be read, by switch.
        impact: who else was cut off.
        plan: the planned cures: one, those of one leaf, or those of all leafs.
        attempts: the cures that were begun, in order.
        remaining: the faults that were still found after the last cure.
        rogues: the machines that answer for a VIP at the end, with their owners.
        findings: what was critical at the end, by SVI.
        kernel: what the kernel held of the gateways at the end.
        leafs: the outcome of each leaf, where many were healed.
        evidence: what the monitoring saw of the changes; it never changes the verdict.
        pending: the commit that was confirmed or rolled back.
        timeline: the events, in order.
    """

    schema: str = SCHEMA
    id: str = ""
    command: str = ""
    target: str = ""
    who: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    verdict: str = ""
    exit_code: int = ExitCode.OK
    sentence: str = ""
    advice: str = ""
    switches: tuple[str, ...] = ()
    options: HealOptions | FleetOptions | None = None
    way: TargetTrace | None = None
    presence: dict[str, Presence] = field(default_factory=dict)
    forced: tuple[str, ...] = ()
    pings: Pings = field(default_factory=Pings)
    diagnosis: dict[str, tuple[Diagnosis, ...]] = field(default_factory=dict)
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    impact: Impact | None = None
    plan: PlannedCure | LeafPlan | FleetPlan | None = None
    attempts: list[CureAttempt] = field(default_factory=list)
    remaining: tuple[Diagnosis, ...] = ()
    rogues: tuple[Rogue, ...] = ()
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    kernel: list[GatewayState] = field(default_factory=list)
    leafs: tuple[LeafOutcome, ...] = ()
    evidence: tuple[PortEvidence, ...] = ()
    pending: PendingCommit | None = None
    timeline: tuple[Event, ...] = ()
