"""A lab that runs on a kernel of its own, as a test on the machine uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
VIP = Path(sys.executable).with_name("vip")
LABS = Path("/run/vipkeeper-lab")


class KernelLab:
    """One lab at a time; another one takes its place when other options are wanted."""

    def __init__(self, name: str = "") -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        run = f"{os.getppid()}-{worker.replace('gw', 'k')}" if worker else f"{os.getpid()}-k"
        # With the run's own number, what a killed worker leaves is taken down with its other labs.
        self.name = name or f"test-{run}"
        self._options: list[str] | None = None

    @property
    def directory(self) -> Path:
        return LABS / self.name

    def up(self, options: Sequence[str] = ()) -> None:
        """Let a lab be up that was made with these options of ``vip lab up``."""
        if self._options == list(options):
            return
        self.down()
        done = self.vip("up", "--kernel", "uml", *options, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        self._options = list(options)

    def up_somehow(self) -> None:
        """Let a lab be up, whatever it was made with."""
        self.up(self._options or [])

    def down(self) -> None:
        self._options = None
        done = self.vip("down", timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not self.directory.exists()

    def forget(self) -> None:
        """It is no more: a test has killed it."""
        self._options = None

    def vip(
        self, command: str, *arguments: str, timeout: float = 120, **how: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of ``vip lab``."""
        return subprocess.run(
            self.argv(command, *arguments), cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=timeout, stdin=None if "input" in how else subprocess.DEVNULL, **how,
        )  # type: ignore[call-overload, no-any-return]  # fmt: skip

    def argv(self, command: str, *arguments: str) -> list[str]:
        return [str(VIP), "lab", command, "--name", self.name, *arguments]

    def inside(self, *argv: str) -> list[str]:
        """The command that runs another one in the kernel, outside of the seat."""
        return [sys.executable, "-m", "lab.kernel", self.name, *argv]

    def pytest(self, file: Path, *, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a module of tests in the kernel."""
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "0"]
        return subprocess.run(
            self.inside(*argv, f"--timeout={timeout:g}", str(file)), cwd=ROOT,
            capture_output=True, text=True, check=False, timeout=timeout + 60,
            stdin=subprocess.DEVNULL,
            env={**_without_xdist(), "VIPKEEPER_TEST_LAB": self.name},
        )  # fmt: skip


def _without_xdist() -> dict[str, str]:
    """What this worker knows of its run is not true of the one inside."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
