"""The last good answer to every question, on disk, for the time when a source is down.

The sources are on the network that is failing. An answer from the cache is always marked, dated,
and explained; before a switch is changed, the switch itself has to confirm it.

Each question has one JSON file (mode 600, in a directory of mode 700), replaced atomically and with
a checksum of its content. A file that cannot be read, is damaged or has another schema is ignored
with a warning: the cache may help a run, and must never stop it. Names in a kept answer are checked
again, because an SSH session may go where they point.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from inventory.files import OTHERS_MAY_WRITE, write_whole
from inventory.model import Answer, Switch, Uplink, VirtualMachine
from inventory.names import is_hostname, is_mac, is_port_text, one_line

T = TypeVar("T")
SCHEMA = 2
_DIRECTORY = "answers-v1"  # its first name; each file has its own schema
_MAX_BYTES = 20_000_000
_ADDRESS = re.compile(r" address \S+$")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
logger = logging.getLogger(__name__)

VMS: TypeAdapter[tuple[VirtualMachine, ...]] = TypeAdapter(tuple[VirtualMachine, ...])
NAMES: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])
UPLINKS: TypeAdapter[tuple[Uplink, ...]] = TypeAdapter(tuple[Uplink, ...])
SWITCH: TypeAdapter[Switch] = TypeAdapter(Switch)


class _Stored(BaseModel):
    """The content of a file."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int
    sha256: str
    question: str
    source: str
    asked_at: datetime
    value: Any


@dataclass(frozen=True)
class _File:
    """A file as it was last read; ``stored`` is None when it is ignored."""

    state: tuple[int, int, int]
    stored: _Stored | None


class Cache:
    """A directory of last good answers."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it is made when the first answer is stored."""
        self._directory = directory / _DIRECTORY
        self._lock = threading.Lock()
        self._read: dict[str, _File] = {}
        self._stores = 0

    def store(self, question: str, answer: Answer[T], kind: TypeAdapter[T]) -> None:
        """Keep an answer; a disk error is logged and otherwise ignored."""
        stored = {
            "schema_version": SCHEMA,
            "question": question,
            "source": answer.source,
            "asked_at": answer.asked_at.isoformat(),
            "value": kind.dump_python(answer.value, mode="json"),
        }
        try:
            _check_names(answer.value)
            stored["sha256"] = checksum(stored)
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_owner()
            body = json.dumps(stored, indent=1, sort_keys=True) + "\n"
            write_whole(self._path(question), body.encode("utf-8"))
            self._stores += 1
        except (OSError, ValueError) as exc:
            logger.warning("The answer to %r could not be kept: %s", question, exc)

    def load(self, question: str, kind: TypeAdapter[T]) -> Answer[T] | None:
        """Return the last good answer, marked as cached; None when it cannot be read."""
        path = self._path(question)
        stored = self._stored(path)
        return None if stored is None else _answer(path, stored, kind)

    def load_all(self, prefix: str, kind: TypeAdapter[T]) -> dict[str, Answer[T]]:
        """Return every kept answer whose question begins with ``prefix``: by the question's rest.

        A file that has not changed since it was last read is not read again.
        """
        try:
            self._check_owner()
            names = sorted(path.name for path in self._directory.iterdir())
        except OSError:
            return {}
        found: dict[str, Answer[T]] = {}
        with self._lock:
            for name in names:
                if not (name.endswith(".json") and name.startswith(_readable(prefix))):
                    continue
                path = self._directory / name
                stored = self._again(path)
                if stored is None or not stored.question.startswith(prefix):
                    continue
                answer = _answer(path, stored, kind)
                if answer is not None:
                    found[stored.question.removeprefix(prefix)] = answer
        return found

    def switches(self) -> tuple[str, ...]:
        """Return the names of the switches in the kept answers of all sources, sorted."""
        try:
            self._check_owner()
            paths = [path for path in self._directory.iterdir() if path.suffix == ".json"]
        except OSError:
            return ()
        kept = (self._stored(path) for path in paths)
        answers = (
            _answer(self._directory, one, SWITCH)
            for one in kept
            if one is not None and _ADDRESS.search(one.question)
        )
        return tuple(sorted({answer.value.name for answer in answers if answer is not None}))

    def state(self) -> tuple[int, int]:
        """Return what differs after an answer has been stored, by whichever process."""
        try:
            return self._directory.stat().st_mtime_ns, self._stores
        except OSError:
            return 0, self._stores

    def _again(self, path: Path) -> _Stored | None:
        try:
            status = path.stat()
        except OSError:
            return None
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._read.get(path.name)
        if known is None or known.state != state:
            known = self._read[path.name] = _File(state, self._stored(path))
        return known.stored

    def _stored(self, path: Path) -> _Stored | None:
        try:
            self._check_owner()
            with path.open("rb") as file:
                stored = _checked(file.read(_MAX_BYTES + 1))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as exc:
            _ignore(path, "it is damaged" if isinstance(exc, ValidationError) else exc)
            return None
        if path.name != self._path(stored.question).name:
            _ignore(path, "it answers another question")
            return None
        return stored

    def _path(self, question: str) -> Path:
        digest = hashlib.sha256(question.encode()).hexdigest()[:16]
        return self._directory / f"{_readable(question)}.{digest}.json"

    def _check_owner(self) -> None:
        """Raise for a directory that others can write, or a link in its place.

        They could direct a repair to another switch.
        """
        status = self._directory.lstat()  # of a link, all bits are set
        if status.st_uid != os.geteuid() or status.st_mode & OTHERS_MAY_WRITE:
            raise PermissionError(f"{self._directory} is not ours alone to write")


