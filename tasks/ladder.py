"""The catalogue of cures, one row each: its outage, the next cure, and its steps on the switch.

A cure is a name of ``Cure`` and a row of ``CURES``; where the on-switch program lacks the step, it
is added to ``napalm_cumulus.commit.repair_steps`` and to ``repair.sh``. Faults name their cures, so
this stands below them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from napalm_cumulus.commit import repair_steps

if TYPE_CHECKING:
    from napalm_cumulus.commit.repair_steps import Step
    from tasks.model import Gateway


class Cure(str, Enum):
    """The cures, the mildest first."""

    NONE = "none"  # the fault is elsewhere, or there is nothing to do: touch nothing
    FORGET = "forget-neighbour"  # delete wrong neighbour entries
    ANNOUNCE = "announce"  # gratuitous ARP for the VIP
    REAPPLY = "reapply"  # ifup of the SVI (or port): apply the configuration, without a toggle
    SET_MAC = "set-mac"  # give the VRR device its configured MAC
    FLAP = "flap"  # VRR device down and up
    RECREATE = "recreate"  # delete the VRR device, ifup of the SVI
    TOGGLE = "toggle"  # the manual page's cure

    @property
    def disruptive(self) -> bool:
        """Return whether it may cost other endpoints packets."""
        return bool(CURES[self].outage)

    @property
    def on_devices(self) -> bool:
        """Return whether it works on devices: under the switch's lock and timer, with aftercare."""
        return CURES[self].steps is not None or CURES[self].reverts

    @property
    def rung(self) -> int:
        """Return its position on the ladder; 0 touches nothing."""
        return list(Cure).index(self)


# Cures that are known not to end a fault; each was tried on real ifupdown2.
ANY_CURE = tuple(cure for cure in Cure if cure is not Cure.NONE)
MILD_CURES = (Cure.REAPPLY, Cure.FLAP)


@dataclass(frozen=True)
class CureRow:
    """One cure.

    Attributes:
        cure: the cure.
        outage: how long others may be cut off by it, as measured on real ifupdown2
            (``docs/diagnosis.md``); empty where nobody is.
        next: the cure to try where it did not help; None where there is none.
        each: whether it works on one fault only; otherwise one run serves all faults of a gateway.
        steps: the steps of its repair on the switch, given the devices that the diagnosis names;
            None where it is done in another way.
        reverts: whether it is a commit that the switch rolls back by itself.
        asked: the words of the question to the operator; made from its name where empty.
        doing: the words for a switch that is at it; made from its name where empty.
    """

    cure: Cure
    outage: str = ""
    next: Cure | None = None
    each: bool = False
    steps: Callable[[Sequence[str], Gateway], tuple[Step, ...]] | None = None
    reverts: bool = False
    asked: str = ""
    doing: str = ""

    def __post_init__(self) -> None:
        """Make the words that were not given from the cure's name."""
        object.__setattr__(self, "asked", self.asked or f"Carry out {self.cure.value} for")
        object.__setattr__(self, "doing", self.doing or f"at {self.cure.value}")


#: So many ports are reapplied by one step, together with the SVI and their bridge.
_TOGETHER = 2


def _reapply(devices: Sequence[str], gateway: Gateway) -> tuple[Step, ...]:
    others = [d for d in devices if d not in gateway.devices]
    named = [gateway.interface, *others]
    first, rest = named[: _TOGETHER + 1], named[_TOGETHER + 1 :]
    groups = [rest[i : i + _TOGETHER] for i in range(0, len(rest), _TOGETHER)]
    return tuple(repair_steps.reapply(*group) for group in (first, *groups))


def _set_mac(devices: Sequence[str], gateway: Gateway) -> tuple[Step, ...]:
    named = _vrr(devices, gateway) or (gateway.vip.device,)
    return tuple(_mac_step(device, gateway) for device in named)


def _mac_step(device: str, gateway: Gateway) -> Step:
    mac = next(v.mac for v in gateway.virtual if v.device == device)
    if not mac:
        raise ValueError(f"the configuration gives {device} no MAC")
    return repair_steps.set_mac(device, mac, gateway.interface)


def _flap(devices: Sequence[str], gateway: Gateway) -> tuple[Step, ...]:
    # The SVI itself is never taken down: its VRR devices and ports would go down with it.
    svi, ours = gateway.interface, _vrr(devices, gateway)
    others = tuple(d for d in devices if d not in gateway.devices)
    flapped: tuple[str, ...] = () if svi in devices else (gateway.vip.device,)
    virtual = {v.device for v in gateway.virtual}
    flapped = (*ours, *others) or flapped
    return tuple(repair_steps.flap(d, svi if d in virtual else d) for d in flapped)


def _recreate(devices: Sequence[str], gateway: Gateway) -> tuple[Step, ...]:
    named = _vrr(devices, gateway) or (gateway.vip.device,)
    return tuple(repair_steps.recreate(device, gateway.interface) for device in named)


def _vrr(devices: Sequence[str], gateway: Gateway) -> tuple[str, ...]:
    """Return the VRR devices of the gateway among the devices."""
    virtual = {v.device for v in gateway.virtual}
    return tuple(device for device in devices if device in virtual)


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
        CureRow(Cure.TOGGLE, "less than a second", reverts=True, asked="Toggle", doing="toggling"),
    )
}
