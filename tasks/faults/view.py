"""The facts of a switch as checks look at them: by name, and with what belongs together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Interface

from tasks.addresses import IpAddress, IpNetwork
from tasks.facts.index import Index, Vip
from tasks.facts.model import FdbFact, LinkFact, ProbeFact
from tasks.model import Gateway, VirtualAddress


@dataclass(frozen=True)
class ExpectedVm:
    """A VM as OpenStack knows it: its MACs (lower case) and its hypervisor's name."""

    macs: tuple[str, ...] = ()
    hypervisor: str = ""


@dataclass(frozen=True)
class Expected:
    """What other systems say should be behind a switch.

    Attributes:
        hypervisors: the ports where the uplink source says each hypervisor is plugged in, by its
            name; no port where it does not say.
        vms: the VMs by address.
    """

    hypervisors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vms: Mapping[str, ExpectedVm] = field(default_factory=dict)


_PORTS = re.compile(r"^[^\S\n]*bridge[-_]ports[^\S\n]+(\S.*)$", re.MULTILINE)
_GLOB = re.compile(r"[*?\[{]|^(glob|regex|none|all)$")
#: How many devices can lie one on the other below a bridge (port, bond, bridge).
_DEEP = 4


@dataclass(frozen=True)
class View(Index):
    """Facts, what is expected, and indexes over both."""

    expected: Expected = field(default_factory=Expected)

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """Every stanza with VIPs."""
        return self.facts.gateways

    @cached_property
    def vips(self) -> tuple[Vip, ...]:
        """Every configured VIP."""
        return tuple(vip for gateway in self.gateways for vip in self.vips_of(gateway))

    @cached_property
    def vrr(self) -> tuple[Vip, ...]:
        """The first VIP of each VRR device: what concerns the device is said once."""
        found: dict[str, Vip] = {}
        for vip in self.vips:
            found.setdefault(vip.device, vip)
        return tuple(found.values())

    def works(self, device: str) -> bool:
        """Whether the device is there and administratively up, and what it is made on too."""
        link = self.links.get(device)
        return link is not None and link.up and (not link.parent or self.works_below(link.parent))

    def works_below(self, name: str) -> bool:
        """Whether a parent is up; one that is not among the links is not ours to judge."""
        parent = self.links.get(name)
        return parent is None or parent.up

    @cached_property
    def connected(self) -> tuple[tuple[Gateway, list[tuple[str, IpNetwork, bool]]], ...]:
        """Each stanza's connected routes that should be there: device, prefix, whether it is."""
        return tuple((gateway, list(self._connected(gateway))) for gateway in self.gateways)

    def _connected(self, gateway: Gateway) -> Iterator[tuple[str, IpNetwork, bool]]:
        wanted = [(gateway.interface, own) for own in gateway.own]
        wanted += [(virtual.device, virtual.address) for virtual in gateway.virtual]
        for device, configured in wanted:
            prefix = configured.network
            if prefix.prefixlen == prefix.max_prefixlen or not self.works(device):
                continue
            if configured not in self.addresses.get(device, ()):
                continue  # the route went with the address, which another check tells of
            there = any(
                row.kind == "unicast" and row.via is None and row.destination == prefix
                for row in self.routes.get(device, ())
            )
            yield device, prefix, there

    @cached_property
    def fdb(self) -> Mapping[tuple[str, str, int | None], tuple[FdbFact, ...]]:
        """A bridge's entries by bridge, MAC and VLAN."""
        found: dict[tuple[str, str, int | None], list[FdbFact]] = defaultdict(list)
        for row in self.facts.fdb.rows:
            if row.bridge:
                found[row.bridge, row.mac, row.vlan].append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def evpn_macs(self) -> Mapping[IpAddress, frozenset[str]]:
        """The MACs by which EVPN knows each address."""
        found: dict[IpAddress, set[str]] = defaultdict(set)
        for row in self.facts.evpn_macs.rows:
            if row.address is not None:
                found[row.address].add(row.mac)
        return {address: frozenset(macs) for address, macs in found.items()}

    @cached_property
    def probes(self) -> Mapping[tuple[str, str], tuple[ProbeFact, ...]]:
        """What was tried, by kind and target."""
        found: dict[tuple[str, str], list[ProbeFact]] = defaultdict(list)
        for row in self.facts.probes.rows:
            found[row.kind, row.target].append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def svi_on(self) -> Mapping[str, str]:
        """A gateway's SVI by its bridge; the first one where there are several."""
        found: dict[str, str] = {}
        for gateway in self.gateways:
            found.setdefault(self.bridge_of(gateway.interface)[0], gateway.interface)
        return found

    def bridge_of(self, svi: str) -> tuple[str, int | None]:
        """The bridge of an SVI and its VLAN there.

        An SVI is a bridge itself, or a VLAN device on a VLAN-aware bridge.
        """
        link = self.links.get(svi)
        if link is not None and link.kind == "vlan" and link.parent:
            return link.parent, link.vlan
        return svi, None

    def places(self, svi: str, mac: str) -> tuple[FdbFact, ...]:
        """Where the SVI's bridge knows a MAC."""
        bridge, vlan = self.bridge_of(svi)
        found = self.fdb.get((bridge, mac, vlan), ())
        return found if vlan is None else (*found, *self.fdb.get((bridge, mac, None), ()))

    def top(self, port: str) -> str:
        """The bridge that a port (or its bond) belongs to; empty where there is none."""
        for _ in range(_DEEP):
            link = self.links.get(port)
            if link is None or not link.master:
                return ""
            master = self.links.get(link.master)
            if master is None or master.kind != "bond":
                return link.master
            port = master.name
        return ""

    def vxlan_of(self, svi: str) -> LinkFact | None:
        """The vxlan device that stretches an SVI: a port of its bridge, with the VNI."""
        bridge, vlan = self.bridge_of(svi)
        found = [x for x in self.facts.links.rows if x.kind == "vxlan" and x.master == bridge]
        if vlan is not None:
            found = [x for x in found if self._carries(x, vlan)]
        return found[0] if found else None

    def _carries(self, vxlan: LinkFact, vlan: int) -> bool:
        """Whether a vxlan port of a VLAN-aware bridge is that VLAN's, by what is known there."""
        return (vxlan.name, vlan) in self._carried

    @cached_property
    def _carried(self) -> frozenset[tuple[str, int | None]]:
        return frozenset((row.port, row.vlan) for row in self.facts.fdb.rows if row.bridge)

    @cached_property
    def port_of(self) -> Mapping[str, str]:
        """The port where LLDP sees each neighbour, by its name in lower case, short and full."""
        found: dict[str, str] = {}
        for row in self.facts.lldp.rows:
            name = row.name.casefold()
            found.setdefault(name, row.port)
            found.setdefault(name.split(".", 1)[0], row.port)
        return found

    def lldp_port(self, name: str) -> str:
        """Where LLDP sees a host; empty where it does not."""
        folded = name.casefold()
        return self.port_of.get(folded) or self.port_of.get(folded.split(".", 1)[0], "")


def configured_ports(gateway: Gateway) -> tuple[str, ...]:
    """The bridge ports that the stanza names one by one."""
    found = _PORTS.findall(gateway.stanza)
    words = found[-1].split() if found else []
    return () if any(map(_GLOB.search, words)) else tuple(words)


def is_ipv4(virtual: VirtualAddress) -> bool:
    """Whether ARP and the IPv4 settings concern the VIP."""
    return isinstance(virtual.address, IPv4Interface)
