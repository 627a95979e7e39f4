"""The attempts to cure a gateway, and their outcome."""

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
    from tasks.faults.model import Diagnosis
    from tasks.ladder import Cure
    from tasks.model import Gateway, Verification


@dataclass
class CureAttempt:
    """One cure that was begun; filled in as it goes on, so that an interrupted run can tell it too.

    Attributes:
        cure: the cure.
        fault: the fault it is for.
        interface: the SVI.
        switch: the switch.
        address: its management address.
        began: when it began (UTC).
        finished: when it had ended, as far as is known; None where it was interrupted.
        gateway: the stanza that it concerns.
        steps: its steps, in words.
        diff: the same as a difference (see ``tasks.cures.model.PlannedCure``).
        before: what the kernel held just before it.
        ended: whether it is known to have ended on the switch.
        complete: whether each step succeeded; None where that is not known.
        problems: what is wrong, where it is not complete.
        outage_seconds: how long others may have been cut off, an upper bound by the switch's clock;
            None where it was not measured.
        unmeasured_seconds: where it was not measured: the seconds by this machine's clock until the
            switch was seen to have finished; an upper bound.
        lost_session: the error by which the session was lost meanwhile; empty where it was not.
        rebooted_at: when the switch booted meanwhile; None where it did not.
        commit: the driver's report; None where there is none.
        aftercare: what was announced and put back.
        after: what the kernel held after it; None where that was not looked at.
        beside: the other faults that harmed when it began; each may have masked its effect.
        cured: faults that harmed before it and were not seen after it.
        helped: whether all was well after it.
    """

    cure: Cure
    fault: str
    interface: str
    switch: str = ""
    address: str = ""
    began: datetime | None = None
    finished: datetime | None = None
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
    """The outcome of curing a gateway.

    Attributes:
        attempts: the cures that were carried out, in order.
        diagnoses: the faults that are found now.
        well: whether what was to be healed is well now.
    """

    attempts: tuple[CureAttempt, ...]
    diagnoses: tuple[Diagnosis, ...]
    well: bool


def cures_in_words(attempts: Sequence[CureAttempt]) -> str:
    """Return, in words, which cures ended which faults as far as was seen, and which others helped.

    A cure gets no credit for what a reboot may have done.
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
    """Return a clause that says that the switch rebooted during a cure, and when."""
    at = f"{attempt.rebooted_at:%H:%M} UTC" if attempt.rebooted_at else "an unknown time"
    return f"{attempt.switch} rebooted at {at} while {attempt.cure.value} was under way"


def outage_in_words(attempts: Sequence[CureAttempt]) -> str:
    """Return, as the end of a sentence, how long others were cut off by the cures themselves.

    It is not known after a reboot of the switch or a lost session.
    """
    if any(attempt.rebooted_at for attempt in attempts):
        return "; everybody behind it was cut off while it booted, for how long was not measured"
    known = sum(attempt.outage_seconds or 0.0 for attempt in attempts)
    unmeasured = [a.unmeasured_seconds for a in attempts if a.outage_seconds is None]
    if unmeasured:
        most = max(1, ceil(known + sum(unmeasured)))
        return f"; the gateway was away for up to {most} s, not measured"
    if known:
        return f"; the gateway was away for at most {known:.2f} s"
    return f"; the {'cures' if attempts[1:] else 'cure'} cut nobody off"
