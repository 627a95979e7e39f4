"""A lab's directory: how it is known, and how it is deleted."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

#: The directories of the labs, by name.
LABS = Path("/run/vipkeeper-lab")
#: Only a directory that has it is ever deleted.
MARKER = ".vipkeeper-lab"


def delete(state_dir: Path) -> None:
    """Delete a lab's directory, if it has a lab's mark; nothing in it may be mounted any more."""
    if (state_dir / MARKER).exists():
        # The mark is deleted last, so that an interrupted removal can be continued.
        for path in state_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARKER:
                path.unlink()
        (state_dir / MARKER).unlink()
    with suppress(OSError):
        state_dir.rmdir()
        state_dir.parent.rmdir()
