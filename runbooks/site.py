"""From a target to its switches: what each source says, as steps that can be told and reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inventory.model import Switch, Uplink, VirtualMachine


@dataclass(frozen=True)
class Step:
    """One question that was asked on the way.

    Attributes:
        question: what was asked (``VM``, ``uplinks``).
        source: who answered.
        text: the answer in words.
        asked_at: when it was given.
        cached: whether it is a kept answer, because the source is failing now.
        warning: why it deserves less trust; may be empty.
    """

    question: str
    source: str
    text: str
    asked_at: datetime
    cached: bool = False
    warning: str = ""


@dataclass(frozen=True)
class Place:
    """Where a target is.

    Attributes:
        target: as it was asked for.
        vms: the VMs that are meant: one, or the running ones of a hypervisor.
        hypervisor: their hypervisor; empty where Nova has placed the VM nowhere.
        uplinks: its cables.
        switches: the switches at their other ends.
        steps: who said so, and when.
    """

    target: str
    vms: tuple[VirtualMachine, ...]
    hypervisor: str = ""
    uplinks: tuple[Uplink, ...] = ()
    switches: tuple[Switch, ...] = ()
    steps: tuple[Step, ...] = ()
