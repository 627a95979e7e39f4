"""What the treatment of a gateway consisted of, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from tasks.model import Aftercare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from napalm_cumulus.commit.repairs import RepairReport
    from napalm_cumulus.commit.report import CommitReport
    from tasks.faults.model import Cure, Diagnosis
    from tasks.model import Gateway, Verification


@dataclass
class CureAttempt:
    """One cure that was begun; filled in as it goes, so that a run that is cut short tells it too.

    Attributes:
        cure: what was done.
        fault: for which fault.
        interface: on which SVI.
        switch: where.
        gateway: the stanza that it concerns.
        steps: in words.
        diff: the same as a difference (see ``tasks.cures.model.PlannedCure``).
        before: what the kernel held just before it.
        ended: whether it is known to have come to its end on the switch.
        complete: whether each step succeeded; None where that is not known.
        problems: where not, what is wrong.
        outage_seconds: for how long others may have been cut off, an upper bound by the switch's
            clock; None where it was not measured.
        unmeasured_seconds: where it was not: seconds by this machine's clock from the begin until
            the switch was seen to have finished; the upper bound.
        lost_session: what the session to the switch was lost by, meanwhile; empty where it held.
        rebooted_at: when the switch booted, meanwhile; None where it did not.
        commit: the driver's report; None where there is none.
        aftercare: what was announced and put back.
        after: what the kernel held after it; None where it was not looked at.
        beside: the other faults that harmed when it was begun; each may have masked what it did.
        cured: faults that harmed before it and were not seen after it.
        helped: whether all was well after it.
    """

    cure: Cure
    fault: str
    interface: str
    switch: str = ""
    gateway: Gateway | None = None
    steps: tuple[str, ...] = ()
    diff: str = ""
    before: Verification | None = None
    ended: bool = False
    complete: bool | None = None
    problems: tuple[str, ...] = ()
    outage_seconds: float | None = None
    unmeasured_seconds: float = 0.0
    lost_session: str = ""
    rebooted_at: datetime | None = None
    commit: CommitReport | RepairReport | None = None
    aftercare: Aftercare = field(default_factory=Aftercare)
    after: Verification | None = None
    beside: tuple[str, ...] = ()
    cured: tuple[str, ...] = ()
    helped: bool = False


@dataclass(frozen=True)
class CureResult:
    """What came of a gateway's treatment.

    Attributes:
        attempts: the cures that were carried out, in order.
        diagnoses: what is found now.
        well: whether what was to be healed is well now.
    """

    attempts: tuple[CureAttempt, ...]
    diagnoses: tuple[Diagnosis, ...]
    well: bool


def cures_in_words(attempts: Sequence[CureAttempt]) -> str:
    """What ended which fault, as far as it was seen; and what helped beside that.

    No cure is given the credit for what a reboot may have done.
    """
    told = [rebooted(each) for each in attempts if each.rebooted_at]
    held = [each for each in attempts if not each.rebooted_at]
    told += [
        f"{' and '.join(each.cured)} {'were' if each.cured[1:] else 'was'} cured by "
        f"{each.cure.value}"
        for each in held
        if each.cured
    ]
    told += [f"{each.cure.value} helped" for each in held if each.helped and not each.cured]
    return "; ".join(told)


def rebooted(attempt: CureAttempt) -> str:
    """That a switch rebooted during a cure, and when; as a clause."""
    at = f"{attempt.rebooted_at:%H:%M} UTC" if attempt.rebooted_at else "an unknown time"
    return f"{attempt.switch} rebooted at {at} while {attempt.cure.value} was under way"


def outage_in_words(attempts: Sequence[CureAttempt]) -> str:
    """For how long others were cut off by cures, as the end of a sentence.

    A switch that rebooted and a session that was lost leave it unmeasured.
    """
    if any(attempt.rebooted_at for attempt in attempts):
        return "; everybody behind it was cut off while it booted, for how long was not measured"
    known = sum(attempt.outage_seconds or 0.0 for attempt in attempts)
    unmeasured = [a.unmeasured_seconds for a in attempts if a.outage_seconds is None]
    if unmeasured:
        most = max(1, ceil(known + sum(unmeasured)))
        return f"; the gateway was away for up to {most} s, not measured"
    return f"; the gateway was away for at most {known:.2f} s" if known else "; no one was cut off"
