"""The plan for healing a fleet: which leaf, which fault, which cure, in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks.cure.policy import CurePolicy, next_cure
from runbooks.incident.impact import Scope
from tasks.errors import RefusedError
from tasks.faults.model import Status
from tasks.ladder import Cure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runbooks.fleet.assess import Assessment
    from tasks.faults.model import Diagnosis
    from tasks.model import Gateway

#: Nobody is known to be cut off, so nothing that takes a VIP away is done on suspicion.
RULES = CurePolicy(Scope.UNKNOWN)
#: Fewer ill leafs than this do not show an outage of the whole fleet.
_MANY = 2
_NAMED = 5


@dataclass(frozen=True)
class SviPlan:
    """One SVI of a leaf that can be cured.

    Attributes:
        gateway: its stanza.
        diagnoses: all its faults.
        first: the diagnosis that is cured first.
    """

    gateway: Gateway
    diagnoses: tuple[Diagnosis, ...]
    first: Diagnosis

    @property
    def vips(self) -> tuple[str, ...]:
        """Return the VIPs of the SVI."""
        return tuple(str(virtual.address.ip) for virtual in self.gateway.virtual)


@dataclass(frozen=True)
class LeafPlan:
    """The cures for one leaf."""

    switch: str
    svis: tuple[SviPlan, ...]

    @property
    def vips(self) -> frozenset[str]:
        """Return every VIP that is worked on.

        Leafs with a VIP in common are never healed together.
        """
        return frozenset(vip for svi in self.svis for vip in svi.vips)

    @property
    def rung(self) -> int:
        """Return the rung of its strongest cure on the ladder."""
        return max(svi.first.cure.rung for svi in self.svis)


@dataclass(frozen=True)
class FleetPlan:
    """The plan for a fleet.

    Attributes:
        leafs: in order; the first one is the canary.
        left: by leaf, the faults that harm and are left alone: no cure of a switch ends them, or
            they are not certain.
        unhealthy: leafs with a fault, and those that could not be judged.
        checked: number of leafs that were looked at.
    """

    leafs: tuple[LeafPlan, ...]
    left: tuple[tuple[str, Diagnosis], ...]
    unhealthy: tuple[str, ...]
    checked: int


def make_plan(assessments: Mapping[str, Assessment]) -> FleetPlan:
    """Return the plan for the diagnoses; the leaf with the mildest cures is the canary."""
    leafs: list[LeafPlan] = []
    left: list[tuple[str, Diagnosis]] = []
    unhealthy: list[str] = []
    for name, assessment in sorted(assessments.items()):
        svis = tuple(_svis(assessment))
        curable = {svi.gateway.interface for svi in svis}
        left += [
            (name, d)
            for d in assessment.diagnoses
            if not d.latent and (d.cure is Cure.NONE or d.interface not in curable)
        ]
        if svis:
            leafs.append(LeafPlan(name, svis))
        if svis or assessment.health.status in {Status.CRITICAL, Status.UNKNOWN}:
            unhealthy.append(name)
    ordered = sorted(leafs, key=lambda leaf: (leaf.rung, leaf.switch))
    return FleetPlan(tuple(ordered), tuple(left), tuple(unhealthy), len(assessments))


def diagnoses_of(gateway: Gateway, diagnoses: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of one SVI, and those of the whole switch."""
    return tuple(d for d in diagnoses if d.interface in {gateway.interface, ""})


def _svis(assessment: Assessment) -> list[SviPlan]:
    found = []
    for gateway in assessment.gateways:
        diagnoses = diagnoses_of(gateway, assessment.diagnoses)
        first = next_cure(diagnoses, gateway, RULES)
        if first is not None:
            found.append(SviPlan(gateway, diagnoses, first))
    return found


def refuse_mass_outage(plan: FleetPlan, most: float) -> None:
    """Raise where so many leafs have faults at once that the cause is probably not on the leafs.

    Args:
        plan: what was found.
        most: the share of the leafs that may be ill.

    Raises:
        RefusedError: more leafs are ill than that, or all of them.
    """
    ill = len(plan.unhealthy)
    if ill < _MANY or (ill < plan.checked and ill <= most * plan.checked):
        return
    names = ", ".join(plan.unhealthy[:_NAMED]) + (" and others" if ill > _NAMED else "")
    raise RefusedError(
        f"{ill} of {plan.checked} leafs have faults at once ({names}): the cause is probably not "
        "on the leafs, and cures would only add outages; nothing was touched",
        "Look for what they have in common (spine, EVPN, an upgrade, the management network). "
        "To go on nevertheless: --force",
    )


def peers_of(
    switch: str, vips: Sequence[str], assessments: Mapping[str, Assessment]
) -> dict[str, bool]:
    """Return the other leafs configured with one of the VIPs, and whether each is well there."""
    wanted = set(vips)
    found = {}
    for name, assessment in assessments.items():
        shared = wanted & assessment.held
        if name == switch or not shared:
            continue
        records = [record for record in assessment.health.vips if record.vip in shared]
        interfaces = {record.interface for record in records}
        harmed = {d.interface for d in assessment.diagnoses if not d.latent}
        there = {record.vip for record in records if record.present}
        found[name] = there == shared and interfaces.isdisjoint(harmed)
    return found
