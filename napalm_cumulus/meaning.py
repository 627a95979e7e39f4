"""What a configuration means for the kernel: addresses per device, and what a change touches.

Facts of ifupdown2's ``addons/address.py`` and ``addons/addressvirtual.py``: each line
``address-virtual MAC IP/LEN ...`` becomes a macvlan ``<interface>-v<N>``, N counting the lines
from 0; ``address`` without a prefix length takes ``netmask`` or becomes a host address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_interface

from napalm_cumulus.configuration import Configuration

#: Attributes that ``ifup IFACE`` applies alone, without any other interface taking part.
_LOCAL_ATTRIBUTES = re.compile(r"^(address(-.*)?|alias)$")
_PLAIN_NAME = re.compile(r"^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,14}$")
_STATIC = ("static", "loopback", "manual")


@dataclass(frozen=True, order=True)
class Address:
    """An address on a device, as ``ip -o addr show`` prints it (``10.0.0.1/24``)."""

    device: str
    address: str


def macvlan_name(interface: str, index: int) -> str:
    """The VRR device of the index-th ``address-virtual`` line.

    >>> macvlan_name("vlan453", 0)
    'vlan453-v0'
    >>> macvlan_name("bridge.453", 1)
    'bridge-453-v1'
    """
    return f"{interface[:13].replace('.', '-')}-v{index}"


def addresses_of(configuration: Configuration, interface: str) -> frozenset[Address] | None:
    """The addresses that the configuration puts on an interface and its VRR devices.

    Returns:
        The addresses, or None where the text alone does not tell: DHCP, a mako template, an
        address that cannot be read.
    """
    found: set[Address] = set()
    virtual_lines = 0
    for at in configuration.stanzas_of(interface):
        if at.file.is_template or at.stanza.method not in _STATIC:
            return None
        netmasks = at.stanza.values("netmask")
        try:
            for value in at.stanza.values("address"):
                found.add(Address(interface, _with_prefix(value, netmasks)))
            for value in at.stanza.values("address-virtual"):
                device = macvlan_name(interface, virtual_lines)
                virtual_lines += 1
                for address in value.split()[1:]:
                    found.add(Address(device, str(ip_interface(address))))
        except ValueError:
            return None
    return frozenset(found)


def _with_prefix(value: str, netmasks: tuple[str, ...]) -> str:
    if "/" not in value and len(netmasks) == 1:
        value = f"{value}/{netmasks[0]}"
    return str(ip_interface(value.split()[0]))


@dataclass(frozen=True)
class Change:
    """What differs between two configurations.

    Attributes:
        interfaces: the interfaces whose stanzas differ, in reading order.
        targeted: whether ``ifup`` of those interfaces alone applies the difference: only
            addresses and aliases of plain, existing, auto interfaces change.
        why_full: where not targeted, what asks for a whole ``ifreload -a``.
    """

    interfaces: tuple[str, ...]
    targeted: bool
    why_full: str = ""


def change_between(old: Configuration, new: Configuration) -> Change:
    """Compare two configurations by meaning, not by text.

    A change of comments or blank lines only touches no interface and is targeted.
    """
    names = tuple(
        dict.fromkeys(
            name
            for configuration in (old, new)
            for at in configuration.stanzas()
            for name in at.stanza.interfaces
        )
    )
    changed = tuple(name for name in names if _stanzas(old, name) != _stanzas(new, name))
    why = _why_full(old, new, changed)
    return Change(changed, not why, why)


def _stanzas(
    configuration: Configuration, interface: str
) -> list[tuple[tuple[str, ...], list[tuple[str, str]]]]:
    return [
        (at.stanza.words, [(a.name, a.value) for a in at.stanza.attributes])
        for at in configuration.stanzas()
        if interface in at.stanza.interfaces
    ]


def _why_full(old: Configuration, new: Configuration, changed: tuple[str, ...]) -> str:
    for path in sorted({f.path for f in old.files} | {f.path for f in new.files}):
        texts = [c.tree.get(path) for c in (old, new)]
        if texts[0] == texts[1]:
            continue
        if any(f.is_template for c in (old, new) for f in c.files if f.path == path):
            return f"{path} is a mako template"
    if old.auto != new.auto:
        return "the auto lines change"
    for name in changed:
        if not _PLAIN_NAME.match(name) or name not in old.auto:
            return f"{name} is not a plain auto interface"
        before, after = _stanzas(old, name), _stanzas(new, name)
        if not before or not after:
            return f"{name} is added or removed"
        if [words for words, _ in before] != [words for words, _ in after]:
            return f"{name} has other stanzas"
        if _distant(before) != _distant(after):
            return f"{name} changes more than addresses"
    return ""


def _distant(stanzas: list[tuple[tuple[str, ...], list[tuple[str, str]]]]) -> list[list[str]]:
    """The attributes that reach beyond the interface itself."""
    return [
        [f"{name} {value}" for name, value in attributes if not _LOCAL_ATTRIBUTES.match(name)]
        for _, attributes in stanzas
    ]
