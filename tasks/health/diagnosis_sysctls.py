"""Faults of sysctls: what forbids the kernel to forward or to answer ARP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.faults.conditions import (
    ARP_DEAF,
    STRICT,
    arp_ignore,
    forwarding_off,
    is_closed,
    is_strict,
)
from tasks.faults.model import Cure, Diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.health.diagnosis_view import View


@dataclass(frozen=True)
class VrrSetting:
    """A fault that a setting of a VRR device is; the device is made anew, with the right one.

    Attributes:
        fault: its name.
        setting: below ``/proc/sys/net/ipv4/conf/DEVICE``.
        wrong: whether the setting of a device is the fault.
        sentence: what is wrong; ``{devices}`` and ``{svi}`` stand for their names.
    """

    fault: str
    setting: str
    wrong: Callable[[View, str], bool]
    sentence: str

    def look(self, view: View) -> Diagnosis | None:
        """The diagnosis, or None where no device has the fault."""
        hit = tuple(device for device in view.vrr if self.wrong(view, device))
        if not hit:
            return None
        svi = view.gateway.interface
        paths = {device: f"conf/{device}/{self.setting}" for device in hit}
        return Diagnosis(
            self.fault,
            self.sentence.format(devices=", ".join(hit), svi=svi),
            tuple(
                f"sysctl: net.ipv4.conf.{device}.{self.setting} = {view.index.sysctl(path)}"
                for device, path in paths.items()
            ),
            Cure.RECREATE,
            svi,
            hit,
            remedy="the device is deleted and made anew, with the switch's defaults",
        )


# What is wrong on the whole switch is a fault of its own, and is not told of each device again.


def _is_closed(view: View, device: str) -> bool:
    return is_closed(view.index, device) and not forwarding_off(view.index)


def _drops(view: View, device: str) -> bool:
    # The larger of the two counts: with 1 on all devices it is `rp_filter_all`.
    alone = view.index.sysctl("conf/all/rp_filter") == 0
    return alone and is_strict(view.index, device) and _answers_leave_elsewhere(view, device)


def _is_deaf(view: View, device: str) -> bool:
    return arp_ignore(view.index, device) >= ARP_DEAF > arp_ignore(view.index)


VRR_FORWARDING_OFF = VrrSetting(
    "vrr-forwarding-off",
    "forwarding",
    _is_closed,
    "{devices} does not forward what the VMs send to it",
)
VRR_RP_FILTER = VrrSetting(
    "vrr-rp-filter",
    "rp_filter",
    _drops,
    "{devices} drops what the VMs send: rp_filter is strict, and the way back leads through {svi}",
)
VRR_ARP_IGNORE = VrrSetting(
    "vrr-arp-ignore",
    "arp_ignore",
    _is_deaf,
    "{devices} answers no ARP request: who has to ask for the VIP is cut off",
)


def all_forwarding_off(view: View) -> Diagnosis | None:
    """The whole switch does not forward."""
    if not forwarding_off(view.index):
        return None
    return Diagnosis(
        "forwarding-off",
        "the switch forwards no IPv4 packet at all",
        ("sysctl: net.ipv4.ip_forward = 0",),
        Cure.NONE,
        remedy="Find out who switched it off, then: sysctl -w net.ipv4.ip_forward=1",
    )


def rp_filter_all(view: View) -> Diagnosis | None:
    """All devices drop what comes in by another way than the answer would leave."""
    if not is_strict(view.index):
        return None
    hit = tuple(
        device
        for device in view.vrr
        if view.index.sysctl(f"conf/{device}/rp_filter") in {0, STRICT, None}
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


def arp_ignore_all(view: View) -> Diagnosis | None:
    """The whole switch answers no ARP request; every toggle makes it worse."""
    value = arp_ignore(view.index)
    if value < ARP_DEAF:
        return None
    return Diagnosis(
        "arp-ignore-all",
        "the switch answers no ARP request on any device: who has to ask for a VIP is cut off",
        (f"sysctl: net.ipv4.conf.all.arp_ignore = {value}",),
        Cure.NONE,
        remedy="Find out who set it, then: sysctl -w net.ipv4.conf.all.arp_ignore=1 (or what the "
        "other leafs have). Do not toggle: it makes it worse.",
    )


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
