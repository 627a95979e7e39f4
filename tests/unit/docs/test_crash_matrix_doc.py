"""The crash matrix of the documentation is the one that is tested."""

from __future__ import annotations

from pathlib import Path

from tests.lab.cuts import CELLS, CUTS, MAIN
from tests.lab.test_commit import DROP_IN

PAGE = Path(__file__).parents[3] / "docs" / "crash-matrix.md"


def test_every_cell_stands_there_with_what_is_demanded_of_it() -> None:
    rows = {
        tuple(cells[:2]): cells[2:]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
        and len(cells := [part.strip() for part in line.strip("|").split("|")]) == 2 + len(CUTS)
    }
    for cell in CELLS:
        step = cell.step.replace(DROP_IN, "(second file)").replace(MAIN, "(main file)")
        wanted = "new" if cell.must_be_new else "old" if cell.must_be_old else "old, new"
        assert rows[cell.verb, step][CUTS.index(cell.cut)] == wanted, cell
    assert len(rows) - 1 == len(CELLS) / len(CUTS), "a row too many, or too few"
