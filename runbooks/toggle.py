"""``vip toggle``: one gateway on one switch, whether anything is wrong or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.cure.carry_out import carry_out, prepare
from runbooks.cure.ladder import Looker
from runbooks.cure.policy import the_toggle_asked_for
from runbooks.cure.verdict import end_toggled, look_at_end
from runbooks.pending import identify
from runbooks.run.run import Run, recorded
from runbooks.run.session import SwitchSession, switch_session
from tasks.gateways import Wanted, find_gateway
from tasks.verify import verify_gateway

if TYPE_CHECKING:
    from inventory.model import Switch
    from runbooks.run.approval import Agreement
    from tasks.cures.model import PlannedCure
    from tasks.model import Gateway, Verification


def run_toggle(
    run: Run, switch: Switch, wanted: Wanted, agreement: Agreement, *, dry_run: bool
) -> None:
    """``vip toggle``: how it ended is in the run."""
    with recorded(run), switch_session(run.settings, switch, dry_run=dry_run) as session:
        run.switches.append(switch.name)
        identify(session)
        gateway: Gateway = session.run(find_gateway, wanted=wanted)
        looker = Looker(session, gateway)
        planned = plan_toggle(run, looker)
        vip = gateway.vip.address
        if dry_run:
            run.end("dry-run", f"nothing was touched: {vip} would be toggled")
            return
        agreement.require(f"Toggle {vip} on {switch.name}?")
        carry_out(run, looker, the_toggle_asked_for(gateway), planned)
        end_toggled(run, look_at_end(run, session, gateway))


def plan_toggle(run: Run, looker: Looker) -> PlannedCure:
    """Tell what the gateway is, what the kernel lacks of it, and what toggling it would change.

    Raises:
        RefusedError: it cannot be toggled now.
    """
    session: SwitchSession = looker.session
    gateway = looker.gateway
    virtual = ", ".join(f"{v.address} on {v.device}" for v in gateway.virtual)
    run.story.tell("gateway", f"{gateway.interface} in {gateway.place}: {virtual}")
    kernel: Verification = session.run(verify_gateway, gateway=gateway)
    for problem in kernel.problems:
        run.story.tell("kernel", problem, "warn")
    if kernel.ok:
        run.story.tell("kernel", "addresses, links and routes of the gateway are as configured")
    return prepare(run, looker, the_toggle_asked_for(gateway))
