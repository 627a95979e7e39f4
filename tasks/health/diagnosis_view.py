"""One gateway of one switch, as its diagnosis looks at it: the facts, by what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tasks.faults.conditions import is_part
from tasks.faults.model import Cure, Diagnosis, Silent

if TYPE_CHECKING:
    from tasks.addresses import IpAddress, IpInterface, IpNetwork
    from tasks.facts.index import Index, Vip
    from tasks.facts.model import (
        FdbFact,
        LinkFact,
        NeighbourFact,
        ProbeFact,
        RouteFact,
        SwitchFacts,
    )
    from tasks.model import Gateway

_MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")
#: What reapplying the SVI does, for whoever reads of the fault.
BY_IFUP = "'ifup' of the SVI makes it as the configuration says"
_NOWHERE = frozenset({"blackhole", "unreachable", "prohibit", "throw"})


@dataclass(frozen=True)
class Expected:
    """An address that a device of the gateway should bear: its SVI's own, or a VIP."""

    device: str
    address: IpInterface
    mac: str = ""


@dataclass(frozen=True)
class View:
    """What recognisers look at.

    Attributes:
        index: over the facts of the switch.
        gateway: the one that is looked at.
        silent: addresses behind it that do not answer.
        macs: MACs of VMs by address, as OpenStack knows them.
        ports: hypervisor by port, as the inventory knows it.
    """

    index: Index
    gateway: Gateway
    silent: Sequence[Silent] = ()
    macs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def facts(self) -> SwitchFacts:
        """The facts of the switch."""
        return self.index.facts

    @cached_property
    def expected(self) -> tuple[Expected, ...]:
        """Every address that the stanza asks for, the SVI's own first."""
        svi = self.gateway.interface
        own = tuple(Expected(svi, address) for address in self.gateway.own)
        return own + tuple(Expected(v.device, v.address, v.mac) for v in self.gateway.virtual)

    @cached_property
    def vrr(self) -> tuple[str, ...]:
        """The VRR devices, in order."""
        return tuple(dict.fromkeys(v.device for v in self.gateway.virtual))

    @cached_property
    def vips(self) -> tuple[Vip, ...]:
        """The gateway's VIPs, in order."""
        return self.index.vips_of(self.gateway)

    @cached_property
    def links(self) -> Mapping[str, LinkFact]:
        """Every device by its name."""
        return self.index.links

    @cached_property
    def bridge(self) -> str:
        """The bridge that the SVI is, or is made on; empty where there is none."""
        svi = self.links.get(self.gateway.interface)
        if svi is None or svi.kind == "bridge":
            return self.gateway.interface if svi else ""
        parent = self.links.get(svi.parent)
        return svi.parent if parent is not None and parent.kind == "bridge" else ""

    def works(self, device: str) -> bool:
        """Whether a device is there and up, and with it the SVI that it is made on."""
        svi, link = self.links.get(self.gateway.interface), self.links.get(device)
        return bool(svi and link and svi.up and link.up)

    def bears(self, wanted: Expected) -> bool:
        """Whether the device has the address, with the right prefix length."""
        return wanted.address in self.index.addresses.get(wanted.device, ())

    def drift(self, attribute: str) -> list[str]:
        """What ``ifquery -c`` says against an attribute of the SVI, as evidence."""
        return [
            f"ifquery -c: {row.interface} {row.attribute} {row.text}".rstrip()
            for row in self.facts.drift.rows
            if row.interface == self.gateway.interface and row.attribute == attribute
        ]

    # --- routes

    @cached_property
    def vrf(self) -> str:
        """The VRF of the SVI, or empty."""
        svi = self.links.get(self.gateway.interface)
        master = self.links.get(svi.master) if svi else None
        return master.name if master is not None and master.kind == "vrf" else ""

    def ours(self, route: RouteFact) -> bool:
        """Whether a route is in the table that forwards for the SVI."""
        if route.table == "local":
            return False
        return route.table != "main" if self.vrf else route.table == "main"

    def connected(self, network: IpNetwork, device: str) -> bool:
        """Whether the kernel's own route of a network through a device is there."""
        return any(
            route.kind == "unicast" and route.protocol == "kernel" and route.destination == network
            for route in self.index.routes.get(device, ())
        )

    @cached_property
    def unrouted(self) -> tuple[Expected, ...]:
        """Addresses whose device works and bears them, and whose connected route is gone."""
        return tuple(
            wanted
            for wanted in self.expected
            if wanted.address.network.num_addresses > 1
            and self.works(wanted.device)
            and self.bears(wanted)
            and not self.connected(wanted.address.network, wanted.device)
        )

    def best(self, network: IpNetwork) -> RouteFact | None:
        """The route of exactly this network that the kernel prefers; None where none is left."""
        found = [route for route in self.index.routes_to.get(network, ()) if self.ours(route)]
        return min(found, key=lambda route: route.metric, default=None)

    @cached_property
    def more_special(self) -> tuple[RouteFact, ...]:
        """Routes for a part of a VIP's network; if somebody is cut off, those that concern him."""
        networks = dict.fromkeys(v.address.network for v in self.gateway.virtual)
        silent = [s.address for s in self.silent]
        return tuple(
            route
            for route in self.facts.routes.rows
            if self.ours(route)
            and any(is_part(route.destination, network) for network in networks)
            and (not silent or any(inside(address, route.destination) for address in silent))
        )

    def leads_nowhere(self, route: RouteFact) -> bool:
        """Whether packets that follow the route are thrown away."""
        return route.kind in _NOWHERE

    # --- neighbours and ports

    def entries(self, address: IpAddress) -> list[NeighbourFact]:
        """The neighbour entries of an address on the gateway's devices that name a MAC."""
        return [
            row
            for row in self.facts.neighbours.rows
            if row.address == address and row.device in self.gateway.devices and row.mac
        ]

    def learnt(self, mac: str) -> list[FdbFact]:
        """Where the gateway's bridge knows a MAC of another machine."""
        return [
            row
            for row in self.facts.fdb.rows
            if row.mac == mac and row.bridge == self.bridge and row.port != self.bridge
        ]

    def is_tunnel(self, port: str) -> bool:
        """Whether a port leads to other leafs."""
        link = self.links.get(port)
        return link is not None and link.kind == "vxlan"

    def bridge_port(self, port: str) -> str:
        """The bridge port that a front port belongs to: itself, or its bond."""
        link = self.links.get(port)
        master = self.links.get(link.master) if link else None
        return master.name if master is not None and master.kind == "bond" else port

    @cached_property
    def plugged(self) -> dict[str, str]:
        """Whom to expect behind which front port: the patients' hypervisors, or everybody's."""
        named = {port: s.hypervisor for s in self.silent for port in s.ports}
        return named or dict(self.ports)

    # --- what the switch tried out

    def probes(self, kind: str, target: str = "") -> list[ProbeFact]:
        """What was tried out of a kind, on a target, on this gateway's devices."""
        return [
            probe
            for probe in self.facts.probes.rows
            if probe.kind == kind
            and probe.target == (target or probe.target)
            and (probe.device in self.gateway.devices or not probe.device)
        ]

    def failed(self, kind: str, target: str = "") -> ProbeFact | None:
        """The first trial of a kind that failed, where none succeeded; else None."""
        found = self.probes(kind, target)
        return found[0] if found and not any(probe.ok for probe in found) else None

    def succeeded(self, kind: str, target: str = "") -> bool:
        """Whether a trial of a kind succeeded."""
        return any(probe.ok for probe in self.probes(kind, target))


def devices_of(addresses: Iterable[Vip | Expected]) -> tuple[str, ...]:
    """The devices of VIPs and other addresses, each once, in order."""
    return tuple(dict.fromkeys(each.device for each in addresses))


def cured_by_ifup(
    view: View,
    fault: str,
    sentence: str,
    evidence: tuple[str, ...],
    devices: tuple[str, ...],
    *,
    latent: bool = False,
) -> Diagnosis:
    """A fault of the SVI or of its devices that ``ifup`` of the SVI ends."""
    return Diagnosis(
        fault,
        sentence,
        evidence,
        Cure.REAPPLY,
        view.gateway.interface,
        devices,
        latent=latent,
        remedy=BY_IFUP,
    )


def inside(address: IpAddress, network: IpNetwork) -> bool:
    """Whether an address is in a network, of whatever versions they are."""
    return address.version == network.version and address in network


def macs_in(text: str) -> tuple[str, ...]:
    """Every MAC that stands in a text, in lower case.

    >>> macs_in("reply from 02:DE:AD:00:00:01 [1 ms]")
    ('02:de:ad:00:00:01',)
    """
    return tuple(_MAC.findall(text.lower()))
