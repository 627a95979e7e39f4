"""Which cure is tried next: by the diagnosis, the cures already tried, and how many are cut off.

These functions are pure. ``docs/diagnosis.md`` says the same for people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runbooks.incident.impact import Scope
from tasks.faults.base import Layer
from tasks.faults.catalogue import fault
from tasks.faults.model import Diagnosis
from tasks.faults.segment.vm import BY_EXCLUSION
from tasks.ladder import CURES, Cure

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runbooks.run.attempt import CureAttempt
    from tasks.model import Gateway

UNKNOWN_FAULT = "unknown"
#: The fault of a toggle that the operator asked for.
ASKED_FOR = "asked-for"
#: A cure is carried out for one fault at most so many times, whichever faults masked it.
_MOST = 2


@dataclass(frozen=True)
class CurePolicy:
    """Which cures a run allows.

    Attributes:
        scope: how many are cut off.
        force: whether the operator overrides a refusal (``--force``).
    """

    scope: Scope
    force: bool = False

    @property
    def guesses(self) -> bool:
        """Return whether a disruptive cure may be tried without a certain diagnosis."""
        return self.scope is Scope.LEAF or self.force

    def allow(self, diagnosis: Diagnosis) -> bool:
        """Return whether the cure of a diagnosis may be carried out."""
        if not diagnosis.cure.disruptive:
            return diagnosis.cure is not Cure.NONE
        if self.guesses:
            return True
        return diagnosis.certain and self.scope is not Scope.FLEET

    def why_not(self, cure: Cure) -> str:
        """Return why a disruptive cure is not tried, as part of a sentence."""
        reasons = {
            Scope.FLEET: "more than this leaf is cut off, so that the cause is hardly on it",
            Scope.VM: "others behind this leaf answer",
            Scope.HYPERVISOR: "others behind this leaf answer, or there are none to ask",
            Scope.UNKNOWN: "too few others could be compared with",
        }
        reason = reasons.get(self.scope, "the diagnosis is not certain")
        return f"no {cure.value} on suspicion: {reason}"


def harming(diagnoses: Sequence[Diagnosis]) -> frozenset[str]:
    """Return the names of the faults that harm now."""
    return frozenset(d.fault for d in diagnoses if not d.latent)


def foreign(diagnoses: Sequence[Diagnosis], rules: CurePolicy) -> Diagnosis | None:
    """Return the fault that explains the outage and that no cure of this switch ends, or None.

    A VM that does not answer its gateway, or answers it and nobody outside, explains its own
    silence. It does not explain the silence of a whole leaf.
    """
    found = [d for d in diagnoses if d.cure is Cure.NONE and not d.latent and not d.held_back]
    if rules.scope is Scope.LEAF:
        found = [d for d in found if d.fault not in BY_EXCLUSION]
    curable = [d for d in diagnoses if d.cure is not Cure.NONE and not d.latent]
    certain = [d for d in found if d.certain]
    if certain:
        return certain[0]
    return found[0] if found and not curable else None


def next_cure(
    diagnoses: Sequence[Diagnosis],
    gateway: Gateway,
    rules: CurePolicy,
    tried: Collection[CureAttempt] = (),
) -> Diagnosis | None:
    """Return the cure to try next; None where no cure is allowed or would help.

    The cures of the diagnoses come first: the certain before the uncertain, the harmful before the
    latent, the milder before the others. Each is tried once. It is tried once more where another
    fault was present the first time, may have masked it, and is gone. Next comes a stronger cure
    for a certain fault of the gateway that is still there. Last comes the toggle, where guessing is
    allowed. A cure that is known not to end a fault is never tried for it.

    Args:
        diagnoses: the faults that are found now.
        gateway: the gateway to cure.
        rules: which cures the run allows.
        tried: the attempts so far.
    """
    if foreign(diagnoses, rules) is not None:
        return None
    now = harming(diagnoses)
    fresh = [
        d
        for d in diagnoses
        if rules.allow(d) and d.cure not in d.resists and _is_open(d, now, tried)
    ]
    active = sorted((d for d in fresh if not d.latent), key=lambda d: (not d.certain, d.cure.rung))
    quiet = [d for d in fresh if d.latent and not d.cure.disruptive]
    if active or quiet:
        return (active + quiet)[0]
    return _climb(diagnoses, gateway, rules, tried)


def _is_open(diagnosis: Diagnosis, now: Collection[str], tried: Collection[CureAttempt]) -> bool:
    """Return whether a cure was not tried yet, or only while another fault masked its own."""
    same = [
        t
        for t in tried
        if t.cure is diagnosis.cure and (t.fault == diagnosis.fault or not CURES[t.cure].each)
    ]
    if not same:
        return True
    gone = {same[-1].fault, *same[-1].beside} - {diagnosis.fault, *now}
    return bool(gone) and len(same) < _MOST


def _climb(
    diagnoses: Sequence[Diagnosis],
    gateway: Gateway,
    rules: CurePolicy,
    tried: Collection[CureAttempt],
) -> Diagnosis | None:
    cures = {t.cure for t in tried}
    for diagnosis in diagnoses:
        if diagnosis.latent or not diagnosis.certain or not _of_gateway(diagnosis, gateway):
            continue
        rung: Cure | None = diagnosis.cure
        while rung is not None and (rung in cures or rung in diagnosis.resists):
            rung = CURES[rung].next
        higher = replace(diagnosis, cure=rung or Cure.NONE, remedy="the milder cure did not help")
        if rung is not None and rules.allow(higher):
            return higher
    if rules.guesses and Cure.TOGGLE not in cures and not explained(diagnoses):
        return the_toggle(gateway, diagnoses)
    return None


def explained(diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
    """Return a certain fault that harms and that a toggle is known not to end, or None.

    Such a fault explains the outage, and a toggle would only add another one. A fault diagnosed by
    exclusion is not certain: where its own cure did not help, the fault was another one, and a
    guess is still allowed.
    """
    return next(
        (d for d in diagnoses if d.certain and not d.latent and Cure.TOGGLE in d.resists), None
    )


def the_toggle_asked_for(gateway: Gateway) -> Diagnosis:
    """Return the toggle that the operator asked for."""
    toggle = the_toggle(gateway)
    return replace(toggle, fault=ASKED_FOR, sentence="the operator asked for it", certain=True)


def the_toggle(gateway: Gateway, diagnoses: Sequence[Diagnosis] = ()) -> Diagnosis:
    """Return the toggle for a fault that was not recognised, as the manual page does it."""
    active = [d for d in diagnoses if not d.latent]
    return Diagnosis(
        active[0].fault if active else UNKNOWN_FAULT,
        active[0].sentence if active else "what is wrong was not recognised",
        active[0].evidence if active else (),
        Cure.TOGGLE,
        gateway.interface,
        gateway.devices,
        neighbours=tuple(entry for d in active for entry in d.neighbours),
        certain=False,
        remedy="the gateway's addresses go off and on again",
    )


def _of_gateway(diagnosis: Diagnosis, gateway: Gateway) -> bool:
    """Return whether a fault is one of the SVI or its VRR devices, not of a port or a VM."""
    row = fault(diagnosis.fault)
    return (
        diagnosis.interface == gateway.interface
        and bool(set(diagnosis.devices) & set(gateway.devices))
        and diagnosis.cure.on_devices
        and (row is None or row.layer is not Layer.PORT)
    )
