"""How a run of cures ends, judged by the state at its end and nothing seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.errors import ExitCode
from runbooks.cure.policy import ASKED_FOR, UNKNOWN_FAULT
from runbooks.cure.rogues import Compute, Rogue, tell_rogues
from runbooks.cure.words import cut_off_before
from runbooks.run.attempt import cures_in_words, outage_in_words, rebooted
from runbooks.run.report import GatewayState
from tasks.model import Gateway, Verification
from tasks.verify import verify_gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.run.attempt import CureAttempt
    from runbooks.run.run import Run
    from runbooks.run.session import SwitchSession
    from tasks.faults.model import Diagnosis


def look_at_end(run: Run, session: SwitchSession, gateway: Gateway) -> Verification:
    """Verify a gateway once more, tell the outcome, and note it in the report."""
    kernel: Verification = session.run(verify_gateway, gateway=gateway)
    run.report.kernel.append(GatewayState(session.switch.name, gateway.interface, kernel))
    if kernel.ok:
        run.story.tell("kernel", f"verified: {', '.join(kernel.checked)}, with links and routes")
    for problem in kernel.problems:
        run.story.tell("kernel", f"still: {problem}", "warn")
    return kernel


def end_healed(
    run: Run, kernel: Verification, remaining: Sequence[Diagnosis], compute: Compute
) -> None:
    """End a run whose target answered after the last cure.

    The verdict is "healed for now" where a fault that harms is still found.

    Args:
        run: the run, with its attempts.
        kernel: what the switch of the last attempt holds of the gateway now.
        remaining: the faults that are still found there.
        compute: returns the source that knows the owner of a MAC.
    """
    last = run.report.attempts[-1]
    if kernel.absent:
        _end_absent(run, last, kernel, f"{run.target} answers, but")
        return
    for diagnosis in remaining:
        run.story.tell("also seen", f"{diagnosis.fault}: {diagnosis.sentence}", "warn")
    names = ", ".join(diagnosis.fault for diagnosis in remaining)
    if last.fault == ASKED_FOR and not last.rebooted_at:
        because = f"its gateway was toggled on {last.switch}"
    else:
        because = cures_in_words(run.report.attempts)
        if last.fault == UNKNOWN_FAULT:
            because += "; what was wrong was not recognised"
    # With --toggle a target may have answered all the time.
    again = "" if any(probe.answers for probe in run.report.pings.before) else " again"
    outage = outage_in_words(run.report.attempts)
    answers = f"{run.target} answers{again}: {because}{outage}{cut_off_before(run.report)}"
    still = [diagnosis for diagnosis in remaining if not diagnosis.latent]
    if still:
        rogues = tell_rogues(run, last.switch, still, compute)
        end_healed_for_now(run, answers, still, rogues)
        return
    run.end(
        "healed",
        answers,
        advice=f"Also seen and left alone: {names}. See: vip check {last.switch}" if names else "",
    )


def end_healed_for_now(
    run: Run, so_far: str, still: Sequence[Diagnosis], rogues: Sequence[Rogue]
) -> None:
    """End a run that helped although a fault that harms is still found at its end."""
    run.end(
        "healed-for-now",
        f"{so_far}; but {still_there(still, rogues)}",
        ExitCode.HEALED_FOR_NOW,
        what_now(run, still, rogues),
    )


def still_there(still: Sequence[Diagnosis], rogues: Sequence[Rogue]) -> str:
    """Return the remaining faults as a clause, with the machines that cause them where known."""
    return "; ".join(
        f"{each.fault} is still there: "
        + ("; ".join(map(str, rogues)) if each.strangers and rogues else each.sentence)
        for each in still
    )


def what_now(run: Run, still: Sequence[Diagnosis], rogues: Sequence[Rogue]) -> str:
    """Return what a person should do about the remaining faults."""
    names = ", ".join(dict.fromkeys(run.switches))
    advice = [each.remedy for each in still if not each.strangers and each.remedy]
    if rogues:
        vips = ", ".join(dict.fromkeys(rogue.address for rogue in rogues))
        advice.insert(
            0,
            f"Take {vips} away from that machine, or shut its port: it cuts VMs off again as soon "
            "as it is asked.",
        )
    return " ".join([*advice, f"Then: vip check {names}"])


def end_toggled(run: Run, kernel: Verification) -> None:
    """End a run that toggled a gateway for its own sake."""
    last = run.report.attempts[-1]
    vip = f"{last.gateway.vip.address} on {last.switch}" if last.gateway else last.switch
    if kernel.absent:
        _end_absent(run, last, kernel, f"{vip} was toggled, and")
        return
    done = rebooted(last) if last.rebooted_at else f"{vip} was toggled and is back"
    back = f"; {vip} is there" if last.rebooted_at else ""
    run.end("toggled", f"{done}{back}{outage_in_words([last])}")


def _end_absent(run: Run, last: CureAttempt, kernel: Verification, so_far: str) -> None:
    """End a run at whose end a VIP of the gateway is not there."""
    run.end(
        "not-healed",
        f"{so_far} the gateway {last.interface} on {last.switch} is not whole: "
        f"{'; '.join(kernel.absent)}",
        ExitCode.NOT_HEALED,
        f"It was there after the cure or was never given back: find out who or what else works on "
        f"{last.switch} (vip pending {last.switch}, who, journalctl), then run 'ifreload -a' there "
        "and vip trace.",
    )