def _readable(question: str) -> str:
    """Return the beginning of a file's name: that of a question begins with that of its prefix."""
    return _UNSAFE.sub("-", question).strip("-.")[:80]


def _ignore(path: Path, why: object) -> None:
    logger.warning("The kept answer %s is ignored: %s", path, why)


def _answer(path: Path, stored: _Stored, kind: TypeAdapter[T]) -> Answer[T] | None:
    try:
        value = kind.validate_python(stored.value)
        _check_names(value)
    except (ValueError, RecursionError) as exc:
        _ignore(path, "it is damaged" if isinstance(exc, ValidationError) else exc)
        return None
    return Answer(value, stored.source, stored.asked_at, cached=True)


def checksum(stored: dict[str, Any]) -> str:
    """Return the SHA-256 of the content of a file without the checksum itself."""
    content = {key: value for key, value in stored.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checked(body: bytes) -> _Stored:
    if len(body) > _MAX_BYTES:
        raise ValueError("it is too large")
    content = json.loads(body)
    if not isinstance(content, dict):
        raise ValueError("it is no answer")  # noqa: TRY004  # the one kind of error that load knows
    if content.get("schema_version") != SCHEMA:
        raise ValueError("it is of another version of vipkeeper")
    if content.get("sha256") != checksum(content):
        raise ValueError("it is damaged: its checksum is wrong")
    stored = _Stored.model_validate(content)
    if stored.asked_at.tzinfo is None:
        raise ValueError("its time has no zone")
    return stored


def _check_names(value: object) -> None:
    """Check every name in an answer by the rules of the sources.

    Raises:
        ValueError: a name is not valid.
    """
    hosts: list[str] = []
    ports: list[str] = []
    macs: list[str] = []
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str):
            hosts.append(item)
        elif isinstance(item, VirtualMachine):
            hosts += [item.hypervisor] if item.hypervisor else []
            macs += item.macs
        elif isinstance(item, Uplink):
            hosts += [item.hypervisor, item.switch]
            ports += [item.interface, *([item.port] if item.port else [])]
        elif isinstance(item, Switch):
            hosts.append(item.name)
            _check_names(item.uplinks)
    for names, rule in ((hosts, is_hostname), (ports, is_port_text), (macs, is_mac)):
        for name in names:
            if not rule(name):
                raise ValueError(f'it holds "{one_line(name, 60)}", which is no possible name')
