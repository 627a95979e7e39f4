"""Wrong addresses: without length, twice in one VRF, outside their subnet. Values that are none.

An address is judged in its VRF and with its mask: links without an address of their own borrow the
loopback's, and every VRF may have the same gateway.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from itertools import combinations
from socket import AF_INET, inet_pton
from typing import NamedTuple

from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.config.problems import CandidateProblem, error, warning
from napalm_cumulus.config.semantics import interface_of
from napalm_cumulus.patterns import normal_mac

#: At most so many places of one address are compared; a file has two of them, or a loop.
_COMPARED = 20
_LAST_WITH_BROADCAST = 30
#: A host address is normal on a tunnel.
_OF_TUNNELS = ("tunnel-mode", "tunnel-endpoint", "mode", "endpoint")
#: Names of loopbacks and dummies; ``long1`` is none.
_LOOPBACK = re.compile(r"(?:lo|loop|loopback|dummy)(?:\d+|[-_.:].*)?")
_NO_DEVICE = "00:00:00:00:00:00"
_OF_ADDRESSES = frozenset({"address", "address-virtual"})

_SMALLEST_MTU, _LARGEST_MTU = 68, 65536
_INFINIBAND = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19}")
_MAC_FROM_ELSEWHERE = ("random", "none")
_V4, _V4_BITS = 4, 32
#: An IPv4 address with a length; ``inet_pton`` refuses what ``ipaddress`` refuses of it.
_PLAIN_V4 = re.compile(r"([0-9.]+)/([0-9]|[12][0-9]|3[0-2])")
#: By version: the prefix of link-local addresses, and its length.
_LINK_LOCAL = {_V4: (0xA9FE, 16), 6: (0xFE80 >> 6, 10)}


class _Numbers(NamedTuple):
    """An address and its subnet as numbers: thousands of them are compared."""

    version: int
    ip: int
    length: int
    bits: int

    @property
    def is_host(self) -> bool:
        return self.length == self.bits

    @property
    def is_link_local(self) -> bool:
        prefix, length = _LINK_LOCAL[self.version]
        return self.ip >> (self.bits - length) == prefix

    @property
    def subnet(self) -> tuple[int, int]:
        return self.ip >> (self.bits - self.length), self.length

    def has(self, other: _Numbers) -> bool:
        """Return whether the other address, of the same version, is in this one's subnet."""
        return (self.ip ^ other.ip) >> (self.bits - self.length) == 0

    @property
    def is_of_the_network(self) -> bool:
        """Return whether no host of the subnet can have the address."""
        if self.version != _V4 or self.length > _LAST_WITH_BROADCAST:
            return False
        host_bits = (1 << (self.bits - self.length)) - 1
        return self.ip & host_bits in (0, host_bits)


@lru_cache(maxsize=65536)  # each address is looked at several times
def _numbers(text: str) -> _Numbers:
    """Return an address as numbers.

    Raises:
        ValueError: it is none.
    """
    found = _PLAIN_V4.fullmatch(text)
    if found is not None:  # much faster than ``ipaddress``, which has to refuse the others
        try:
            ip = int.from_bytes(inet_pton(AF_INET, found[1]), "big")
            return _Numbers(_V4, ip, int(found[2]), _V4_BITS)
        except OSError:
            pass
    value = interface_of(text)
    return _Numbers(value.version, int(value.ip), value.network.prefixlen, value.max_prefixlen)


class _Given(NamedTuple):
    """An address in a line of a stanza."""

    interface: str
    text: str
    numbers: _Numbers
    at: Located
    line: int
    virtual: bool

    @property
    def value(self) -> IPv4Interface | IPv6Interface:
        return interface_of(self.text)


