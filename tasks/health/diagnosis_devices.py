"""Faults of the SVI and its VRR devices: there, up, with their MAC and MTU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.faults import conditions
from tasks.faults.model import Cure, Diagnosis
from tasks.health.diagnosis_view import BY_IFUP, cured_by_ifup, devices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sized

    from tasks.facts.index import Vip
    from tasks.health.diagnosis_view import View


@dataclass(frozen=True)
class VrrFault:
    """A fault that each VRR device can have by itself.

    Attributes:
        fault: its name.
        wrong: whether the device has it.
        sentence: what is wrong; ``{devices}`` and ``{vips}`` stand for names, ``{is_are}`` and
            ``{has_have}`` agree with the devices.
        evidence: what was seen of each ``{device}``.
        cure: the mildest.
        remedy: what the cure does.
    """

    fault: str
    wrong: Callable[[Vip], bool]
    sentence: str
    evidence: str
    cure: Cure = Cure.REAPPLY
    remedy: str = BY_IFUP

    def look(self, view: View) -> Diagnosis | None:
        """The diagnosis, or None where no device has the fault."""
        hit = devices_of([vip for vip in view.vips if self.wrong(vip)])
        if not hit:
            return None
        sentence = self.sentence.format(
            devices=_all(hit),
            vips=_vips(view, hit),
            is_are=_does(hit, "is", "are"),
            has_have=_does(hit, "has", "have"),
        )
        evidence = tuple(self.evidence.format(device=device) for device in hit)
        return Diagnosis(
            self.fault,
            sentence,
            evidence,
            self.cure,
            view.gateway.interface,
            hit,
            remedy=self.remedy,
        )


VRR_DEVICE_DOWN = VrrFault(
    "vrr-device-down",
    conditions.is_down,
    "{devices} {is_are} down, so nobody answers for {vips}",
    "ip link: {device} without UP",
)
VRR_PROTODOWN = VrrFault(
    "vrr-protodown",
    conditions.is_protodown,
    "{devices} {is_are} protocol-down: nobody who has to ask for {vips} by ARP gets an answer",
    "ip link: {device} protodown on",
)
VRR_NOARP = VrrFault(
    "vrr-noarp",
    conditions.is_noarp,
    "{devices} {has_have} ARP switched off: nobody who has to ask for {vips} gets an answer",
    "ip link: {device} NOARP",
    Cure.RECREATE,
    "the device is deleted and made anew",
)


def device_deleted(view: View) -> Diagnosis | None:
    """A VRR device that ifupdown2 should have made is not there."""
    gone = devices_of([vip for vip in view.vips if conditions.is_missing(vip)])
    if not gone or view.gateway.interface not in view.links:
        return None
    return cured_by_ifup(
        view,
        "vrr-device-deleted",
        f"{_all(gone)} {_does(gone, 'does', 'do')} not exist, so nobody answers for "
        f"{_vips(view, gone)}",
        (f"ip link: no {_all(gone)}", *view.drift("address-virtual")),
        gone,
    )


def svi_down(view: View) -> Diagnosis | None:
    """The SVI is administratively down, and its VRR devices with it."""
    if not conditions.svi_down(view.index, view.gateway):
        return None
    svi = view.gateway.interface
    return cured_by_ifup(
        view,
        "svi-down",
        f"{svi} is down, and its VRR devices with it",
        (f"ip link: {svi} without UP",),
        (svi,),
    )


def mac_wrong(view: View) -> Diagnosis | None:
    """A VRR device has another MAC than configured.

    Not to be reapplied: ifupdown2 before 3.3.0 corrects the MAC and leaves the device down.
    """
    wrong = [vip for vip in view.vips if conditions.has_other_mac(vip)]
    if not wrong:
        return None
    seen = [f"{v.device} has the MAC {view.links[v.device].mac or 'none'}" for v in wrong]
    return Diagnosis(
        "virtual-mac-wrong",
        _all(f"{text}, configured is {v.virtual.mac}" for v, text in zip(wrong, seen, strict=True))
        + ": who knows the old one is cut off when its ARP entry ages",
        tuple(f"ip link: {text}" for text in seen),
        Cure.SET_MAC,
        view.gateway.interface,
        devices_of(wrong),
        latent=not view.silent,
        remedy="the device gets its configured MAC, and the VIP is announced",
    )


def svi_mtu(view: View) -> Diagnosis | None:
    """The SVI has another MTU than configured; its VRR devices follow it down."""
    svi, mtus = view.gateway.interface, conditions.svi_mtus(view.index, view.gateway)
    if not mtus:
        return None
    return cured_by_ifup(
        view,
        "svi-mtu-wrong",
        f"{svi} has MTU {mtus[0]}, configured is {mtus[1]}: large packets are lost",
        (f"ip link: {svi} mtu {mtus[0]}", *view.drift("mtu")),
        (svi,),
        latent=True,
    )


def vrr_mtu(view: View) -> Diagnosis | None:
    """A VRR device has another MTU than its SVI."""
    svi = view.gateway.interface
    wrong = devices_of([vip for vip in view.vips if conditions.has_other_mtu(vip)])
    if not wrong:
        return None
    return cured_by_ifup(
        view,
        "vrr-mtu-wrong",
        _all(f"{d} has MTU {view.links[d].mtu}" for d in wrong)
        + f", {svi} has {view.links[svi].mtu}: large packets are lost",
        tuple(f"ip link: {d} mtu {view.links[d].mtu}" for d in wrong),
        wrong,
        latent=True,
    )


def _vips(view: View, devices: tuple[str, ...]) -> str:
    return _all(str(vip.ip) for vip in view.vips if vip.device in devices)


def _all(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _does(several: Sized, one: str, many: str) -> str:
    return one if len(several) == 1 else many
