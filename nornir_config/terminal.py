"""How wide the tables of ``vip`` are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

#: Columns in a pipe, so that no name or address is folded.
PIPED = 200


def width_of(file: TextIO) -> int | None:
    """Return the columns of a table that is written to a file; None for those of its terminal.

    In a pipe ``COLUMNS`` says how many there are, as for other programs.
    """
    if file.isatty():
        return None
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isascii() and asked.isdigit() and int(asked) else PIPED
