"""The driver with a recorded switch at its other end."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napalm.base.test.double import BaseTestDouble

from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult
from tests.unit.napalm_cumulus.conformance import transcript

TRANSCRIPT = "switch.txt"
TREE = "tree"


class RecordedSwitch(BaseTestDouble):
    """A session that answers from the files of the current test case."""

    def _case(self) -> Path:
        return Path(self.find_file("expected_result.json")).parent

    def answer(self, command: str) -> CommandResult:
        """What the switch said to the command when it was recorded."""
        known = transcript.read(self._case() / TRANSCRIPT)
        name = transcript.name_of(command)
        if name not in known:
            raise AssertionError(f"{self._case()} does not say what {name} gives")
        one = known[name]
        return CommandResult(command, one.exit_status, one.stdout, one.stderr)

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """The archive of /etc/network, all that is asked but for the getters' commands."""
        assert "etc/network" in command
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
            tar.add(self._case() / TREE, arcname=".", filter=_absolute)
        return CommandResult(command, 0, archive.getvalue(), b"")

    def is_alive(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to close."""


def _absolute(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.name = member.name.removeprefix("./")
    return member


class RecordedDriver(CumulusDriver):
    """The whole driver; only what leaves the machine is replaced."""

    patched_attrs = ("_transport",)
    _transport: Any

    def open(self) -> None:
        """Begin a session with the recordings."""
        self._transport = RecordedSwitch()

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        return [self._transport.answer(command) for command in commands]
