"""Carrying out a cure safely, and keeping the hand-made state of the devices.

A cure that works on devices runs on the switch as a repair of the driver: under its lock, with its
dead-man's timer armed first. So a session or a program that dies half way leaves no VIP down.
Deleting a neighbour entry and announcing a VIP take nothing away and need no timer.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from napalm_cumulus.commit import repair_steps
from nornir_config.connection import change_device, change_session
from tasks.cures.announce import (
    announce,
    announced_addresses,
    care_after_cure,
    record_before,
    unread_notes,
)
from tasks.cures.forget import forget, look_at, still_wrong
from tasks.cures.model import CureOutcome, PlannedCure
from tasks.cures.toggle import preview_toggle, refuse_pending, rejected_notes, toggle_gateway
from tasks.errors import CannotCureError, RefusedError
from tasks.gateways import GatewayQuery, find_gateway
from tasks.ladder import CURES, Cure
from tasks.model import Aftercare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napalm_cumulus.commit.repair_steps import Step
    from tasks.faults.model import Diagnosis
    from tasks.model import Gateway, Toggled


def plan_cure(
    task: Task,
    diagnosis: Diagnosis,
    gateway: Gateway,
    *,
    macs: Mapping[str, tuple[str, ...]] | None = None,
) -> Result:
    """Return what a cure would do; nothing is changed. This is a Nornir task.

    Args:
        task: the task on the switch.
        diagnosis: the diagnosis to cure.
        gateway: the gateway it is about.
        macs: known MACs of VMs, by address.


    Returns:
        A Result with a ``PlannedCure``.

    Raises:
        RefusedError: there is no cure, another change is pending, or it would not be safe.
    """
    planned = _plan(task, diagnosis, _whole(task, diagnosis.cure, gateway), macs or {})
    return Result(host=task.host, result=planned, diff=planned.diff)


def apply_cure(
    task: Task,
    diagnosis: Diagnosis,
    gateway: Gateway,
    *,
    message: str,
    revert_in: int,
    macs: Mapping[str, tuple[str, ...]] | None = None,
    planned: PlannedCure | None = None,
) -> Result:
    """Carry out the cure of a diagnosis, and its aftercare. This is a Nornir task.

    The switch goes on by itself even if the session is lost. After a lost session
    ``tasks.cures.announce.care_after_cure`` has still to be run. The caller has to check whether
    the endpoint is well afterwards.

    Args:
        task: the task on the switch.
        diagnosis: the diagnosis to cure.
        gateway: the gateway it is about.
        message: the reason, for the switch's log and for the next operator.
        revert_in: the dead-man's timer in seconds.
        macs: known MACs of VMs, by address.
        planned: the plan that was shown and agreed to; without one, a new plan is made.


    Returns:
        A Result with a ``CureOutcome``.

    Raises:
        RefusedError: there is no cure, or it is not safe now; nothing was touched.
        NapalmException: the switch refuses the cure, or rolls it back.
    """
    gateway = _whole(task, diagnosis.cure, gateway)
    known = macs or {}
    planned = planned or _plan(task, diagnosis, gateway, known)
    if planned.cure is Cure.FORGET:
        cured = _forget(task, planned, known)
    elif planned.cure is Cure.ANNOUNCE:
        cured = _announce(task, gateway)
    else:
        if planned.cure is Cure.TOGGLE:
            cured = _toggle(task, gateway, planned, message=message, revert_in=revert_in)
        else:
            steps = repair_of(diagnosis, gateway)
            cured = _repair(task, planned.cure, steps, message=message, revert_in=revert_in)
        care = care_after_cure(
            task, gateway, planned.before, known, entries_at_fault(diagnosis)
        ).result
        cured = replace(cured, aftercare=care)
    return Result(host=task.host, result=cured, diff=planned.diff, changed=True)


# --- planning -------------------------------------------------------------------------------------


def repair_of(diagnosis: Diagnosis, gateway: Gateway) -> tuple[Step, ...]:
    """Return the steps on the switch that cure a diagnosis; pure.

    Every repair ends with the routes that the kernel makes for the stanza's addresses, where they
    are
    missing: that costs nothing, and neither ``ifup`` nor ``ifreload`` brings them back.

    Raises:
        RefusedError: the cure has no steps.
        CannotCureError: something that the diagnosis names cannot be worked on.
    """
    steps = CURES[diagnosis.cure].steps
    if steps is None:
        raise RefusedError(f"{diagnosis.cure.value} is not done in steps; nothing was touched")
    try:
        return (*steps(diagnosis.devices, gateway), *_routes(gateway))
    except ValueError as error:
        raise CannotCureError(
            f"{diagnosis.fault} on {gateway.interface} cannot be repaired: {error}; nothing was "
            "touched",
            f"Correct the stanza of {gateway.interface} ({gateway.place}), then ifreload -a.",
        ) from None


def _routes(gateway: Gateway) -> tuple[Step, ...]:
    svi = gateway.interface
    own = [(svi, address, 0) for address in gateway.own]
    virtual = [(v.device, v.address, repair_steps.VRR_METRIC) for v in gateway.virtual]
    return tuple(
        repair_steps.reroute(device, str(address), svi, metric=metric)
        for device, address, metric in (*own, *virtual)
        if isinstance(address, IPv4Interface)
    )


def _plan(
    task: Task, diagnosis: Diagnosis, gateway: Gateway, macs: Mapping[str, tuple[str, ...]]
) -> PlannedCure:
    cure, svi = diagnosis.cure, gateway.interface
    if cure is Cure.NONE:
        raise RefusedError(
            f"{task.host.name}: nothing that is done to this switch cures {diagnosis.fault}: "
            f"{diagnosis.sentence}; nothing was touched",
            diagnosis.remedy,
        )
    if cure is Cure.FORGET:
        found = look_at(task, diagnosis.neighbours)
        wrong = still_wrong(found, macs)
        notes = tuple(f"{entry} is right now, and stays" for entry in found if entry not in wrong)
        steps = tuple(f"ip neigh del {e.address} dev {e.device} (if it is {e.mac})" for e in wrong)
        return PlannedCure(cure, svi, steps, _text(steps), neighbours=wrong, notes=notes)
    if cure is Cure.ANNOUNCE:
        steps = tuple(
            f"arping -U -I {v.device} {v.address.ip}" for v in announced_addresses(gateway)
        )
        return PlannedCure(cure, svi, steps, _text(steps))
    if cure is Cure.TOGGLE:
        preview: Toggled = preview_toggle(task, gateway).result
        steps = (f"the address lines of {svi} off, and on again (ifup {svi}, twice)",)
        return PlannedCure(
            cure,
            svi,
            steps,
            preview.diff,
            preview.before,
            preview,
            notes=(*rejected_notes(gateway), *unread_notes(preview.before)),
        )
    refuse_pending(task.host.name, change_session(task))
    steps = tuple(dict.fromkeys(step.words for step in repair_of(diagnosis, gateway)))
    before = record_before(task, gateway)
    notes = (*rejected_notes(gateway), *unread_notes(before))
    return PlannedCure(cure, svi, steps, _text(steps), before, notes=notes)


def _whole(task: Task, cure: Cure, gateway: Gateway) -> Gateway:
    """Return the gateway with what only a toggle needs, and what makes deleting devices unsafe."""
    if gateway.candidate or cure not in {Cure.TOGGLE, Cure.RECREATE}:
        return gateway
    found: Gateway = find_gateway(task, GatewayQuery(interface=gateway.interface)).result
    if cure is Cure.TOGGLE and found.uneditable:
        raise CannotCureError(
            f"{task.host.name}: the address lines of {found.interface} cannot be commented out: "
            f"{found.uneditable}; nothing was touched",
            f"Toggle it by hand: comment its address lines out in {found.file}, ifreload -a, "
            "restore them, ifreload -a.",
        )
    return found


def _text(steps: tuple[str, ...]) -> str:
    return "".join(f"{step}\n" for step in steps)


# --- carrying out ---------------------------------------------------------------------------------


def _forget(task: Task, planned: PlannedCure, macs: Mapping[str, tuple[str, ...]]) -> CureOutcome:
    done, problems = forget(task, still_wrong(planned.neighbours, macs))
    care = Aftercare(notes=planned.notes)
    return CureOutcome(planned.cure, done, complete=not problems, problems=problems, aftercare=care)


def _announce(task: Task, gateway: Gateway) -> CureOutcome:
    announced, problems = announce(task, gateway)
    done = tuple(f"gratuitous ARP for {text}" for text in announced)
    care = Aftercare(announced)
    return CureOutcome(
        Cure.ANNOUNCE, done, complete=not problems, problems=problems, aftercare=care
    )


def _repair(
    task: Task, cure: Cure, steps: tuple[Step, ...], *, message: str, revert_in: int
) -> CureOutcome:
    report = change_device(task).repairs.carry_out(steps, message=message, revert_in=revert_in)
    return CureOutcome(
        cure,
        report.steps,
        report.outage_seconds,
        complete=report.applied_ok,
        problems=report.problems,
        report=report,
    )


def _toggle(
    task: Task, gateway: Gateway, planned: PlannedCure, *, message: str, revert_in: int
) -> CureOutcome:
    preview = planned.toggled or preview_toggle(task, gateway).result
    toggled: Toggled = toggle_gateway(
        task, gateway, planned=preview, message=message, revert_in=revert_in
    ).result
    return CureOutcome(
        planned.cure,
        planned.steps,
        toggled.commit.outage_seconds,
        complete=toggled.commit.reverted_ok,
        problems=toggled.commit.problems,
        report=toggled.commit,
    )


def entries_at_fault(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return the addresses whose neighbour entries were the fault; they are not put back."""
    return tuple(address for address, _ in diagnosis.neighbours)
