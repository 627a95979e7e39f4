"""The ladder: carry out the mildest cure that the diagnosis names, look, and escalate if needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runbooks.cure.carry_out import carry_out, prepare
from runbooks.cure.observer import GatewayObserver, look_at_rest
from runbooks.cure.policy import CurePolicy, harming, next_cure
from runbooks.cure.words import question, tell_unhelped
from runbooks.run.attempt import CureAttempt, CureResult
from tasks.faults.model import Cure, Diagnosis
from tasks.faults.segment.vm import BY_EXCLUSION

if TYPE_CHECKING:
    from runbooks.run.approval import Agreement
    from runbooks.run.run import Run

#: Seconds within which a cure shows that it helped; after the last cure the wait is longer.
AT_ONCE = 3.0


#: Tells whether the target is well; waits for it up to so many seconds.
Well = Callable[[float], bool]


def cure_gateway(  # noqa: PLR0917 - one gateway's whole treatment
    run: Run,
    observer: GatewayObserver,
    diagnoses: Sequence[Diagnosis],
    rules: CurePolicy,
    agreement: Agreement | None = None,
    well: Well | None = None,
    before_each: Callable[[], None] | None = None,
) -> CureResult:
    """Cure one gateway on one switch until all is well or no further cure is allowed.

    Each cure is agreed to, written to the audit log before it begins, told, and followed by a look
    at the switch. It works without an endpoint, too: then the gateway is well when no fault that
    harms is found.

    Args:
        run: the run, with its story, audit log and report.
        observer: the switch and the gateway.
        diagnoses: the diagnoses so far.
        rules: which cures the run allows.
        agreement: how the operator's agreement is obtained; None where it was given for all cures.
        well: tells whether the target is well after a cure; None judges by the facts alone.
        before_each: makes sure that the next cure is safe, and raises where it is not.

    Raises:
        CancelledError: the operator said no.
        RefusedError: a cure is not safe now; that cure has touched nothing.
        NapalmException: the switch refused a cure, or rolled it back.
    """
    attempts: list[CureAttempt] = []
    found = tuple(diagnoses)
    while (choice := next_cure(found, observer.gateway, rules, attempts)) is not None:
        planned = prepare(run, observer, choice)
        if agreement is not None:
            agreement.require(question(observer.session.switch.name, observer.gateway, choice))
        if before_each is not None:
            before_each()
        harmed = harming(found)
        attempt = carry_out(run, observer, choice, planned)
        attempt.beside = tuple(sorted(harmed - {choice.fault}))
        attempts.append(attempt)
        helped = well is not None and well(min(AT_ONCE, run.settings.heal.settle))
        looked = observer.look()
        found = looked.diagnoses
        if helped:
            found = look_at_rest(observer, looked)
        else:
            last = next_cure(found, observer.gateway, rules, attempts) is None
            patience = run.settings.heal.settle if last or not harmful(found) else 0.0
            helped = well(patience) if well is not None else not harmful(found)
            found = look_at_rest(observer) if helped else found
        attempt.helped = helped
        attempt.cured = _cured(harmed - harming(found), attempt)
        if helped:
            break
        tell_unhelped(run, observer.session.switch.name, choice, found)
    run.report.remaining = found
    return CureResult(tuple(attempts), found, bool(attempts) and attempts[-1].helped)


def _cured(gone: frozenset[str], attempt: CureAttempt) -> tuple[str, ...]:
    """Return the faults that a cure was seen to end.

    A fault that is diagnosed by exclusion disappears as soon as another fault is found. So its
    disappearance proves nothing.
    """
    own = attempt.fault if attempt.helped else ""
    return tuple(sorted(fault for fault in gone if fault == own or fault not in BY_EXCLUSION))


def harmful(diagnoses: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Return the diagnoses that harm now and that vipkeeper can cure."""
    return tuple(d for d in diagnoses if not d.latent and d.cure is not Cure.NONE)
