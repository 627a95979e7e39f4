"""Indexes over a switch's facts, for checks and diagnosis alike.

Each index is made once for a switch, when it is first used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from tasks.addresses import IpAddress, IpInterface, IpNetwork, is_link_local
from tasks.facts.model import LinkFact, NeighbourFact, RouteFact, Section, SwitchFacts
from tasks.model import Gateway, VirtualAddress

MAIN_TABLE = frozenset({"main", "254"})
LOCAL_TABLE = frozenset({"local", "255"})
_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Vip:
    """A configured VIP, and the kernel's state of its devices.

    Attributes:
        gateway: its stanza.
        virtual: its address in the stanza.
        ip: its address, without the prefix length.
        link: its VRR device; None where there is none.
        svi: its SVI; None where there is none.
        holders: the devices that have its address, with any prefix length.
    """

    gateway: Gateway
    virtual: VirtualAddress
    ip: IpAddress
    link: LinkFact | None
    svi: LinkFact | None
    holders: tuple[str, ...]

    @property
    def device(self) -> str:
        """Return the VRR device's name."""
        return self.virtual.device

    @property
    def interface(self) -> str:
        """Return the SVI's name."""
        return self.gateway.interface


@dataclass(frozen=True)
class Index:
    """The facts of a switch, and indexes over them."""

    facts: SwitchFacts

    @cached_property
    def known(self) -> frozenset[str]:
        """Return what could be read: section names, ``gateways``, ``sysctls``, ``left_over``."""
        facts = self.facts
        told = {
            "gateways": facts.gateways_unread,
            "sysctls": facts.sysctls_unread,
            "left_over": facts.left_over_unread,
        }
        sections = (
            name
            for name, value in vars(facts).items()
            if isinstance(value, Section) and value.known
        )
        return frozenset((*sections, *(name for name, unread in told.items() if not unread)))

    @cached_property
    def links(self) -> Mapping[str, LinkFact]:
        """Return the devices by name."""
        return {link.name: link for link in self.facts.links.rows}

    @cached_property
    def addresses(self) -> Mapping[str, tuple[IpInterface, ...]]:
        """Return the kernel's addresses by device."""
        found: dict[str, list[IpInterface]] = defaultdict(list)
        for row in self.facts.addresses.rows:
            found[row.device].append(row.address)
        return {device: tuple(rows) for device, rows in found.items()}

    @cached_property
    def holders(self) -> Mapping[IpAddress, tuple[str, ...]]:
        """Return the devices that have each address, with any prefix length."""
        found: dict[IpAddress, dict[str, None]] = defaultdict(dict)
        for row in self.facts.addresses.rows:
            found[row.address.ip][row.device] = None
        return {address: tuple(devices) for address, devices in found.items()}

    def held(self, device: str) -> str:
        """Return a device's addresses in words, without the link-local ones of IPv6."""
        held = (each for each in self.addresses.get(device, ()) if not is_link_local(each.ip))
        return ", ".join(map(str, held))

    @cached_property
    def routes(self) -> Mapping[str, tuple[RouteFact, ...]]:
        """Return the routes by device; those without a device under the empty name."""
        return _grouped(self.facts.routes.rows, lambda row: row.device)

    @cached_property
    def routes_to(self) -> Mapping[IpNetwork, tuple[RouteFact, ...]]:
        """Return the routes by their destination."""
        return _grouped(self.facts.routes.rows, lambda row: row.destination)

    def parts_of(self, network: IpNetwork) -> tuple[RouteFact, ...]:
        """Return the routes to proper parts of a network, in any table."""
        key = network.version, network.prefixlen
        if key not in self._parts:
            smaller = (
                row
                for row in self.facts.routes.rows
                if row.destination.version == key[0] and row.destination.prefixlen > key[1]
            )
            self._parts[key] = _grouped(
                smaller, lambda row: row.destination.supernet(new_prefix=key[1])
            )
        return self._parts[key].get(network, ())

    @cached_property
    def _parts(self) -> dict[tuple[int, int], Mapping[IpNetwork, tuple[RouteFact, ...]]]:
        """Return them by the length of the network: SVIs have few lengths, and routes are many."""
        return {}

    @cached_property
    def taken_in(self) -> Mapping[IpAddress, frozenset[str]]:
        """Return the tables in which each address is the switch's own."""
        found: dict[IpAddress, set[str]] = defaultdict(set)
        for row in self.facts.routes.rows:
            if row.kind == "local" and row.destination.prefixlen == row.destination.max_prefixlen:
                found[row.destination.network_address].add(row.table)
        return {address: frozenset(tables) for address, tables in found.items()}

    def vrf_of(self, device: str) -> LinkFact | None:
        """Return the VRF of a device; None for the default one."""
        link = self.links.get(device)
        master = self.links.get(link.master) if link else None
        return master if master is not None and master.kind == "vrf" else None

    def vrf_name(self, device: str) -> str:
        """Return the name of a device's VRF; empty for the default one."""
        found = self.vrf_of(device)
        return found.name if found else ""

    def tables_of(self, gateway: Gateway) -> frozenset[str]:
        """Return the names of the table that forwards for an SVI: its VRF's, or the main table.

        Other tables are only looked up by policy rules, which are faults of their own.
        """
        found = self.vrf_of(gateway.interface)
        if found is None:
            return MAIN_TABLE
        if found.table is not None:
            return frozenset({found.name, str(found.table)})
        # An older iproute2 does not tell: take the table of the devices' own routes.
        rows = (r for device in gateway.devices for r in self.routes.get(device, ()))
        return frozenset({found.name, *(r.table for r in rows)}) - MAIN_TABLE - LOCAL_TABLE

    def takes(self, gateway: Gateway, address: IpAddress) -> bool:
        """Return whether a gateway's VRF accepts packets to an address for itself.

        A VRF has its local routes in its own table. What another VRF holds says nothing.
        """
        own = LOCAL_TABLE if self.vrf_of(gateway.interface) is None else self.tables_of(gateway)
        return bool(self.taken_in.get(address, frozenset()) & own)

    @cached_property
    def neighbours(self) -> Mapping[str, tuple[NeighbourFact, ...]]:
        """Return the neighbour entries by device."""
        return _grouped(self.facts.neighbours.rows, lambda row: row.device)

    def vips_of(self, gateway: Gateway) -> tuple[Vip, ...]:
        """Return every VIP of a stanza, in order."""
        svi = self.links.get(gateway.interface)
        found = []
        for virtual in gateway.virtual:
            ip, link = virtual.address.ip, self.links.get(virtual.device)
            holders = self.holders.get(ip, ())
            if is_link_local(ip):  # other devices may have the same one
                holders = tuple(device for device in holders if device == virtual.device)
            found.append(Vip(gateway, virtual, ip, link, svi, holders))
        return tuple(found)

    def sysctl(self, path: str) -> int | None:
        """Return a number below ``/proc/sys/net/ipv4``; None where it was not read."""
        value = self.facts.sysctls.get(path, "").strip()
        return int(value) if value.lstrip("-").isdigit() else None


def in_words(vrf: str) -> str:
    """Return where a device of a VRF is.

    >>> in_words("tenant1"), in_words("")
    ('in VRF tenant1', 'in no VRF')
    """
    return f"in VRF {vrf}" if vrf else "in no VRF"


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], _Key]) -> Mapping[_Key, tuple[_Row, ...]]:
    found: dict[_Key, list[_Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return {name: tuple(several) for name, several in found.items()}
