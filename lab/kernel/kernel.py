"""The kernel of a lab: started, used and ended from the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import platformdirs

from lab.kernel.boot import MEMORY, command_line, require_memory, write_init
from lab.kernel.client import attach, ended
from lab.kernel.package import KERNEL, require_architecture
from lab.kernel.place import Place
from lab.machine.processes import started
from lab.machine.shell import TOOLS, require_tools, wait_until
from lab.machine.statedir import MARKER, delete
from lab.machine.tree import ensure_tree
from lab.topology.default import LabError

_LIBRARY = Path(__file__).parents[2]


class Kernel:
    """The kernel of the lab whose directory is given, if it has one of its own."""

    def __init__(self, state_dir: Path) -> None:
        self._place = Place(state_dir)

    @property
    def exists(self) -> bool:
        """Return whether the lab has a kernel of its own, which may have ended."""
        return self._place.exists

    @property
    def running(self) -> bool:
        """Return whether it runs."""
        return self._place.holder is not None

    @property
    def complete(self) -> bool:
        """Return whether it runs and its lab was brought up."""
        return self.running and self._place.complete.exists()

    def mark_complete(self) -> None:
        """Write down that the lab in it is up."""
        self._place.complete.touch()

    def start(self, memory: int = MEMORY) -> None:
        """Fetch what is missing and start it; it may boot still when this returns.

        Args:
            memory: megabytes that it may use.
        """
        if os.geteuid() != 0:
            raise LabError("The lab makes namespaces and mounts: it needs root.", "Use sudo.")
        require_architecture()
        require_tools(TOOLS)
        require_memory(memory)
        ensure_tree()  # there is no network inside
        KERNEL.ensure()
        place = self._place
        directory = place.state_dir
        if directory.exists() and any(directory.iterdir()):
            raise LabError(f"{directory} is not the directory of a lab.", "Choose another.")
        for path in (directory, place.directory, place.memory, place.seat):
            path.mkdir(parents=True, exist_ok=True)
        (directory / MARKER).touch()
        place.directory.chmod(0o700)
        records = platformdirs.user_state_path("vipkeeper", ensure_exists=True)
        write_init(place, [records])
        log = place.console.open("ab")
        argv = [sys.executable, "-S", "-m", "lab.kernel.broker", str(directory)]
        with log:
            subprocess.run(
                ["setsid", "--fork", *argv, *command_line(place, memory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(_LIBRARY)},
                cwd="/",
                check=True,
            )
        what = f"The lab's kernel was not started. It said: {place.console_tail()}"
        wait_until(place.socket.exists, timeout=20, every=0.02, what=what)
        wait_until(lambda: self.running, timeout=20, every=0.02, what=what)

    def attach(self, argv: Sequence[str], *, env: Mapping[str, str], stdin: bool = True) -> int:
        """Run a command in it with this process's streams; return its exit status.

        Raises:
            LabError: it has ended, or ends meanwhile; then nothing is left of it.
        """
        if not self.running:
            self.end()
            delete(self._place.state_dir)
            raise ended()
        return attach(self._place, argv, cwd=str(Path.cwd()), env=env, stdin=stdin)

    def end(self) -> None:
        """End it and all its processes; does nothing where there is none."""
        holder = self._place.holder
        if holder is not None:
            with suppress(ProcessLookupError):
                os.kill(holder, signal.SIGTERM)
            end = time.monotonic() + 10
            while started(holder) is not None and time.monotonic() < end:
                time.sleep(0.02)
        # What held it may have been killed.
        for pid in self._place.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
