"""The rows of what FRR says of EVPN, and of the MLAG in a switch's configuration."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.addresses import IpAddress


@dataclass(frozen=True)
class VniFact:
    """A VNI as FRR knows it (``show evpn vni``).

    Attributes:
        vni: its number.
        kind: ``L2`` or ``L3``.
        vxlan: its device.
        vrf: the tenant VRF.
        remote_vteps: their number, or None where FRR does not say.
    """

    vni: int
    kind: str
    vxlan: str
    vrf: str = "default"
    remote_vteps: int | None = None


@dataclass(frozen=True)
class VrfVniFact:
    """A tenant VRF with its L3VNI as FRR knows it (``show vrf vni``).

    Attributes:
        vrf: its name.
        vni: the L3VNI.
        vxlan: the L3VNI's vxlan device; empty where it has none.
        svi: the L3VNI's SVI; empty where it has none.
        state: ``Up`` or ``Down``.
        router_mac: the MAC to which other leafs send what they route, in lower case; empty where
            there is none.
    """

    vrf: str
    vni: int
    vxlan: str
    svi: str
    state: str
    router_mac: str = ""

    @property
    def up(self) -> bool:
        """Return whether FRR calls it up."""
        return self.state.casefold() == "up"


@dataclass(frozen=True)
class EvpnMacFact:
    """A MAC or neighbour entry of EVPN (``show evpn arp-cache vni all``).

    Attributes:
        vni: its VNI.
        address: the IP address, or None for a MAC alone.
        mac: the MAC in lower case.
        remote: the remote VTEP, or the Ethernet segment; empty for a local one.
        duplicate: whether FRR has seen it move too often (duplicate address detection).
        segment: the remote Ethernet segment (EVPN multihoming): it is behind several leafs.
    """

    vni: int
    address: IpAddress | None
    mac: str
    remote: str = ""
    duplicate: bool = False
    segment: str = ""


@dataclass(frozen=True)
class PeerFact:
    """A BGP peer of the EVPN address family.

    Attributes:
        peer: its address, or its interface.
        state: the state of its session (``Established``, ...).
        exchanges: whether any route of the address family was sent or received; None where FRR
            does not say.
    """

    peer: str
    state: str
    exchanges: bool | None = None


@dataclass(frozen=True)
class EvpnInstanceFact:
    """What BGP does for EVPN (``show bgp l2vpn evpn vni``).

    Attributes:
        advertises: whether ``advertise-all-vni`` is configured.
        floods: whether broadcasts are replicated to each VTEP by its head end; else they are sent
            to a multicast group, or not at all.
    """

    advertises: bool
    floods: bool = True


@dataclass(frozen=True)
class BgpVrfFact:
    """A BGP instance: its VRF (``default`` for the global one), from ``show bgp vrfs``."""

    vrf: str


@dataclass(frozen=True)
class MlagFact:
    """The MLAG of a switch's configuration; the state of clagd itself is not asked.

    Attributes:
        peerlink: the device between the two switches (``peerlink``).
        sys_mac: ``clagd-sys-mac``, the pair's common MAC in lower case; empty where it is not said.
        anycast: ``clagd-vxlan-anycast-ip``, the pair's common VTEP; empty where there is none.
        backup: ``clagd-backup-ip``; empty where there is none.
        bonds: the ``clag-id`` of each bond, by the bond's name.
    """

    peerlink: str
    sys_mac: str = ""
    anycast: str = ""
    backup: str = ""
    bonds: tuple[tuple[str, int], ...] = ()
