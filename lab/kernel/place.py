"""Where the files of a lab's kernel are, and which processes it is made of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.machine.processes import session, started

_PROGRAMS = {"linux.uml", "linux.uml (deleted)"}


class Place:
    """The directory of a lab that runs on a kernel of its own.

    Args:
        state_dir: the lab's directory.
    """

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.directory = state_dir / "kernel"
        self.socket = self.directory / "socket"
        self.console = self.directory / "console.log"
        self.init = self.directory / "init"
        self.memory = self.directory / "memory"
        self.complete = self.directory / "complete"
        #: The seat's files: the guest writes them through to the machine.
        self.seat = state_dir / "seat"
        self._pid = self.directory / "pid"

    @property
    def exists(self) -> bool:
        """Return whether there is a kernel, or what one has left."""
        return self.directory.is_dir()

    def console_tail(self) -> str:
        """Return the last lines of the kernel's console."""
        try:
            said = self.console.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(said.replace("\r", "").splitlines()[-8:])[-800:].strip()

    def remember(self, pid: int, kernel: int) -> None:
        """Write down which process holds the kernel, and which one is the kernel's first."""
        fresh = self._pid.with_suffix(".new")
        fresh.write_text(f"{pid} {started(pid)} {kernel}\n")
        fresh.rename(self._pid)

    @property
    def holder(self) -> int | None:
        """Return the process that holds the kernel; None where it has ended."""
        pid, ticks, _ = self._noted()
        return pid if pid is not None and started(pid) == ticks else None

    def processes(self) -> set[int]:
        """Return every process of the kernel: they are a session, whose holder may be gone."""
        noted, _, kernel = self._noted()
        if noted is None:
            return set()
        running = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
        found = {pid for pid in running if _is_of(pid, kernel)}
        return found if self.holder is None else found | {noted}

    def _noted(self) -> tuple[int | None, str, int]:
        try:
            pid, ticks, kernel = self._pid.read_text().split()
            return int(pid), ticks, int(kernel)
        except (OSError, ValueError):
            return None, "", 0

    @contextmanager
    def reachable(self) -> Iterator[str]:
        """Yield a name of the socket that is short enough for the kernel, however long its path."""
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}/{self.socket.name}"
        finally:
            os.close(descriptor)


def _is_of(pid: int, kernel: int) -> bool:
    """Return whether a process belongs to a kernel.

    Once its last process is gone, somebody else's session may have its number: the program decides.
    """
    if session(pid) != kernel:
        return False
    try:
        return Path(f"/proc/{pid}/exe").readlink().name in _PROGRAMS
    except OSError:
        return False
