"""The ladder: carry out the mildest cure that the diagnosis names, look, and escalate if needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runbooks.cure.carry_out import carry_out, prepare
from runbooks.cure.observer import GatewayObserver, look_at_rest, not_judged
from runbooks.cure.policy import CurePolicy, harming, next_cure
from runbooks.cure.words import question, tell_unhelped
from runbooks.run.attempt import CureAttempt, CureResult
from tasks.errors import CannotCureError
from tasks.faults.model import Diagnosis
from tasks.faults.segment.vm import BY_EXCLUSION
from tasks.ladder import Cure

if TYPE_CHECKING:
    from runbooks.run.approval import Agreement
    from runbooks.run.run import Run
    from tasks.cures.model import PlannedCure

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
        RefusedError: a cure is not safe now, or none that was found can be carried out; nothing
            was touched by it.
        NapalmException: the switch refused a cure, or rolled it back.
    """
    attempts: list[CureAttempt] = []
    choices = Choices(run, observer, rules)
    found = tuple(diagnoses)
    while (chosen := choices.next(found, attempts)) is not None:
        choice, planned = chosen
        if agreement is not None:
            agreement.require(question(observer.session.switch.name, observer.gateway, choice))
        if before_each is not None:
            before_each()
        harmed, seen = harming(found), found
        attempt = carry_out(run, observer, choice, planned)
        attempt.beside = tuple(sorted(harmed - {choice.fault}))
        attempts.append(attempt)
        helped = well is not None and well(min(AT_ONCE, run.settings.heal.settle))
        looked = observer.look()
        found = looked.diagnoses
        unknown = harming(not_judged(seen, looked.facts)) - {choice.fault}
        if helped:
            found = look_at_rest(observer, looked)
        else:
            last = not choices.left(found, attempts)
            patience = run.settings.heal.settle if last or not harmful(found) else 0.0
            helped = well(patience) if well is not None else not harmful(found)
            found = look_at_rest(observer) if helped else found
        attempt.helped = helped
        attempt.cured = _cured(harmed - harming(found) - unknown, attempt)
        if helped:
            break
        tell_unhelped(run, observer.session.switch.name, choice, found)
    run.report.remaining = found
    return CureResult(tuple(attempts), found, bool(attempts) and attempts[-1].helped)


class Choices:
    """The cures of one gateway in their turn; one that cannot be carried out is passed over."""

    def __init__(self, run: Run, observer: GatewayObserver, rules: CurePolicy) -> None:
        self._run = run
        self._observer = observer
        self._rules = rules
        self._impossible: set[tuple[str, str]] = set()

    def next(
        self, found: Sequence[Diagnosis], tried: Sequence[CureAttempt] = ()
    ) -> tuple[Diagnosis, PlannedCure] | None:
        """Return the next cure and its plan, which was told; None where there is none.

        Raises:
            CannotCureError: what was found has cures, and none of them can be carried out.
            RefusedError: a cure is not safe now.
        """
        first: CannotCureError | None = None
        while (choice := self._choose(found, tried)) is not None:
            try:
                return choice, prepare(self._run, self._observer, choice)
            except CannotCureError as error:  # noqa: PERF203 - the next fault may have a cure
                first = first or error
                self._impossible.add((choice.fault, choice.interface))
                self._run.story.tell("cure", str(error), "warn")
        if first is not None and not tried:
            raise first
        return None

    def left(self, found: Sequence[Diagnosis], tried: Sequence[CureAttempt]) -> bool:
        """Return whether a cure is left to be tried."""
        return self._choose(found, tried) is not None

    def _choose(self, found: Sequence[Diagnosis], tried: Sequence[CureAttempt]) -> Diagnosis | None:
        possible = [d for d in found if (d.fault, d.interface) not in self._impossible]
        return next_cure(possible, self._observer.gateway, self._rules, tried)


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
