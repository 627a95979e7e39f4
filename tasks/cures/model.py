"""What a cure will do, and what it did. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.ladder import Cure
from tasks.model import Aftercare, HandMadeState, Toggled


@dataclass(frozen=True)
class NeighbourEntry:
    """A neighbour entry when it was looked at; its MAC and state may be empty."""

    address: str
    device: str
    mac: str = ""
    state: str = ""

    def __str__(self) -> str:
        return f"{self.address} on {self.device} ({self.mac or 'no MAC'})"


@dataclass(frozen=True)
class PlannedCure:
    """What a cure would do; nothing has been touched yet.

    Attributes:
        cure: the cure.
        interface: the SVI.
        steps: its steps, in words.
        diff: the same for the audit log: for a toggle the difference of the configuration, else the
            steps, one on each line.
        before: the hand-made state of the gateway's devices now; a cure may destroy it.
        toggled: the preview of a toggle.
        neighbours: the entries that would be deleted, as they are now.
        notes: what the operator should know before.
    """

    cure: Cure
    interface: str
    steps: tuple[str, ...]
    diff: str
    before: HandMadeState = field(default_factory=HandMadeState)
    toggled: Toggled | None = None
    neighbours: tuple[NeighbourEntry, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CureOutcome:
    """What a cure did.

    Attributes:
        cure: the cure.
        steps: what was done, in words.
        outage_seconds: how long others may have been cut off, an upper bound by the switch's clock;
            0 for a cure that takes nothing away.
        complete: whether each step succeeded, and the kernel then had every address of the stanza,
            every virtual MAC, and all its devices up (after ``FORGET`` and ``ANNOUNCE``: that each
            entry was deleted, each VIP announced).
        problems: where not, what is wrong.
        problems: what is wrong, where it is not complete.
        aftercare: what was announced and put back.
    """

    cure: Cure
    steps: tuple[str, ...]
    outage_seconds: float = 0.0
    complete: bool = True
    problems: tuple[str, ...] = ()
    aftercare: Aftercare = field(default_factory=Aftercare)
    report: Any = None
