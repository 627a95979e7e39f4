"""Names the faults in the facts of a switch, each with its mildest cure.

Pure: nothing is asked and nothing is touched. ``docs/diagnosis.md`` has the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.faults.catalogue import CURED, place
from tasks.faults.gateway_view import GatewayView, SwitchView
from tasks.faults.model import Diagnosis, SilentEndpoint
from tasks.faults.segment.vm import exclude
from tasks.faults.view import ExpectedFromSite, ExpectedVm
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.facts.model import SwitchFacts
    from tasks.model import Gateway


def diagnose(
    facts: SwitchFacts,
    gateway: Gateway | None = None,
    *,
    silent: Sequence[SilentEndpoint] = (),
    macs: Mapping[str, tuple[str, ...]] | None = None,
    ports: Mapping[str, str] | None = None,
    view: SwitchView | None = None,
) -> tuple[Diagnosis, ...]:
    """Diagnose every fault that the facts show.

    Args:
        facts: the facts of one switch, with its probes.
        gateway: the only gateway to diagnose; None diagnoses each that is configured.
        silent: addresses that do not answer from outside; without any, faults that only show in the
            silence of a VM are left out.
        macs: MACs of VMs by address, as OpenStack knows them.
        ports: hypervisor by front port in the inventory; used where nobody is silent.
        view: the view of the facts, for a caller that has one already; it replaces ``macs`` and
            ``ports``.

    Returns:
        The faults; empty when none is found. First those that harm now and are certain, and among
        these first those that no cure of this switch ends. Where such a fault alone explains the
        outage, disruptive cures of the others are held back: they would only add an outage.
    """
    view = view or SwitchView(facts, _expected(macs or {}, ports or {}))
    found: list[Diagnosis] = []
    for one in (gateway,) if gateway is not None else facts.gateways:
        networks = [virtual.address.network for virtual in one.virtual]
        here = tuple(s for s in silent if any(s.address in network for network in networks))
        found += _look(GatewayView(view, one, here))
    unique = list({(d.fault, d.interface): d for d in reversed(found)}.values())
    return tuple(sorted(_hold_back(unique), key=_rank))


def _expected(macs: Mapping[str, tuple[str, ...]], ports: Mapping[str, str]) -> ExpectedFromSite:
    hypervisors: dict[str, tuple[str, ...]] = {}
    for port, name in ports.items():
        hypervisors[name] = (*hypervisors.get(name, ()), port)
    return ExpectedFromSite(hypervisors, {a: ExpectedVm(known) for a, known in macs.items()})


def _look(view: GatewayView) -> list[Diagnosis]:
    rows = [fault for fault in CURED if view.switch.known.issuperset(fault.needs)]
    found = [(fault, diagnosis) for fault in rows if (diagnosis := fault.diagnose(view))]
    diagnoses = [diagnosis for _, diagnosis in found]
    deaf = any(fault.silences_arp and not diagnosis.latent for fault, diagnosis in found)
    return diagnoses + exclude(view, diagnoses, deaf=deaf)


def _hold_back(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Hold disruptive cures back where they would only add an outage to another one."""
    foreign = next((d for d in found if d.foreign), None)
    if foreign is None:
        return list(found)
    return [
        replace(
            d,
            cure=Cure.NONE,
            held_back=d.cure,
            remedy=f"First see to it that {foreign.fault} ends; then run vip heal again.",
        )
        if d.cure.disruptive
        else d
        for d in found
    ]


def _rank(diagnosis: Diagnosis) -> tuple[bool, bool, bool, int, str]:
    return (
        diagnosis.latent,
        not diagnosis.certain,
        not diagnosis.foreign,
        place(diagnosis.fault),
        diagnosis.interface,
    )
