"""Mistakes that ifupdown2 accepts and that cost an address.

``ifreload`` exits 0 on a misspelt ``adress`` and silently removes the address, makes a forgotten
prefix length a host address, and gives one address to two interfaces. Only what a candidate adds
is judged; what the switch already runs with is left alone. What is legal and odd is a warning.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import takewhile

from napalm_cumulus.config.address_checks import AddressChecks, values
from napalm_cumulus.config.attributes import KNOWN_ATTRIBUTES, OTHER_ATTRIBUTES
from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.config.dependencies import (
    Lower,
    all_lower_devices,
    brought_up,
    hotplugged,
    ports_of_bridges_and_bonds,
)
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.config.knowledge import UNASKED, SwitchKnowledge, devices_without_stanza
from napalm_cumulus.config.problems import CandidateProblem, error, warning
from napalm_cumulus.config.semantics import macvlan_name
from napalm_cumulus.patterns import expand_range

_LONGEST_NAME = 15  # the kernel's IFNAMSIZ less its final NUL
_LIKENESS = 0.8
_LAST_VLAN, _LAST_VNI = 4094, 2**24 - 1
_ONE_VLAN = ("vlan-id", "bridge-access", "bridge-pvid")
_VLAN_LISTS = ("bridge-vids", "bridge-trunk")
_OF_VLANS = frozenset({*_ONE_VLAN, *_VLAN_LISTS, "vxlan-id"})
#: Debian's ifupdown takes patterns in auto lines too; a range of names is none.
_PATTERN = re.compile(r"[/*?]")
_VLAN_RANGE = re.compile(r"^(\d+)(?:-(\d+))?$")
#: Devices that no stanza makes: ports, and what other programs make.
_PHYSICAL = re.compile(
    r"^(swp\d+(s\d+)?|eth\d\w*|(en[opsx]|em|usb|wl|ib|tap|tun|veth|vnet|dummy|ifb|lo)\w*)$"
)
#: So many warnings of one kind are told one by one; a site can have a way of its own.
_TOLD = 3


def introduced(
    base: Configuration, candidate: Configuration, switch: SwitchKnowledge = UNASKED
) -> tuple[CandidateProblem, ...]:
    """Return what the candidate gets wrong or makes odd, and the base does not.

    Args:
        base: what the switch has.
        candidate: what it shall have.
        switch: what the switch itself knows; without it some things cannot be told.
    """
    found = dict.fromkeys(_Checks(candidate, base, switch).problems())
    if not found:
        return ()
    known = {(p.path, p.message) for p in _Checks(base, base, switch).problems()}
    return tuple(_folded(p for p in found if (p.path, p.message) not in known))


def _folded(problems: Iterable[CandidateProblem]) -> Iterator[CandidateProblem]:
    """Yield the problems, with warnings of one kind after the first few told as one."""
    kinds: dict[tuple[str, str], list[CandidateProblem]] = {}
    for problem in problems:
        name, _, why = problem.message.partition(": ")
        kind = (problem.path, why if problem.is_warning else f"{name}: {why}")
        kinds.setdefault(kind, []).append(problem)
    for (path, why), found in kinds.items():
        told = found if len(found) <= _TOLD + 1 else found[:_TOLD]
        yield from told
        if rest := found[len(told) :]:
            name = rest[0].message.partition(": ")[0]
            message = f"{name} and {len(rest) - 1} more: {why}"
            yield CandidateProblem(path, rest[0].line, message, is_warning=True)


def must_ask(base: Configuration, candidate: Configuration) -> bool:
    """Return whether the candidate adds something that only the switch can judge."""
    unknown = _attribute_names(candidate) - KNOWN_ATTRIBUTES
    if unknown and unknown - _attribute_names(base):
        return True
    devices = devices_without_stanza(candidate)
    return bool(devices and devices - devices_without_stanza(base))


def _attribute_names(configuration: Configuration) -> set[str]:
    return {name for at in _readable(configuration) for name in at.stanza.values_of}


def _readable(configuration: Configuration) -> tuple[Located, ...]:
    """Return the stanzas that are what they seem: not those of a mako template."""
    templates = {file.path for file in configuration.files if file.is_template}
    return tuple(at for at in configuration.stanzas() if at.file.path not in templates)


class _Checks:
    """The checks of one configuration."""

    def __init__(
        self, configuration: Configuration, base: Configuration, switch: SwitchKnowledge
    ) -> None:
        self._configuration = configuration
        self._base = base
        self._switch = switch
        self._stanzas = _readable(configuration)
        self._names = configuration.counted.keys()
        devices = all_lower_devices(configuration)
        self._up = brought_up(configuration, devices)
        self._ports = ports_of_bridges_and_bonds(devices)
        self._lower: dict[int, list[Lower]] = {}
        for lower in devices:
            self._lower.setdefault(id(lower.at), []).append(lower)

    def problems(self) -> Iterator[CandidateProblem]:
        for file in self._configuration.files:
            if file.is_template:  # its lines are not what they seem
                continue
            for problem in file.problems:
                yield CandidateProblem(file.path, problem.line, problem.message)
            if "\\" in file.text:
                yield from _swallowed(file)
        for at in self._stanzas:
            yield from _name_lengths(at)
            yield from _vlans(at)
            yield from values(at)
            for name, _, line, _ in at.stanza.body:
                if name not in KNOWN_ATTRIBUTES:
                    yield from self._unknown(at, name, line)
            yield from self._standing_on(at)
        yield from self._left_down()
        yield from self._auto_alone()
        yield from _twice(self._stanzas)
        addresses = AddressChecks(self._configuration, self._stanzas, self._up, self._ports)
        yield from addresses.problems()

    # --- attributes -----------------------------------------------------------------------------

    def _unknown(self, at: Located, name: str, line: int) -> Iterator[CandidateProblem]:
        known = self._switch.attributes
        if name in self._of_base or (known is not None and name in known):
            return
        if name in OTHER_ATTRIBUTES:
            if known is not None:
                why = f"this switch's ifupdown2 does not know the attribute '{name}'"
                yield warning(at, line, f"{why}, and passes it over")
            return
        near = _meant_by(name)
        if near:
            why = f"unknown attribute '{name}' (did you mean '{near}'?)"
            yield error(at, line, why)
        elif known is not None:
            why = f"this switch's ifupdown2 does not know the attribute '{name}'"
            yield error(at, line, why)
        else:
            why = f"'{name}' is no attribute of ifupdown2 3.0; another release may know it"
            yield warning(at, line, why)

    @cached_property
    def _of_base(self) -> set[str]:
        """Return what the switch already has: it is not judged, where the candidate is."""
        return set() if self._configuration is self._base else _attribute_names(self._base)

    # --- what it stands on ----------------------------------------------------------------------

    def _standing_on(self, at: Located) -> Iterator[CandidateProblem]:
        for lower in self._lower.get(id(at), ()):
            if lower.name in self._names:
                if lower.attribute == "vrf" and lower.name not in self._vrfs:
                    why = f"vrf {lower.name}: the stanza of {lower.name} has no vrf-table"
                    yield warning(at, lower.line, why)
                continue
            why = f"{lower.attribute or 'it'} needs {lower.name}, which "
            verdict = self._missing(lower.name, at)
            if verdict == "certain":
                yield error(at, lower.line, why + "does not exist, and no stanza makes it")
            elif verdict:
                yield warning(at, lower.line, why + "no stanza makes")

    @cached_property
    def _vrfs(self) -> set[str]:
        """Return the interfaces that are VRFs, or may be: a template does not tell."""
        return {
            name
            for name, stanzas in self._configuration.counted.items()
            if any(at.file.is_template or at.stanza.values("vrf-table") for at in stanzas)
        }

    def _missing(self, name: str, at: Located) -> str:
        """Return whether a device without a stanza is missing: "certain", "perhaps", or empty."""
        root = name
        while "." in root and root not in self._names:
            root = root.rpartition(".")[0]
        if root in self._names:
            return ""
        if self._switch.devices is not None:
            made_by_base = root in self._base.counted and not _PHYSICAL.match(root)
            return "" if root in self._switch.devices and not made_by_base else "certain"
        if _PHYSICAL.match(root):
            return ""
        # A stanza that is there already has what it stands on, and the files are read as they are.
        return "certain" if at.stanza.name in self._base.counted and self._is_whole else "perhaps"

    @cached_property
    def _is_whole(self) -> bool:
        """Return whether every stanza stands in the files as text."""
        return not any(file.is_template for file in self._configuration.files)

    # --- what is not brought up -----------------------------------------------------------------

    def _left_down(self) -> Iterator[CandidateProblem]:
        up, plugged = self._up, hotplugged(self._configuration)
        gateways = [at for at in self._stanzas if at.stanza.values("address-virtual")]
        gateways_up = sum(1 for at in gateways if up.issuperset(at.stanza.interfaces))
        for at in self._stanzas:
            if at.stanza.keyword != "iface" or up.issuperset(at.stanza.interfaces):
                continue
            down = set(at.stanza.interfaces) - up
            if at.stanza.method == "manual" and not at.stanza.body:
                continue  # it would do nothing (as Proxmox writes it for a spare port)
            if down <= plugged:
                why = "it is allow-hotplug, not auto: 'ifreload -a' passes it over"
                yield warning(at, at.stanza.first, why)
                continue
            why = "it is not auto, so 'ifreload -a' and the boot ignore it"
            if at.stanza.values("address-virtual") and gateways_up:
                # Where every gateway is so, it is the site's way of doing it.
                yield error(at, at.stanza.first, f"{why}, unlike {gateways_up} other gateways")
            else:
                yield warning(at, at.stanza.first, why)

    def _auto_alone(self) -> Iterator[CandidateProblem]:
        if not self._is_whole:
            return
        described = self._names | {at.stanza.name for at in self._stanzas}
        for file in self._configuration.files:
            for directive in file.directives:
                if directive.keyword != "auto":
                    continue
                # There are no comments behind a line; what stands there harms nobody.
                for word in takewhile(lambda word: word[:1] != "#", directive.words):
                    if word == "all" or word in described or _PATTERN.search(word):
                        continue
                    if any(name.split(":")[0] not in described for name in expand_range(word)):
                        why = f"{word}: it is auto, and no iface stanza describes it"
                        yield CandidateProblem(file.path, directive.first, why, is_warning=True)


def _twice(stanzas: Iterable[Located]) -> Iterator[CandidateProblem]:
    seen: dict[tuple[str, str], Located] = {}
    for at in stanzas:
        if at.stanza.keyword != "iface" or ":" in at.stanza.words[0]:
            continue  # an alias is meant to add to its parent
        firsts = [seen.setdefault((name, at.stanza.family), at) for name in at.stanza.interfaces]
        first = next((first for first in firsts if first is not at), None)
        if first is None:
            continue
        if first.stanza.says == at.stanza.says:
            why = "it has this same stanza already; ifupdown2 passes this one over"
        else:
            why = "it has a stanza already; ifupdown2 adds the two together"
        yield warning(at, at.stanza.first, why)


@lru_cache
def _meant_by(name: str) -> str:
    """Return the attribute that a misspelt name most likely means; empty for none.

    >>> _meant_by("adress"), _meant_by("mut"), _meant_by("virtual-address"), _meant_by("wol")
    ('address', 'mtu', 'address-virtual', '')
    """
    letters, words = sorted(name), sorted(name.split("-"))
    for known in sorted(KNOWN_ATTRIBUTES):  # letters or words in another order
        if sorted(known) == letters or sorted(known.split("-")) == words:
            return known
    near = difflib.get_close_matches(name, KNOWN_ATTRIBUTES, 1, _LIKENESS)
    return near[0] if near else ""


def _name_lengths(at: Located) -> Iterator[CandidateProblem]:
    virtual = at.stanza.values("address-virtual")
    for name in at.stanza.interfaces:
        if len(name) > _LONGEST_NAME:
            yield error(at, at.stanza.first, f"the name {name} is longer than 15 characters")
        elif virtual and len(macvlan_name(name, len(virtual) - 1)) > _LONGEST_NAME:
            device = macvlan_name(name, len(virtual) - 1)
            why = f"its VRR device {device} is longer than 15 characters"
            yield error(at, at.stanza.first, why)


def _swallowed(file: InterfacesFile) -> Iterator[CandidateProblem]:
    for line in file.logical_lines:
        if line.text.startswith("#") and line.last > line.first:
            message = f"the backslash makes line {line.last} part of this comment: {line.text!r}"
            yield CandidateProblem(file.path, line.first, message)


def _vlans(at: Located) -> Iterator[CandidateProblem]:
    of_vlans = not _OF_VLANS.isdisjoint(at.stanza.values_of)
    for name, value, line, _ in at.stanza.body if of_vlans else ():
        if name in _ONE_VLAN:
            words, last = [value], _LAST_VLAN
        elif name in _VLAN_LISTS:
            words, last = value.replace(",", " ").split(), _LAST_VLAN
        elif name == "vxlan-id":
            words, last = [value], _LAST_VNI
        else:
            continue
        for word in words:
            if not _is_number_up_to(word, last, is_range=name in _VLAN_LISTS):
                yield error(at, line, f"{name} {word} is not a number from 1 to {last}")
    yield from _vlan_of_name(at)


def _vlan_of_name(at: Located) -> Iterator[CandidateProblem]:
    if "." not in at.stanza.name and not at.stanza.name.startswith("vlan"):
        return
    told = at.stanza.values("vlan-id")
    for name in at.stanza.interfaces:
        is_svi = name.startswith("vlan") and bool(at.stanza.values("vlan-raw-device"))
        number = name.rpartition(".")[2] if "." in name else name[4:] if is_svi else ""
        if not number.isdecimal():
            continue
        if told and told[0].isdecimal() and int(told[0]) != int(number):
            yield warning(at, at.stanza.first, f"its vlan-id is {told[0]}, unlike its name")
        elif not told and not _is_number_up_to(number, _LAST_VLAN, is_range=False):
            why = f"the VLAN {number} of its name is not a number from 1 to {_LAST_VLAN}"
            yield error(at, at.stanza.first, why)


def _is_number_up_to(word: str, last: int, *, is_range: bool) -> bool:
    if word.isdecimal():
        return 1 <= int(word) <= last
    found = _VLAN_RANGE.match(word)
    if found is None or (found[2] and not is_range):
        # What is no number in a list may be a word of another release.
        return is_range and not word[:1].isdecimal() and not word.startswith("-")
    begin, end = int(found[1]), int(found[2] or found[1])
    return 1 <= begin <= end <= last
