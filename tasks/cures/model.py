"""What a cure will do, and what it did. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.faults.model import Cure
from tasks.model import Aftercare, HandMadeState, Toggled


@dataclass(frozen=True)
class NeighbourEntry:
    """A neighbour entry as it was when it was looked at: its MAC and state may be empty."""

    address: str
    device: str
    mac: str = ""
    state: str = ""

    def __str__(self) -> str:
        return f"{self.address} on {self.device} ({self.mac or 'no MAC'})"


@dataclass(frozen=True)
class PlannedCure:
    """What a cure would do; nothing has been touched.

    Attributes:
        cure: which.
        interface: the SVI.
        steps: what would be done, in words.
        diff: the same for the audit log: a toggle's difference of the configuration, else the
            steps, one on each line.
        before: what hangs on the gateway's devices now; a cure may take it away.
        toggled: a toggle's preview.
        neighbours: the entries that would be forgotten, as they are now.
        notes: what a person should know before.
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
        cure: which.
        steps: what was done, in words.
        outage_seconds: for how long others may have been cut off, as an upper bound by the
            switch's clock; 0 for a cure that takes nothing away.
        complete: whether each step succeeded, and the kernel then had every address of the stanza,
            every virtual MAC, and all its devices up (after ``FORGET`` and ``ANNOUNCE``: that each
            entry was deleted, each VIP announced).
        problems: where not, what is wrong.
        aftercare: what was announced and put back after it.
        report: the driver's ``RepairReport`` or ``CommitReport``; None where it was not needed.
    """

    cure: Cure
    steps: tuple[str, ...]
    outage_seconds: float = 0.0
    complete: bool = True
    problems: tuple[str, ...] = ()
    aftercare: Aftercare = field(default_factory=Aftercare)
    report: Any = None
