"""The crash matrix: every verb of the transaction cut at every one of its steps, in every way.

After each cut nobody is stranded, no files are mixed, and no sentence that anybody is
told is untrue.

``bin/test`` runs a subset drawn from a seed; ``VIPKEEPER_CUTS=all`` runs every cell,
``VIPKEEPER_CUTS=all:3`` every cell three times.
"""

from __future__ import annotations

import os

import pytest

from lab.lab import Lab
from tests.lab.cells import INSIDE, Cell, all_cells, sample
from tests.lab.cuts import Rehearsal, pausing_program
from tests.lab.switch import LeafUnderTest
from tests.lab.test_cure_cuts import CELLS as REPAIR_CELLS

_ASKED = os.environ.get("VIPKEEPER_CUTS", "14")
SEED = int(os.environ["VIPKEEPER_SEED"])
CELLS = all_cells(SEED)
#: What was red once is cut in every run.
WERE_RED = [
    Cell("confirm one file", "prepared", "reboot"),  # "confirmed", and it was not
    Cell("confirm one file", "confirming", "program killed"),  # "not confirmed", and it was
]


def chosen() -> list[Cell]:
    if _ASKED.startswith("all"):
        # Every further time draws other moments.
        times = int(_ASKED.partition(":")[2] or 1)
        return [cell for more in range(times) for cell in all_cells(SEED + more)]
    drawn = [cell for cell in sample(SEED, int(_ASKED)) if cell not in WERE_RED]
    return sorted([*drawn, *WERE_RED], key=str)


@pytest.fixture
def rehearsal(leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    program = pausing_program()
    monkeypatch.setattr("napalm_cumulus.commit.transaction.program", lambda: program)
    return Rehearsal(leaf)


@pytest.mark.promise("T6", "T7")
@pytest.mark.parametrize("cell", [pytest.param(cell, id=str(cell)) for cell in chosen()])
def test_cut(rehearsal: Rehearsal, cell: Cell) -> None:
    try:
        rehearsal.run(cell)
    finally:
        rehearsal.restore(cell)


def test_there_are_five_hundred_cells_that_differ() -> None:
    assert len(set(CELLS)) == len(CELLS) >= 500
    assert sum(cell.verb in INSIDE for cell in CELLS) >= 150


def test_the_cells_cover_every_step_of_the_program(lab: Lab) -> None:
    """A step that is added to the program must be added to the matrix."""
    text = pausing_program().decode()
    marks = {
        line.strip().removeprefix("mark ").strip('"')
        for line in text.splitlines()
        if line.strip().startswith("mark ")
    }
    fixed = {mark for mark in marks if "$" not in mark}
    elsewhere = {"undoing", "undone"}  # a confirm that fails, cut in test_confirm.py
    assert fixed <= {cell.step for cell in CELLS} | {at for _, at, _ in REPAIR_CELLS} | elsewhere
    assert {mark for mark in marks if "$" in mark} == {
        "claimed.$1",  # revert, confirm
        "$1",  # reverted, confirmed, incomplete
        "written $path",
        "removed $path",
        # Of a confirm that fails, cut in test_confirm.py:
        "restored $path",
        "brought back $path",
        # Of repairs, cut in test_cure_cuts.py:
        "down and up $1",
        "delete $one",
        "took $verb",
    }
