"""The toggle: take a gateway's addresses away for an instant, and give them back."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from nornir_config.connection import change_device
from tasks.cures.announce import record_before
from tasks.errors import RefusedError
from tasks.model import Toggled

if TYPE_CHECKING:
    from napalm_cumulus import CumulusDriver
    from napalm_cumulus.session import Session
    from tasks.model import Gateway

log = logging.getLogger(__name__)


def preview_toggle(task: Task, gateway: Gateway) -> Result:
    """Return the difference that a toggle would apply for an instant. This is a Nornir task.

    Nothing is changed.

    Returns:
        A Result with a ``Toggled`` without a commit; it has the present hand-made state.

    Raises:
        RefusedError: another commit is pending, there is nothing to comment out, or the hand-made
            state could not be read.
    """
    device = change_device(task)
    refuse_pending(task.host.name, device)
    base = _digest(device)
    try:
        diff = _load(task.host.name, device, gateway)
    finally:
        _discard(device)
    before = record_before(task, gateway)
    return Result(host=task.host, result=Toggled(diff, base, before=before), diff=diff)


def toggle_gateway(
    task: Task,
    gateway: Gateway,
    *,
    planned: Toggled,
    message: str,
    revert_in: int,
) -> Result:
    """Run the toggle without its aftercare, which ``apply_cure`` adds. This is a Nornir task.

    The driver applies the candidate and returns to the untouched configuration in one program on
    the switch. That program goes on by itself if this process or the session dies.

    Args:
        task: the task on the switch.
        gateway: the gateway to toggle.
        planned: the preview that was shown and agreed to.
        message: the reason, for the switch's log and for the next operator.
        revert_in: the dead-man's timer in seconds.


    Returns:
        A Result with a ``Toggled``.

    Raises:
        RefusedError: the configuration has changed since it was shown, or a commit is pending.
        NapalmException: the switch refuses the toggle, or rolls it back.
    """
    device = change_device(task)
    name = task.host.name
    refuse_pending(name, device)
    try:
        diff = _load(name, device, gateway)
        # The switch itself checks for changes between here and the commit.
        if diff != planned.diff or _digest(device) != planned.base:
            raise RefusedError(
                f"{name}: its configuration was changed by somebody else after the plan was shown; "
                "nothing was touched",
                "Run the command again and look at the new plan.",
            )
        device.commit_config(message=message, revert_in=revert_in, bounce=True)
    finally:
        _discard(device)
    toggled = Toggled(diff, planned.base, device.last_commit, planned.before)
    return Result(host=task.host, result=toggled, diff=diff, changed=True)


def refuse_pending(switch: str, session: Session) -> None:
    """Raise while a commit waits for its confirmation, or another operator's cure is under way.

    Raises:
        RefusedError: the message names its owner.
    """
    pending = session.pending
    if pending is None:
        return
    if pending.ends_itself:
        raise RefusedError(
            f"{switch}: another {pending.noun} is under way: {pending}; nothing was touched",
            "There is nothing to confirm. Wait until it has ended, then look whether it has "
            f"helped: vip pending {switch}, then vip check {switch}.",
        )
    raise RefusedError(
        f"{switch}: another {pending.noun} is pending: {pending}; nothing was touched",
        f"Wait for it, or settle it: vip pending {switch}, then vip confirm or vip rollback.",
    )


def rejected_notes(gateway: Gateway) -> tuple[str, ...]:
    """Return notes for the operator where ifupdown2 complains of lines anywhere in the files.

    Such lines refuse no cure: the switch itself proves that this stanza can be restored, and then
    checks its kernel.
    """
    return tuple(
        f"ifupdown2 complains of {place}; it does not concern this cure, but correct it"
        for place in gateway.rejected[:3]
    )


def _digest(device: CumulusDriver) -> str:
    text = device.get_config(retrieve="startup")["startup"]
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _load(switch: str, device: CumulusDriver, gateway: Gateway) -> str:
    device.load_merge_candidate(config=gateway.candidate)
    diff: str = device.compare_config()
    if not diff:
        raise RefusedError(
            f"{switch}: there is nothing to toggle in {gateway.place}: "
            "commenting its address lines out changes nothing",
            "Look at the stanza on the switch.",
        )
    return diff


def _discard(device: CumulusDriver) -> None:
    # The outcome of the commit is what counts. A session that is lost has no candidate any more.
    try:
        device.discard_config()
    except Exception:
        log.debug("the candidate could not be discarded", exc_info=True)
