"""Faults of the SVI and its VRR devices: there, up, addressed, with their MAC and MTU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.health.diagnosis_model import Cure, Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sized

    from tasks.health.diagnosis_view import Expected, View

_REAPPLY = "'ifup' of the SVI makes it as the configuration says"


def device_deleted(view: View) -> Diagnosis | None:
    """A VRR device that ifupdown2 should have made is not there."""
    gone = tuple(device for device in view.vrr if device not in view.links)
    if not gone or view.gateway.interface not in view.links:
        return None
    return Diagnosis(
        "vrr-device-deleted",
        f"{_all(gone)} {_does(gone, 'does', 'do')} not exist, so nobody answers for "
        f"{_vips(view, gone)}",
        (f"ip link: no {_all(gone)}", *_drift(view, "address-virtual")),
        Cure.REAPPLY,
        view.gateway.interface,
        gone,
        remedy=_REAPPLY,
    )


def device_down(view: View) -> Diagnosis | None:
    """A VRR device is administratively down; ``ifquery -c`` does not see it."""
    down = tuple(d for d in view.vrr if d in view.links and not view.links[d].up)
    if not down:
        return None
    return Diagnosis(
        "vrr-device-down",
        f"{_all(down)} {_does(down, 'is', 'are')} down, so nobody answers for {_vips(view, down)}",
        tuple(f"ip link: {device} without UP" for device in down),
        Cure.REAPPLY,
        view.gateway.interface,
        down,
        remedy=_REAPPLY,
    )


def svi_down(view: View) -> Diagnosis | None:
    """The SVI is administratively down, and its VRR devices with it."""
    svi = view.links.get(view.gateway.interface)
    if svi is None or svi.up:
        return None
    return Diagnosis(
        "svi-down",
        f"{svi.name} is down, and its VRR devices with it",
        (f"ip link: {svi.name} without UP",),
        Cure.REAPPLY,
        svi.name,
        (svi.name,),
        remedy=_REAPPLY,
    )


def device_protodown(view: View) -> Diagnosis | None:
    """A daemon or a person has set a VRR device protocol-down: it answers no ARP."""
    held = tuple(d for d in view.vrr if d in view.links and view.links[d].protodown)
    if not held:
        return None
    return Diagnosis(
        "vrr-protodown",
        f"{_all(held)} {_does(held, 'is', 'are')} protocol-down: nobody who has to ask for "
        f"{_vips(view, held)} by ARP gets an answer",
        tuple(f"ip link: {device} protodown on" for device in held),
        Cure.REAPPLY,
        view.gateway.interface,
        held,
        remedy=_REAPPLY,
    )


def vip_lost(view: View) -> Diagnosis | None:
    """A VIP is on no device at all."""
    lost = [wanted for wanted in _vips_missing(view) if not _elsewhere(view, wanted)]
    if not lost:
        return None
    devices = _devices(lost)
    return Diagnosis(
        "vip-address-lost",
        f"{_all(str(w.address) for w in lost)} {_does(lost, 'is', 'are')} on no device",
        (
            *(f"ip addr: {w.device} lacks {w.address}" for w in lost),
            *_drift(view, "address-virtual"),
        ),
        Cure.REAPPLY,
        view.gateway.interface,
        devices,
        remedy=_REAPPLY,
    )


def vip_misplaced(view: View) -> Diagnosis | None:
    """A VIP is on another device than its VRR device."""
    lost = [wanted for wanted in _vips_missing(view) if _elsewhere(view, wanted)]
    if not lost:
        return None
    where = {w: _elsewhere(view, w) for w in lost}
    return Diagnosis(
        "vip-on-wrong-device",
        _all(f"{w.address.ip} is on {where[w]} and not on {w.device}" for w in lost),
        tuple(f"ip addr: {w.address.ip} on {where[w]}, none on {w.device}" for w in lost),
        Cure.REAPPLY,
        view.gateway.interface,
        _devices(lost),
        latent=True,
        remedy=_REAPPLY,
    )


def svi_address_lost(view: View) -> Diagnosis | None:
    """The SVI lacks an address of its own."""
    svi = view.gateway.interface
    if svi not in view.links:
        return None
    lost = [w for w in view.expected if w.device == svi and not view.bears(w)]
    if not lost:
        return None
    return Diagnosis(
        "svi-address-lost",
        f"{svi} lacks its own address {_all(str(w.address) for w in lost)}",
        (*(f"ip addr: {svi} lacks {w.address}" for w in lost), *_drift(view, "address")),
        Cure.REAPPLY,
        svi,
        (svi,),
        latent=True,
        remedy=_REAPPLY,
    )


def vip_prefix_wrong(view: View) -> Diagnosis | None:
    """A VIP has another prefix length than configured."""
    wrong = [
        (wanted, held)
        for wanted in view.expected
        if wanted.device in view.vrr and not view.bears(wanted)
        for held in view.held(wanted.device)
        if held.ip == wanted.address.ip
    ]
    if not wrong:
        return None
    return Diagnosis(
        "vip-prefix-wrong",
        _all(f"{w.device} has {held}, configured is {w.address}" for w, held in wrong),
        tuple(f"ip addr: {held} on {w.device}" for w, held in wrong),
        Cure.REAPPLY,
        view.gateway.interface,
        _devices([w for w, _ in wrong]),
        latent=True,
        remedy=_REAPPLY,
    )


def mac_wrong(view: View) -> Diagnosis | None:
    """A VRR device has another MAC than configured.

    Not to be reapplied: ifupdown2 before 3.3.0 corrects the MAC and leaves the device down.
    """
    wrong = [
        wanted
        for wanted in view.expected
        if wanted.mac
        and wanted.device in view.links
        and view.links[wanted.device].mac != wanted.mac
    ]
    if not wrong:
        return None
    seen = [f"{w.device} has the MAC {view.links[w.device].mac or 'none'}" for w in wrong]
    return Diagnosis(
        "virtual-mac-wrong",
        _all(f"{text}, configured is {w.mac}" for w, text in zip(wrong, seen, strict=True))
        + ": who knows the old one is cut off when its ARP entry ages",
        tuple(f"ip link: {text}" for text in seen),
        Cure.SET_MAC,
        view.gateway.interface,
        _devices(wrong),
        latent=not view.silent,
        remedy="the device gets its configured MAC, and the VIP is announced",
    )


def svi_mtu(view: View) -> Diagnosis | None:
    """The SVI has another MTU than configured; its VRR devices follow it down."""
    svi = view.links.get(view.gateway.interface)
    if svi is None or view.mtu is None or svi.mtu == view.mtu:
        return None
    return Diagnosis(
        "svi-mtu-wrong",
        f"{svi.name} has MTU {svi.mtu}, configured is {view.mtu}: large packets are lost",
        (f"ip link: {svi.name} mtu {svi.mtu}", *_drift(view, "mtu")),
        Cure.REAPPLY,
        svi.name,
        (svi.name,),
        latent=True,
        remedy=_REAPPLY,
    )


def vrr_mtu(view: View) -> Diagnosis | None:
    """A VRR device has another MTU than its SVI."""
    svi = view.links.get(view.gateway.interface)
    if svi is None:
        return None
    wrong = tuple(d for d in view.vrr if d in view.links and view.links[d].mtu != svi.mtu)
    if not wrong:
        return None
    return Diagnosis(
        "vrr-mtu-wrong",
        _all(f"{d} has MTU {view.links[d].mtu}" for d in wrong)
        + f", {svi.name} has {svi.mtu}: large packets are lost",
        tuple(f"ip link: {d} mtu {view.links[d].mtu}" for d in wrong),
        Cure.REAPPLY,
        svi.name,
        wrong,
        latent=True,
        remedy=_REAPPLY,
    )


def noarp(view: View) -> Diagnosis | None:
    """A VRR device does not take part in ARP."""
    mute = tuple(d for d in view.vrr if d in view.links and "NOARP" in view.links[d].flags)
    if not mute:
        return None
    return Diagnosis(
        "vrr-noarp",
        f"{_all(mute)} {_does(mute, 'has', 'have')} ARP switched off: nobody who has to ask for "
        f"{_vips(view, mute)} gets an answer",
        tuple(f"ip link: {device} NOARP" for device in mute),
        Cure.RECREATE,
        view.gateway.interface,
        mute,
        remedy="the device is deleted and made anew",
    )


def _vips_missing(view: View) -> list[Expected]:
    """VIPs that their device, which is there, bears with no prefix length whatever."""
    return [
        wanted
        for wanted in view.expected
        if wanted.device in view.vrr
        and wanted.device in view.links
        and all(held.ip != wanted.address.ip for held in view.held(wanted.device))
    ]


def _elsewhere(view: View, wanted: Expected) -> str:
    """Another device that bears the address; empty where none does."""
    return next(
        (
            row.device
            for row in view.facts.addresses.rows
            if row.address.ip == wanted.address.ip and row.device != wanted.device
        ),
        "",
    )


def _drift(view: View, attribute: str) -> list[str]:
    return [
        f"ifquery -c: {row.interface} {row.attribute} {row.text}".rstrip()
        for row in view.facts.drift.rows
        if row.interface == view.gateway.interface and row.attribute == attribute
    ]


def _vips(view: View, devices: tuple[str, ...]) -> str:
    return _all(str(v.address.ip) for v in view.gateway.virtual if v.device in devices)


def _devices(wanted: list[Expected]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(w.device for w in wanted))


def _all(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _does(several: Sized, one: str, many: str) -> str:
    return one if len(several) == 1 else many
