"""How a run of cures ends: by what is there at its end, whatever was meant or seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks import errors
from runbooks.policy import ASKED_FOR
from runbooks.report import GatewayState
from runbooks.treatment import outage_in_words, rebooted
from tasks.model import Gateway, Verification
from tasks.verify import verify_gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.run import Run
    from runbooks.switches import SwitchSession
    from runbooks.treatment import CureAttempt
    from tasks.health.diagnosis_model import Diagnosis


def look_at_end(run: Run, session: SwitchSession, gateway: Gateway) -> Verification:
    """Look at a gateway once more, tell it, and note it in the report."""
    kernel: Verification = session.run(verify_gateway, gateway=gateway)
    run.report.kernel.append(GatewayState(session.switch.name, gateway.interface, kernel))
    if kernel.ok:
        run.story.tell("kernel", f"verified: {', '.join(kernel.checked)}, with links and routes")
    for problem in kernel.problems:
        run.story.tell("kernel", f"still: {problem}", "warn")
    return kernel


def end_healed(run: Run, kernel: Verification, remaining: Sequence[Diagnosis] = ()) -> None:
    """End a run whose target was seen to answer after the last cure.

    Args:
        run: the run, with its attempts.
        kernel: what the switch of the last attempt holds now.
        remaining: what is still found there.
    """
    last = run.report.attempts[-1]
    if kernel.absent:
        _end_absent(run, last, kernel, f"{run.target} answers, but")
        return
    for diagnosis in remaining:
        run.story.tell("also seen", f"{diagnosis.fault}: {diagnosis.sentence}", "warn")
    names = ", ".join(diagnosis.fault for diagnosis in remaining)
    if last.rebooted_at:
        because = rebooted(last)
    elif last.fault == ASKED_FOR:
        because = f"its gateway was toggled on {last.switch}"
    else:
        because = f"{last.fault} was cured by {last.cure.value}"
    run.end(
        "healed",
        f"{run.target} answers again: {because}{outage_in_words(run.report.attempts)}",
        advice=f"Also seen and left alone: {names}. See: vip check {last.switch}" if names else "",
    )


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
        errors.NOT_HEALED,
        f"It was there after the cure or was never given back: see who or what else works on "
        f"{last.switch} (vip pending {last.switch}, who, journalctl), then run 'ifreload -a' there "
        "and vip trace.",
    )
