"""What can be wrong with a gateway's devices, addresses and settings.

The one source of checks, which make findings of it, and of recognisers, which make diagnoses and
know the cure. Pure predicates; what is not there is not called wrong, but for `is_missing`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.addresses import IpInterface, IpNetwork
    from tasks.facts.index import Index, Vip
    from tasks.facts.model import LinkFact
    from tasks.model import Gateway

#: ``rp_filter``: drop what comes in by another way than the answer would leave; 2 is loose.
STRICT = 1
#: From this ``arp_ignore`` on fewer requests are answered than a gateway must: 3 leaves host
#: addresses out. A check warns of it; that somebody is cut off by it is not certain yet.
ARP_RELUCTANT = 3
#: From this ``arp_ignore`` on no request is answered at all: certain enough for a diagnosis.
ARP_DEAF = 8
_FORWARDING = ("ip_forward", "conf/all/forwarding")
_MTU = re.compile(r"^[^\S\n]*mtu[^\S\n]+(\d+)[^\S\n]*$", re.MULTILINE)


# --- VRR devices


def is_missing(vip: Vip) -> bool:
    """Whether ifupdown2 should have made the VRR device, and it is not there."""
    return vip.link is None


def is_down(vip: Vip) -> bool:
    """Whether the VRR device is administratively down; ``ifquery -c`` does not see it."""
    return vip.link is not None and not vip.link.up


def is_protodown(vip: Vip) -> bool:
    """Whether a daemon or a person has set the VRR device protocol-down: it answers no ARP."""
    return vip.link is not None and vip.link.protodown


def is_noarp(vip: Vip) -> bool:
    """Whether the VRR device does not take part in ARP."""
    return vip.link is not None and "NOARP" in vip.link.flags


def has_other_mtu(vip: Vip) -> bool:
    """Whether the VRR device has another MTU than its SVI."""
    return vip.link is not None and vip.svi is not None and vip.link.mtu != vip.svi.mtu


def has_other_mac(vip: Vip) -> bool:
    """Whether the VRR device has another MAC than the one that is configured."""
    mac = vip.virtual.mac
    return vip.link is not None and bool(mac) and vip.link.mac != mac


# --- SVIs and ports


def svi_down(index: Index, gateway: Gateway) -> bool:
    """Whether the SVI is administratively down, and its VRR devices with it."""
    link = index.links.get(gateway.interface)
    return link is not None and not link.up


def configured_mtu(gateway: Gateway) -> int | None:
    """The MTU that the stanza gives the SVI; None where it gives none."""
    found = _MTU.findall(gateway.stanza)
    return int(found[-1]) if found else None


def svi_mtus(index: Index, gateway: Gateway) -> tuple[int, int] | None:
    """The MTU that the SVI has and the one that is configured, where they differ; else None."""
    link, wanted = index.links.get(gateway.interface), configured_mtu(gateway)
    if link is None or wanted is None or link.mtu == wanted:
        return None
    return link.mtu, wanted


def has_carrier(link: LinkFact | None) -> bool:
    """Whether a port is up, and something at its other end."""
    return link is not None and link.up and "LOWER_UP" in link.flags


def lacks_carrier(link: LinkFact | None) -> bool:
    """Whether a port is up, and nothing at its other end."""
    return link is not None and link.up and "LOWER_UP" not in link.flags


# --- addresses


def is_held(vip: Vip) -> bool:
    """Whether the VRR device bears the VIP, with whatever prefix length."""
    return vip.device in vip.holders


def is_lost(vip: Vip) -> bool:
    """Whether the VRR device is there, and no device whatever bears the VIP."""
    return vip.link is not None and not vip.holders


def misplaced(vip: Vip) -> str:
    """The device that bears the VIP in the place of its VRR device, which is there; else empty."""
    if vip.link is None or not vip.holders or is_held(vip):
        return ""
    return vip.holders[0]


def other_prefixes(index: Index, vip: Vip) -> tuple[IpInterface, ...]:
    """The VIP as its device has it, where none of that has the configured prefix length."""
    if not is_held(vip):
        return ()
    held = tuple(a for a in index.addresses[vip.device] if a.ip == vip.ip)
    return () if vip.virtual.address in held else held


def own_lost(index: Index, gateway: Gateway) -> tuple[IpInterface, ...]:
    """The SVI's own addresses that it lacks, where it is there."""
    if gateway.interface not in index.links:
        return ()
    held = index.addresses.get(gateway.interface, ())
    return tuple(own for own in gateway.own if own not in held)


# --- settings


def forwarding_off(index: Index) -> str:
    """The setting by which the whole switch does not forward; empty where it does."""
    return next((path for path in _FORWARDING if index.sysctl(path) == 0), "")


def is_closed(index: Index, device: str) -> bool:
    """Whether a device does not forward what comes in by it."""
    return index.sysctl(f"conf/{device}/forwarding") == 0


def is_strict(index: Index, device: str = "all") -> bool:
    """Whether a device, or all, drops what comes in by another way than the answer would leave."""
    return index.sysctl(f"conf/{device}/rp_filter") == STRICT


def arp_ignore(index: Index, device: str = "all") -> int:
    """How many ARP requests a device, or all, leaves unanswered (`ARP_DEAF`); 0 if not known."""
    return index.sysctl(f"conf/{device}/arp_ignore") or 0


# --- routes


def is_part(part: IpNetwork, whole: IpNetwork) -> bool:
    """Whether a network is a part of another, and not all of it."""
    return (
        part.version == whole.version
        and part.prefixlen > whole.prefixlen
        and part.network_address in whole
    )
