"""The facts of a switch from one round trip: typed rows, each section read or marked as unread.

Nothing here judges. The rows use the words of iproute2, lldpd, ifupdown2 and FRR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tasks.addresses import IpAddress, IpInterface, IpNetwork
from tasks.facts.bridging import BondState, Bridging, TunnelFact, VlanFact
from tasks.facts.fabric import (
    BgpVrfFact,
    EvpnInstanceFact,
    EvpnMacFact,
    MlagFact,
    PeerFact,
    VniFact,
    VrfVniFact,
)
from tasks.model import Boot, Gateway

Row = TypeVar("Row")


@dataclass(frozen=True)
class Section(Generic[Row]):
    """The rows of a command's output, or why they are missing.

    Attributes:
        rows: the rows; empty when they could not be read.
        unread: why they could not be read, as a sentence that names the command; else empty.
        absent: whether the program is not installed or not running (no FRR, no lldpd); that is no
            error by itself.
    """

    rows: tuple[Row, ...] = ()
    unread: str = ""
    absent: bool = False

    @property
    def known(self) -> bool:
        """Return whether the rows can be used: the program is there and worked."""
        return not self.unread and not self.absent


@dataclass(frozen=True)
class LinkFact:
    """A network device (``ip -d link``).

    Attributes:
        name: its name.
        index: its ifindex.
        flags: the kernel's flags (``UP``, ``LOWER_UP``, ``NOARP``, ...).
        mtu: its MTU in bytes.
        mac: its MAC in lower case; empty where it has none.
        kind: ``bridge``, ``macvlan``, ``vxlan``, ``vrf``, ... or empty.
        master: its bridge or VRF, or empty.
        parent: the device it is stacked on (the SVI of a macvlan), or empty.
        protodown: whether a daemon or a person has set it protocol-down.
        vni: the VNI of a vxlan device; None for a single VXLAN device, which has many.
        local: a vxlan device's own tunnel address, or empty.
        vlan: the VLAN of a VLAN device.
        table: the number of a VRF's routing table.
        external: whether it is a single VXLAN device, to which its bridge tells the VNI.
        vlan_filtering: whether a bridge is VLAN-aware; None where iproute2 does not tell.
        bond: the state of a bond.
        aggregator: the number of the aggregator that a port of an LACP bond is in.
        learning: whether it learns MACs as a port of a bridge; None where it is none, or where that
            is not said.
        group: the multicast group to which a vxlan device floods, or empty.
    """

    name: str
    index: int
    flags: frozenset[str]
    mtu: int
    mac: str = ""
    kind: str = ""
    master: str = ""
    parent: str = ""
    protodown: bool = False
    vni: int | None = None
    local: str = ""
    vlan: int | None = None
    table: int | None = None
    external: bool = False
    vlan_filtering: bool | None = None
    bond: BondState | None = None
    aggregator: int | None = None
    learning: bool | None = None
    group: str = ""

    @property
    def up(self) -> bool:
        """Return whether it is administratively up."""
        return "UP" in self.flags


@dataclass(frozen=True)
class AddressFact:
    """An address of a device (``ip addr``)."""

    device: str
    address: IpInterface


@dataclass(frozen=True)
class RouteFact:
    """A route (``ip route show table all``).

    Attributes:
        destination: its destination; None for one that could not be understood.
        device: its device; empty for blackhole and the like.
        via: its next hop, or None.
        kind: ``unicast``, ``local``, ``blackhole``, ``unreachable``, ``prohibit``, ...
        protocol: ``kernel``, ``bgp``, ``static``, ``boot``, ...
        table: ``main``, ``local``, a number, or the name of a VRF.
        metric: 0 where none is given.
    """

    destination: IpNetwork
    device: str
    via: IpAddress | None
    kind: str
    protocol: str
    table: str
    metric: int = 0


@dataclass(frozen=True)
class RuleFact:
    """A policy rule (``ip rule``), in the words of iproute2."""

    priority: int
    table: str
    selector: Mapping[str, Any]


@dataclass(frozen=True)
class NeighbourFact:
    """A neighbour entry (``ip neigh``).

    Attributes:
        address: the neighbour's address.
        device: the device of the entry.
        mac: the MAC in lower case; empty where it is unresolved.
        state: ``REACHABLE``, ``STALE``, ``PERMANENT``, ``FAILED``, ...
        external: whether a daemon made the entry (FRR, for EVPN).
    """

    address: IpAddress
    device: str
    mac: str
    state: str
    external: bool = False

    @property
    def unresolved(self) -> bool:
        """Return whether nobody has answered for the address."""
        return self.state in {"FAILED", "INCOMPLETE"}


@dataclass(frozen=True)
class FdbFact:
    """An entry of a bridge's or vxlan's forwarding table (``bridge fdb``).

    Attributes:
        mac: the MAC in lower case.
        port: the device it is behind.
        bridge: the bridge, or empty for an entry of the vxlan device itself.
        remote: the remote VTEP of such an entry, or empty.
        state: ``permanent``, ``static``, ... or empty for a learnt one.
        vlan: the VLAN, where the bridge is VLAN-aware.
        external: whether a daemon made the entry (``extern_learn``).
        vni: the VNI of an entry of a single VXLAN device.
    """

    mac: str
    port: str
    bridge: str = ""
    remote: str = ""
    state: str = ""
    vlan: int | None = None
    external: bool = False
    vni: int | None = None


@dataclass(frozen=True)
class PortFact:
    """A bridge port (``bridge link``): its STP state (``forwarding``, ``blocking``, ...)."""

    name: str
    bridge: str
    state: str


@dataclass(frozen=True)
class LldpFact:
    """An LLDP neighbour: its port here, the name it sends, and the port at its own end."""

    port: str
    name: str
    far_port: str = ""


@dataclass(frozen=True)
class DriftFact:
    """One attribute that fails ``ifquery -c``."""

    interface: str
    attribute: str
    text: str


@dataclass(frozen=True)
class ProbeFact:
    """The result of one probe that the switch made.

    Attributes:
        kind: ``ping`` (from the VIP), ``arp`` (whether the address answers ARP on the SVI),
            ``duplicate`` (whether another machine answers ARP for the VIP; ``arping -D``),
            ``route-out`` (``ip route get OUTSIDE from ADDRESS iif SVI-v0``), ``route-in``
            (``ip route get ADDRESS``).
        device: the device that it went out of, or came in by.
        target: the address that was probed.
        ok: for ``ping`` and ``arp``, whether it answered; for ``duplicate``, whether no other
            machine answered; for routes, whether there is one that leads the right way.
        detail: what was seen (the other machine's MAC, the route, the error).
        source: the address of the sender (the VIP of a ping), or empty.
        macs: the MACs that answered ARP, in lower case; for ``duplicate`` without the VIP's own
            virtual MAC, with which anycast peers answer.
        sent: whether it could be sent; what could not says nothing about the target, and ``detail``
            is the reason.
    """

    kind: str
    device: str
    target: str
    ok: bool
    detail: str = ""
    source: str = ""
    macs: tuple[str, ...] = ()
    sent: bool = True


@dataclass(frozen=True)
class PendingFact:
    """A commit that waits on the switch: its state, id, owner and seconds until it expires.

    ``armed`` is whether a timer on the switch will end it; None where that is not known. ``hold``
    is ``pending`` where it waits for a confirmation; ``bounce`` and ``repair`` end by themselves.
    """

    state: str
    id: str
    owner: str
    remaining: float
    armed: bool | None = None
    hold: str = "pending"


@dataclass(frozen=True)
class SwitchFacts:
    """All facts of a switch from one round trip.

    Attributes:
        switch: its name in the inventory.
        hostname: its own name for itself.
        boot: since when it has been running; None where it does not say.
        gateways: every stanza with virtual addresses, as configured on the disk.
        gateways_unread: why the configuration could not be read; else empty.
        commented: places (file and line) of address lines in a stanza that are commented out, with
            the address.
        bridging: what the configuration says of VLAN-aware bridges and of bonds.
        repeated: places of stanzas for an interface that an earlier stanza describes, with the
            interface's name.
        sysctls: value by path below ``/proc/sys/net/ipv4`` (``conf/vlan453-v0/rp_filter``,
            ``ip_forward``, ``neigh/default/gc_thresh3``).
        sysctls_unread: why they could not be read; else empty.
        mlag: the MLAG of the configuration; None where it has none, or could not be read.
        segments: the Ethernet segment (EVPN multihoming) of each bond that has one, by the bond's
            name, as the configuration says.
        left_over: files of an interrupted or forgotten change, each as part of a sentence.
        left_over_unread: why they could not be looked for; else empty.
    """

    switch: str
    hostname: str = ""
    boot: Boot | None = None
    gateways: tuple[Gateway, ...] = ()
    gateways_unread: str = ""
    commented: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    bridging: Bridging = field(default_factory=Bridging)
    links: Section[LinkFact] = field(default_factory=Section)
    addresses: Section[AddressFact] = field(default_factory=Section)
    routes: Section[RouteFact] = field(default_factory=Section)
    rules: Section[RuleFact] = field(default_factory=Section)
    neighbours: Section[NeighbourFact] = field(default_factory=Section)
    fdb: Section[FdbFact] = field(default_factory=Section)
    ports: Section[PortFact] = field(default_factory=Section)
    bridge_vlans: Section[VlanFact] = field(default_factory=Section)
    vlan_tunnels: Section[TunnelFact] = field(default_factory=Section)
    lldp: Section[LldpFact] = field(default_factory=Section)
    drift: Section[DriftFact] = field(default_factory=Section)
    vnis: Section[VniFact] = field(default_factory=Section)
    vrf_vnis: Section[VrfVniFact] = field(default_factory=Section)
    evpn_macs: Section[EvpnMacFact] = field(default_factory=Section)
    evpn_peers: Section[PeerFact] = field(default_factory=Section)
    evpn_instance: Section[EvpnInstanceFact] = field(default_factory=Section)
    bgp_vrfs: Section[BgpVrfFact] = field(default_factory=Section)
    probes: Section[ProbeFact] = field(default_factory=Section)
    pending: Section[PendingFact] = field(default_factory=Section)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    sysctls_unread: str = ""
    mlag: MlagFact | None = None
    segments: tuple[tuple[str, str], ...] = ()
    left_over: tuple[str, ...] = ()
    left_over_unread: str = ""
