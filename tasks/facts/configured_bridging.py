"""Reads what the configuration gives the ports of VLAN-aware bridges and bonds, as ifupdown2 does.

``bridge-vids`` and ``bridge-pvid`` of the bridge are the defaults of its ports. A port's own
``bridge-access`` overrides everything, then its own ``bridge-vids``, ``bridge-pvid`` and
``bridge-allow-untagged``. Without any the VLAN of frames without a tag is 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from napalm_cumulus.commit.repair_steps import names_port
from tasks.facts.bridging import Bridging, ConfiguredBond, ConfiguredPort

if TYPE_CHECKING:
    from napalm_cumulus.config.configuration import Configuration

#: ifupdown2's words for yes.
_YES = frozenset({"on", "yes", "1", "fast"})
_PATTERN = frozenset({"glob", "regex"})
_DEFAULT_PVID = 1
_MAX_VLAN = 4094
_Ranges = tuple[tuple[int, int], ...]


class _Stanzas:
    """The attributes of the interfaces of a configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self.counted = configuration.counted

    def values(self, name: str, attribute: str) -> tuple[str, ...]:
        """Return the values of an attribute of an interface, of all its stanzas."""
        found = self.counted.get(name, ())
        return tuple(value for at in found for value in at.stanza.values(attribute))

    def first(self, name: str, *attributes: str) -> str:
        """Return the first value of the first of these attributes that has one; else empty."""
        found = (value for each in attributes for value in self.values(name, each))
        return next((value for value in found if value), "")

    def having(self, attribute: str) -> Iterator[str]:
        """Yield the interfaces that have an attribute."""
        for name, stanzas in self.counted.items():
            if any(at.stanza.values(attribute) for at in stanzas):
                yield name


def bridging_of(configuration: Configuration, names: Iterable[str]) -> Bridging:
    """Return what a configuration says of VLAN-aware bridges and bonds.

    Args:
        configuration: the files, or what ifupdown2 makes of them.
        names: the devices of the switch, of which patterns choose.
    """
    stanzas, known = _Stanzas(configuration), tuple(names)
    ports: dict[str, ConfiguredPort] = {}
    for bridge in stanzas.having("bridge-vlan-aware"):
        if stanzas.first(bridge, "bridge-vlan-aware") in _YES:
            lines = stanzas.values(bridge, "bridge-ports")
            one_by_one = _PATTERN.isdisjoint(word for line in lines for word in line.split())
            for name in _named(lines, known):
                port = _port(stanzas, bridge, name)
                down = stanzas.first(name, "link-down") in _YES
                ports.setdefault(name, replace(port, required=one_by_one and not down))
    bonds = {
        bond: ConfiguredBond(bond, _named(stanzas.values(bond, attribute), known))
        for attribute in ("bond-ports", "bond-slaves")
        for bond in stanzas.having(attribute)
    }
    return Bridging(ports, bonds)


def _named(lines: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the ports that lines of words name, one by one or by a pattern."""
    words = [word for line in lines for word in line.split() if word != "none"]
    if _PATTERN.isdisjoint(words):
        return tuple(dict.fromkeys(words))
    return tuple(name for name in known if names_port(words, name))


def _port(stanzas: _Stanzas, bridge: str, name: str) -> ConfiguredPort:
    access = stanzas.first(name, "bridge-access").split()
    pvids = (
        stanzas.first(name, "bridge-pvid").split() or stanzas.first(bridge, "bridge-pvid").split()
    )
    if access:
        vids, pvids = access, access
    else:
        own = stanzas.first(name, "bridge-vids", "bridge-trunk")
        vids = re.split(r"[\s,]+", own or stanzas.first(bridge, "bridge-vids", "bridge-trunk"))
    untagged = access or stanzas.first(name, "bridge-allow-untagged") in {"", "yes"}
    pvid = (_number(pvids[0]) if pvids else _DEFAULT_PVID) if untagged else None
    vnis = _vnis(stanzas.values(name, "bridge-vlan-vni-map"))
    alone = ((vlan, vlan) for vlan in (*vnis, *([pvid] if pvid else ())))
    return ConfiguredPort(
        name,
        bridge,
        tuple(dict.fromkeys((*_ranges(vids), *alone))),
        pvid,
        vnis,
        judged=len(stanzas.counted.get(name, ())) <= 1
        and not stanzas.first(bridge, "bridge-port-vids", "bridge-port-pvids"),
    )


def _ranges(words: Iterable[str]) -> _Ranges:
    """Return the ranges that the words tell, up to the first that is none: so does ifupdown2."""
    found = []
    for word in filter(None, words):
        first, _, last = word.partition("-")
        low, high = _number(first), _number(last or first)
        if low is None or high is None:
            break
        found.append((low, high))
    return tuple(found)


def _vnis(lines: Iterable[str]) -> Mapping[int, int]:
    """Return the VNI of each VLAN in the lines of a single VXLAN device, ``100-101=1100-1101``."""
    found: dict[int, int] = {}
    for line in lines:
        for word in line.split():
            vlans, _, vnis = word.partition("=")
            ((low, high), *_), ((vni, last), *_) = (
                _ranges([vlans]) or ((1, 0),),
                _ranges([vnis]) or ((0, 0),),
            )
            if vnis and high <= _MAX_VLAN and high - low == last - vni:
                found |= {vlan: vni + vlan - low for vlan in range(low, high + 1)}
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 8 else None  # noqa: PLR2004
