"""Mistakes that ifupdown2 accepts and that cost an address.

``ifreload`` exits 0 on a misspelt ``adress`` and silently removes the address, makes a forgotten
prefix length a host address, and gives one address to two interfaces. Only what a candidate adds
is judged; what the switch already runs with is left alone. What is legal and odd is a warning.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cached_property

from napalm_cumulus.config.address_checks import AddressChecks
from napalm_cumulus.config.attributes import KNOWN_ATTRIBUTES, OTHER_ATTRIBUTES
from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.config.dependencies import brought_up, hotplugged, lower_devices
from napalm_cumulus.config.interfaces_file import Attribute, InterfacesFile
from napalm_cumulus.config.knowledge import UNASKED, SwitchKnowledge, devices_without_stanza
from napalm_cumulus.config.problems import CandidateProblem, error, warning
from napalm_cumulus.config.semantics import macvlan_name

_LONGEST_NAME = 15  # the kernel's IFNAMSIZ less its final NUL
_LIKENESS = 0.8
_LAST_VLAN, _LAST_VNI = 4094, 2**24 - 1
_ONE_VLAN = ("vlan-id", "bridge-access", "bridge-pvid")
_VLAN_LISTS = ("bridge-vids", "bridge-trunk")
_VLAN_RANGE = re.compile(r"^(\d+)(?:-(\d+))?$")
#: Devices that no stanza makes: ports, and what other programs make.
_PHYSICAL = re.compile(r"^(swp|eth|en[opsx]|em|usb|wl|ib|tap|tun|veth|vnet|dummy|ifb|lo)\w*$")


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
    return tuple(p for p in found if (p.path, p.message) not in known)


def introduced_problems(
    base: Configuration, candidate: Configuration, switch: SwitchKnowledge = UNASKED
) -> tuple[CandidateProblem, ...]:
    """Return what the candidate gets wrong and the base does not, without the warnings."""
    return tuple(p for p in introduced(base, candidate, switch) if not p.is_warning)


def must_ask(base: Configuration, candidate: Configuration) -> bool:
    """Return whether the candidate adds something that only the switch can judge."""
    unknown = _attribute_names(candidate) - KNOWN_ATTRIBUTES
    if unknown and unknown - _attribute_names(base):
        return True
    devices = devices_without_stanza(candidate)
    return bool(devices and devices - devices_without_stanza(base))


def _attribute_names(configuration: Configuration) -> set[str]:
    return {a.name for at in _readable(configuration) for a in at.stanza.attributes}


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
        self._up = brought_up(configuration)

    def problems(self) -> Iterator[CandidateProblem]:
        for file in self._configuration.files:
            if file.is_template:  # its lines are not what they seem
                continue
            for problem in file.problems:
                yield CandidateProblem(file.path, problem.line, problem.message)
            yield from _swallowed(file)
        for at in self._stanzas:
            yield from _name_lengths(at)
            yield from _vlans(at)
            for attribute in at.stanza.attributes:
                yield from self._attribute(at, attribute)
            yield from self._standing_on(at)
        yield from self._left_down()
        yield from AddressChecks(self._configuration, self._stanzas, self._up).problems()

    # --- attributes -----------------------------------------------------------------------------

    def _attribute(self, at: Located, attribute: Attribute) -> Iterator[CandidateProblem]:
        name, known = attribute.name, self._switch.attributes
        if name in KNOWN_ATTRIBUTES or (known is not None and name in known):
            return
        if name in self._of_base:
            return
        if name in OTHER_ATTRIBUTES:
            if known is not None:
                why = f"this switch's ifupdown2 does not know the attribute '{name}'"
                yield warning(at, attribute.first, f"{why}, and passes it over")
            return
        near = difflib.get_close_matches(name, KNOWN_ATTRIBUTES, 1, _LIKENESS)
        if near:
            why = f"unknown attribute '{name}'; did you mean '{near[0]}'?"
            yield error(at, attribute.first, why)
        elif known is not None:
            why = f"this switch's ifupdown2 does not know the attribute '{name}'"
            yield error(at, attribute.first, why)

    @cached_property
    def _of_base(self) -> set[str]:
        """Return what the switch already has: it is not judged, where the candidate is."""
        return set() if self._configuration is self._base else _attribute_names(self._base)

    # --- what it stands on ----------------------------------------------------------------------

    def _standing_on(self, at: Located) -> Iterator[CandidateProblem]:
        for lower in lower_devices(at, self._names):
            if lower.name in self._names or lower.attribute == "vrf":
                continue
            why = f"{lower.attribute or 'it'} needs {lower.name}, which "
            verdict = self._missing(lower.name, at)
            if verdict == "certain":
                yield error(at, lower.line, why + "does not exist, and no stanza makes it")
            elif verdict:
                yield warning(at, lower.line, why + "no stanza makes")

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
        gateways_up = sum(1 for at in gateways if set(at.stanza.interfaces) <= up)
        for at in self._stanzas:
            down = set(at.stanza.interfaces) - up
            if at.stanza.keyword != "iface" or not down:
                continue
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
    for attribute in at.stanza.attributes:
        if attribute.name in _ONE_VLAN:
            words, last = [attribute.value], _LAST_VLAN
        elif attribute.name in _VLAN_LISTS:
            words, last = attribute.value.replace(",", " ").split(), _LAST_VLAN
        elif attribute.name == "vxlan-id":
            words, last = [attribute.value], _LAST_VNI
        else:
            continue
        for word in words:
            if not _is_number_up_to(word, last, is_range=attribute.name in _VLAN_LISTS):
                why = f"{attribute.name} {word} is not a number from 1 to {last}"
                yield error(at, attribute.first, why)
    yield from _vlan_of_name(at)


def _vlan_of_name(at: Located) -> Iterator[CandidateProblem]:
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
    found = _VLAN_RANGE.match(word)
    if found is None or (found[2] and not is_range):
        # What is no number in a list may be a word of another release.
        return is_range and not word[:1].isdecimal() and not word.startswith("-")
    begin, end = int(found[1]), int(found[2] or found[1])
    return 1 <= begin <= end <= last