class AddressChecks:
    """The checks of one configuration's addresses."""

    def __init__(
        self,
        configuration: Configuration,
        stanzas: tuple[Located, ...],
        up: frozenset[str],
        ports: Mapping[str, str],
    ) -> None:
        self._configuration = configuration
        self._stanzas = stanzas
        self._up = up
        self._ports = ports
        self._vrf: dict[str, str] = {}
        self._vrf_devices: set[str] = set()
        self._dummies: set[str] = set()
        for at in stanzas:
            for name in at.stanza.interfaces:
                for vrf in at.stanza.values("vrf"):
                    self._vrf[name] = vrf
                if at.stanza.values("vrf-table"):
                    self._vrf_devices.add(name)
                if "dummy" in at.stanza.values("link-type"):
                    self._dummies.add(name)
        for name in self._vrf_devices:
            self._vrf[name] = name

    def problems(self) -> Iterator[CandidateProblem]:
        """Yield mistakes and warnings."""
        for at in self._stanzas:
            if not _OF_ADDRESSES.isdisjoint(at.stanza.values_of):
                yield from self._values(at)
                yield from self._placement(at)
        yield from self._twice()
        yield from self._outside()

    # --- one value ------------------------------------------------------------------------------

    def _values(self, at: Located) -> Iterator[CandidateProblem]:
        for (given, line), value in zip(
            at.stanza.lines("address"), at.stanza.addresses, strict=True
        ):
            why = _not_one_address(value)
            if why:
                yield error(at, line, why)
            elif "/" not in value and not at.stanza.values("pointopoint"):
                yield from self._without_length(at, given, line)
        virtual = at.stanza.lines("address-virtual")
        for value, line in virtual:
            yield from self._virtual(at, value, line)
        if len(virtual) > 1:
            yield from _macs_twice(at)

    def _without_length(self, at: Located, value: str, line: int) -> Iterator[CandidateProblem]:
        names = at.stanza.interfaces
        if all(self._is_loopback(name) for name in names):
            return
        why = f"'{value}' has no prefix length, so it would become a host address"
        is_tunnel = any(at.stanza.values(name) for name in _OF_TUNNELS)
        if is_tunnel or all(name == "eth0" or self._vrf.get(name) == "mgmt" for name in names):
            yield warning(at, line, why)
        elif not all(self._borrows(name, value) for name in names):
            yield error(at, line, why)

    def _is_loopback(self, name: str) -> bool:
        """Return whether a host address is normal on such a device."""
        return name in self._vrf_devices | self._dummies or bool(_LOOPBACK.fullmatch(name))

    def _borrows(self, name: str, value: str) -> bool:
        wanted = _numbers(value)
        same = self._by_address.get((self._vrf.get(name, ""), wanted.ip, wanted.version), ())
        return any(self._is_loopback(given.interface) for given in same)

    def _virtual(self, at: Located, value: str, line: int) -> Iterator[CandidateProblem]:
        mac, *addresses = value.split()
        written = normal_mac(mac)
        if mac.lower() != "none":
            if not written or written == _NO_DEVICE:
                yield error(at, line, f"'{mac}' is not a MAC address")
            elif int(written[:2], 16) & 1:
                why = f"the virtual MAC {mac} is a multicast address"
                yield error(at, line, why)
        if not addresses and (mac.lower() == "none" or self._has_own_address(at)):
            # Without any address it is the SVI of a layer 3 VNI, with the router's MAC.
            yield error(at, line, "address-virtual has no address behind its MAC")
        for address in addresses:
            why = _not_one_address(address)
            if not why and "/" not in address:
                why = f"'{address}' has no prefix length, so it would become a host address"
            if why:
                yield error(at, line, why)

    def _has_own_address(self, at: Located) -> bool:
        return any(
            other.stanza.values("address")
            for name in at.stanza.interfaces
            for other in self._configuration.counted.get(name, ())
        )

    def _placement(self, at: Located) -> Iterator[CandidateProblem]:
        for name in at.stanza.interfaces:
            if name in self._ports:
                for _, line in at.stanza.lines("address-virtual")[:1]:
                    why = f"a port of {self._ports[name]} cannot have address-virtual"
                    yield error(at, line, why)

    # --- several --------------------------------------------------------------------------------

    @cached_property
    def _given(self) -> tuple[_Given, ...]:
        return tuple(self._all_given())

    def _all_given(self) -> Iterator[_Given]:
        for at in self._stanzas:
            if at.stanza.keyword != "iface" or at.stanza.method == "dhcp":
                continue
            if _OF_ADDRESSES.isdisjoint(at.stanza.values_of):
                continue
            own = zip(at.stanza.lines("address"), at.stanza.addresses, strict=True)
            values = [(value, line, False) for (_, line), value in own]
            for value, line in at.stanza.lines("address-virtual"):
                values += [(word, line, True) for word in value.split()[1:]]
            for text, line, virtual in values:
                try:
                    numbers = _numbers(text)
                except ValueError:
                    continue
                for name in at.stanza.interfaces:
                    yield _Given(name, text, numbers, at, line, virtual)

    @cached_property
    def _by_address(self) -> dict[tuple[str, int, int], list[_Given]]:
        found: dict[tuple[str, int, int], list[_Given]] = defaultdict(list)
        for given in self._given:
            version, ip, *_ = given.numbers
            found[self._vrf.get(given.interface, ""), ip, version].append(given)
        return found

    def _twice(self) -> Iterator[CandidateProblem]:
        for (vrf, *_), places in self._by_address.items():
            for first, again in combinations(places[:_COMPARED], 2):
                if first.interface != again.interface:
                    yield from self._two_owners(vrf, first, again)
                elif first.virtual or again.virtual:
                    both = first.virtual and again.virtual
                    why = "is given twice" if both else "is also the interface's own address"
                    text = f"the virtual address {again.value.ip} {why}"
                    yield warning(again.at, again.line, text)

    def _two_owners(self, vrf: str, first: _Given, again: _Given) -> Iterator[CandidateProblem]:
        hosts = (first.numbers.is_host, again.numbers.is_host)
        # Every link may have the same IPv6 link-local address.
        if all(hosts) or (first.numbers.version != _V4 and first.numbers.is_link_local):
            return
        lender = again if first.numbers.is_host else first
        if any(hosts) and self._is_loopback(lender.interface):
            return
        where = f" in VRF {vrf}" if vrf else ""
        why = f"{again.value.ip} is also on {first.at.stanza.name}{where}"
        if any(hosts) or not {first.interface, again.interface} <= self._up:
            yield warning(again.at, again.line, why)
        else:
            yield error(again.at, again.line, why)

    def _outside(self) -> Iterator[CandidateProblem]:
        own: dict[tuple[str, int], list[_Given]] = defaultdict(list)
        for given in self._given:
            if not given.virtual and not given.numbers.is_link_local:
                own[given.interface, given.numbers.version].append(given)
        for given in self._given:
            if not given.virtual or given.numbers.is_link_local:
                continue
            beside = own.get((given.interface, given.numbers.version), ())
            if not beside:
                continue
            if not any(_share_a_subnet(given.numbers, other.numbers) for other in beside):
                subnets = ", ".join(str(other.value.network) for other in beside)
                why = f"the virtual address {given.value} is outside its own subnet ({subnets})"
                yield error(given.at, given.line, why)
            elif not any(given.numbers.subnet == other.numbers.subnet for other in beside):
                subnets = ", ".join(str(other.value.network) for other in beside)
                why = f"the virtual address {given.value} has another length than {subnets}"
                yield warning(given.at, given.line, why)
            elif given.numbers.is_of_the_network:
                why = f"the virtual address {given.value} is the subnet's own or its broadcast"
                yield warning(given.at, given.line, why)


