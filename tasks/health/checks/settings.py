"""Checks of the kernel's settings for IPv4."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.health.checks.base import Check, Seen
from tasks.health.checks.view import View, is_ipv4
from tasks.health.model import Status
from tasks.model import Gateway

_STRICT = 1
#: From here on arp_ignore answers less than a gateway must: 3 not for host addresses, 8 never.
_SILENT = 3
_NAME_IT = "Not a fault of the VIP, a toggle does not help: ask who set it, then sysctl -w {}."


def _devices(view: View, *, vrr_only: bool = False) -> Iterator[tuple[Gateway, str]]:
    for gateway in view.gateways:
        if any(map(is_ipv4, gateway.virtual)):
            for device in gateway.devices:
                if not (vrr_only and device == gateway.interface):
                    yield gateway, device


def _forwarding(view: View) -> Iterator[Seen]:
    for path in ("ip_forward", "conf/all/forwarding"):
        if view.facts.sysctls.get(path) == "0":
            name = f"net.ipv4.{path.replace('/', '.')}"
            yield Seen(
                "",
                f"sysctl: {name} = 0, the switch routes nothing at all",
                _NAME_IT.format(f"{name}=1"),
            )
            return


def _device_forwarding(view: View) -> Iterator[Seen]:
    if view.facts.sysctls.get("ip_forward") == "0":
        return
    for gateway, device in _devices(view):
        if view.sysctl(device, "forwarding") == 0:
            yield Seen(
                device,
                f"sysctl: net.ipv4.conf.{device}.forwarding = 0",
                f"sysctl -w net.ipv4.conf.{device}.forwarding=1, or re-create the device (vip "
                "heal does).",
                gateway.interface,
            )


def _rp_filter_all(view: View) -> Iterator[Seen]:
    if view.sysctl("all", "rp_filter") == _STRICT:
        yield Seen(
            "",
            "sysctl: net.ipv4.conf.all.rp_filter = 1: packets that come in by a VRR device and "
            "leave by the SVI are dropped",
            _NAME_IT.format("net.ipv4.conf.all.rp_filter=0"),
        )


def _rp_filter(view: View) -> Iterator[Seen]:
    # The greater one of the two counts; 2 is the loose kind.
    if view.sysctl("all", "rp_filter") not in {0, None}:
        return
    for gateway, device in _devices(view, vrr_only=True):
        if view.sysctl(device, "rp_filter") == _STRICT:
            yield Seen(
                device,
                f"sysctl: net.ipv4.conf.{device}.rp_filter = 1: the way back leads by "
                f"{gateway.interface}, so what comes in here is dropped",
                f"sysctl -w net.ipv4.conf.{device}.rp_filter=0, or re-create the device (vip "
                "heal does).",
                gateway.interface,
            )


def _arp_ignore_all(view: View) -> Iterator[Seen]:
    value = view.sysctl("all", "arp_ignore") or 0
    if value >= _SILENT:
        yield Seen(
            "",
            f"sysctl: net.ipv4.conf.all.arp_ignore = {value}: the switch does not answer ARP for "
            "its VIPs",
            _NAME_IT.format("net.ipv4.conf.all.arp_ignore=1"),
        )


def _arp_ignore(view: View) -> Iterator[Seen]:
    if (view.sysctl("all", "arp_ignore") or 0) >= _SILENT:
        return
    for gateway, device in _devices(view, vrr_only=True):
        value = view.sysctl(device, "arp_ignore") or 0
        if value >= _SILENT:
            yield Seen(
                device,
                f"sysctl: net.ipv4.conf.{device}.arp_ignore = {value}: it does not answer ARP for "
                "its VIP",
                f"sysctl -w net.ipv4.conf.{device}.arp_ignore=1, or re-create the device (vip "
                "heal does).",
                gateway.interface,
            )


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
