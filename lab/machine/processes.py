"""Which processes there are, from ``/proc``; it needs nothing but the standard library."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def _stat(pid: int) -> list[str]:
    """Return what stands in a process's ``stat`` behind its name; nothing when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in "ZX" else fields


def started(pid: int) -> str | None:
    """Return a process's start (the kernel's ticks); None when it is gone or a zombie."""
    fields = _stat(pid)
    return fields[19] if fields else None


def session(pid: int) -> int | None:
    """Return the session of a process; None when it is gone or a zombie."""
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def children(pid: int) -> list[int]:
    """Return the processes whose parent a process is."""
    found: list[int] = []
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (path / "children").read_text().split()]
    return found
