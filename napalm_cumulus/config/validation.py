"""Mistakes that ifupdown2 accepts and that cost an address.

``ifreload`` exits 0 on a misspelt ``adress`` and silently removes the address, makes a forgotten
prefix length a host address, and gives one address to two interfaces. Only what a candidate adds
is judged; what the switch already runs with is left alone.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_interface

from napalm_cumulus.config.attributes import KNOWN_ATTRIBUTES
from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.config.interfaces_file import Attribute, InterfacesFile
from napalm_cumulus.config.semantics import macvlan_name
from napalm_cumulus.patterns import normal_mac

_LONGEST_NAME = 15  # the kernel's IFNAMSIZ less its final NUL
_LIKENESS = 0.8
_SECRET = re.compile(
    r"^(\s*\S*(?:password|passwd|psk|secret|key)\S*\s+)\S.*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class CandidateProblem:
    """A line that would not mean what it says, and where it is."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return file, line and sentence."""
        return f"{self.path} line {self.line}: {self.message}."


def introduced_problems(
    base: Configuration, candidate: Configuration
) -> tuple[CandidateProblem, ...]:
    """Return what the candidate gets wrong and the base does not."""
    known = {(p.path, p.message) for p in _problems(base)}
    return tuple(p for p in _problems(candidate) if (p.path, p.message) not in known)


def unfamiliar_attributes(
    base: Configuration, candidate: Configuration
) -> tuple[CandidateProblem, ...]:
    """Return the attributes that the candidate adds and only the switch's ifupdown2 may know.

    The message is the attribute's name: the switch compares it with ``ifquery --syntax-help``.
    """
    known = KNOWN_ATTRIBUTES | {a.name for at in base.stanzas() for a in at.stanza.attributes}
    return tuple(
        CandidateProblem(at.file.path, attribute.first, attribute.name)
        for at in candidate.stanzas()
        if not at.file.is_template
        for attribute in at.stanza.attributes
        if attribute.name not in known
    )


def without_secrets(text: str) -> str:
    """Return the text with the values of password and key options replaced.

    >>> without_secrets("    wpa-psk hunter2")
    '    wpa-psk <removed>'
    """
    return _SECRET.sub(r"\1<removed>", text)


def _problems(configuration: Configuration) -> Iterator[CandidateProblem]:
    for file in configuration.files:
        for problem in file.problems:
            yield CandidateProblem(file.path, problem.line, problem.message)
        yield from _swallowed(file)
    for at in configuration.stanzas():
        if at.file.is_template:
            continue
        yield from _names(at)
        for attribute in at.stanza.attributes:
            message = _attribute_problem(attribute, bool(at.stanza.values("netmask")))
            if message:
                yield _at(at, attribute.first, message)
    yield from _not_auto(configuration)
    yield from _duplicates(configuration)


def _at(at: Located, line: int, message: str) -> CandidateProblem:
    return CandidateProblem(at.file.path, line, f"{at.stanza.name}: {message}")


def _names(at: Located) -> Iterator[CandidateProblem]:
    virtual = at.stanza.values("address-virtual")
    for name in at.stanza.interfaces:
        if len(name) > _LONGEST_NAME:
            yield _at(at, at.stanza.first, f"the name {name} is longer than 15 characters")
        elif virtual and len(macvlan_name(name, len(virtual) - 1)) > _LONGEST_NAME:
            device = macvlan_name(name, len(virtual) - 1)
            yield _at(at, at.stanza.first, f"its VRR device {device} is longer than 15 characters")


def _swallowed(file: InterfacesFile) -> Iterator[CandidateProblem]:
    for line in file.logical_lines:
        if line.text.startswith("#") and line.last > line.first and not file.is_template:
            message = f"the backslash makes line {line.last} part of this comment: {line.text!r}"
            yield CandidateProblem(file.path, line.first, message)


def _attribute_problem(attribute: Attribute, has_netmask: bool) -> str:
    if attribute.name not in KNOWN_ATTRIBUTES:
        near = difflib.get_close_matches(attribute.name, KNOWN_ATTRIBUTES, 1, _LIKENESS)
        return f"unknown attribute '{attribute.name}'; did you mean '{near[0]}'?" if near else ""
    if attribute.name == "address":
        return _address_problem(attribute.value, prefix_needed=not has_netmask)
    if attribute.name == "address-virtual":
        return _virtual_problem(attribute.value)
    return ""


def _address_problem(value: str, *, prefix_needed: bool) -> str:
    words = value.split()
    if len(words) != 1:
        return f"'{value}' is not one address (a comment cannot follow on the same line)"
    try:
        ip_interface(words[0])
    except ValueError:
        return f"'{value}' is not an address"
    if prefix_needed and "/" not in value:
        return f"'{value}' has no prefix length, so it would become a host address"
    return ""


def _virtual_problem(value: str) -> str:
    mac, *addresses = value.split()
    if mac.lower() != "none":
        if not (written := normal_mac(mac)):
            return f"'{mac}' is not a MAC address"
        if int(written[:2], 16) & 1:
            return f"the virtual MAC {mac} is a multicast address"
    if not addresses:
        return "address-virtual has no address behind its MAC"
    problems = (_address_problem(address, prefix_needed=True) for address in addresses)
    return next((problem for problem in problems if problem), "")


def _not_auto(configuration: Configuration) -> Iterator[CandidateProblem]:
    for at in configuration.stanzas():
        missing = set(at.stanza.interfaces) - configuration.auto
        if at.stanza.keyword == "iface" and missing and not at.file.is_template:
            yield _at(
                at, at.stanza.first, "it is not auto, so 'ifreload -a' and the boot ignore it"
            )


def _duplicates(configuration: Configuration) -> Iterator[CandidateProblem]:
    owners: dict[str, list[tuple[Located, Attribute]]] = defaultdict(list)
    for at in configuration.stanzas():
        for attribute in at.stanza.attributes:
            if attribute.name in ("address", "address-virtual") and not at.file.is_template:
                for word in attribute.value.split():
                    if "/" in word:
                        owners[word.split("/", 1)[0]].append((at, attribute))
    for address, places in owners.items():
        for at, attribute in places[1:]:
            first = places[0][0]
            if (first.file.path, first.stanza.name) == (at.file.path, at.stanza.name):
                continue
            yield _at(at, attribute.first, f"{address} is also on {first.stanza.name}")
