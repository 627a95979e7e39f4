"""Reads the configuration, the output of ifquery and lldpctl, and left-over files."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inventory.names import one_line
from napalm_cumulus import errors
from napalm_cumulus.config import rendered, snapshot
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.getters.neighbors import parse_lldp_neighbors
from napalm_cumulus.parsing.output import loads, text_of
from napalm_cumulus.prefetched import PrefetchedTransport
from napalm_cumulus.result import CommandResult
from tasks.facts.fabric import MlagFact
from tasks.facts.mlag import mlag_of, segments_of
from tasks.facts.model import DriftFact, LldpFact, PendingFact, Section
from tasks.facts.section import Results, misread, unread
from tasks.gateways import commented_addresses, gateways_of, made_by
from tasks.model import Gateway

#: ``ifquery`` does not check commands (``up``, ``post-up``) and prints no status for them.
_FINE = {"pass", ""}
_NOT_ROOT = 77
_COMPLAINT = re.compile(r"^error: (?:(?P<name>[\w.-]+): )?(?P<text>.+)$")
#: ifupdown2 3.0.0 fails so where it wants to tell that virtual addresses differ.
_OWN_BUG = "sequence item 0: expected str instance"
_LEFT = {
    "confirm": "an interrupted confirm ({})",
    "incoming": "a commit that was never begun ({})",
    "file": "a half-written file ({})",
}


class UnreadFilesError(Exception):
    """The configuration reads files outside /etc/network; ``command`` prints them."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


@dataclass(frozen=True)
class Configured:
    """What the facts hold of the configuration; ``read`` is what ifupdown2 makes of the files."""

    gateways: tuple[Gateway, ...] = ()
    commented: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    mlag: MlagFact | None = None
    segments: tuple[tuple[str, str], ...] = ()
    unread: str = ""
    read: Configuration | None = None


class _Recorded:
    """Stands in for the session, and knows only what was recorded."""

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        del stdin, timeout
        raise UnreadFilesError(command)

    def is_alive(self) -> bool:
        return False

    def close(self) -> None: ...


def configuration(results: Results, more: Mapping[str, CommandResult] | None) -> Configured:
    """Return the gateways, and what is odd about their stanzas.

    Raises:
        UnreadFilesError: files from elsewhere are needed, and ``more`` is not None.
    """
    result = results.get("configuration")
    if result is None:
        return Configured(unread="configuration: the switch was not asked")
    answers = {snapshot.READ: result, **(more or {})}
    if (told := results.get("rendered")) is not None and told.stdout.strip():
        answers[snapshot.FILES_READ] = replace(told, stdout=told.stderr)
    try:
        disk = snapshot.take(PrefetchedTransport(_Recorded(), answers)).disk
        made = _made(disk, results, more)
        return Configured(
            gateways=gateways_of(disk, made),
            commented=tuple(
                f"{path} line {line}: {address} of {interface}"
                for interface, path, line, address in commented_addresses(disk)
            ),
            repeated=tuple(_repeated(disk)),
            read=made or disk,
            mlag=mlag_of(disk),
            segments=segments_of(disk),
        )
    except UnreadFilesError:
        if more is not None:
            raise
        return Configured(unread="the configuration reads files that could not be fetched")
    except _NotTold as why:
        return Configured(unread=str(why))
    except misread() as error:
        return Configured(unread=unread(result, error))


class _NotTold(Exception):  # noqa: N818 - no error of ours
    """The lines of the files do not tell what ifupdown2 makes of them, nor does the switch."""


def _made(
    disk: Configuration, results: Results, more: Mapping[str, CommandResult] | None
) -> Configuration | None:
    """Return what ifupdown2 makes of the files; None where their lines tell."""
    why = rendered.unclear(disk)
    if not why:
        return None
    told = results.get("rendered")
    if told is None or not told.stdout.strip():
        # A file outside /etc/network is one, or the first look has not seen that it is one.
        told = (more or {}).get(rendered.QUERY)
    if told is None:
        raise UnreadFilesError(rendered.QUERY)
    try:
        return rendered.parse(told, made_by(disk))
    except errors.CommandErrorException as error:
        raise _NotTold(f"{why}, and {error}") from error


def _repeated(disk: Configuration) -> Iterator[str]:
    """Yield the interfaces that a later stanza describes again.

    One for IPv4 (``inet``) and one for IPv6 (``inet6``) is how Debian's manual has it.
    """
    seen: set[tuple[str, str]] = set()
    for at in disk.stanzas():
        if at.stanza.keyword == "iface" and not at.file.is_template:
            for name in at.stanza.interfaces:
                if (name, at.stanza.family) in seen:
                    yield f"{name}: {at}"
                seen.add((name, at.stanza.family))


