"""The operator's desk: the real ``vip`` command in the seat, and what always holds of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from lab.lab import Lab
from lab.machine.tree import PASSWORD
from tests.lab.ready_vip import ReadyVip, Run
from tests.lab.switch import LeafUnderTest

SWITCH = "swt-sn2100-03.example.internal"
OTHER_SWITCH = "swt-sn2100-01.example.internal"
VIP = "130.246.212.1"
_SCHEMA = Path(__file__).parents[2] / "docs/schemas/heal-run-2.json"


@dataclass(frozen=True)
class Said:
    """What a run of ``vip`` said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The first line on stderr: the one a person reads."""
        return self.err.splitlines()[0] if self.err else ""


class Desk:
    """Runs ``vip`` at the seat with records of its own, and a cache of its own that is cold."""

    def __init__(self, lab: Lab, directory: Path, ready: ReadyVip) -> None:
        self.lab = lab
        self._ready = ready
        self.cache = directory / "cache"
        self.reports = directory / "reports"
        self.audit = directory / "audit.jsonl"
        self.environment = {
            "VIPKEEPER_PATHS__CACHE": str(self.cache),
            "VIPKEEPER_PATHS__REPORTS": str(self.reports),
            "VIPKEEPER_PATHS__AUDIT": str(self.audit),
        }
        key = lab.seat.key_file.read_text().splitlines()
        self._secrets = [lab.topology.cloud.password, PASSWORD, *key[1:-1]]

    def argv(self, *arguments: str, env: Mapping[str, str] | None = None) -> list[str]:
        """The seat's command for ``vip``."""
        given = {**self.environment, **(env or {})}
        return ["env", *(f"{name}={value}" for name, value in given.items()), "vip", *arguments]

    def vip(self, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
        """Run ``vip``; whatever comes of it, no traceback and no secret may show."""
        done = self._ready.run(list(arguments), {**self.environment, **(env or {})}, timeout=300)
        return self.checked(Said(done.returncode, done.stdout, done.stderr))

    @contextmanager
    def running(self, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Run]:
        """``vip`` under way, past its start; whoever wants that too uses ``started``."""
        run = self._ready.start(list(arguments), {**self.environment, **(env or {})})
        try:
            yield run
        finally:
            run.close()

    def imported(self, *arguments: str, env: Mapping[str, str] | None = None) -> set[str]:
        """Start ``vip`` as a person does; gives the modules that the run has imported."""
        given = {**(env or {}), "PYTHONPROFILEIMPORTTIME": "1"}
        done = self.lab.exec_seat(self.argv(*arguments, env=given), timeout=300)
        assert done.returncode in {0, 10}, done.stderr
        return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    def checked(self, said: Said) -> Said:
        """The same, after a look for what must never show."""
        assert said.code != 1, said
        for text in (said.out, said.err):
            assert "Traceback" not in text, text
            assert "\x1b" not in text, "control sequences on what is no terminal"
        written = "".join(path.read_text() for path in self.records())
        for secret in self._secrets:
            assert secret not in said.out + said.err + written, "a secret shows"
        return said

    def records(self) -> list[Path]:
        """Every file that runs have left: reports by age, then the audit log."""
        reports = sorted(self.reports.glob("*")) if self.reports.exists() else []
        return [*reports, *([self.audit] if self.audit.exists() else [])]

    def report(self) -> dict[str, Any]:
        """The newest report."""
        reports = [path for path in self.records() if path.suffix == ".json"]
        found: dict[str, Any] = json.loads(reports[-1].read_text())
        jsonschema.validate(found, json.loads(_SCHEMA.read_text()))
        return found

    def audited(self) -> list[dict[str, Any]]:
        """The audit log's lines."""
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def begun(self) -> int:
        """How many changes were begun."""
        lines = self.audited() if self.audit.exists() else []
        return sum(line["event"] == "begin" for line in lines)

    @contextmanager
    def web_fault(self, system: str, name: str) -> Iterator[None]:
        """A web system that is ill for a while."""
        self.lab.web_fault(system, name)
        try:
            yield
        finally:
            self.lab.web_fault(system, None)

    def refused(
        self,
        leaf: LeafUnderTest,
        code: int,
        *words: str,
        command: tuple[str, ...] = ("heal", "vm-a1", "--toggle", "--yes"),
        env: Mapping[str, str] | None = None,
        asked: int = 0,
    ) -> Said:
        """Run ``vip`` and see that it refuses in one clear sentence and touches nothing.

        ``--toggle`` makes ``heal`` go on though the VM answers, so that only the refusal that is
        looked for can stop it. ``asked`` changes are written down before the switch refuses them.
        """
        with untouched(leaf):
            begun = self.begun()
            said = self.vip(*command, env=env)
            print(said.err)  # noqa: T201 - pytest -rP shows what a person reads
            assert said.code == code, said
            assert said.sentence.startswith("vip: "), said.err
            # The sentence, and at most one line of advice.
            assert 1 <= len(said.err.splitlines()) <= 2, said.err
            for word in words:
                assert re.search(re.escape(word), said.err), (word, said.err)
            assert self.begun() == begun + asked, "a change was begun"
        return said


def ifindex(leaf: LeafUnderTest, device: str = "vlan453-v0") -> str:
    """The VRR device's number in the kernel: a toggle makes the device anew."""
    return leaf.sh(f"cat /sys/class/net/{device}/ifindex 2>/dev/null || :").strip()


@contextmanager
def untouched(leaf: LeafUnderTest) -> Iterator[None]:
    """See that nothing of a leaf changes: disk, addresses, VRR device, pending commits."""

    def look() -> tuple[str, set[str], str, set[str]]:
        return leaf.disk(), leaf.addresses(), ifindex(leaf), leaf.state()

    before = look()
    yield
    assert look() == before


@contextmanager
def started(lab: Lab, argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A command at the seat, under way."""
    seat = lab.seat
    process = subprocess.Popen(
        seat.command(argv),
        env=seat.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
