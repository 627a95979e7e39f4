"""Faults of the kernel's settings for IPv4 that forbid it to forward or to answer ARP.

Of the value for all devices and the value of one device the kernel takes the higher one, except for
forwarding, where only the device's own counts. A value that is wrong for all devices is not also
reported for each device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Status
from tasks.ladder import ANY_CURE, MILD_CURES, Cure

if TYPE_CHECKING:
    from tasks.faults.gateway_view import GatewayView

#: ``rp_filter``: drop a packet that comes in by another device than the answer would leave by;
#: 2 is loose.
_STRICT = 1
#: ``arp_ignore`` 8: answer no request. 3 only ignores addresses of scope host, and no VIP has that
#: scope. The kernel does not know 4 to 7 and values above 8, and answers.
_DEAF = 8
_FORWARDING = ("ip_forward", "conf/all/forwarding")
_NAME_IT = "Not a fault of the VIP, a toggle does not help: ask who set it, then sysctl -w {}."
_ANEW = "the device is deleted and made anew, with the switch's defaults"


def _forwarding_off(view: GatewayView) -> Iterator[Sighting]:
    path = next((path for path in _FORWARDING if view.switch.sysctl(path) == 0), "")
    if path:
        name = f"net.ipv4.{path.replace('/', '.')}"
        yield Sighting(
            "",
            f"sysctl: {name} = 0, the switch routes nothing at all",
            _NAME_IT.format(f"{name}=1"),
        )


def _setting(view: GatewayView, device: str, setting: str, *, right: int, why: str) -> Sighting:
    """Return the sighting of a wrong setting of a device, with the right value."""
    name = f"net.ipv4.conf.{device}.{setting}"
    value = view.switch.sysctl(f"conf/{device}/{setting}")
    return Sighting(
        device,
        f"sysctl: {name} = {value}: {why}",
        f"sysctl -w {name}={right}.",
        view.svi,
        device=device,
    )


def _closed(view: GatewayView, device: str) -> bool:
    """Return whether a device, for itself, does not forward what comes in by it."""
    alone = not any(True for _ in _forwarding_off(view))
    return alone and view.switch.sysctl(f"conf/{device}/forwarding") == 0


def _vrr_forwarding_off(view: GatewayView) -> Iterator[Sighting]:
    for device in view.vrr_ipv4:
        if _closed(view, device):
            why = "packets that the VMs send to it are not forwarded"
            yield _setting(view, device, "forwarding", right=1, why=why)


def _svi_forwarding_off(view: GatewayView) -> Iterator[Sighting]:
    if view.vrr_ipv4 and _closed(view, view.svi):
        why = "a VM whose gateway is the SVI's own address is cut off, others are not"
        yield _setting(view, view.svi, "forwarding", right=1, why=why)


def _strict(view: GatewayView) -> tuple[str, ...]:
    """Return the VRR devices that drop packets since the answers leave by another device."""
    return tuple(
        device
        for device in view.vrr_ipv4
        if view.setting(device, "rp_filter") == _STRICT and _answers_leave_elsewhere(view, device)
    )


def _answers_leave_elsewhere(view: GatewayView, device: str) -> bool:
    """Return whether the kernel's preferred route to a VIP's network is not by the device itself.

    Where all routes are lost at the moment, the SVI's own address tells which one it will be.
    """
    networks = {v.address.network for v in view.gateway.virtual if v.device == device}
    own = {address.network for address in view.gateway.own}
    ways = {network: view.best(network) for network in networks}
    return any(
        network in own if way is None else way.device != device for network, way in ways.items()
    )


def _on_all(view: GatewayView, setting: str) -> int:
    return view.switch.sysctl(f"conf/all/{setting}") or 0


def _rp_filter_all(view: GatewayView) -> Iterator[Sighting]:
    if _on_all(view, "rp_filter") == _STRICT and _strict(view):
        yield Sighting(
            "",
            "sysctl: net.ipv4.conf.all.rp_filter = 1: packets that come in by a VRR device and "
            "leave by the SVI are dropped",
            _NAME_IT.format("net.ipv4.conf.all.rp_filter=0"),
        )


def _rp_filter(view: GatewayView) -> Iterator[Sighting]:
    if _on_all(view, "rp_filter") != _STRICT:
        for device in _strict(view):
            why = (
                f"the route back leads through {view.svi}, so packets that come in here are dropped"
            )
            yield _setting(view, device, "rp_filter", right=0, why=why)


def _deaf(view: GatewayView) -> tuple[str, ...]:
    return tuple(d for d in view.vrr_ipv4 if view.setting(d, "arp_ignore") == _DEAF)


def _arp_ignore_all(view: GatewayView) -> Iterator[Sighting]:
    if _on_all(view, "arp_ignore") == _DEAF and _deaf(view):
        yield Sighting(
            "",
            "sysctl: net.ipv4.conf.all.arp_ignore = 8: the switch does not answer ARP for its VIPs",
            _NAME_IT.format("net.ipv4.conf.all.arp_ignore=1 (or what the other leafs have)"),
        )


def _arp_ignore(view: GatewayView) -> Iterator[Sighting]:
    if _on_all(view, "arp_ignore") != _DEAF:
        for device in _deaf(view):
            why = "it does not answer ARP for its VIP"
            yield _setting(view, device, "arp_ignore", right=1, why=why)


def _svi_answers(view: GatewayView) -> Iterator[Sighting]:
    """Find an SVI that answers ARP for the VIPs, as the kernel does for every address of its own.

    It answers before the VRR device, so the VRR device's own setting has no effect.
    """
    values = [view.switch.sysctl(f"conf/{d}/arp_ignore") for d in ("all", view.svi)]
    if view.vrr_ipv4 and values == [0, 0]:
        yield Sighting(
            "",
            "sysctl: net.ipv4.conf.all.arp_ignore = 0: SVIs whose own arp_ignore is 0 too answer "
            "ARP for their VIPs with their own MAC",
            "sysctl -w net.ipv4.conf.all.arp_ignore=1, and the same in /etc/sysctl.d for the next "
            "boot; then announce the VIPs, for the VMs that have learnt the SVI's MAC.",
        )


def _svi_answers_sentence(view: GatewayView, _: Sequence[Sighting]) -> str:
    link = view.links.get(view.svi)
    mac = f" ({link.mac})" if link is not None and link.mac else ""
    return (
        f"{view.svi} answers ARP for its VIPs with its own MAC{mac}, which no other leaf has: a VM "
        "that moves to another leaf takes it along, and depends on this one"
    )


def _devices(seen: Sequence[Sighting]) -> str:
    return ", ".join(each.device for each in seen)


FAULTS = (
    Fault(
        "forwarding-off",
        "The switch routes",
        Status.CRITICAL,
        find=_forwarding_off,
        needs=("sysctls",),
        cure=Cure.NONE,
        sentence=lambda _, __: "the switch forwards no IPv4 packet at all",
        resists=ANY_CURE,
        layer=Layer.SWITCH,
    ),
    Fault(
        "arp-ignore-all",
        "ARP is answered by all devices",
        Status.CRITICAL,
        find=_arp_ignore_all,
        needs=("sysctls",),
        cure=Cure.NONE,
        sentence=lambda _, __: (
            "the switch answers no ARP request on any device: hosts that have to ask for a VIP "
            "are cut off; a toggle makes it worse"
        ),
        resists=ANY_CURE,
        layer=Layer.SWITCH,
    ),
    Fault(
        "rp-filter-all",
        "No strict reverse path filter for all devices",
        Status.CRITICAL,
        find=_rp_filter_all,
        needs=("sysctls", "routes"),
        cure=Cure.NONE,
        sentence=lambda _, __: (
            "rp_filter is strict on all devices, so that VRR devices drop what VMs send to them"
        ),
        resists=ANY_CURE,
        layer=Layer.SWITCH,
    ),
    Fault(
        "vrr-rp-filter",
        "No strict reverse path filter on a VRR device",
        Status.CRITICAL,
        find=_rp_filter,
        needs=("sysctls", "routes"),
        cure=Cure.RECREATE,
        sentence=lambda view, seen: (
            f"{_devices(seen)} drops what the VMs send: rp_filter is strict, and the route back "
            f"leads through {view.svi}"
        ),
        remedy=_ANEW,
        resists=MILD_CURES,
    ),
    Fault(
        "vrr-forwarding-off",
        "VRR devices forward",
        Status.CRITICAL,
        find=_vrr_forwarding_off,
        needs=("sysctls",),
        cure=Cure.RECREATE,
        sentence=lambda _, seen: (
            f"{_devices(seen)} does not forward the packets that the VMs send to it"
        ),
        remedy=_ANEW,
        resists=MILD_CURES,
    ),
    Fault(
        "svi-forwarding-off",
        "SVIs forward",
        Status.WARNING,
        find=_svi_forwarding_off,
        needs=("sysctls",),
        cure=Cure.NONE,
        sentence=lambda _, seen: (
            f"{_devices(seen)} does not forward what comes in by its own address"
        ),
        latent=True,
    ),
    Fault(
        "svi-answers-arp",
        "ARP for a VIP is answered with the virtual MAC",
        Status.WARNING,
        find=_svi_answers,
        needs=("sysctls",),
        cure=Cure.NONE,
        sentence=_svi_answers_sentence,
        latent=True,
    ),
    Fault(
        "vrr-arp-ignore",
        "ARP is answered by each VRR device",
        Status.CRITICAL,
        find=_arp_ignore,
        needs=("sysctls",),
        cure=Cure.RECREATE,
        sentence=lambda _, seen: (
            f"{_devices(seen)} answers no ARP request: hosts that have to ask for the "
            "VIP are cut off"
        ),
        remedy=_ANEW,
        resists=MILD_CURES,
    ),
)
