"""How wide the tables of ``vip`` are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

#: Columns in a pipe, so that no name or address is folded.
PIPED = 200
#: Fewer would leave no room for a word, more would be spaces without end.
LEAST, MOST = 40, 2000
_DIGITS = 5


def width_of(file: TextIO) -> int | None:
    """Return the columns of a table that is written to a file; None for those of its terminal.

    In a pipe ``COLUMNS`` says how many there are, as for other programs.
    """
    if file.isatty():
        return None
    asked = os.environ.get("COLUMNS", "")
    if not (asked.isascii() and asked.isdigit()):
        return PIPED
    columns = int(asked[-_DIGITS:]) if len(asked.lstrip("0")) <= _DIGITS else MOST
    return min(max(columns, LEAST), MOST) if columns else PIPED
