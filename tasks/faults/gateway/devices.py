"""Faults of the SVI and its VRR devices: missing, down, or with a wrong MAC or MTU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from napalm_cumulus.patterns import normal_mac
from tasks.faults.base import Fault, Sighting
from tasks.faults.model import Diagnosis, Status
from tasks.ladder import MILD_CURES, Cure

if TYPE_CHECKING:
    from tasks.facts.index import Vip
    from tasks.faults.gateway_view import GatewayView
    from tasks.model import Gateway

#: What reapplying the SVI does, for whoever reads of the fault.
BY_IFUP = "'ifup' of the SVI makes it as the configuration says"


@dataclass(frozen=True)
class _EachVrrDevice:
    """Finds a fault that each VRR device can have by itself.

    Attributes:
        wrong: tells whether a VIP's device has the fault.
        evidence: the evidence of the sighting; ``{vip}`` stands for the ``Vip``.
        remedy: the remedy of the sighting, in the same form.
    """

    wrong: Callable[[Vip], bool]
    evidence: str
    remedy: str = "ifup {vip.interface}."

    def __call__(self, view: GatewayView) -> Iterator[Sighting]:
        """Yield a sighting for each device that has the fault, about the device's first VIP."""
        for vip in view.by_device:
            if vip.svi is not None and self.wrong(vip):
                yield Sighting(
                    str(vip.ip),
                    self.evidence.format(vip=vip),
                    self.remedy.format(vip=vip),
                    vip.interface,
                    device=vip.device,
                    about=vip,
                )


def _is_noarp(vip: Vip) -> bool:
    ipv4 = isinstance(vip.virtual.address, IPv4Interface)
    return ipv4 and vip.link is not None and "NOARP" in vip.link.flags


def has_other_mac(vip: Vip) -> bool:
    """Return whether the VRR device has another MAC than the one that is configured.

    What is configured and is no MAC at all says nothing of the device.
    """
    mac = normal_mac(vip.virtual.mac)
    return vip.link is not None and bool(mac) and vip.link.mac != mac


def _mac_wrong(view: GatewayView) -> Iterator[Sighting]:
    """Find wrong MACs. ifupdown2 before 3.3.0 corrects a MAC but leaves the device down."""
    for vip in view.by_device:
        if vip.link is not None and has_other_mac(vip):
            yield Sighting(
                str(vip.ip),
                f"ip link: {vip.device} has the MAC {vip.link.mac or 'none'}, configured is "
                f"{vip.virtual.mac}",
                "Give it the configured MAC and announce the VIP. A plain ifreload -a can leave "
                "the device down.",
                vip.interface,
                device=vip.device,
                latent=not view.silent,
                about=vip,
            )


def _mac_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    texts = (each.evidence.removeprefix("ip link: ") for each in seen)
    return f"{_all(texts)}: hosts that know the old one are cut off when their ARP entry ages"


def _svi_down(view: GatewayView) -> Iterator[Sighting]:
    link = view.links.get(view.svi)
    if link is None or not link.up:
        what = "does not exist" if link is None else "is administratively down"
        yield Sighting(
            view.svi, f"ip link: {view.svi} {what}", f"ifup {view.svi}.", view.svi, device=view.svi
        )


def configured_mtu(gateway: Gateway) -> int | None:
    """Return the MTU that the stanza gives the SVI; None where it gives none."""
    found = [value for value in gateway.values("mtu") if value.isdecimal()]
    return int(found[-1]) if found else None


def _svi_mtu(view: GatewayView) -> Iterator[Sighting]:
    """Find an SVI with a wrong MTU; its VRR devices follow it."""
    link, wanted = view.links.get(view.svi), configured_mtu(view.gateway)
    if link is not None and wanted is not None and link.mtu != wanted:
        yield Sighting(
            view.svi,
            f"ip link: {view.svi} has MTU {link.mtu}, configured is {wanted}",
            f"ifup {view.svi}; until then large packets are lost.",
            view.svi,
            device=view.svi,
        )


def with_drift(attribute: str) -> Callable[..., Diagnosis]:
    """Return a ``refine`` that adds what ``ifquery -c`` says of an attribute to a diagnosis."""

    def refine(found: Diagnosis, view: GatewayView, _: Sequence[Sighting]) -> Diagnosis:
        return replace(found, evidence=(*found.evidence, *view.drift(attribute)))

    return refine


def _vips(view: GatewayView, seen: Sequence[Sighting]) -> str:
    devices = {each.device for each in seen}
    return _all(str(vip.ip) for vip in view.vips if vip.device in devices)


def _devices(seen: Sequence[Sighting]) -> str:
    return _all(each.device for each in seen)