def _macs_twice(at: Located) -> Iterator[CandidateProblem]:
    macs: set[str] = set()
    for value, line in at.stanza.lines("address-virtual"):
        mac = normal_mac(value.split()[0])
        if mac in macs:
            why = f"two address-virtual lines have the MAC {mac}; the kernel refuses that"
            yield error(at, line, f"{why}, so put their addresses on one line")
        macs |= {mac} - {""}


def _share_a_subnet(one: _Numbers, other: _Numbers) -> bool:
    return other.has(one) or one.has(other)


def _not_one_address(value: str) -> str:
    words = value.split()
    if len(words) != 1:
        return f"'{value}' is not one address (a comment cannot follow on the same line)"
    try:
        _numbers(words[0])
    except ValueError:
        return f"'{value}' is not an address"
    return ""


def values(at: Located) -> Iterator[CandidateProblem]:
    """Yield what is wrong with the stanza's plain values: numbers, addresses and MACs."""
    for name, value, line, _ in at.stanza.body:
        check = _CHECKS.get(name)
        why = check(value) if check else ""
        if why:
            yield error(at, line, f"{name} {why}")
        elif name == "gateway":
            yield from _gateway(at, value.split()[0], line)


def _gateway(at: Located, gateway: str, line: int) -> Iterator[CandidateProblem]:
    """Yield a warning where no address of the stanza reaches the gateway."""
    if at.stanza.values("pointopoint") or at.stanza.method not in ("static", "manual"):
        return
    hop, subnets = ip_address(gateway), []
    try:
        subnets = [interface_of(value).network for value in at.stanza.addresses]
    except ValueError:  # told elsewhere
        return
    beside = [s for s in subnets if s.version == hop.version and s.prefixlen < s.max_prefixlen]
    if beside and not hop.is_link_local and not any(hop in subnet for subnet in beside):
        told = ", ".join(map(str, beside))
        yield warning(at, line, f"the gateway {gateway} is outside its own subnet ({told})")


def _mtu(value: str) -> str:
    if value.isdecimal() and _SMALLEST_MTU <= int(value[:9]) <= _LARGEST_MTU:
        return ""
    return f"{value} is not a number from {_SMALLEST_MTU} to {_LARGEST_MTU}"


def _mac(value: str) -> str:
    word = value.rsplit(maxsplit=1)[-1]  # Debian's form is "ether 00:..."
    if word.lower() in _MAC_FROM_ELSEWHERE or normal_mac(word) or _INFINIBAND.fullmatch(word):
        return ""
    return f"'{word}' is not a MAC address"


def _ip(value: str) -> str:
    try:
        ip_address(value.split(maxsplit=1)[0])
    except ValueError:
        return f"'{value}' is not an address"
    return ""


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "mtu": _mtu,
    "hwaddress": _mac,
    "clagd-sys-mac": _mac,
    "gateway": _ip,
    "vxlan-local-tunnelip": _ip,
}
