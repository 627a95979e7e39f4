"""What ``ifreload -a`` and the boot bring up: the auto interfaces, and everything below them.

ifupdown2 brings up the ports of an auto bridge or bond, the raw device of a VLAN, and the VRF of
its members, even if they have no ``auto`` line of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.patterns import expand_range

#: Attributes whose value is a list of ports.
PORT_LISTS = ("bridge-ports", "bond-slaves", "bond-ports")
#: Attributes whose value is the one device below the interface.
LOWER_DEVICES = ("vlan-raw-device", "vxlan-physdev", "tunnel-physdev", "vrf")
_OF_LOWER = frozenset({*PORT_LISTS, *LOWER_DEVICES})
#: ``swp1-4.100`` after the word ``glob``, where there are no brackets.
_GLOB = re.compile(r"^(.*?\D)(\d{1,9})-(\d{1,9})(.*)$")
_BRACKETS = re.compile(r"^(.*?)\[(\d{1,9})-(\d{1,9})\](.*)$")
_MANY = 10_000
_NO_PORTS = ("none", "all")


class Lower(NamedTuple):
    """A device below an interface.

    Attributes:
        name: the device.
        attribute: the attribute that names it; empty where the interface's own name does.
        at: the stanza.
        line: the line of that attribute, or of the stanza.
    """

    name: str
    attribute: str
    at: Located
    line: int


def ports(value: str, names: Collection[str]) -> Iterator[str]:
    """Yield the ports of a list as ifupdown2 reads it.

    Args:
        value: the value of ``bridge-ports`` or ``bond-slaves``.
        names: every interface in the files; a ``regex`` chooses among them.

    >>> list(ports("glob swp1-2.100 bond1 regex vni.*", ["vni10", "lo"]))
    ['swp1.100', 'swp2.100', 'bond1', 'vni10']
    """
    how = ""
    for word in value.split():
        if word in ("glob", "regex", "noglob", "noregex"):
            how = word
        elif how == "regex":
            yield from _matching(word, names)
            how = ""
        elif how == "glob":
            yield from _expanded(word)
            how = ""
        elif word not in _NO_PORTS:
            yield from expand_range(word)


def _matching(pattern: str, names: Iterable[str]) -> Iterator[str]:
    try:
        chosen = re.compile(pattern)
    except re.error:
        return
    yield from (name for name in names if chosen.match(name))


def _expanded(word: str) -> Iterator[str]:
    """Yield the names of a glob.

    >>> list(_expanded("bond-0[1-2]s[0-1].100")), list(_expanded("swp9-10"))
    (['bond-01s0.100', 'bond-01s1.100', 'bond-02s0.100', 'bond-02s1.100'], ['swp9', 'swp10'])
    """
    found = (_BRACKETS if "[" in word else _GLOB).match(word)
    if found is None:
        yield word
        return
    head, first, last, rest = found.groups()
    for number in range(int(first), min(int(last) + 1, int(first) + _MANY)):
        yield from _expanded(f"{head}{number}{rest}") if "[" in rest else (f"{head}{number}{rest}",)


def lower_devices(at: Located, names: Collection[str]) -> Iterator[Lower]:
    """Yield the devices below the stanza's interfaces.

    Args:
        at: the stanza.
        names: every interface of the files.
    """
    for attribute, value, line, _ in at.stanza.body:
        if attribute not in _OF_LOWER:
            continue
        if attribute in PORT_LISTS:
            for port in ports(value, names):
                yield Lower(port, attribute, at, line)
        else:
            for word in value.split()[:1]:
                yield Lower(word, attribute, at, line)
    if "." in at.stanza.name and not at.stanza.values("vlan-raw-device"):
        for name in at.stanza.interfaces:
            if "." in name:
                yield Lower(name.rpartition(".")[0], "", at, at.stanza.first)


def all_lower_devices(configuration: Configuration) -> tuple[Lower, ...]:
    """Return the devices below all interfaces, in reading order of their stanzas."""
    names = configuration.counted.keys()
    return tuple(lower for at in configuration.stanzas() for lower in lower_devices(at, names))


def brought_up(
    configuration: Configuration, devices: Sequence[Lower] | None = None
) -> frozenset[str]:
    """Return the interfaces that ``ifreload -a`` and the boot bring up.

    Args:
        configuration: the files.
        devices: its ``all_lower_devices``, where they are known already.
    """
    if devices is None:
        devices = all_lower_devices(configuration)
    lower: dict[str, list[set[str]]] = {name: [] for name in configuration.counted}
    for _, same in groupby(devices, lambda device: id(device.at)):
        stood_on = [*same]
        below = {device.name for device in stood_on}
        for name in stood_on[0].at.stanza.interfaces:
            lower[name].append(below)
    found = set(configuration.auto)
    waiting = list(found)
    followed: set[int] = set()  # the interfaces of a range share what they stand on
    while waiting:
        name = waiting.pop()
        if name not in lower and "." in name:  # made without a stanza, on the device in its name
            lower[name] = [{name.rpartition(".")[0]}]
        for below in lower.get(name, ()):
            if id(below) not in followed:
                followed.add(id(below))
                waiting += below - found
                found |= below
    return frozenset(found)


def hotplugged(configuration: Configuration) -> frozenset[str]:
    """Return the interfaces with an ``allow-hotplug`` line (or another ``allow-`` class)."""
    return frozenset(
        name
        for file in configuration.files
        for directive in file.directives
        if directive.keyword.startswith("allow-")
        for name in directive.names
    )


def ports_of_bridges_and_bonds(devices: Iterable[Lower]) -> dict[str, str]:
    """Return each port of a bridge or a bond, with its bridge or bond."""
    return {lower.name: lower.at.stanza.name for lower in devices if lower.attribute in PORT_LISTS}