def _all(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _does(several: Sized, one: str, many: str) -> str:
    return one if len(several) == 1 else many


_LINKS = ("links",)

FAULTS = (
    Fault(
        "svi-down",
        "Each SVI is there and up",
        Status.CRITICAL,
        needs=_LINKS,
        find=_svi_down,
        cure=Cure.REAPPLY,
        sentence=lambda view, _: (
            f"{view.svi} {'is down' if view.svi in view.links else 'does not exist'}, and its VRR "
            "devices with it"
        ),
        remedy=BY_IFUP,
        resists=(Cure.FLAP,),
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "vrr-device-deleted",
        "Each VRR device is there",
        Status.CRITICAL,
        needs=_LINKS,
        find=_EachVrrDevice(lambda vip: vip.link is None, "ip link: there is no {vip.device}"),
        cure=Cure.REAPPLY,
        sentence=lambda view, seen: (
            f"{_devices(seen)} {_does(seen, 'does', 'do')} not exist, so nobody answers for "
            f"{_vips(view, seen)}"
        ),
        remedy=BY_IFUP,
        refine=with_drift("address-virtual"),
        resists=(Cure.FLAP,),
        silences_arp=True,
    ),
    Fault(
        "vrr-device-down",
        "Each VRR device is up",
        Status.CRITICAL,
        needs=_LINKS,
        find=_EachVrrDevice(
            lambda vip: vip.link is not None and not vip.link.up,
            "ip link: {vip.device} is administratively down (ifquery -c does not see it)",
            "ifup {vip.interface}, or ip link set {vip.device} up.",
        ),
        cure=Cure.REAPPLY,
        sentence=lambda view, seen: (
            f"{_devices(seen)} {_does(seen, 'is', 'are')} down, so nobody answers for "
            f"{_vips(view, seen)}"
        ),
        remedy=BY_IFUP,
        silences_arp=True,
    ),
    Fault(
        "vrr-protodown",
        "No VRR device is protocol-down",
        Status.CRITICAL,
        needs=_LINKS,
        find=_EachVrrDevice(
            lambda vip: vip.link is not None and vip.link.protodown,
            "ip link: {vip.device} is protocol-down",
            "A daemon (clagd, FRR) or a person has set it. Where no daemon means it: "
            "ip link set {vip.device} protodown off.",
        ),
        cure=Cure.REAPPLY,
        sentence=lambda view, seen: (
            f"{_devices(seen)} {_does(seen, 'is', 'are')} protocol-down: hosts that have to ask "
            f"for {_vips(view, seen)} by ARP get no answer"
        ),
        remedy=BY_IFUP,
        resists=(Cure.FLAP,),
        silences_arp=True,
    ),
    Fault(
        "vrr-noarp",
        "Each VRR device answers ARP",
        Status.CRITICAL,
        needs=_LINKS,
        find=_EachVrrDevice(
            _is_noarp,
            "ip link: {vip.device} has NOARP: nobody learns the VIP's MAC",
            "ip link set {vip.device} arp on.",
        ),
        cure=Cure.RECREATE,
        sentence=lambda view, seen: (
            f"{_devices(seen)} {_does(seen, 'has', 'have')} ARP switched off: hosts that have to "
            f"ask for {_vips(view, seen)} get no answer"
        ),
        remedy="the device is deleted and made anew",
        resists=MILD_CURES,
        silences_arp=True,
    ),
    Fault(
        "virtual-mac-wrong",
        "Virtual MACs are as configured",
        Status.CRITICAL,
        needs=_LINKS,
        find=_mac_wrong,
        cure=Cure.SET_MAC,
        sentence=_mac_sentence,
        remedy="the device gets its configured MAC, and the VIP is announced",
        silences_arp=True,
    ),
    Fault(
        "svi-mtu-wrong",
        "Each SVI has its configured MTU",
        Status.WARNING,
        needs=_LINKS,
        find=_svi_mtu,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: (
            f"{seen[0].evidence.removeprefix('ip link: ')}: large packets are lost"
        ),
        remedy=BY_IFUP,
        refine=with_drift("mtu"),
        latent=True,
    ),
    Fault(
        "vrr-mtu-wrong",
        "VRR devices have their SVI's MTU",
        Status.WARNING,
        needs=_LINKS,
        find=_EachVrrDevice(
            lambda vip: (
                vip.link is not None and vip.svi is not None and vip.link.mtu != vip.svi.mtu
            ),
            "ip link: {vip.device} has MTU {vip.link.mtu}, {vip.interface} has {vip.svi.mtu}",
            "ifup {vip.interface}; until then large packets are lost.",
        ),
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: (
            _all(each.evidence.removeprefix("ip link: ") for each in seen)
            + ": large packets are lost"
        ),
        remedy=BY_IFUP,
        latent=True,
    ),
)
