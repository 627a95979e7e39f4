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
import stat
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from inventory.errors import SourceError
from inventory.files import write_whole
from inventory.model import Answer, MacOwner, Switch, Uplink, VirtualMachine
from inventory.names import age_in_words, is_hostname, is_mac, is_port_text, one_line, same_host
from inventory.sources.protocols import MacSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.sources.protocols import AddressSource, ComputeSource, UplinkSource

T = TypeVar("T")
SCHEMA = 2
_DIRECTORY = "answers-v1"  # its first name; each file has its own schema
_MAX_BYTES = 20_000_000
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
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


class Cache:
    """A directory of last good answers."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it is made when the first answer is stored."""
        self._directory = directory / _DIRECTORY

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
        except (OSError, ValueError) as exc:
            logger.warning("The answer to %r could not be kept: %s", question, exc)

    def load(self, question: str, kind: TypeAdapter[T]) -> Answer[T] | None:
        """Return the last good answer, marked as cached; None when it cannot be read."""
        path = self._path(question)
        try:
            self._check_owner()
            with path.open("rb") as file:
                stored = _checked(file.read(_MAX_BYTES + 1), question)
            value = kind.validate_python(stored.value)
            _check_names(value)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ValidationError, RecursionError) as exc:
            reason = "it is damaged" if isinstance(exc, ValidationError) else exc
            logger.warning("The kept answer %s is ignored: %s", path, reason)
            return None
        return Answer(value, stored.source, stored.asked_at, cached=True)

    def _path(self, question: str) -> Path:
        digest = hashlib.sha256(question.encode()).hexdigest()[:16]
        readable = _UNSAFE.sub("-", question).strip("-.")[:80]
        return self._directory / f"{readable}.{digest}.json"

    def _check_owner(self) -> None:
        """Raise for a directory that others can write.

        They could direct a repair to another switch.
        """
        status = self._directory.stat()
        if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_MAY_WRITE:
            raise PermissionError(f"{self._directory} is not ours alone to write")


def checksum(stored: dict[str, Any]) -> str:
    """Return the SHA-256 of the content of a file without the checksum itself."""
    content = {key: value for key, value in stored.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checked(body: bytes, question: str) -> _Stored:
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
    if stored.question != question:
        raise ValueError("it answers another question")
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


class _LastGoodAnswer(Generic[T]):
    """Asks a source, keeps its answer, and returns the kept one when the source fails."""

    def __init__(self, cache: Cache, system: str, location: str) -> None:
        self._cache = cache
        self.system = system
        self.location = location

    def ask(
        self, question: str, kind: TypeAdapter[T], ask: Callable[[], Answer[T]], second: str = ""
    ) -> Answer[T]:
        """Ask, or return the kept answer.

        A recorded answer is kept as the answer to ``second``: it must not be taken later for one
        that was observed.
        """
        try:
            answer = ask()
        except SourceError as exc:
            if exc.sound:
                raise
            kept = self.kept(question, kind)
            recorded = kept is None and second != ""
            if recorded:
                kept = self.kept(second, kind)
            if kept is None:
                raise
            ago = age_in_words((datetime.now(timezone.utc) - kept.asked_at).total_seconds())
            return Answer(
                kept.value,
                kept.source,
                kept.asked_at,
                cached=True,
                warning=f"{exc} This is its answer of {ago} ago.",
                recorded=recorded,
            )
        if not answer.cached:
            kept_as = second if answer.recorded and second else question
            self._cache.store(self._key(kept_as), answer, kind)
        return answer

    def kept(self, question: str, kind: TypeAdapter[T]) -> Answer[T] | None:
        """Return the last good answer to a question; None where there is none."""
        return self._cache.load(self._key(question), kind)

    def _key(self, question: str) -> str:
        return f"{self.system} {self.location} {question}"


class CachedCompute:
    """A ``ComputeSource`` with its last good answers to fall back on."""

    def __init__(self, source: ComputeSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        self._source = source
        self.system, self.location = source.system, source.location
        self._memory: _LastGoodAnswer[tuple[VirtualMachine, ...]] = _LastGoodAnswer(
            cache, self.system, self.location
        )

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        """See ``ComputeSource.find_vms``."""
        return self._memory.ask(f"find {target}", VMS, lambda: self._source.find_vms(target))

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        """See ``ComputeSource.vms_on``."""
        return self._memory.ask(f"on {hypervisor}", VMS, lambda: self._source.vms_on(hypervisor))

    def owners_of(self, macs: Sequence[str]) -> Answer[tuple[MacOwner, ...]]:
        """See ``MacSource.owners_of``; never from the cache, as ports come and go.

        Raises:
            SourceError: the source failed, or cannot answer this.
        """
        if not isinstance(self._source, MacSource):
            raise SourceError(self.system, "it cannot say who owns a MAC.")
        return self._source.owners_of(macs)


class CachedUplink:
    """An ``UplinkSource`` with its last good answers to fall back on."""

    def __init__(self, source: UplinkSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        self._source = source
        self.system, self.location = source.system, source.location
        self._names: _LastGoodAnswer[tuple[str, ...]] = _LastGoodAnswer(
            cache, self.system, self.location
        )
        self._uplinks: _LastGoodAnswer[tuple[Uplink, ...]] = _LastGoodAnswer(
            cache, self.system, self.location
        )

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        """See ``UplinkSource.list_hypervisors``."""
        return self._names.ask("hypervisors", NAMES, self._source.list_hypervisors)

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        """See ``UplinkSource.uplinks_of``.

        Recorded cables may be old or lead to a patch panel. So the switches that LLDP saw last are
        given with them, and the switches decide.
        """
        question = f"uplinks {hypervisor}"
        answer = self._uplinks.ask(
            question,
            UPLINKS,
            lambda: self._source.uplinks_of(hypervisor),
            second=f"recorded {question}",
        )
        observed = self._uplinks.kept(question, UPLINKS) if answer.recorded else None
        return _with_observed(answer, observed) if observed else answer


def _with_observed(
    recorded: Answer[tuple[Uplink, ...]], observed: Answer[tuple[Uplink, ...]]
) -> Answer[tuple[Uplink, ...]]:
    """Return recorded cables after the kept ones of LLDP that lead to other switches."""
    more = tuple(
        uplink
        for uplink in observed.value
        if not any(same_host(uplink.switch, known.switch) for known in recorded.value)
    )
    if not more:
        return recorded
    ago = age_in_words((datetime.now(timezone.utc) - observed.asked_at).total_seconds())
    places = ", ".join(f"{u.interface} on {u.switch} {u.port}".rstrip() for u in more)
    note = f"{more[0].hypervisor}: {ago} ago LLDP had {places}: kept, and the switches decide"
    warning = "; ".join(text for text in (recorded.warning, note) if text)
    return replace(recorded, value=(*more, *recorded.value), warning=warning)


class CachedAddress:
    """An ``AddressSource`` with its last good answers to fall back on."""

    def __init__(self, source: AddressSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        self._source = source
        self.system, self.location = source.system, source.location
        self._memory: _LastGoodAnswer[Switch] = _LastGoodAnswer(cache, self.system, self.location)

    def address_of(self, switch: str) -> Answer[Switch]:
        """See ``AddressSource.address_of``."""
        return self._memory.ask(
            f"address {switch}", SWITCH, lambda: self._source.address_of(switch)
        )
