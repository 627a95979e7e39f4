"""The cells of the crash matrix: what was going on, where in it, and what was done to it."""

from __future__ import annotations

import random
from dataclasses import dataclass

MAIN = "/etc/network/interfaces"
DROP_IN = "/etc/network/interfaces.d/extra.intf"

#: The steps of each verb: ``mark`` lines of the on-switch program.
STEPS = {
    "commit": ("staged", "armed", "pending", "applying", "applied"),
    "bounce": (
        *("staged", "armed", "pending", "applying", "applied"),
        *("claimed.revert", "reverting", "reverted"),
    ),
    "confirm one file": (
        *("preparing", "prepared", "claimed.confirm", "confirming"),
        *(f"written {MAIN}", "confirmed"),
    ),
    "confirm two files": (
        *("preparing", "prepared", "claimed.confirm", "confirming"),
        *(f"written {MAIN}", f"written {DROP_IN}", "confirmed"),
    ),
    "rollback": ("claimed.revert", "reverting", "reverted"),
    "expiry": ("claimed.revert", "reverting", "reverted"),
}
#: What is done. Those before "OOM kill" need nothing to be made ready on the leaf.
CUTS = (
    *("program killed", "process group killed", "SSH cut", "power cut", "reboot"),
    *("units stopped", "isolated", "frozen", "frozen for a while"),
    *("OOM kill", "read-only root", "full root", "full run", "lock held", "stanza spoilt"),
)
#: Cuts that leave nobody who would end the commit by itself: whoever looks can.
LEAVES_NO_TIMER = {"units stopped", "isolated"}
#: In the middle of which ``ifreload`` a cell is cut, and how many moments of it for each cut.
INSIDE = {"full commit": 8, "full rollback": 3}


@dataclass(frozen=True)
class Cell:
    """One cut.

    Attributes:
        verb: what was going on.
        step: the step at which the program is held; empty inside ``ifreload``.
        cut: what is done.
        moment: inside ``ifreload``: after how much of its time, 0 to 1.
    """

    verb: str
    step: str
    cut: str
    moment: float = 0.0

    def __str__(self) -> str:
        where = f"at '{self.step}'" if self.step else f"after {self.moment:.3f} of ifreload"
        return f"{self.verb}: {self.cut} {where}"

    @property
    def must_be_new(self) -> bool:
        """Whether the confirm had gone so far that only the new files may stand on the disk."""
        return self.step == "confirmed" or self.step.startswith("written")

    @property
    def may_be_mixed(self) -> bool:
        """Whether nobody could make it whole: one of two files is written, and then the disk takes
        nothing more, or somebody edits what was written just now. It has to be told, though.
        """
        return (
            self.verb == "confirm two files"
            and self.step.startswith("written")
            and self.cut in ("read-only root", "stanza spoilt")
        )

    @property
    def must_be_old(self) -> bool:
        """Whether nothing was on its way to the disk."""
        return not self.verb.startswith("confirm")


def all_cells(seed: int) -> tuple[Cell, ...]:
    """Every cell; the moments inside ``ifreload`` are drawn from the seed."""
    draw = random.Random(seed)
    held = [Cell(verb, at, cut) for verb, steps in STEPS.items() for at in steps for cut in CUTS]
    inside = [
        # One of each part of the time, so that no two are the same.
        Cell(verb, "", cut, (part + draw.uniform(0.05, 0.95)) / parts)
        for verb, parts in INSIDE.items()
        for cut in CUTS
        for part in range(parts)
    ]
    return (*held, *inside)


def sample(seed: int, size: int) -> list[Cell]:
    """Some cells: every cut about as often as any other, a quarter of them inside ``ifreload``."""
    draw = random.Random(seed)
    cells = list(all_cells(seed))
    draw.shuffle(cells)
    cuts = draw.sample(CUTS, len(CUTS))
    chosen: list[Cell] = []
    for number in range(size):
        cut, inside = cuts[number % len(cuts)], number % 4 == 3
        found = next(c for c in cells if c.cut == cut and (not c.step) == inside)
        cells.remove(found)
        chosen.append(found)
    return sorted(chosen, key=str)
