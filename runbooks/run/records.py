"""The records of a run: a JSON report, and one line in the audit log.

Both are for the user alone (mode 600), and each is whole and on the disk, or not there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

from inventory.errors import VipkeeperError
from napalm_cumulus.redaction import without_secrets
from runbooks.run.record_files import append_whole, write_whole

#: How an unpaired surrogate (in somebody's name for a VM) is written: as JSON escapes it.
HALVES = "backslashreplace"

#: Where a switch's configuration reaches a record: it is written without what looks like a secret.
_CONFIGURATION = frozenset({"diff", "stanza", "candidate", "log", "problems", "complaints"})


class RecordError(VipkeeperError):
    """A report or an audit line could not be written."""


def now() -> datetime:
    """Return the time, in UTC and aware of it."""
    return datetime.now(timezone.utc)


def plain(value: object) -> Any:  # noqa: ANN401 - anything that JSON can say
    """Return a value as JSON can hold it: dataclasses as objects, times and addresses as text.

    >>> plain({"to": Path("/etc/network"), "tries": (1, 2)})
    {'to': '/etc/network', 'tries': [1, 2]}
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {
            str(key): _clean(plain(inner)) if key in _CONFIGURATION else plain(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return plain(value.value)
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _clean(value: Any) -> Any:  # noqa: ANN401 - as JSON holds it
    if isinstance(value, str):
        return without_secrets(value)
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def write_report(directory: Path, name: str, began: datetime, content: Mapping[str, Any]) -> Path:
    """Write a report; its file appears whole or not at all.

    Args:
        directory: the directory of the reports; made where it is missing.
        name: the command and its target (``heal-vm-a1``).
        began: when the run began.
        content: the report.

    Returns:
        Its path.

    Raises:
        RecordError: it could not be written.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80]
    path = directory / f"{began:%Y%m%dT%H%M%S.%fZ}-{safe}.json"
    body = json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n"
    try:
        write_whole(path, body.encode("utf-8", HALVES))
    except OSError as error:
        raise RecordError(
            f"the report {path} could not be written: {error.strerror or error}",
            "Make room, see to the owner and mode, or correct paths.reports in the settings.",
        ) from None
    return path


def append_audit(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one line to the audit log and sync it to the disk.

    Raises:
        RecordError: the line could not be written; no part of it is in the log then.
    """
    advice = "Make room, see to the owner and mode, or correct paths.audit in the settings."
    append_lines(path, [entry], f"the audit log {path}", advice)


def append_lines(
    path: Path,
    entries: Iterable[Mapping[str, Any]],
    what: str,
    advice: str,
    *,
    guarded: bool = True,
) -> None:
    """Append a line of JSON for each entry, all or none.

    Args:
        path: the file.
        entries: one object for each line.
        what: the file's name in a message.
        advice: the advice of the error.
        guarded: refuse a file or a directory that others could have made or can change.

    Raises:
        RecordError: the lines could not be written; no part of them is in the file then.
    """
    text = "".join(
        json.dumps(plain(entry), ensure_ascii=False, separators=(",", ":")) + "\n"
        for entry in entries
    )
    try:
        append_whole(path, text.encode("utf-8", HALVES), guarded=guarded)
    except OSError as error:
        raise RecordError(
            f"{what} could not be written: {error.strerror or error}", advice
        ) from None


def diff_hash(diff: str) -> str:
    """Return a hash that tells one change from another in the audit log; empty for no change."""
    return hashlib.sha256(diff.encode("utf-8", HALVES)).hexdigest() if diff else ""
