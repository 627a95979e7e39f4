"""``vip toggle``: toggles one gateway on one switch, whether anything is wrong or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.cure.carry_out import carry_out, plan_toggle
from runbooks.cure.observer import GatewayObserver
from runbooks.cure.policy import the_toggle_asked_for
from runbooks.cure.verdict import end_toggled, look_at_end
from runbooks.run.run import Run, recorded
from runbooks.run.session import identify, switch_session
from tasks.gateways import GatewayQuery, find_gateway

if TYPE_CHECKING:
    from inventory.model import Switch
    from runbooks.run.approval import Agreement
    from tasks.model import Gateway


def run_toggle(
    run: Run, switch: Switch, wanted: GatewayQuery, agreement: Agreement, *, dry_run: bool
) -> None:
    """Run ``vip toggle``; the outcome is written to the run."""
    with recorded(run), switch_session(run.settings, switch, dry_run=dry_run) as session:
        run.switches.append(switch.name)
        identify(session)
        gateway: Gateway = session.run(find_gateway, wanted=wanted)
        observer = GatewayObserver(session, gateway)
        planned = plan_toggle(run, observer)
        vip = gateway.vip.address
        if dry_run:
            run.end("dry-run", f"nothing was touched: {vip} would be toggled")
            return
        agreement.require(f"Toggle {vip} on {switch.name}?")
        carry_out(run, observer, the_toggle_asked_for(gateway), planned)
        end_toggled(run, look_at_end(run, session, gateway))
