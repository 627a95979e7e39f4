"""What a diagnosis says: the fault by its name, the evidence, the mildest cure. Immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Cure(str, Enum):
    """The rungs of the ladder, the mildest first.

    The outages in the comments were measured on real ifupdown2 (``docs/diagnosis.md``).
    """

    NONE = "none"  # not this switch's fault, or nothing to do: name it, touch nothing
    FORGET = "forget-neighbour"  # delete wrong neighbour entries; no outage
    ANNOUNCE = "announce"  # gratuitous ARP for the VIP; no outage
    REAPPLY = "reapply"  # ifup of the SVI (or port): what the disk says, without a toggle
    SET_MAC = "set-mac"  # give the VRR device its configured MAC; 20 ms
    FLAP = "flap"  # VRR device down and up; 20 ms
    RECREATE = "recreate"  # delete the VRR device, ifup of the SVI; 0.2 s
    TOGGLE = "toggle"  # the manual page's cure; 0.4 s

    @property
    def disruptive(self) -> bool:
        """Whether others than the patient may lose packets while it is done."""
        return self in _DISRUPTIVE


_DISRUPTIVE = {Cure.SET_MAC, Cure.FLAP, Cure.RECREATE, Cure.TOGGLE}


@dataclass(frozen=True)
class Diagnosis:
    """One fault that was recognised.

    Attributes:
        fault: its name, the same in ``vip lab faults``, in reports and in ``docs/diagnosis.md``
            (``vrr-device-deleted``).
        sentence: what is wrong, for a person.
        evidence: what was seen that says so, each naming its source.
        cure: the mildest thing that cures it.
        interface: the SVI concerned.
        devices: what the cure works on (VRR devices, ports).
        neighbours: address and device of entries to forget.
        certain: whether the evidence admits no other reading.
        latent: whether it harms nobody yet (one of several routes gone).
        remedy: for `Cure.NONE`: what a person should do; else what the cure will do.
    """

    fault: str
    sentence: str
    evidence: tuple[str, ...]
    cure: Cure
    interface: str = ""
    devices: tuple[str, ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()
    certain: bool = True
    latent: bool = False
    remedy: str = ""
