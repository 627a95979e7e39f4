"""The cells of the crash matrix that need a whole machine: power, resets, a clock of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.lab.cells import DROP_IN, INSIDE, MAIN, STEPS, Cell

#: What is done to the machine at the step.
POWER, RESET = "power cut", "reboot -f"
AHEAD, BEHIND = "clock a day ahead", "clock a day behind"
#: The power fails again while the boot's guard is finishing the confirm, and once more.
GUARD = "power cut in the boot guard"
CUTS = (POWER, RESET, AHEAD, BEHIND, GUARD)
#: Of how many cells each cut has its share in a run.
SHARES = {POWER: 25, RESET: 12, AHEAD: 8, BEHIND: 8, GUARD: 7}
#: A mark that only the tests' copy of the program has: all is written, the journal is still there.
DROPPING = "dropping"
#: At which step the first cut falls, and at which mark of the guard's own run the second.
_GUARDED = (
    *(
        (first, second)
        for first in (f"written {MAIN}", f"written {DROP_IN}")
        for second in (f"written {MAIN}", f"written {DROP_IN}", DROPPING)
    ),
    (DROPPING, DROPPING),
)


@dataclass(frozen=True)
class PowerCell(Cell):
    """One cut of the power, or one jump of the clock.

    Attributes:
        guard: the mark at which the boot's guard is held for the second cut.
    """

    guard: str = ""

    def __str__(self) -> str:
        return super().__str__() + (f" and '{self.guard}'" if self.guard else "")

    @property
    def boots(self) -> bool:
        """Whether the machine boots because of it."""
        return self.cut not in (AHEAD, BEHIND)

    @property
    def must_be_new(self) -> bool:
        """Whether the confirm had gone so far that only the new files may stand on the disk."""
        if not self.boots:
            return self.verb.startswith("confirm")
        return super().must_be_new or bool(self.guard)


def every_cell(seed: int) -> tuple[PowerCell, ...]:
    """Every cell; the moments inside ``ifreload`` are drawn from the seed."""
    draw = random.Random(seed)
    held = [
        PowerCell(verb, at, cut)
        for verb, steps in STEPS.items()
        for at in steps
        for cut in (POWER, RESET, AHEAD, BEHIND)
    ]
    inside = [
        PowerCell(verb, "", cut, (part + draw.uniform(0.05, 0.95)) / parts)
        for verb, parts in INSIDE.items()
        for cut in (POWER, RESET)
        for part in range(parts)
    ]
    guarded = [PowerCell("confirm two files", at, GUARD, guard=mark) for at, mark in _GUARDED]
    return (*held, *inside, *guarded)


def draw_cells(seed: int, size: int) -> list[PowerCell]:
    """Some cells: of every cut its share, a quarter of those of the power inside ``ifreload``."""
    draw = random.Random(seed)
    cells = every_cell(seed)
    chosen: list[PowerCell] = []
    for cut, share in SHARES.items():
        mine = [cell for cell in cells if cell.cut == cut]
        draw.shuffle(mine)
        inside = [cell for cell in mine if not cell.step]
        held = [cell for cell in mine if cell.step]
        count = -(-share * size // sum(SHARES.values()))
        some = inside[: count // 4]
        chosen += [*some, *held[: count - len(some)]]
    return sorted(chosen, key=str)
