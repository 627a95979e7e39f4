"""What a configuration means for the kernel: addresses per device, and what a change touches.

These are facts of ifupdown2's ``addons/address.py`` and ``addons/addressvirtual.py``. Each line
``address-virtual MAC IP/LEN ...`` becomes a macvlan ``<interface>-v<N>``, where N counts the lines
from 0. ``address`` without a prefix length takes ``netmask``, or becomes a host address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.patterns import INTERFACE

#: Attributes that ``ifup IFACE`` applies without any other interface.
_LOCAL_ATTRIBUTES = re.compile(r"^(address(-.*)?|alias)$")
_PLAIN_NAME = re.compile(INTERFACE)
_STATIC = ("static", "loopback", "manual")


@dataclass(frozen=True, order=True)
class Address:
    """An address on a device, as ``ip -o addr show`` prints it (``10.0.0.1/24``)."""

    device: str
    address: str


@lru_cache(maxsize=65536)  # each address is looked at several times, and parsing is slow
def interface_of(text: str) -> IPv4Interface | IPv6Interface:
    """Return an address with its network, as ``ipaddress.ip_interface``."""
    return ip_interface(text)


def macvlan_name(interface: str, index: int) -> str:
    """Return the VRR device of the index-th ``address-virtual`` line.

    >>> macvlan_name("vlan453", 0)
    'vlan453-v0'
    >>> macvlan_name("bridge.453", 1)
    'bridge-453-v1'
    """
    return f"{interface[:13].replace('.', '-')}-v{index}"


def addresses_of(configuration: Configuration, interface: str) -> frozenset[Address] | None:
    """Return the addresses that the configuration puts on an interface and its VRR devices.

    Returns:
        The addresses, or None where the text alone does not tell: DHCP, a mako template, or an
        address that cannot be read.
    """
    found: set[Address] = set()
    virtual_lines = 0
    for at in configuration.counted.get(interface, ()):
        if at.stanza.keyword != "iface":
            continue
        if at.file.is_template or at.stanza.method not in _STATIC:
            return None
        try:
            for value in at.stanza.addresses:
                found.add(Address(interface, str(interface_of(value.split()[0]))))
            for value in at.stanza.values("address-virtual"):
                device = macvlan_name(interface, virtual_lines)
                virtual_lines += 1
                for address in value.split()[1:]:
                    found.add(Address(device, str(interface_of(address))))
        except ValueError:
            return None
    return frozenset(found)


def management_interfaces(configuration: Configuration, address: str) -> frozenset[str]:
    """Return the interfaces by which a switch is managed, as far as its configuration tells.

    Args:
        configuration: the switch's configuration.
        address: the address of its sessions; a name that is not an address adds nothing.

    Returns:
        ``eth0``, the management VRF and its members, and the interface with the address.
    """
    found = {"eth0", "mgmt"}
    for at in configuration.stanzas():
        held = {value.split("/", 1)[0] for value in at.stanza.values("address")}
        if address in held or "mgmt" in at.stanza.values("vrf"):
            found.update(at.stanza.interfaces)
    return frozenset(found)


@dataclass(frozen=True)
class Change:
    """The difference between two configurations.

    Attributes:
        interfaces: the interfaces whose stanzas differ, in reading order.
        targeted: whether ``ifup`` of those interfaces alone applies the difference: only
            addresses and aliases of plain, existing, auto interfaces change.
        why_full: the reason for a full ``ifreload -a``, where it is not targeted.
    """

    interfaces: tuple[str, ...]
    targeted: bool
    why_full: str = ""


#: For each stanza of an interface: the words after ``iface``, and its attributes in order.
_Meaning = list[tuple[tuple[str, ...], list[tuple[str, str]]]]


def change_between(old: Configuration, new: Configuration) -> Change:
    """Compare two configurations by meaning, not by text.

    A change of only comments or blank lines changes no interface, and is targeted.
    """
    before, after = _meanings(old), _meanings(new)
    changed = tuple(name for name in {**before, **after} if before.get(name) != after.get(name))
    why = _why_full_files(old, new) or next(
        (
            why
            for name in changed
            if (why := _why_full(name, before.get(name), after.get(name), old.auto))
        ),
        "",
    )
    return Change(changed, not why, why)


def _meanings(configuration: Configuration) -> dict[str, _Meaning]:
    meanings: dict[str, _Meaning] = {}
    for at in configuration.stanzas():
        for name in at.stanza.interfaces:
            attributes = [(a.name, a.value) for a in at.stanza.attributes]
            meanings.setdefault(name, []).append((at.stanza.words, attributes))
    return meanings


def _why_full_files(old: Configuration, new: Configuration) -> str:
    changed = old.changes_to(new)
    for file in (*old.files, *new.files):
        if file.path in changed and file.is_template:
            return f"{file.path} is a mako template"
    return "" if old.auto == new.auto else "the auto lines change"


def _why_full(
    name: str, before: _Meaning | None, after: _Meaning | None, auto: frozenset[str]
) -> str:
    if not before or not after:
        return f"{name} is added or removed"
    if not _PLAIN_NAME.fullmatch(name) or name not in auto:
        return f"{name} is not a plain auto interface"
    if [words for words, _ in before] != [words for words, _ in after]:
        return f"{name} has other stanzas"
    if _distant(before) != _distant(after):
        return f"{name} changes more than addresses"
    return ""


def _distant(stanzas: _Meaning) -> list[list[tuple[str, str]]]:
    """Return the attributes that affect more than the interface itself."""
    return [
        [pair for pair in attributes if not _LOCAL_ATTRIBUTES.match(pair[0])]
        for _, attributes in stanzas
    ]
