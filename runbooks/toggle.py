"""Toggling a gateway on one switch: plan, agreement, change, aftercare, proof."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napalm.base.exceptions import CommandTimeoutException, ConnectionException

from inventory.errors import VipkeeperError
from runbooks import errors
from runbooks.errors import CancelledError
from runbooks.pending import identify
from runbooks.run import Run, recorded
from runbooks.switches import SwitchSession, switch_session
from tasks.aftercare import care_after_toggle
from tasks.errors import ChangeFailedError
from tasks.gateways import Wanted, find_gateway
from tasks.model import Aftercare, Gateway, Toggled, Verification
from tasks.pending import read_pending
from tasks.toggle import preview_toggle, toggle_gateway
from tasks.verify import verify_gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inventory.model import Switch

#: Beyond the timer: two reloads of a large switch.
_SETTLING = 45.0


class LostSwitchError(VipkeeperError):
    """The session was lost while the switch was toggling, and no new one could be opened."""

    exit_code = errors.SWITCH


@dataclass(frozen=True)
class Plan:
    """What is about to be done on a switch."""

    switch: Switch
    gateway: Gateway
    preview: Toggled
    kernel: Verification


@dataclass(frozen=True)
class Agreement:
    """How the operator's word is got: given with ``--yes``, or asked for."""

    yes: bool
    ask: Callable[[str], bool]

    def require(self, question: str) -> None:
        """Go on only with the operator's word.

        Raises:
            CancelledError: the answer is no.
            UsageError: there is nobody to ask.
        """
        if not self.yes and not self.ask(question):
            raise CancelledError("not confirmed; nothing on the switch was touched")


def run_toggle(
    run: Run, switch: Switch, wanted: Wanted, agreement: Agreement, *, dry_run: bool
) -> None:
    """``vip toggle``: one gateway on one switch, whether anything is wrong or not."""
    with recorded(run), switch_session(run.settings, switch, dry_run=dry_run) as session:
        run.switches.append(switch.name)
        identify(session)
        plan = make_plan(run, session, wanted)
        if dry_run:
            run.end("dry-run", f"nothing was touched: {plan.gateway.vip.address} would be toggled")
            return
        agreement.require(f"Toggle {plan.gateway.vip.address} on {switch.name}?")
        after = carry_out(run, session, plan)
        run.facts["after"] = {"kernel": after}
        run.end("toggled", f"{plan.gateway.vip.address} on {switch.name} was toggled and is back")


def make_plan(run: Run, session: SwitchSession, wanted: Wanted) -> Plan:
    """Find the gateway and what toggling it would change; tells both and touches nothing.

    Raises:
        RefusedError: there is no such gateway, or it cannot be toggled now.
    """
    switch = session.switch
    gateway: Gateway = session.run(find_gateway, wanted=wanted)
    virtual = ", ".join(f"{v.address} on {v.device}" for v in gateway.virtual)
    run.story.tell("gateway", f"{gateway.interface} in {gateway.place}: {virtual}")
    kernel: Verification = session.run(verify_gateway, gateway=gateway)
    for problem in kernel.problems:
        run.story.tell("kernel", problem, "warn")
    if kernel.ok:
        run.story.tell("kernel", "addresses, links and routes of the gateway are as configured")
    preview: Toggled = session.run(preview_toggle, gateway=gateway)
    run.diff = preview.diff
    run.facts["gateway"] = gateway
    run.facts["before"] = {**run.facts.get("before", {}), "kernel": kernel}
    run.story.tell("plan", f"apply this for an instant on {switch.name}, then go back:", "do")
    run.story.show_diff(preview.diff)
    return Plan(switch, gateway, preview, kernel)


