"""Checks of the SVIs and VRR devices, their addresses and MACs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasks.facts.index import Vip
from tasks.faults import conditions
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View, is_ipv4

_LINKS = ("gateways", "links")
_BOTH = ("gateways", "links", "addresses")


@dataclass(frozen=True)
class _Vrr:
    """A check of each VRR device; the finding is about the device's first VIP.

    Attributes:
        id: of the check; so are ``title`` and ``severity``.
        wrong: what must not be.
        evidence: what was seen; ``{vip}`` stands for the `Vip`.
        remedy: what to do; likewise.
    """

    id: str
    title: str
    severity: Status
    wrong: Callable[[Vip], bool]
    evidence: str
    remedy: str

    def judge(self, view: View) -> Iterator[Seen]:
        """A finding for each device that is not well."""
        for vip in view.vrr:
            if self.wrong(vip):
                evidence, remedy = self.evidence.format(vip=vip), self.remedy.format(vip=vip)
                yield Seen(str(vip.ip), evidence, remedy, vip.interface)

    @property
    def check(self) -> Check:
        """The row as a check."""
        return Check(self.id, self.title, self.severity, self.judge, _LINKS)


def _is_noarp(vip: Vip) -> bool:
    return conditions.is_noarp(vip) and is_ipv4(vip.virtual)


def _svi_down(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        name = gateway.interface
        gone = name not in view.links
        if gone or conditions.svi_down(view, gateway):
            what = "does not exist" if gone else "is administratively down"
            yield Seen(name, f"ip link: {name} {what}", f"ifup {name}", name)


def _svi_mtu(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        name, mtus = gateway.interface, conditions.svi_mtus(view, gateway)
        if mtus:
            yield Seen(
                name,
                f"ip link: {name} has MTU {mtus[0]}, configured is {mtus[1]}",
                f"ifup {name}; until then large packets are lost.",
                name,
            )


def _vip_lost(view: View) -> Iterator[Seen]:
    for vip in view.vips:
        if conditions.is_lost(vip):
            has = ", ".join(map(str, view.addresses.get(vip.device, ()))) or "none"
            yield Seen(
                str(vip.ip),
                f"ip addr: no device has {vip.ip}; {vip.device} has {has}",
                f"ifup {vip.interface} (vip heal does).",
                vip.interface,
            )


def _vip_elsewhere(view: View) -> Iterator[Seen]:
    configured = {(vip.device, vip.ip) for vip in view.vips}
    for vip in view.vips:
        for device in vip.holders:
            if (device, vip.ip) not in configured:
                yield Seen(
                    str(vip.ip),
                    f"ip addr: {vip.ip} is on {device}, configured on {vip.device}",
                    f"ip addr del {vip.ip} dev {device} and ifup {vip.interface}; whoever asks "
                    "by ARP may get the wrong MAC.",
                    vip.interface,
                )


def _prefix(view: View) -> Iterator[Seen]:
    for vip in view.vips:
        held = conditions.other_prefixes(view, vip)
        if held:
            yield Seen(
                str(vip.ip),
                f"ip addr: {vip.device} has {held[0]}, configured is {vip.virtual.address}",
                f"ifup {vip.interface} (vip heal does).",
                vip.interface,
            )


def _own_lost(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        name = gateway.interface
        for own in conditions.own_lost(view, gateway):
            yield Seen(
                name,
                f"ip addr: {name} lacks its own address {own}",
                f"ifup {name} (vip heal does).",
                name,
            )


CHECKS = (
    Check("svi-down", "Each SVI is there and up", Status.CRITICAL, _svi_down, _LINKS),
    _Vrr(
        "vrr-device-missing",
        "Each VRR device is there",
        Status.CRITICAL,
        conditions.is_missing,
        "ip link: there is no {vip.device}",
        "ifup {vip.interface} makes it again (vip heal does).",
    ).check,
    _Vrr(
        "vrr-device-down",
        "Each VRR device is up",
        Status.CRITICAL,
        conditions.is_down,
        "ip link: {vip.device} is administratively down (ifquery -c does not see it)",
        "ifup {vip.interface}, or ip link set {vip.device} up (vip heal does).",
    ).check,
    _Vrr(
        "vrr-protodown",
        "No VRR device is protocol-down",
        Status.CRITICAL,
        conditions.is_protodown,
        "ip link: {vip.device} is protocol-down",
        "A daemon (clagd, FRR) or a person has set it. Where no daemon means it: "
        "ifup {vip.interface}.",
    ).check,
    _Vrr(
        "vrr-noarp",
        "Each VRR device speaks ARP",
        Status.CRITICAL,
        _is_noarp,
        "ip link: {vip.device} has NOARP: nobody learns the VIP's MAC",
        "ip link set {vip.device} arp on, or re-create the device (vip heal does).",
    ).check,
    _Vrr(
        "vrr-mtu",
        "VRR devices have their SVI's MTU",
        Status.WARNING,
        conditions.has_other_mtu,
        "ip link: {vip.device} has MTU {vip.link.mtu}, {vip.interface} has {vip.svi.mtu}",
        "ifup {vip.interface}; until then large packets are lost.",
    ).check,
    Check("svi-mtu", "Each SVI has its configured MTU", Status.WARNING, _svi_mtu, _LINKS),
    _Vrr(
        "virtual-mac-wrong",
        "Virtual MACs are as configured",
        Status.CRITICAL,
        conditions.has_other_mac,
        "ip link: {vip.device} has the MAC {vip.link.mac}, configured is {vip.virtual.mac}",
        "Give it the configured MAC and announce the VIP (vip heal does). A plain ifreload -a can "
        "leave the device down.",
    ).check,
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
