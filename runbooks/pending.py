"""``vip pending``, ``vip confirm`` and ``vip rollback``: commits that wait for a confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.errors import ExitCode
from runbooks.run.errors import CancelledError
from runbooks.run.run import Run, recorded
from runbooks.run.session import identify, switch_session
from tasks.errors import RefusedError
from tasks.pending import confirm_commit, read_pending, rollback_commit

if TYPE_CHECKING:
    from inventory.model import Switch
    from napalm_cumulus.commit.report import PendingCommit
    from nornir_config.settings import Settings
    from runbooks.run.story import Story


def show_pending(settings: Settings, switch: Switch, story: Story) -> Any:  # noqa: ANN401
    """Tell what is pending on a switch; return the driver's ``PendingCommit`` or None."""
    with switch_session(settings, switch) as session:
        identify(session)
        pending = session.run(read_pending)
    if pending is None:
        story.tell("pending", f"nothing is pending on {switch.name}")
    else:
        story.tell("pending", f"{switch.name}: {pending}", "warn")
        story.show_diff(pending.diff)
    return pending


def settle_pending(run: Run, switch: Switch, *, confirm: bool) -> None:
    """Confirm the pending commit, or roll it back.

    Raises:
        NothingPendingError: no commit is pending (any more).
        RefusedError: a repair or a toggle is under way, and was to be confirmed.
        NapalmException: the driver's own.
    """
    with recorded(run), switch_session(run.settings, switch) as session:
        run.switches.append(switch.name)
        identify(session)
        waiting: PendingCommit | None = session.run(read_pending)
        if waiting is not None:
            if confirm and waiting.ends_itself:
                raise RefusedError(
                    f"{switch.name}: there is nothing to confirm: {waiting}",
                    f"Wait until it has ended, then look: vip pending {switch.name}",
                )
            run.before_settling(waiting)
        try:
            pending = session.run(confirm_commit if confirm else rollback_commit)
        except KeyboardInterrupt:
            raise _stopped(switch.name, confirm=confirm) from None
        run.report.pending = pending
        if confirm:
            run.end("confirmed", f"{switch.name}: confirmed and on the disk: {pending.id}")
        else:
            run.end("rolled-back", f"{switch.name}: back in its old configuration: {pending.id}")
        run.exit_code = ExitCode.OK


def _stopped(name: str, *, confirm: bool) -> CancelledError:
    """Return the error of a Ctrl-C while the switch was asked to end a commit."""
    asked = "confirm" if confirm else "roll back"
    end = (
        "if the switch has begun, it writes all the files; otherwise the commit is rolled back at "
        "its deadline"
        if confirm
        else "the switch rolls back in any case, now or at the commit's deadline"
    )
    return CancelledError(
        f"stopped while {name} was asked to {asked}; whether it has is not known: {end}",
        f"See what has become of it: vip pending {name}",
    )
