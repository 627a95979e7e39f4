"""The view of one gateway of one switch in which its faults are looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from tasks.addresses import is_link_local
from tasks.facts.index import LOCAL_TABLE
from tasks.faults.view import FactsView

if TYPE_CHECKING:
    from tasks.addresses import IpAddress, IpInterface, IpNetwork
    from tasks.facts.index import Vip
    from tasks.facts.model import (
        FdbFact,
        LinkFact,
        NeighbourFact,
        ProbeFact,
        RouteFact,
        SwitchFacts,
    )
    from tasks.faults.model import SilentEndpoint
    from tasks.model import Gateway

#: Routes that drop the packets they match. After ``throw`` the next table is looked up: in the
#: table that forwards for an SVI the packet is lost then, in another one it is not.
HOLES = frozenset({"blackhole", "unreachable", "prohibit"})


@dataclass(frozen=True)
class ExpectedAddress:
    """An address that a device of the gateway should have: the SVI's own, or a VIP."""

    device: str
    address: IpInterface


@dataclass(frozen=True)
class GatewayView:
    """One gateway.

    Attributes:
        switch: the view of the switch.
        gateway: the stanza.
        silent: addresses behind it that do not answer; what is about other addresses is left out.
    """

    switch: FactsView
    gateway: Gateway
    silent: Sequence[SilentEndpoint] = ()

    @property
    def facts(self) -> SwitchFacts:
        """Return the facts of the switch."""
        return self.switch.facts

    @property
    def svi(self) -> str:
        """Return the SVI's name."""
        return self.gateway.interface

    @property
    def links(self) -> Mapping[str, LinkFact]:
        """Return every device of the switch, by its name."""
        return self.switch.links

    @cached_property
    def wanted(self) -> tuple[ExpectedAddress, ...]:
        """Return every address in the stanza, the SVI's own first."""
        own = tuple(ExpectedAddress(self.svi, address) for address in self.gateway.own)
        return own + tuple(ExpectedAddress(v.device, v.address) for v in self.gateway.virtual)

    @cached_property
    def vrr(self) -> tuple[str, ...]:
        """Return the VRR devices, in order."""
        return tuple(dict.fromkeys(v.device for v in self.gateway.virtual))

    @cached_property
    def vrr_ipv4(self) -> tuple[str, ...]:
        """Return the VRR devices with an IPv4 VIP; only they need ARP and the settings of IPv4."""
        virtual = (v for v in self.gateway.virtual if isinstance(v.address, IPv4Interface))
        return tuple(dict.fromkeys(v.device for v in virtual))

    @cached_property
    def vips(self) -> tuple[Vip, ...]:
        """Return the gateway's VIPs, in order, each with the devices of its VRF that have it."""
        return tuple(
            replace(vip, holders=tuple(d for d in vip.holders if self.shares_vrf(d)))
            for vip in self.switch.vips_of(self.gateway)
        )

    @cached_property
    def by_device(self) -> tuple[Vip, ...]:
        """Return the first VIP of each VRR device, for what is reported once for each device."""
        found: dict[str, Vip] = {}
        for vip in self.vips:
            found.setdefault(vip.device, vip)
        return tuple(found.values())

    @cached_property
    def bridge(self) -> str:
        """Return the bridge that the SVI is, or is on top of; empty where there is none."""
        svi = self.links.get(self.svi)
        if svi is None or svi.kind == "bridge":
            return self.svi if svi else ""
        parent = self.links.get(svi.parent)
        return svi.parent if parent is not None and parent.kind == "bridge" else ""

    @cached_property
    def vlan(self) -> int | None:
        """Return the SVI's VLAN on a VLAN-aware bridge; None where it is the bridge itself."""
        return self.switch.bridge_of(self.svi)[1]

    def passes(self, port: str) -> bool | None:
        """Return whether a port of the bridge lets the SVI's VLAN through; None: not known."""
        return self.switch.passes(port, self.bridge, self.vlan)

    def works(self, device: str) -> bool:
        """Return whether a device is there and up, and so are the devices below it."""
        return self.switch.works(device)

    def drift(self, attribute: str) -> list[str]:
        """Return what ``ifquery -c`` reports about an attribute of the SVI, as evidence."""
        return [
            f"ifquery -c: {row.interface} {row.attribute} {row.text}".rstrip()
            for row in self.facts.drift.rows
            if row.interface == self.svi and row.attribute == attribute
        ]

    # --- VRF and routes

    @cached_property
    def vrf(self) -> str:
        """Return the VRF of the SVI, or empty."""
        return self.switch.vrf_name(self.svi)

    @property
    def in_vrf(self) -> str:
        """Return the VRF for the end of a sentence; empty for the default one."""
        return f" in VRF {self.vrf}" if self.vrf else ""

    @property
    def typed_vrf(self) -> str:
        """Return the VRF as the end of an ``ip route`` command; empty for the default one."""
        return f" vrf {self.vrf}" if self.vrf else ""

    def shares_vrf(self, device: str) -> bool:
        """Return whether a device is the gateway's or in its VRF.

        Other VRFs may repeat addresses.
        """
        return device in self.gateway.devices or self.is_in_vrf(device)

    def is_in_vrf(self, device: str) -> bool:
        """Return whether a device is in the SVI's VRF."""
        return self.switch.vrf_name(device) == self.vrf

    @cached_property
    def tables(self) -> frozenset[str]:
        """Return the names of the table that forwards for the SVI: its VRF's, or the main table."""
        return self.switch.tables_of(self.gateway)

    def connected(self, network: IpNetwork, device: str) -> bool:
        """Return whether a route leads to a network directly through a device, whoever made it.

        The kernel's own route also has a preferred source, which forwarding does not need.
        """
        return any(
            route.kind == "unicast" and route.via is None and route.table in self.tables
            for route in self.switch.routes.get(device, ())
            if route.destination == network
        )

    @cached_property
    def unrouted(self) -> tuple[ExpectedAddress, ...]:
        """Return addresses on a working device whose connected route is missing."""
        return tuple(
            wanted
            for wanted in self.wanted
            if wanted.address.network.num_addresses > 1
            and not is_link_local(wanted.address.ip)
            and self.works(wanted.device)
            and self.is_in_vrf(wanted.device)  # in another one its routes are elsewhere
            and wanted.address in self.switch.addresses.get(wanted.device, ())
            and not self.connected(wanted.address.network, wanted.device)
        )

    def takes(self, address: IpAddress) -> bool:
        """Return whether the gateway's VRF accepts packets to an address for itself."""
        return self.switch.takes(self.gateway, address)

    def best(self, network: IpNetwork) -> RouteFact | None:
        """Return the preferred route to exactly this network; None where there is none."""
        found = [
            route
            for route in self.switch.routes_to.get(network, ())
            if route.table in self.tables and route.kind != "local"
        ]
        return min(found, key=lambda route: route.metric, default=None)

    @cached_property
    def networks(self) -> tuple[IpNetwork, ...]:
        """Return the VIPs' networks, each once; link-local ones are on every device."""
        networks = (v.address.network for v in self.gateway.virtual)
        return tuple(dict.fromkeys(n for n in networks if not is_link_local(n.network_address)))

    @cached_property
    def more_specific(self) -> tuple[RouteFact, ...]:
        """Return the routes for a part of a VIP's network.

        Only those of silent addresses, if any.
        """
        silent = [s.address for s in self.silent]
        parts = (row for network in self.networks for row in self.switch.parts_of(network))
        return tuple(
            route
            for route in dict.fromkeys(parts)
            if route.kind != "local"
            and route.device not in self.gateway.devices
            and (route.table in self.tables or (route.table in LOCAL_TABLE and route.kind in HOLES))
            and (not silent or any(inside(address, route.destination) for address in silent))
        )

    # --- settings

    def setting(self, device: str, name: str) -> int:
        """Return the effective value of a setting of a device; 0 where it was not read.

        The kernel takes the higher one of the device's value and the value for all devices.
        """
        own, every = (self.switch.sysctl(f"conf/{d}/{name}") or 0 for d in (device, "all"))
        return max(own, every)

    # --- neighbours and ports

    def entries(self, address: IpAddress) -> list[NeighbourFact]:
        """Return the neighbour entries of an address on the gateway's devices that have a MAC."""
        return [
            row
            for device in self.gateway.devices
            for row in self.switch.neighbours.get(device, ())
            if row.address == address and row.mac
        ]

    def learnt(self, mac: str) -> list[FdbFact]:
        """Return the entries of the gateway's bridge for the MAC of another machine."""
        return [
            row
            for row in self.switch.fdb_by_mac.get(mac, ())
            if row.bridge == self.bridge and row.port != self.bridge
        ]

    def is_tunnel(self, port: str) -> bool:
        """Return whether a port leads to other leafs."""
        link = self.links.get(port)
        return link is not None and link.kind == "vxlan"

    def bridge_port(self, port: str) -> str:
        """Return the bridge port of a front port: the port itself, or its bond."""
        return self.switch.bond_of(port) or port

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Return the bridge ports of the hypervisors, each once."""
        return tuple(dict.fromkeys(map(self.bridge_port, self.plugged)))

    @cached_property
    def plugged(self) -> Mapping[str, str]:
        """Return the hypervisors by front port: those of the silent endpoints, or all of them.

        Ports that only another gateway's stanza names are left out.
        """
        named = {port: s.hypervisor for s in self.silent for port in s.ports}
        found = named or {port: name for name, port in self.switch.plugged}
        return {
            p: n for p, n in found.items() if self.switch.stanza_of.get(p, self.svi) == self.svi
        }

    # --- probes that the switch made

    def probes(self, kind: str, target: str) -> list[ProbeFact]:
        """Return the probes of a kind, of a target, on this gateway's devices."""
        return [
            probe
            for probe in self.switch.probes.get((kind, target), ())
            if probe.device in self.gateway.devices or not probe.device
        ]

    def failed(self, kind: str, target: str) -> ProbeFact | None:
        """Return the first failed probe of a kind, where none succeeded; else None.

        One that could not be sent has not failed.
        """
        found = [probe for probe in self.probes(kind, target) if probe.sent]
        return found[0] if found and not any(probe.ok for probe in found) else None

    def succeeded(self, kind: str, target: str) -> bool:
        """Return whether a probe of a kind succeeded."""
        return any(probe.ok for probe in self.probes(kind, target))


@dataclass(frozen=True)
class SwitchView(FactsView):
    """The view of a switch in which the faults of its gateways are looked for."""

    @cached_property
    def views(self) -> tuple[GatewayView, ...]:
        """Return the view of each gateway."""
        return tuple(GatewayView(self, gateway) for gateway in self.gateways)

    @cached_property
    def vips(self) -> tuple[Vip, ...]:
        """Return every configured VIP."""
        return tuple(vip for view in self.views for vip in view.vips)


def inside(address: IpAddress, network: IpNetwork) -> bool:
    """Return whether an address is in a network; False where their versions differ."""
    return address.version == network.version and address in network


def is_part(part: IpNetwork, whole: IpNetwork) -> bool:
    """Return whether a network is a proper part of another."""
    return (
        part.version == whole.version
        and part.prefixlen > whole.prefixlen
        and part.network_address in whole
    )
