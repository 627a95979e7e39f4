"""What ``probes.sh`` printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from inventory.text import one_line
from napalm_cumulus.meaning import macvlan_name
from napalm_cumulus.output import text_of
from napalm_cumulus.result import CommandResult
from tasks.health.facts import ProbeFact

_FIELDS = 5
_MAC = re.compile(r"\[((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})\]")
_DEVICE = re.compile(r"\bdev (\S+)")
_NO_WAY = re.compile(r"\b(unreachable|blackhole|prohibit|RTNETLINK|Cannot|Error)\b", re.IGNORECASE)
#: arping could not even ask: that says nothing about who would answer.
_NOT_ASKED = re.compile(
    r"not ARPable|is down|not available|uitable device|bind:|usage", re.IGNORECASE
)
_SHOWN = 160


def probes(result: CommandResult, macs: Mapping[str, str]) -> Iterator[ProbeFact]:
    """The trials.

    Args:
        result: of the script.
        macs: the MAC by device, configured or actual, by which a VIP is known.
    """
    *lines, last = text_of(result).splitlines()
    if last != "done":
        raise ValueError("it is cut off")
    for line in lines:
        kind, device, source, target, status, words = line.split("|", _FIELDS)
        if kind == "duplicate" and _NOT_ASKED.search(words) and not _MAC.search(words):
            continue
        fact = _READERS[kind](ProbeFact(kind, device, target, int(status) == 0, words), macs)
        source = source.strip("-")
        yield replace(fact, source=source, detail=one_line(fact.detail, _SHOWN))


def _ping(told: ProbeFact, _: Mapping[str, str]) -> ProbeFact:
    return replace(told, detail=told.detail.split(" --- ")[-1])


def _arp(told: ProbeFact, _: Mapping[str, str]) -> ProbeFact:
    answered = _answered(told)
    return replace(told, ok=bool(answered), macs=answered)


def _duplicate(told: ProbeFact, macs: Mapping[str, str]) -> ProbeFact:
    others = tuple(mac for mac in _answered(told) if mac != macs.get(told.device))
    return replace(told, ok=not others, detail=", ".join(others), macs=others)


def _route(told: ProbeFact, _: Mapping[str, str]) -> ProbeFact:
    there = _DEVICE.search(told.detail)
    ok = told.ok and there is not None and not _NO_WAY.search(told.detail)
    if ok and there is not None and told.kind == "route-in":
        vrr = macvlan_name(told.device, 0)[:-1]
        ok = there[1] == told.device or there[1].startswith(vrr)
    return replace(told, ok=ok)


def _answered(told: ProbeFact) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mac.lower() for mac in _MAC.findall(told.detail)))


_READERS: dict[str, Callable[[ProbeFact, Mapping[str, str]], ProbeFact]] = {
    "ping": _ping,
    "arp": _arp,
    "duplicate": _duplicate,
    "route-in": _route,
    "route-out": _route,
}
