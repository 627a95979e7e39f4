"""Checks of the SVIs and VRR devices, their addresses and MACs."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.health.checks.base import Check, Seen
from tasks.health.checks.view import View, configured_mtu, is_ipv4
from tasks.health.model import Status
from tasks.model import Gateway, VirtualAddress


def _svi_down(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        name = gateway.interface
        link = view.links.get(name)
        if link is None or not link.up:
            what = "does not exist" if link is None else "is administratively down"
            yield Seen(
                name,
                f"ip link: {name} {what}",
                f"ifup {name}",
                name,
            )


def _vrr(view: View) -> Iterator[tuple[Gateway, VirtualAddress]]:
    """One VIP of each VRR device: what concerns the device is said once."""
    seen = set()
    for gateway, virtual in view.vips():
        if virtual.device not in seen:
            seen.add(virtual.device)
            yield gateway, virtual


def _missing(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        if virtual.device not in view.links:
            yield Seen(
                str(virtual.address.ip),
                f"ip link: there is no {virtual.device}",
                f"ifup {gateway.interface} makes it again (vip heal does).",
                gateway.interface,
            )


def _down(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        link = view.links.get(virtual.device)
        if link is not None and not link.up:
            yield Seen(
                str(virtual.address.ip),
                f"ip link: {virtual.device} is administratively down (ifquery -c does not see it)",
                f"ifup {gateway.interface}, or ip link set {virtual.device} up (vip heal does).",
                gateway.interface,
            )


def _protodown(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        link = view.links.get(virtual.device)
        if link is not None and link.protodown:
            yield Seen(
                str(virtual.address.ip),
                f"ip link: {virtual.device} is protocol-down",
                "A daemon (clagd, FRR) or a person has set it. Where no daemon means it: "
                f"ifup {gateway.interface}.",
                gateway.interface,
            )


def _noarp(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        link = view.links.get(virtual.device)
        if link is not None and "NOARP" in link.flags and is_ipv4(virtual):
            yield Seen(
                str(virtual.address.ip),
                f"ip link: {virtual.device} has NOARP: nobody learns the VIP's MAC",
                f"ip link set {virtual.device} arp on, or re-create the device (vip heal does).",
                gateway.interface,
            )


def _vrr_mtu(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        link, svi = view.links.get(virtual.device), view.links.get(gateway.interface)
        if link is not None and svi is not None and link.mtu != svi.mtu:
            yield Seen(
                str(virtual.address.ip),
                f"ip link: {virtual.device} has MTU {link.mtu}, {gateway.interface} has {svi.mtu}",
                f"ifup {gateway.interface}; until then large packets are lost.",
                gateway.interface,
            )


def _svi_mtu(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        link, wanted = view.links.get(gateway.interface), configured_mtu(gateway)
        if link is not None and wanted is not None and link.mtu != wanted:
            yield Seen(
                gateway.interface,
                f"ip link: {gateway.interface} has MTU {link.mtu}, configured is {wanted}",
                f"ifup {gateway.interface}; until then large packets are lost.",
                gateway.interface,
            )


def _mac(view: View) -> Iterator[Seen]:
    for gateway, virtual in _vrr(view):
        link = view.links.get(virtual.device)
        if link is not None and virtual.mac and link.mac != virtual.mac:
            yield Seen(
                str(virtual.address.ip),
                f"ip link: {virtual.device} has the MAC {link.mac}, configured is {virtual.mac}",
                "Give it the configured MAC and announce the VIP (vip heal does). A plain "
                "ifreload -a can leave the device down.",
                gateway.interface,
            )


def _vip_lost(view: View) -> Iterator[Seen]:
    held = {address.ip for rows in view.addresses.values() for address in rows}
    for gateway, virtual in view.vips():
        if virtual.device not in view.links:
            continue
        if virtual.address.ip not in held:
            has = ", ".join(map(str, view.addresses.get(virtual.device, ()))) or "none"
            yield Seen(
                str(virtual.address.ip),
                f"ip addr: no device has {virtual.address.ip}; {virtual.device} has {has}",
                f"ifup {gateway.interface} (vip heal does).",
                gateway.interface,
            )


def _vip_elsewhere(view: View) -> Iterator[Seen]:
    configured = {(virtual.device, virtual.address.ip) for _, virtual in view.vips()}
    for gateway, virtual in view.vips():
        ip = virtual.address.ip
        for device, rows in view.addresses.items():
            if (device, ip) not in configured and any(ip == address.ip for address in rows):
                yield Seen(
                    str(ip),
                    f"ip addr: {ip} is on {device}, configured on {virtual.device}",
                    f"ip addr del {ip} dev {device} and ifup {gateway.interface}; whoever asks "
                    "by ARP may get the wrong MAC.",
                    gateway.interface,
                )


def _prefix(view: View) -> Iterator[Seen]:
    for gateway, virtual in view.vips():
        rows = view.addresses.get(virtual.device, ())
        held = [a for a in rows if a.ip == virtual.address.ip]
        if held and virtual.address not in held:
            yield Seen(
                str(virtual.address.ip),
                f"ip addr: {virtual.device} has {held[0]}, configured is {virtual.address}",
                f"ifup {gateway.interface} (vip heal does).",
                gateway.interface,
            )


def _own_lost(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        if gateway.interface not in view.links:
            continue
        for own in gateway.own:
            if own not in view.addresses.get(gateway.interface, ()):
                yield Seen(
                    gateway.interface,
                    f"ip addr: {gateway.interface} lacks its own address {own}",
                    f"ifup {gateway.interface} (vip heal does).",
                    gateway.interface,
                )


_LINKS = ("gateways", "links")
_BOTH = ("gateways", "links", "addresses")

CHECKS = (
    Check("svi-down", "Each SVI is there and up", Status.CRITICAL, _svi_down, _LINKS),
    Check("vrr-device-missing", "Each VRR device is there", Status.CRITICAL, _missing, _LINKS),
    Check("vrr-device-down", "Each VRR device is up", Status.CRITICAL, _down, _LINKS),
    Check("vrr-protodown", "No VRR device is protocol-down", Status.CRITICAL, _protodown, _LINKS),
    Check("vrr-noarp", "Each VRR device speaks ARP", Status.CRITICAL, _noarp, _LINKS),
    Check("vrr-mtu", "VRR devices have their SVI's MTU", Status.WARNING, _vrr_mtu, _LINKS),
    Check("svi-mtu", "Each SVI has its configured MTU", Status.WARNING, _svi_mtu, _LINKS),
    Check("virtual-mac-wrong", "Virtual MACs are as configured", Status.CRITICAL, _mac, _LINKS),
    Check("vip-address-lost", "The kernel holds each VIP", Status.CRITICAL, _vip_lost, _BOTH),
    Check(
        "vip-on-wrong-device",
        "Each VIP is on its own VRR device only",
        Status.WARNING,
        _vip_elsewhere,
        _BOTH,
    ),
    Check(
        "vip-prefix-wrong",
        "Each VIP has its configured prefix length",
        Status.WARNING,
        _prefix,
        _BOTH,
    ),
    Check(
        "svi-address-lost",
        "Each SVI has its own addresses",
        Status.WARNING,
        _own_lost,
        _BOTH,
    ),
)