def lldp(result: CommandResult) -> Iterator[LldpFact]:
    """Yield the rows of ``lldpctl``."""
    for port, neighbours in parse_lldp_neighbors(result).items():
        for neighbour in neighbours:
            yield LldpFact(str(port), str(neighbour["hostname"]), str(neighbour["port"]))


def no_lldpd(result: CommandResult) -> bool:
    """Return whether lldpd is not running; lldpctl is there and cannot reach it."""
    said = result.stderr[:500].lower()
    return result.exit_status != 0 and b"connect" in said and b"socket" in said


def drift(result: CommandResult, gateways: tuple[Gateway, ...]) -> Iterator[DriftFact]:
    """Yield the rows of ``ifquery -a -c -o json`` that fail: by exit status, by word, or missing.

    On a mismatch of virtual addresses ifupdown2 can leave the attribute out and report a pass.
    """
    rows = _checked(result)
    # Of an interface with several stanzas the first row tells all virtual addresses.
    told_of = {row["name"] for row in rows if "address-virtual" in (row.get("config") or {})}
    virtual = {gateway.interface for gateway in gateways} - told_of
    found = False
    said = _complaints(result)
    for row in rows:
        name, told = str(row["name"]), row.get("config") or {}
        bad = list(_failed(name, told, row.get("config_status") or {}))
        if name in virtual:
            virtual.remove(name)
            why = next((text for of, text in said if of in {"", name}), "")
            text = f"not among what was checked{why and f': ifquery says {why!r}'}"
            bad.append(DriftFact(name, "address-virtual", text))
        if not bad and row.get("status") not in _FINE:
            bad.append(DriftFact(name, "", f"its status is {row.get('status')}"))
        found = found or bool(bad)
        yield from bad
    if result.exit_status != 0 and not found and not _fails_of_itself(result, gateways):
        yield DriftFact("", "", f"ifquery -c ends with exit status {result.exit_status}")


def _fails_of_itself(result: CommandResult, gateways: tuple[Gateway, ...]) -> bool:
    """Return whether ifquery failed only for having virtual addresses in two stanzas of one SVI.

    It does not compare those of the second stanza then; the kernel's devices and addresses are
    looked at all the same.
    """
    errors = [line for line in result.stderr.splitlines() if line.startswith(b"error: ")]
    parted = any(
        sum(bool(each.values("address-virtual")) for each in stanzas) > 1
        for stanzas in (InterfacesFile.parse(gateway.stanza).stanzas for gateway in gateways)
    )
    return parted and bool(errors) and all(_OWN_BUG.encode() in line for line in errors)


def _complaints(result: CommandResult) -> list[tuple[str, str]]:
    """Return what ifquery complains of, each with the interface that it names, or none."""
    lines = dict.fromkeys(result.stderr.decode("utf-8", "replace").splitlines())
    found = (_COMPLAINT.match(line) for line in lines)
    return [
        (match["name"] or "", one_line(match["text"], 200))
        for match in found
        if match is not None and not match["text"].startswith(_OWN_BUG)
    ]


def _checked(result: CommandResult) -> list[dict[str, Any]]:
    document = loads(result.stdout)
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise TypeError("no list of interfaces")
    return document


def _failed(name: str, told: dict[str, Any], statuses: dict[str, Any]) -> Iterator[DriftFact]:
    for attribute, status in statuses.items():
        words = status if isinstance(status, list) else [status]
        values = told.get(attribute, "")
        values = values if isinstance(values, list) else [values]
        values += [""] * (len(words) - len(values))
        for word, value in zip(words, values, strict=False):
            if word not in _FINE:
                yield DriftFact(name, attribute, f"{word}: {value}" if value else str(word))


def _seconds(text: str) -> float:
    seconds = float(text or 0)
    if not math.isfinite(seconds):
        raise ValueError(f"{text} seconds")
    return seconds


def left_over(results: Results) -> tuple[Section[PendingFact], tuple[str, ...], str]:
    """Return the pending commits and left-over files that ``leftovers.sh`` found, or why not."""
    result = results.get("left_over")
    if result is None:
        why = "left_over: the switch was not asked"
        return Section(unread=why), (), why
    if result.exit_status == _NOT_ROOT:
        why = "only root can see what is pending on the switch; log in as root or with sudo"
        return Section(unread=why), (), why
    pending: list[PendingFact] = []
    left: list[str] = []
    try:
        *lines, last = text_of(result).splitlines()
        if last != "done":
            raise ValueError("it is cut off")
        for line in lines:
            kind, *words = line.split("|")
            if kind == "pending":
                state, name, owner, seconds, armed, hold = words
                alive = {"yes": True, "no": False}.get(armed)
                pending.append(PendingFact(state, name, owner, _seconds(seconds), alive, hold))
            else:
                left.append(_LEFT[words[0]].format("|".join(words[1:])))
    except misread() as error:
        why = unread(result, error)
        return Section(unread=why), (), why
    return Section(tuple(pending)), tuple(left), ""
