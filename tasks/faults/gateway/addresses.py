"""Faults of addresses: VIPs and own addresses that are lost, on a wrong device, or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Sighting
from tasks.faults.gateway.devices import BY_IFUP, with_drift
from tasks.faults.model import Diagnosis, Status
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.facts.index import Vip
    from tasks.faults.gateway_view import GatewayView


def _lost(view: GatewayView) -> Iterator[Sighting]:
    """Find VIPs whose VRR device is there, and that no device of their VRF has."""
    for vip in view.vips:
        if vip.link is not None and not vip.holders:
            has = view.switch.held(vip.device) or "none"
            yield Sighting(
                str(vip.ip),
                f"ip addr: no device{view.in_vrf} has {vip.ip}; {vip.device} has {has}",
                f"ifup {vip.interface}.",
                vip.interface,
                device=vip.device,
                about=vip.virtual.address,
            )


def _elsewhere(view: GatewayView) -> Iterator[Sighting]:
    """Find VIPs on another device than their own, whether their own device has them too or not."""
    own = {(v.device, v.address.ip) for v in view.gateway.virtual}
    own |= {(view.svi, address.ip) for address in view.gateway.own}
    for vip in view.vips:
        for device in vip.holders if vip.link is not None else ():
            if (device, vip.ip) not in own and not _is_others(view, device, vip):
                yield Sighting(
                    str(vip.ip),
                    f"ip addr: {vip.ip} is on {device}, configured on {vip.device}",
                    f"ip addr del {vip.ip} dev {device} and ifup {vip.interface}; whoever asks by "
                    "ARP may get the wrong MAC.",
                    vip.interface,
                    device=vip.device,
                    about=(device, vip),
                )


def _is_others(view: GatewayView, device: str, vip: Vip) -> bool:
    """Return whether another stanza has the VIP on that device: the fault ``vip-twice``."""
    return any(
        (device, vip.ip) == (virtual.device, virtual.address.ip)
        for gateway in view.switch.gateways
        if gateway.vrf == view.gateway.vrf
        for virtual in gateway.virtual
    )


def _only_copies(found: Diagnosis, view: GatewayView, seen: Sequence[Sighting]) -> Diagnosis:
    """Return the diagnosis for a person where the copy is on a device ``ifup`` does not touch."""
    if any(device in view.gateway.devices for device, _ in (each.about for each in seen)):
        return found
    if any(vip.device not in vip.holders for _, vip in (each.about for each in seen)):
        return found
    return replace(found, cure=Cure.NONE, remedy=seen[0].remedy)


def _prefix(view: GatewayView) -> Iterator[Sighting]:
    for vip in view.vips:
        held = [a for a in view.switch.addresses.get(vip.device, ()) if a.ip == vip.ip]
        if held and vip.virtual.address not in held:
            yield Sighting(
                str(vip.ip),
                f"ip addr: {vip.device} has {held[0]}, configured is {vip.virtual.address}",
                f"ifup {vip.interface}.",
                vip.interface,
                device=vip.device,
            )


def _own_lost(view: GatewayView) -> Iterator[Sighting]:
    if view.svi in view.links:
        held = view.switch.addresses.get(view.svi, ())
        for own in view.gateway.own:
            if own not in held:
                yield Sighting(
                    view.svi,
                    f"ip addr: {view.svi} lacks its own address {own}",
                    f"ifup {view.svi}.",
                    view.svi,
                    device=view.svi,
                    about=own,
                )


def _lost_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    addresses = ", ".join(str(each.about) for each in seen)
    return f"{addresses} {'is' if len(seen) == 1 else 'are'} on no device"


def _said(seen: Sequence[Sighting]) -> str:
    return ", ".join(each.evidence.removeprefix("ip addr: ") for each in seen)


_NEEDS = ("links", "addresses")

FAULTS = (
    Fault(
        "vip-address-lost",
        "The kernel holds each VIP",
        Status.CRITICAL,
        needs=_NEEDS,
        find=_lost,
        cure=Cure.REAPPLY,
        sentence=_lost_sentence,
        remedy=BY_IFUP,
        refine=with_drift("address-virtual"),
        resists=(Cure.FLAP,),
    ),
    Fault(
        "vip-on-wrong-device",
        "Each VIP is on its own VRR device only",
        Status.WARNING,
        needs=_NEEDS,
        find=_elsewhere,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: _said(seen),
        remedy=BY_IFUP,
        refine=_only_copies,
        latent=True,
    ),
    Fault(
        "vip-prefix-wrong",
        "Each VIP has its configured prefix length",
        Status.WARNING,
        needs=_NEEDS,
        find=_prefix,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: _said(seen),
        remedy=BY_IFUP,
        latent=True,
    ),
    Fault(
        "svi-address-lost",
        "Each SVI has its own addresses",
        Status.WARNING,
        needs=_NEEDS,
        find=_own_lost,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: _said(seen),
        remedy=BY_IFUP,
        refine=with_drift("address"),
        latent=True,
    ),
)
