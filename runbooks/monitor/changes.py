"""Findings that began or ended between two rounds of checks, for the log and the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks.fleet.assess import UNANSWERED
from runbooks.run.records import append_lines
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class OpenFinding:
    """A finding, and when it was first seen."""

    finding: Finding
    since: datetime


@dataclass(frozen=True)
class Change:
    """A finding that began, ended, or became better or worse.

    Attributes:
        at: when the round that saw it began.
        event: ``appeared``, ``cleared`` or ``changed``.
        finding: the finding as it is now; for ``cleared``, as it was last seen.
        since: when it was first seen.
        was: for ``changed``, the status before; else empty.
    """

    at: datetime
    event: str
    finding: Finding
    since: datetime
    was: str = ""

    @property
    def seconds(self) -> float:
        """Return for how many seconds it has been there."""
        return round((self.at - self.since).total_seconds(), 1)

    def as_line(self) -> dict[str, object]:
        """Return the change as an object for the log."""
        found = self.finding
        return {
            "at": self.at,
            "event": self.event,
            "status": found.status,
            **({"was": self.was} if self.was else {}),
            "check": found.check,
            "switch": found.switch,
            "subject": found.subject,
            "interface": found.interface,
            "evidence": found.evidence,
            "since": self.since,
            "seconds": self.seconds,
        }


class Changes:
    """Keeps the findings, and tells what is different in the next round."""

    def __init__(self) -> None:
        self._known: dict[Key, OpenFinding] = {}

    def update(self, fleet: FleetHealth) -> tuple[Change, ...]:
        """Compare a round with the one before, and return the changes.

        A finding on a switch that does not answer now has not ended: nobody knows. The same holds
        for findings about the fleet as long as any switch is silent.
        """
        silent = {h.switch for h in fleet.switches if _is_silent(h.findings)}
        now = {_key(finding): finding for finding in fleet.all_findings}
        changes = [
            change for key, finding in now.items() if (change := self._seen(key, finding, fleet.at))
        ]
        for key in [key for key in self._known if key not in now]:
            known = self._known[key]
            own_silence = known.finding.check in UNANSWERED
            unknown = known.finding.switch in silent or (silent and not known.finding.switch)
            if unknown and not own_silence:
                continue
            del self._known[key]
            changes.append(Change(fleet.at, "cleared", known.finding, known.since))
        return tuple(changes)

    def _seen(self, key: Key, finding: Finding, at: datetime) -> Change | None:
        if finding.status is Status.OK:
            return None
        known = self._known.get(key)
        since = known.since if known else at
        self._known[key] = OpenFinding(finding, since)
        if known is None:
            return Change(at, "appeared", finding, since)
        if known.finding.status is not finding.status:
            return Change(at, "changed", finding, since, known.finding.status.value)
        return None


def append(path: Path, lines: Iterable[Mapping[str, object]]) -> None:
    """Append lines to the log, all or none; the file may be moved away at any time (log rotation).

    Raises:
        RecordError: the log cannot be written.
    """
    advice = "Make room, correct paths.watch in the settings, or name another with --log."
    append_lines(path, lines, f"the watch log {path}", advice, guarded=False)


def _key(finding: Finding) -> Key:
    return finding.switch, finding.check, finding.subject, finding.interface


def _is_silent(findings: Iterable[Finding]) -> bool:
    return any(finding.check in UNANSWERED for finding in findings)
