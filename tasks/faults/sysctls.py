"""Checks of the kernel's settings for IPv4."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.faults import conditions
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View, is_ipv4
from tasks.model import Gateway

_NAME_IT = "Not a fault of the VIP, a toggle does not help: ask who set it, then sysctl -w {}."


def _devices(view: View, *, vrr_only: bool = False) -> Iterator[tuple[Gateway, str]]:
    for gateway in view.gateways:
        if any(map(is_ipv4, gateway.virtual)):
            for device in gateway.devices:
                if not (vrr_only and device == gateway.interface):
                    yield gateway, device


def _seen(gateway: Gateway, device: str, setting: str, *, value: int, right: int, why: str) -> Seen:
    """A setting of a device that is wrong, and the value that is right."""
    name = f"net.ipv4.conf.{device}.{setting}"
    return Seen(
        device,
        f"sysctl: {name} = {value}{why}",
        f"sysctl -w {name}={right}, or re-create the device (vip heal does).",
        gateway.interface,
    )


def _forwarding(view: View) -> Iterator[Seen]:
    path = conditions.forwarding_off(view)
    if path:
        name = f"net.ipv4.{path.replace('/', '.')}"
        yield Seen(
            "",
            f"sysctl: {name} = 0, the switch routes nothing at all",
            _NAME_IT.format(f"{name}=1"),
        )


def _device_forwarding(view: View) -> Iterator[Seen]:
    if conditions.forwarding_off(view):
        return
    for gateway, device in _devices(view):
        if conditions.is_closed(view, device):
            yield _seen(gateway, device, "forwarding", value=0, right=1, why="")


def _rp_filter_all(view: View) -> Iterator[Seen]:
    if conditions.is_strict(view):
        yield Seen(
            "",
            "sysctl: net.ipv4.conf.all.rp_filter = 1: packets that come in by a VRR device and "
            "leave by the SVI are dropped",
            _NAME_IT.format("net.ipv4.conf.all.rp_filter=0"),
        )


def _rp_filter(view: View) -> Iterator[Seen]:
    # The greater one of the two counts; 2 is the loose kind.
    if view.sysctl("conf/all/rp_filter") not in {0, None}:
        return
    for gateway, device in _devices(view, vrr_only=True):
        if conditions.is_strict(view, device):
            why = f": the way back leads by {gateway.interface}, so what comes in here is dropped"
            yield _seen(gateway, device, "rp_filter", value=1, right=0, why=why)


def _arp_ignore_all(view: View) -> Iterator[Seen]:
    value = conditions.arp_ignore(view)
    if value >= conditions.ARP_RELUCTANT:
        yield Seen(
            "",
            f"sysctl: net.ipv4.conf.all.arp_ignore = {value}: the switch does not answer ARP for "
            "its VIPs",
            _NAME_IT.format("net.ipv4.conf.all.arp_ignore=1"),
        )


def _arp_ignore(view: View) -> Iterator[Seen]:
    if conditions.arp_ignore(view) >= conditions.ARP_RELUCTANT:
        return
    for gateway, device in _devices(view, vrr_only=True):
        value = conditions.arp_ignore(view, device)
        if value >= conditions.ARP_RELUCTANT:
            why = ": it does not answer ARP for its VIP"
            yield _seen(gateway, device, "arp_ignore", value=value, right=1, why=why)


_NEEDS = ("gateways", "sysctls")

CHECKS = (
    Check("forwarding-off", "The switch routes", Status.CRITICAL, _forwarding, ("sysctls",)),
    Check(
        "device-forwarding-off",
        "SVIs and VRR devices forward",
        Status.CRITICAL,
        _device_forwarding,
        _NEEDS,
    ),
    Check(
        "rp-filter-all",
        "No strict reverse path filter for all devices",
        Status.CRITICAL,
        _rp_filter_all,
        ("sysctls",),
    ),
    Check(
        "vrr-rp-filter",
        "No strict reverse path filter on a VRR device",
        Status.CRITICAL,
        _rp_filter,
        _NEEDS,
    ),
    Check(
        "arp-ignore-all",
        "ARP is answered by all devices",
        Status.CRITICAL,
        _arp_ignore_all,
        ("sysctls",),
    ),
    Check(
        "vrr-arp-ignore",
        "ARP is answered by each VRR device",
        Status.CRITICAL,
        _arp_ignore,
        _NEEDS,
    ),
)
