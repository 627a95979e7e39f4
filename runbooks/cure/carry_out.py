"""One cure on one switch: show it, record it, carry it out, do its aftercare and verify.

Every cure of every command goes through this module. So a lost session, Ctrl-C, a reboot and the
aftercare are handled in one place.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from napalm_cumulus import errors as napalm
from runbooks.cure.policy import the_toggle_asked_for
from runbooks.cure.verdict import look_at_end
from runbooks.cure.words import tell_aftercare, tell_attempt
from runbooks.run.attempt import CureAttempt, rebooted
from runbooks.run.records import now
from runbooks.run.session import lost, wait_until_settled
from tasks.cures.announce import care_after_cure, read_hand_made_state
from tasks.cures.apply import apply_cure, entries_at_fault, plan_cure
from tasks.cures.model import CureOutcome, PlannedCure
from tasks.errors import ChangeFailedError, RefusedError
from tasks.faults.catalogue import fault
from tasks.faults.model import Diagnosis
from tasks.ladder import CURES, Cure
from tasks.model import Aftercare, Verification
from tasks.verify import verify_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runbooks.cure.observer import GatewayObserver
    from runbooks.run.run import Run

_PAUSE = 1.0  # seconds between two looks at a switch that has just booted


def prepare(run: Run, observer: GatewayObserver, choice: Diagnosis) -> PlannedCure:
    """Tell what a cure would do; it changes nothing.

    Raises:
        RefusedError: the cure is not safe now.
    """
    name = observer.session.switch.name
    outage = CURES[choice.cure].outage
    harm = f"an outage of {outage} for all behind it" if outage else "which cuts nobody off"
    run.story.tell("cure", f"{choice.cure.value} on {name}, {harm}: {choice.remedy}", "do")
    planned: PlannedCure = observer.session.run(
        plan_cure, diagnosis=choice, gateway=observer.gateway, macs=_judged_by(observer, choice)
    )
    for step in planned.steps:
        run.story.tell("plan", step, "do")
    if planned.toggled is not None:
        run.story.show_diff(planned.diff)
    for note in planned.notes:
        run.story.tell("note", note, "info")
    run.report.plan = run.report.plan or planned
    return planned


def plan_toggle(run: Run, observer: GatewayObserver) -> PlannedCure:
    """Tell which gateway it is, what the kernel lacks of it, and what toggling would change.

    Raises:
        RefusedError: the gateway cannot be toggled now.
    """
    gateway = observer.gateway
    virtual = ", ".join(f"{v.address} on {v.device}" for v in gateway.virtual)
    run.story.tell("gateway", f"{gateway.interface} in {gateway.place}: {virtual}")
    kernel: Verification = observer.session.run(verify_gateway, gateway=gateway)
    for problem in kernel.problems:
        run.story.tell("kernel", problem, "warn")
    if kernel.ok:
        run.story.tell("kernel", "addresses, links and routes of the gateway are as configured")
    return prepare(run, observer, the_toggle_asked_for(gateway))


def carry_out(
    run: Run, observer: GatewayObserver, choice: Diagnosis, planned: PlannedCure
) -> CureAttempt:
    """Carry a cure out, and look at the kernel afterwards.

    The attempt stands in the run's report from the moment it begins.

    Raises:
        ChangeFailedError: the kernel lacks something that it had before.
        LostSwitchError: the switch cannot be reached any more.
        RecordError: the cure cannot be recorded, so it was not begun.
        NapalmException: the switch refuses the cure or rolls it back.
    """
    session, gateway = observer.session, observer.gateway
    attempt = CureAttempt(
        choice.cure,
        choice.fault,
        choice.interface or gateway.interface,
        switch=session.switch.name,
        address=str(session.switch.address),
        # Only a toggle comments lines out; the report of another cure would seem to.
        gateway=gateway if planned.cure is Cure.TOGGLE else replace(gateway, candidate=""),
        steps=planned.steps,
        diff=planned.diff,
        before=session.run(verify_gateway, gateway=gateway),
    )
    if choice.cure.on_devices:  # somebody may have added to it since the plan was shown
        planned = replace(planned, before=session.run(read_hand_made_state, gateway=gateway))
    run.before_change(attempt, planned.before)
    begin = time.monotonic()
    try:
        cured: CureOutcome = session.run(
            apply_cure,
            diagnosis=choice,
            gateway=gateway,
            message=f"vip {run.command} {run.target}",
            revert_in=run.settings.heal.revert_in,
            macs=_judged_by(observer, choice),
            planned=planned,
        )
    except _not_begun():
        run.report.attempts.remove(attempt)
        raise
    except napalm.CommitError:
        attempt.unmeasured_seconds = round(time.monotonic() - begin, 1)
        _look_after_failure(run, observer, choice, planned, attempt)
        raise
    except lost() as error:
        attempt.lost_session = str(error)
        run.story.tell("cure", f"{error} The switch goes on by itself; looking again", "warn")
        wait_until_settled(session, run.settings.heal.revert_in, error)
        run.story.tell("cure", f"{attempt.switch} answers again, and nothing is pending there")
        if choice.cure.on_devices:
            attempt.unmeasured_seconds = round(time.monotonic() - begin, 1)
        else:  # it takes nothing away, whether it was carried out or not
            attempt.outage_seconds = 0.0
        attempt.aftercare = _care(run, observer, choice, planned)
    else:
        attempt.steps, attempt.aftercare = cured.steps, cured.aftercare
        attempt.outage_seconds = round(cured.outage_seconds, 3)
        attempt.complete, attempt.problems = cured.complete, cured.problems
        attempt.commit = cured.report
    finally:
        attempt.finished = now()
    attempt.ended = True
    attempt.after = _verify(run, observer, attempt)
    tell_attempt(run, attempt)
    _require_no_less(attempt)
    return attempt


def _not_begun() -> tuple[type[Exception], ...]:
    """Return the errors that end a cure before anything on the switch was touched."""
    refused = napalm.CommitRefusedError, napalm.LockError, napalm.SessionLockedException
    return (RefusedError, *refused)


def _look_after_failure(
    run: Run,
    observer: GatewayObserver,
    choice: Diagnosis,
    planned: PlannedCure,
    attempt: CureAttempt,
) -> None:
    """Look at what a failed cure has taken away, after the switch rolled back or tried to.

    Failures in here are told; the failure of the cure itself stays the outcome.
    """
    session, name = observer.session, attempt.switch
    attempt.complete = False
    text = f"{attempt.cure.value} did not succeed; looking at the present state"
    run.story.tell("cure", f"{name}: {text}", "warn")
    try:
        wait_until_settled(session, run.settings.heal.revert_in, napalm.CommitError(text))
        attempt.aftercare = _care(run, observer, choice, planned)
        attempt.ended = True
        tell_aftercare(run, attempt.aftercare)
        attempt.after = look_at_end(run, session, observer.gateway)
    except (
        VipkeeperError,
        napalm.ConnectionException,
        napalm.CommandTimeoutException,
    ) as error:
        run.story.tell(
            "cure",
            f"{name}: hand-made routes and neighbours may not have been put back (they are in the "
            f"audit log): {error}",
            "warn",
        )


def _care(
    run: Run, observer: GatewayObserver, choice: Diagnosis, planned: PlannedCure
) -> Aftercare:
    """Return the aftercare of a cure whose session was lost, done on the new session."""
    arguments = {
        "gateway": observer.gateway,
        "before": planned.before,
        "macs": _judged_by(observer, choice),
        "wrong": entries_at_fault(choice),
    }
    care: Aftercare
    try:
        care = observer.session.run(care_after_cure, **arguments)
    except lost() as error:
        wait_until_settled(observer.session, run.settings.heal.revert_in, error)
        care = observer.session.run(care_after_cure, **arguments)
    return care


def _verify(run: Run, observer: GatewayObserver, attempt: CureAttempt) -> Verification:
    """Look at the kernel, for a while where the switch has booted: its interfaces still come up."""
    until = time.monotonic() + run.settings.heal.settle
    while True:
        after: Verification = observer.session.run(verify_gateway, gateway=observer.gateway)
        first, then = attempt.before.boot if attempt.before else None, after.boot
        if first is not None and then is not None and first.id != then.id:
            attempt.rebooted_at = now() - timedelta(seconds=then.up_seconds)
            attempt.outage_seconds = None
        if attempt.rebooted_at is None or after.ok or time.monotonic() >= until:
            return after
        time.sleep(_PAUSE)


def _require_no_less(attempt: CureAttempt) -> None:
    """See that the kernel has all of the gateway that it had before.

    Raises:
        ChangeFailedError: it has not.
    """
    had = attempt.before.problems if attempt.before else ()
    new = [text for text in (attempt.after.problems if attempt.after else ()) if text not in had]
    if new:
        booted = f"; {rebooted(attempt)}" if attempt.rebooted_at else ""
        raise ChangeFailedError(
            f"{attempt.switch}: after {attempt.cure.value} the kernel lacks something that it had "
            f"before: {'; '.join(new)}{booted}",
            f"Run 'ifreload -a' on {attempt.switch}, then vip trace; its configuration on disk "
            "was never touched.",
        )


def _judged_by(observer: GatewayObserver, choice: Diagnosis) -> Mapping[str, tuple[str, ...]]:
    """Return the known MACs, which tell wrong neighbour entries from right ones.

    Where the bridge is wrong about a MAC, the switch's right entry is deleted, too: it asks anew.
    """
    row = fault(choice.fault)
    if row is None or not row.ask_anew:
        return observer.macs
    asked = {address for address, _ in choice.neighbours}
    return {address: macs for address, macs in observer.macs.items() if address not in asked}
