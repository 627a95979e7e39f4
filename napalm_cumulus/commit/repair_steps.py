"""The steps that a repair may consist of: a closed set, each with arguments that were checked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.semantics import addresses_of, macvlan_name
from napalm_cumulus.patterns import INTERFACE, normal_mac

_NAME = re.compile(INTERFACE)
#: ``ifup`` takes these many names in one step.
_NAMES_PER_STEP = 4
#: The metric that ifupdown2 gives to the addresses of VRR devices.
VRR_METRIC = 1024
#: How a problem begins that is a complaint of ``ifup`` about a stanza.
IFUP_SAYS = "ifup says: "


@dataclass(frozen=True)
class Step:
    """One step of a repair.

    Attributes:
        verb: what the on-switch program calls it.
        arguments: what it works on.
        interfaces: the stanzas whose ``ifup`` undoes it, and whose addresses are checked after it.
        words: what it does, for a person.
        disruptive: whether it takes something away for an instant.
    """

    verb: str
    arguments: tuple[str, ...]
    interfaces: tuple[str, ...]
    words: str
    disruptive: bool = False

    @property
    def line(self) -> str:
        """Return the step as the on-switch program reads it."""
        return " ".join((self.verb, *self.arguments))


def reapply(*interfaces: str) -> Step:
    """Return the step that runs ``ifup``, and sets the devices up and forwarding.

    After it no device of theirs is down or protocol-down, no VRR device has a smaller MTU than its
    interface or is in another VRF, and no port of a bridge without STP waits: ``ifup`` alone leaves
    such.

    >>> reapply("swp1s3", "vlan453").line
    'reapply swp1s3 vlan453'
    """
    names = tuple(_name(interface) for interface in interfaces)
    if not 1 <= len(names) <= _NAMES_PER_STEP:
        raise ValueError(f"reapply takes one to {_NAMES_PER_STEP} interfaces, not {len(names)}")
    return Step("reapply", names, names, f"ifup {' '.join(names)}, devices up")


def flap(device: str, interface: str) -> Step:
    """Return the step that sets a device down and up and restores its global IPv6 addresses.

    Args:
        device: the VRR device or port.
        interface: the stanza that it comes from.
    """
    words = f"ip link set {device} down; ip link set {device} up"
    return Step("flap", (_name(device),), (_name(interface),), words, disruptive=True)


def recreate(device: str, interface: str) -> Step:
    """Return the step that deletes a VRR device and makes it anew by ``ifup`` of its interface."""
    words = f"ip link delete {device}; ifup {interface}"
    arguments = (_name(device), _name(interface))
    return Step("recreate", arguments, (_name(interface),), words, disruptive=True)


def set_mac(device: str, mac: str, interface: str) -> Step:
    """Return the step that sets a device down, gives it a MAC, and sets it up.

    >>> set_mac("vlan453-v0", "0:0:5E:0:1:C5", "vlan453").line
    'set-mac vlan453-v0 00:00:5e:00:01:c5'
    """
    written = normal_mac(mac)
    if not written or int(written[:2], 16) & 1:
        raise ValueError(f"not a MAC address that a device can have: {mac!r}")
    words = f"ip link set {device} down; ip link set {device} address {written}; up again"
    arguments = (_name(device), written)
    return Step("set-mac", arguments, (_name(interface),), words, disruptive=True)


def reroute(device: str, address: str, interface: str, *, metric: int = 0) -> Step:
    """Return the step that adds the connected and local routes of an address where they are gone.

    Args:
        device: the device that holds the address; where it does not, nothing is done.
        address: IPv4, with its prefix length.
        interface: the stanza that it comes from.
        metric: of the connected route.

    >>> reroute("vlan453-v0", "130.246.212.1/22", "vlan453", metric=1024).line
    'reroute vlan453-v0 130.246.212.1 130.246.212.0/22 1024'
    """
    parsed = IPv4Interface(address)
    arguments = (_name(device), str(parsed.ip), str(parsed.network), str(int(metric)))
    words = f"the kernel's own routes of {interface}, where they are gone"
    return Step("reroute", arguments, (_name(interface),), words)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"not an interface name: {text!r}")
    return text


# --- what the configuration says about the devices that steps work on ----------------------------


def bridges_of(configuration: Configuration, port: str) -> tuple[str, ...]:
    """Return the bridges that the configuration gives this port.

    ``ifup`` of a port does not put it back into its bridge; that of the bridge does.
    """
    found = [
        name
        for at in configuration.stanzas()
        if names_port(" ".join(at.stanza.values("bridge-ports")).split(), port)
        for name in at.stanza.interfaces
    ]
    return tuple(dict.fromkeys(found))


def names_port(tokens: list[str], port: str) -> bool:
    """Return whether the words of ``bridge-ports`` name a port, or ifupdown2's patterns do.

    >>> names_port("glob swp1-20s0-3".split(), "swp5s2"), names_port(["swp1"], "swp11")
    (True, False)
    """
    return port in tokens or any(
        (kind == "glob" and _in_glob(pattern, port))
        or (kind == "regex" and re.match(pattern, port) is not None)
        for kind, pattern in itertools.pairwise(tokens)
    )


def _in_glob(pattern: str, port: str) -> bool:
    pieces = re.split(r"\[?(\d+)-(\d+)\]?", pattern)
    fixed, ranges = pieces[::3], list(zip(pieces[1::3], pieces[2::3], strict=True))
    match = re.fullmatch(r"(\d+)".join(map(re.escape, fixed)), port)
    return match is not None and all(
        int(low) <= int(number) <= int(high)
        for (low, high), number in zip(ranges, match.groups(), strict=True)
    )


def wishes(configuration: Configuration, interfaces: Iterable[str]) -> tuple[str, ...]:
    """Return what the kernel must have for these interfaces, a line each as the switch checks it.

    ``+ device WHAT``, where WHAT is an address, ``UP``, or the MAC of a VRR device. Where the
    text alone does not tell (DHCP, templates) only the interface itself is asked to be up.
    """
    lines: list[str] = []
    for interface in interfaces:
        stanzas = [at.stanza for at in configuration.counted.get(interface, ())]
        if any(value == "yes" for s in stanzas for value in s.values("link-down")):
            continue
        lines.append(f"+ {interface} UP")
        addresses = addresses_of(configuration, interface)
        if addresses is None:
            continue
        lines += [f"+ {a.device} {a.address}" for a in sorted(addresses)]
        virtual = [value for s in stanzas for value in s.values("address-virtual")]
        for index, value in enumerate(virtual):
            device, mac = macvlan_name(interface, index), normal_mac(value.split()[0])
            lines.append(f"+ {device} UP")
            if mac:
                lines.append(f"+ {device} {mac}")
    return tuple(dict.fromkeys(lines))
