"""What of a switch is compared with other switches beside its VIPs. All classes are immutable."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.facts.fabric import MlagFact, VrfVniFact


@dataclass(frozen=True)
class VniRecord:
    """A VNI of a switch.

    Attributes:
        vni: its number.
        kind: ``L2`` or ``L3``, as FRR says; empty where FRR does not know it.
        vxlan: its device.
        vlan: the VLAN of its bridge; None where that is not known.
        vtep: the switch's own tunnel address; empty where it is not known.
        floods: the VTEPs to which broadcasts are replicated; None where that is not known, or
            where they are not replicated here.
    """

    vni: int
    kind: str
    vxlan: str
    vlan: int | None = None
    vtep: str = ""
    floods: frozenset[str] | None = None


@dataclass(frozen=True)
class VrfRecord:
    """A tenant VRF of a switch.

    Attributes:
        vrf: its name.
        bgp: whether BGP has an instance for it; None where that is not known.
        default: whether its table has a default route that leads somewhere; None where that is not
            known.
        mtu: the largest MTU of the SVIs with VIPs in it; 0 where it has none.
    """

    vrf: str
    bgp: bool | None = None
    default: bool | None = None
    mtu: int = 0


@dataclass(frozen=True)
class HeldAddress:
    """An address of a switch, with the device and the VRF that have it."""

    vrf: str
    address: str
    device: str


@dataclass(frozen=True, slots=True)
class Host:
    """A machine behind a switch, as EVPN knows it there.

    Attributes:
        vni: its VNI.
        address: its address.
        mac: its MAC.
        segment: the Ethernet segment of its bond, which other switches share; empty without one.
    """

    vni: int
    address: str
    mac: str
    segment: str = ""


@dataclass(frozen=True)
class LinkEnd:
    """One end of a link to a machine that sends LLDP.

    Attributes:
        port: the port here.
        neighbour: the name that the other end sends.
        far_port: the port that it sends.
        mtu: the MTU of the port here.
        vlans: the VLANs that pass it here; None where it is on no VLAN-aware bridge.
        of_peerlink: whether the port belongs to the peerlink of an MLAG pair.
    """

    port: str
    neighbour: str
    far_port: str
    mtu: int
    vlans: frozenset[int] | None = None
    of_peerlink: bool = False


@dataclass(frozen=True)
class FabricRecord:
    """What of a switch is compared with other switches.

    Attributes:
        vnis: its VNIs, of either layer.
        l3vnis: its tenant VRFs with an L3VNI, as FRR knows them.
        vrfs: the VRFs in its kernel.
        addresses: its addresses that should be nobody else's.
        hosts: the machines behind it. Their number grows with that of the VMs; the other fields
            are small.
        ends: its ends of links, by LLDP.
        mlag: the MLAG of its configuration; None where it has none.
        mlag_known: whether its configuration was read.
        multihomed: the VNI and address of machines that it sees on an Ethernet segment of others.
        peers: the number of its BGP peers for EVPN; None where that is not known.
    """

    vnis: tuple[VniRecord, ...] = ()
    l3vnis: tuple[VrfVniFact, ...] = ()
    vrfs: tuple[VrfRecord, ...] = ()
    addresses: tuple[HeldAddress, ...] = ()
    hosts: tuple[Host, ...] = ()
    ends: tuple[LinkEnd, ...] = ()
    mlag: MlagFact | None = None
    mlag_known: bool = True
    multihomed: frozenset[tuple[int, str]] = frozenset()
    peers: int | None = None
