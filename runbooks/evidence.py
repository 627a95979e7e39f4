"""``vip evidence``: asks the monitoring again what it saw of a run that is over."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inventory.errors import ExitCode, TargetError, VipkeeperError
from inventory.events.model import Outcome
from inventory.names import spelled_like
from inventory.settings import NO_EVENTS
from runbooks.run import evidence
from runbooks.run.errors import UsageError
from runbooks.run.record_files import write_whole
from runbooks.run.records import HALVES, RecordError, now, plain
from runbooks.run.report import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from nornir_config.settings import Settings
    from runbooks.run.evidence import PortEvidence
    from runbooks.run.story import Story

LAST = "last"
_PAUSE = 10.0
#: The outcomes, from the one that says least.
_SAYS = tuple(
    each.value for each in (Outcome.UNKNOWN, Outcome.PENDING, Outcome.NOTHING, Outcome.SEEN)
)
_MOST_BYTES = 64_000_000


def run_evidence(settings: Settings, name: str, story: Story, *, wait: bool = False) -> int:
    """Ask the monitoring about a run, tell its answer, and keep it in the run's report.

    Args:
        settings: the settings.
        name: the report's file name with or without its end, or ``last``.
        story: is told the answer.
        wait: ask again until nothing is pending any more, or is overdue.

    Returns:
        The exit code: 0 for every answer of the monitoring, 4 where it could not be asked.

    Raises:
        UsageError: the settings choose no monitoring.
        TargetError: there is no such report, or nothing in it that a poller could see.
        RecordError: the report cannot be read, or the answer not be written to it.
    """
    if settings.sources.events == NO_EVENTS:
        raise UsageError(
            "the settings choose no monitoring to ask",
            'Set sources.events, such as "observium" (docs/evidence.md).',
        )
    path = find_report(settings.paths.reports, name)
    report = _read(path)
    while True:
        asked = _look(settings, path, report)
        if not (wait and _waits(asked)):
            break
        time.sleep(_PAUSE)
    story.tell("run", f"{report['command']} {report['target']}: {report['sentence']}", "info")
    evidence.tell(story, asked)
    report["evidence"] = _better(report.get("evidence"), plain(asked))
    body = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    try:
        write_whole(path, body.encode("utf-8", HALVES))
    except OSError as error:
        raise RecordError(
            f"the report {path} could not be written: {error.strerror or error}",
            "Make room, or see to its owner and mode.",
        ) from None
    unknown = any(each.outcome is Outcome.UNKNOWN for each in asked)
    return ExitCode.SOURCE if unknown else ExitCode.OK


def _look(settings: Settings, path: Path, report: dict[str, Any]) -> tuple[PortEvidence, ...]:
    try:
        asked = evidence.look(settings, report["attempts"], lambda: evidence.source_of(settings))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, "its attempts are not those of a run") from error
    if not asked:
        raise TargetError(
            f"the run {path.stem} changed no device of a switch, or its report is of an older "
            "version: there is nothing that a poller can have seen"
        )
    return asked


def _better(kept: object, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers to keep: one that says less than an earlier one does not replace it.

    The monitoring may be down at the second look, and forgets ports and events after a while.
    """
    known = {
        (str(each.get("switch")), str(each.get("interface"))): each
        for each in (kept if isinstance(kept, list) else [])
        if isinstance(each, dict) and each.get("outcome") in _SAYS
    }
    return [
        old if old and _SAYS.index(old["outcome"]) > _SAYS.index(new["outcome"]) else new
        for new in asked
        for old in [known.get((new["switch"], new["interface"]))]
    ]


def _waits(asked: tuple[PortEvidence, ...]) -> bool:
    """Return whether a poll is still to come that is not overdue."""
    at: datetime = now()
    return any(
        each.outcome is Outcome.PENDING and each.until is not None and each.until >= at
        for each in asked
    )


def find_report(directory: Path, name: str) -> Path:
    """Return the report of a run.

    Raises:
        TargetError: there is none of that name.
        RecordError: the directory cannot be read.
    """
    try:
        known = {path.stem: path for path in directory.glob("*.json")}
    except OSError as error:
        raise RecordError(f"{directory} cannot be read: {error.strerror}") from None
    stem = name.removesuffix(".json")
    if stem == LAST:
        changed = [path for stem, path in sorted(known.items()) if _changed(path)]
        if not changed:
            raise TargetError(f"no report in {directory} is of a run that changed a switch")
        return changed[-1]
    if stem not in known:
        missing = TargetError(
            f"there is no report {name!r} in {directory}",
            "Name a report as it stands there, or say: vip evidence last",
        )
        raise missing.naming(stem, spelled_like(stem, known))
    return known[stem]


def _changed(path: Path) -> bool:
    try:
        return bool(_read(path)["attempts"])
    except VipkeeperError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _unreadable(path, "it is too large")
        found = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except (ValueError, RecursionError):
        raise _unreadable(path, "it is not JSON") from None
    texts = ("command", "target", "sentence")
    if (
        not isinstance(found, dict)
        or found.get("schema") != SCHEMA
        or not isinstance(found.get("attempts"), list)
        or not all(isinstance(found.get(key), str) for key in texts)
    ):
        raise _unreadable(path, f"it is no {SCHEMA}")
    return found


def _unreadable(path: Path, why: str) -> RecordError:
    return RecordError(f"the report {path} cannot be used: {why}", "Name another run.")
