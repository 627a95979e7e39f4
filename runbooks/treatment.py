"""What the treatment of a gateway consisted of, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.health.diagnosis_model import Cure, Diagnosis


@dataclass(frozen=True)
class Rung:
    """One step that was taken.

    Attributes:
        switch: where.
        fault: for which fault.
        cure: what was done.
        interface: on which SVI.
        steps: in words.
        outage_seconds: for how long others may have been cut off.
        complete: whether each step succeeded.
        problems: where not, what is wrong.
        helped: whether all was well after it.
    """

    switch: str
    fault: str
    cure: Cure
    interface: str
    steps: tuple[str, ...]
    outage_seconds: float
    complete: bool
    problems: tuple[str, ...]
    helped: bool


@dataclass(frozen=True)
class Treatment:
    """What came of a gateway's treatment.

    Attributes:
        rungs: the steps that were taken, in order.
        diagnoses: what is found now.
        well: whether what was to be healed is well now.
    """

    rungs: tuple[Rung, ...]
    diagnoses: tuple[Diagnosis, ...]
    well: bool