def carry_out(
    run: Run,
    session: SwitchSession,
    plan: Plan,
    macs: Mapping[str, tuple[str, ...]] | None = None,
) -> Verification:
    """Toggle, announce, put back, and prove by the kernel that the gateway is there.

    Args:
        run: the run; receives the commit's report.
        session: the switch.
        plan: what was agreed to.
        macs: known MACs of VMs, by address.

    Raises:
        ChangeFailedError: the kernel lacks something that it had before.
        NapalmException: the driver's own, when the switch refuses or rolls back.
    """
    run.before_change(plan.switch, plan.gateway, plan.preview)
    toggled = _toggle(run, session, plan)
    run.facts["commit"] = toggled.commit
    if toggled.commit is not None:
        run.story.tell("toggle", _in_words(toggled.commit))
    aftercare = _care(run, session, plan, toggled, macs or {})
    run.facts["aftercare"] = aftercare
    after: Verification = session.run(verify_gateway, gateway=plan.gateway)
    new = [problem for problem in after.problems if problem not in plan.kernel.problems]
    if new:
        raise ChangeFailedError(
            f"{plan.switch.name}: the toggle went through, but the kernel now lacks something that "
            f"it had before: {'; '.join(new)}",
            f"Run 'ifreload -a' on {plan.switch.name}, then vip trace; its configuration on disk "
            "was never touched.",
        )
    if after.ok:
        run.story.tell("kernel", f"verified: {', '.join(after.checked)}, with links and routes")
    for problem in after.problems:
        run.story.tell("kernel", f"still: {problem}", "warn")
    return after


def _toggle(run: Run, session: SwitchSession, plan: Plan) -> Toggled:
    settings = run.settings.heal
    name = plan.switch.name
    try:
        toggled: Toggled = session.run(
            toggle_gateway,
            gateway=plan.gateway,
            planned=plan.preview,
            message=f"vip {run.command} {run.target}",
            revert_in=settings.revert_in,
        )
    except KeyboardInterrupt:
        raise CancelledError(
            f"stopped while {name} was toggling; the switch goes on by itself and ends in its old "
            f"configuration within {settings.revert_in} s at the latest",
            f"Make sure with: vip pending {name}",
        ) from None
    except (ConnectionException, CommandTimeoutException) as error:
        run.story.tell("toggle", f"{error} The switch goes on by itself; looking again", "warn")
        wait_until_settled(session, settings.revert_in, error)
        run.story.tell("toggle", f"{name} has finished by itself, nothing is pending")
        return plan.preview
    return toggled


def _wait_seconds(revert_in: int) -> float:
    return revert_in + _SETTLING


def wait_until_settled(session: SwitchSession, revert_in: int, cause: Exception) -> None:
    """Log in anew until the switch has nothing pending.

    Args:
        session: the session that was lost.
        revert_in: the dead-man's timer of what was under way, in seconds.
        cause: what the session was lost by.

    Raises:
        LostSwitchError: it did not come to that in time.
    """
    name = session.switch.name
    patience = _wait_seconds(revert_in)
    until = time.monotonic() + patience
    while True:
        try:
            session.log_in()
            if session.run(read_pending) is None:
                return
        except (ConnectionException, CommandTimeoutException):
            pass
        if time.monotonic() >= until:
            raise LostSwitchError(
                f"the session to {name} was lost during the change ({cause}), and for "
                f"{patience:g} s it could not be seen that it has finished; it goes back by itself",
                f"Look as soon as it can be reached: vip pending {name}",
            ) from None
        time.sleep(1)


def _care(
    run: Run,
    session: SwitchSession,
    plan: Plan,
    toggled: Toggled,
    macs: Mapping[str, tuple[str, ...]],
) -> Aftercare:
    try:
        care: Aftercare = session.run(
            care_after_toggle, gateway=plan.gateway, before=toggled.before, macs=macs
        )
    except (ConnectionException, CommandTimeoutException) as error:
        run.story.tell("aftercare", f"cut short: {error}", "warn")
        session.log_in()
        return Aftercare(notes=(f"cut short: {error}",))
    if care.announced:
        run.story.tell("announce", f"gratuitous ARP for {', '.join(care.announced)}")
    for restored in care.restored:
        run.story.tell("put back", restored)
    for lost in care.lost:
        run.story.tell("lost", lost, "warn")
    for note in care.notes:
        run.story.tell("note", note, "info")
    return care


def _in_words(commit: Any) -> str:  # noqa: ANN401 - the driver's CommitReport
    how = "only the changed interface" if commit.mode == "targeted" else "a full reload"
    return (
        f"addresses off and on again within {commit.outage_seconds:.2f} s ({how}: "
        f"{', '.join(commit.interfaces)}); the disk was not touched"
    )
