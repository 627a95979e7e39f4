"""The catalogue of cures, one row each: its outage, the next cure, and its steps on the switch.

Their order (the mildest first), and which of them disturb others, are in ``Cure``: judging faults
needs no more than that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napalm_cumulus.commit import repair_steps
from tasks.faults.model import Cure

if TYPE_CHECKING:
    from napalm_cumulus.commit.repair_steps import Step
    from tasks.faults.model import Diagnosis
    from tasks.model import Gateway


@dataclass(frozen=True)
class CureRow:
    """One cure.

    Attributes:
        cure: the cure.
        outage: how long others may be cut off by it; empty where nobody is.
        next: the cure to try where it did not help; None where there is none.
        each: whether it works on one fault only; otherwise one run serves all faults of a gateway.
        steps: the steps of its repair on the switch; None where it is done in another way.
    """

    cure: Cure
    outage: str = ""
    next: Cure | None = None
    each: bool = False
    steps: Callable[[Diagnosis, Gateway], tuple[Step, ...]] | None = None


def _reapply(diagnosis: Diagnosis, gateway: Gateway) -> tuple[Step, ...]:
    others = (d for d in diagnosis.devices if d not in gateway.devices)
    return (repair_steps.reapply(gateway.interface, *others),)


def _set_mac(diagnosis: Diagnosis, gateway: Gateway) -> tuple[Step, ...]:
    devices = _vrr(diagnosis, gateway) or (gateway.vip.device,)
    return tuple(_mac_step(device, gateway) for device in devices)


def _mac_step(device: str, gateway: Gateway) -> Step:
    mac = next(v.mac for v in gateway.virtual if v.device == device)
    if not mac:
        raise ValueError(f"the configuration gives {device} no MAC")
    return repair_steps.set_mac(device, mac, gateway.interface)


def _flap(diagnosis: Diagnosis, gateway: Gateway) -> tuple[Step, ...]:
    # The SVI itself is never taken down: its VRR devices and ports would go down with it.
    svi, ours = gateway.interface, _vrr(diagnosis, gateway)
    others = tuple(d for d in diagnosis.devices if d not in gateway.devices)
    flapped = () if svi in diagnosis.devices else (gateway.vip.device,)
    virtual = {v.device for v in gateway.virtual}
    devices = (*ours, *others) or flapped
    return tuple(repair_steps.flap(d, svi if d in virtual else d) for d in devices)


def _recreate(diagnosis: Diagnosis, gateway: Gateway) -> tuple[Step, ...]:
    devices = _vrr(diagnosis, gateway) or (gateway.vip.device,)
    return tuple(repair_steps.recreate(device, gateway.interface) for device in devices)


def _vrr(diagnosis: Diagnosis, gateway: Gateway) -> tuple[str, ...]:
    """Return the VRR devices of the gateway among a diagnosis's devices."""
    virtual = {v.device for v in gateway.virtual}
    return tuple(device for device in diagnosis.devices if device in virtual)


_20_MS = "some 20 ms"

CURES: dict[Cure, CureRow] = {
    row.cure: row
    for row in (
        CureRow(Cure.NONE),
        CureRow(Cure.FORGET, each=True),
        CureRow(Cure.ANNOUNCE),
        CureRow(Cure.REAPPLY, next=Cure.FLAP, each=True, steps=_reapply),
        # A device that is created again had the wrong MAC again.
        CureRow(Cure.SET_MAC, _20_MS, Cure.TOGGLE, steps=_set_mac),
        CureRow(Cure.FLAP, _20_MS, Cure.RECREATE, steps=_flap),
        CureRow(Cure.RECREATE, "some 0.2 s", Cure.TOGGLE, steps=_recreate),
        CureRow(Cure.TOGGLE, "less than a second"),
    )
}
