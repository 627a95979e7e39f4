"""The crash matrix of the documentation is the one that is tested."""

from __future__ import annotations

from pathlib import Path

from tests.lab.cells import CUTS, DROP_IN, INSIDE, MAIN, all_cells
from tests.lab.power_cells import SHARES

PAGE = Path(__file__).parents[3] / "docs" / "crash-matrix.md"


def test_every_cell_stands_there_with_what_is_demanded_of_it() -> None:
    rows = {
        tuple(cells[:2]): cells[2]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
        and len(cells := [part.strip() for part in line.strip("|").split("|")]) == 3
    }
    seen = set()
    for cell in all_cells(1):
        step = cell.step.replace(DROP_IN, "(second file)").replace(MAIN, "(main file)")
        wanted = "new" if cell.must_be_new else "old" if cell.must_be_old else "old, new"
        at = cell.verb, step or "in the middle of `ifreload`"
        assert rows[at] == wanted, cell
        seen.add(at)
    assert len(rows) - 1 == len(seen), "a row too many, or too few"


def test_every_cut_and_the_numbers_of_cells_stand_there() -> None:
    text = " ".join(PAGE.read_text().split())
    assert [cut for cut in CUTS if f"**{cut}**" not in text] == []
    cells = all_cells(1)
    assert f"There are {len(cells)} different cells" in text
    assert f"({sum(cell.verb in INSIDE for cell in cells)} cells)" in text


def test_every_cut_of_a_whole_machine_and_its_cells_stand_there() -> None:
    text = PAGE.read_text().replace("`", "")
    assert [cut for cut, n in SHARES.items() if f"| {cut} | {n} cells. " not in text] == []
    assert f"{sum(SHARES.values())} cells on leafs that are" in text
