"""Reads the output of ``probes.sh``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from inventory.names import one_line
from napalm_cumulus.config.semantics import macvlan_name
from napalm_cumulus.parsing.output import text_of
from napalm_cumulus.patterns import MAC
from napalm_cumulus.result import CommandResult
from tasks.facts.model import ProbeFact

_FIELDS = 5
_MAC = re.compile(rf"\[({MAC})\]")
_DEVICE = re.compile(r"\bdev (\S+)")
_NO_WAY = re.compile(r"\b(unreachable|blackhole|prohibit|RTNETLINK|Cannot|Error)\b", re.IGNORECASE)
#: arping could not send its request, so nobody knows who would answer.
_NOT_ASKED = re.compile(
    r"not ARPable|is down|not available|uitable device|bind:|usage", re.IGNORECASE
)
_SHOWN = 160


def probes(result: CommandResult, macs: Mapping[str, str]) -> Iterator[ProbeFact]:
    """Yield the rows of the probes; a probe that could not be sent is marked as such.

    Args:
        result: the result of the script.
        macs: the configured or actual MAC of each device with a VIP, by device.
    """
    *lines, last = text_of(result).splitlines()
    if last != "done":
        raise ValueError("it is cut off")
    for line in lines:
        kind, device, source, target, status, words = line.split("|", _FIELDS)
        if kind == "duplicate" and _NOT_ASKED.search(words) and not _MAC.search(words):
            continue
        told = _READERS[kind](_Trial(kind, device, int(status) == 0, words), macs)
        yield ProbeFact(
            kind=kind,
            device=device,
            target=target,
            ok=told.ok,
            detail=one_line(told.detail, _SHOWN),
            source=source.strip("-"),
            macs=told.macs,
            sent=told.sent,
        )


class _Trial(NamedTuple):
    """A line of the output: ``ok`` is the command's exit status, ``words`` its output."""

    kind: str
    device: str
    ok: bool
    words: str


class _Told(NamedTuple):
    """The meaning of the line; see ``ProbeFact``."""

    ok: bool
    detail: str
    macs: tuple[str, ...] = ()
    sent: bool = True


def _ping(trial: _Trial, _: Mapping[str, str]) -> _Told:
    # Without its counts, ping has ended before it sent anything: it could not bind to the VIP.
    sent = trial.ok or "packet loss" in trial.words
    return _Told(trial.ok, trial.words.split(" --- ")[-1], sent=sent)


def _arp(trial: _Trial, _: Mapping[str, str]) -> _Told:
    answered = _answered(trial)
    sent = bool(answered) or not _NOT_ASKED.search(trial.words)
    return _Told(bool(answered), trial.words, answered, sent)


def _duplicate(trial: _Trial, macs: Mapping[str, str]) -> _Told:
    others = tuple(mac for mac in _answered(trial) if mac != macs.get(trial.device))
    return _Told(not others, ", ".join(others), others)


def _route(trial: _Trial, _: Mapping[str, str]) -> _Told:
    there = _DEVICE.search(trial.words)
    ok = trial.ok and there is not None and not _NO_WAY.search(trial.words)
    if ok and there is not None and trial.kind == "route-in":
        vrr = macvlan_name(trial.device, 0)[:-1]
        ok = there[1] == trial.device or there[1].startswith(vrr)
    return _Told(ok, trial.words)


def _answered(trial: _Trial) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mac.lower() for mac in _MAC.findall(trial.words)))


_READERS: dict[str, Callable[[_Trial, Mapping[str, str]], _Told]] = {
    "ping": _ping,
    "arp": _arp,
    "duplicate": _duplicate,
    "route-in": _route,
    "route-out": _route,
}
