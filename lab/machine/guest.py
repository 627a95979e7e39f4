"""What a lab has to know of the kernel it runs on: the machine's, or one of its own."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

#: Is there in the lab's own kernel alone; its init puts it there (``lab.kernel.boot``).
HOME = Path("/run/vipkeeper-kernel")
#: There a process costs many times what it costs elsewhere: so much longer may everything take.
SLOWER = 8.0


@cache
def in_guest() -> bool:
    """Return whether this runs in a kernel of the lab's own."""
    return HOME.is_dir()


def patience() -> float:
    """Return by how much every time limit of the lab is longer on this kernel."""
    return SLOWER if in_guest() else 1.0


def shared_seat() -> Path | None:
    """Return the directory of the seat's files that the machine sees; None on its own kernel."""
    if not in_guest():
        return None
    return Path(str(json.loads((HOME / "guest.json").read_text())["seat"]))
