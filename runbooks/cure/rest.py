"""What is wrong on the leafs of a target that answers: it may still be cut off from its gateway."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from napalm_cumulus import errors as napalm
from runbooks.cure.leafs import gateway_of
from runbooks.cure.observer import GatewayObserver, look_at_rest
from runbooks.cure.words import tell
from runbooks.incident.attachment import reach
from runbooks.run.explain import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runbooks.cure.leafs import Incident
    from tasks.faults.model import Diagnosis


def look_at_the_well(case: Incident) -> Mapping[str, tuple[Diagnosis, ...]]:
    """Return the faults of the target's gateway on each leaf that sees the target.

    That nothing can be found out is told, and changes nothing: the target answers.
    """
    run, found = case.run, {}
    if case.followed.failure is not None:
        return {}
    with ExitStack() as stack:
        try:
            reached = reach(run, stack, case.followed, case.endpoints)
            for behind in reached.confirmed:
                gateway = gateway_of(case, behind, case.endpoints[0].fixed)
                diagnoses = look_at_rest(GatewayObserver(behind.session, gateway, macs=case.macs))
                tell(run, behind.switch.name, diagnoses)
                if diagnoses:
                    found[behind.switch.name] = diagnoses
        except (napalm.NapalmException, VipkeeperError) as failure:
            why = explain(failure, ", ".join(run.switches)).sentence
            run.story.tell("switch", f"what its leaf has is not known: {why}", "warn")
    run.report.remaining = tuple(d for several in found.values() for d in several)
    return found
