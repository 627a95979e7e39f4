"""Faults of sysctls: what forbids the kernel to forward or to answer ARP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.health.diagnosis_model import Cure, Diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.health.diagnosis_view import View

#: ``rp_filter``: drop what comes in by another way than the answer would leave.
_STRICT = 1
#: ``arp_ignore`` from which on no request is answered at all.
_DEAF = 8
_RECREATE = "the device is deleted and made anew, with the switch's defaults"


def forwarding_off(view: View) -> Diagnosis | None:
    """The whole switch does not forward."""
    value = view.sysctl("ip_forward")
    if value is None:
        value = view.sysctl("conf/all/forwarding")
    if value != 0:
        return None
    return Diagnosis(
        "forwarding-off",
        "the switch forwards no IPv4 packet at all",
        ("sysctl: net.ipv4.ip_forward = 0",),
        Cure.NONE,
        remedy="Find out who switched it off, then: sysctl -w net.ipv4.ip_forward=1",
    )


def vrr_forwarding_off(view: View) -> Diagnosis | None:
    """A VRR device does not forward what comes in by it."""
    if forwarding_off(view) is not None:
        return None
    closed = _devices_with(view, "forwarding", lambda value: value == 0)
    if not closed:
        return None
    return Diagnosis(
        "vrr-forwarding-off",
        f"{', '.join(closed)} does not forward what the VMs send to it",
        tuple(f"sysctl: net.ipv4.conf.{device}.forwarding = 0" for device in closed),
        Cure.RECREATE,
        view.gateway.interface,
        closed,
        remedy=_RECREATE,
    )


def vrr_rp_filter(view: View) -> Diagnosis | None:
    """A VRR device drops what VMs send, because answers leave by the SVI."""
    if view.sysctl("conf/all/rp_filter") != 0:
        return None  # the larger of the two counts: see `rp_filter_all`
    strict = tuple(
        device
        for device in _devices_with(view, "rp_filter", lambda value: value == _STRICT)
        if _answers_leave_elsewhere(view, device)
    )
    if not strict:
        return None
    return Diagnosis(
        "vrr-rp-filter",
        f"{', '.join(strict)} drops what the VMs send: rp_filter is strict, and the way back leads "
        f"through {view.gateway.interface}",
        tuple(f"sysctl: net.ipv4.conf.{device}.rp_filter = 1" for device in strict),
        Cure.RECREATE,
        view.gateway.interface,
        strict,
        remedy=_RECREATE,
    )


def rp_filter_all(view: View) -> Diagnosis | None:
    """All devices drop what comes in by another way than the answer would leave."""
    if view.sysctl("conf/all/rp_filter") != _STRICT:
        return None
    hit = tuple(
        device
        for device in view.vrr
        if view.sysctl(f"conf/{device}/rp_filter") in {0, _STRICT, None}
        and _answers_leave_elsewhere(view, device)
    )
    if not hit:
        return None
    return Diagnosis(
        "rp-filter-all",
        "rp_filter is strict on all devices, so that VRR devices drop what VMs send to them",
        ("sysctl: net.ipv4.conf.all.rp_filter = 1",),
        Cure.NONE,
        remedy="Find out who set it, then: sysctl -w net.ipv4.conf.all.rp_filter=0",
    )


def vrr_arp_ignore(view: View) -> Diagnosis | None:
    """A VRR device answers no ARP request."""
    if arp_ignore_all(view) is not None:
        return None
    deaf = _devices_with(view, "arp_ignore", lambda value: value >= _DEAF)
    if not deaf:
        return None
    return Diagnosis(
        "vrr-arp-ignore",
        f"{', '.join(deaf)} answers no ARP request: who has to ask for the VIP is cut off",
        tuple(
            f"sysctl: net.ipv4.conf.{device}.arp_ignore = {view.sysctl(_path(device))}"
            for device in deaf
        ),
        Cure.RECREATE,
        view.gateway.interface,
        deaf,
        remedy=_RECREATE,
    )


def arp_ignore_all(view: View) -> Diagnosis | None:
    """The whole switch answers no ARP request; every toggle makes it worse."""
    value = view.sysctl("conf/all/arp_ignore")
    if value is None or value < _DEAF:
        return None
    return Diagnosis(
        "arp-ignore-all",
        "the switch answers no ARP request on any device: who has to ask for a VIP is cut off",
        (f"sysctl: net.ipv4.conf.all.arp_ignore = {value}",),
        Cure.NONE,
        remedy="Find out who set it, then: sysctl -w net.ipv4.conf.all.arp_ignore=1 (or what the "
        "other leafs have). Do not toggle: it makes it worse.",
    )


def _path(device: str) -> str:
    return f"conf/{device}/arp_ignore"


def _devices_with(view: View, name: str, wrong: Callable[[int], bool]) -> tuple[str, ...]:
    values = {device: view.sysctl(f"conf/{device}/{name}") for device in view.vrr}
    return tuple(d for d, value in values.items() if value is not None and wrong(value))


def _answers_leave_elsewhere(view: View, device: str) -> bool:
    """Whether the kernel's preferred way to a VIP's network is not the device itself.

    Where all ways are lost just now, the SVI's own address says which it will be.
    """
    networks = {v.address.network for v in view.gateway.virtual if v.device == device}
    own = {address.network for address in view.gateway.own}
    ways = {network: view.best(network) for network in networks}
    return any(
        network in own if way is None else way.device != device for network, way in ways.items()
    )
