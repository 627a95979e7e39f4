"""What a run leaves behind: a JSON report, and one line in the audit log.

Both are made for the user alone (mode 600). A report is complete or not there; an audit line is
appended in one write and is on the disk before the command ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import hashlib
import json
import os
import re
import socket
from collections.abc import Mapping
from datetime import date, datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

from inventory.errors import VipkeeperError

#: How half a character (in somebody's name for a VM) is written: as JSON escapes it.
HALVES = "backslashreplace"


class RecordError(VipkeeperError):
    """A report or an audit line could not be written."""


def now() -> datetime:
    """The time, in UTC and saying so."""
    return datetime.now(timezone.utc)


def who() -> str:
    """The person who runs this: login name and machine, also behind sudo."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name for the user id, in a bare container
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER", "")
    name = f"{behind} (sudo {user})" if behind and behind != user else user
    return f"{name}@{socket.gethostname()}"


def plain(value: object) -> Any:  # noqa: ANN401 - anything that JSON can say
    """A value as JSON can say it: dataclasses as objects, times and addresses as text.

    >>> plain({"to": Path("/etc/network"), "tries": (1, 2)})
    {'to': '/etc/network', 'tries': [1, 2]}
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return plain(value.value)
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def write_report(directory: Path, name: str, began: datetime, content: Mapping[str, Any]) -> Path:
    """Write a report; the file appears whole or not at all.

    Args:
        directory: where reports are kept; made when it is not there.
        name: what it is about (``heal-vm-a1``).
        began: when the run began.
        content: the report.

    Returns:
        Where it lies.

    Raises:
        RecordError: it could not be written.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80]
    path = directory / f"{began:%Y%m%dT%H%M%S.%fZ}-{safe}.json"
    body = json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors=HALVES) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise RecordError(
            f"the report {path} could not be written: {error.strerror}",
            "Make room or correct paths.reports in the settings.",
        ) from None
    return path


def append_audit(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one line to the audit log and see it onto the disk.

    Raises:
        RecordError: it could not be written.
    """
    line = json.dumps(plain(entry), ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # One write of one line: two operators' lines never mix.
            os.write(descriptor, line.encode("utf-8", HALVES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RecordError(
            f"the audit log {path} could not be written: {error.strerror}",
            "Make room or correct paths.audit in the settings.",
        ) from None


def diff_hash(diff: str) -> str:
    """What tells one change from another in the audit log; empty for no change."""
    return hashlib.sha256(diff.encode("utf-8", HALVES)).hexdigest() if diff else ""
