"""Faults of addresses: VIPs and the SVI's own, lost, elsewhere, or with another prefix length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.faults import conditions
from tasks.health.diagnosis_view import cured_by_ifup, devices_of

if TYPE_CHECKING:
    from tasks.faults.model import Diagnosis
    from tasks.health.diagnosis_view import View


def vip_lost(view: View) -> Diagnosis | None:
    """A VIP is on no device at all."""
    lost = [vip for vip in view.vips if conditions.is_lost(vip)]
    if not lost:
        return None
    wanted = [vip.virtual for vip in lost]
    addresses = ", ".join(str(virtual.address) for virtual in wanted)
    return cured_by_ifup(
        view,
        "vip-address-lost",
        f"{addresses} {'is' if len(lost) == 1 else 'are'} on no device",
        (
            *(f"ip addr: {virtual.device} lacks {virtual.address}" for virtual in wanted),
            *view.drift("address-virtual"),
        ),
        devices_of(lost),
    )


def vip_misplaced(view: View) -> Diagnosis | None:
    """A VIP is on another device than its VRR device."""
    found = [(vip, conditions.misplaced(vip)) for vip in view.vips]
    lost = [(vip, where) for vip, where in found if where]
    if not lost:
        return None
    return cured_by_ifup(
        view,
        "vip-on-wrong-device",
        ", ".join(f"{vip.ip} is on {where} and not on {vip.device}" for vip, where in lost),
        tuple(f"ip addr: {vip.ip} on {where}, none on {vip.device}" for vip, where in lost),
        devices_of([vip for vip, _ in lost]),
        latent=True,
    )


def svi_address_lost(view: View) -> Diagnosis | None:
    """The SVI lacks an address of its own."""
    svi, lost = view.gateway.interface, conditions.own_lost(view.index, view.gateway)
    if not lost:
        return None
    return cured_by_ifup(
        view,
        "svi-address-lost",
        f"{svi} lacks its own address {', '.join(map(str, lost))}",
        (*(f"ip addr: {svi} lacks {own}" for own in lost), *view.drift("address")),
        (svi,),
        latent=True,
    )


def vip_prefix_wrong(view: View) -> Diagnosis | None:
    """A VIP has another prefix length than configured."""
    wrong = [
        (vip, held) for vip in view.vips for held in conditions.other_prefixes(view.index, vip)
    ]
    if not wrong:
        return None
    return cured_by_ifup(
        view,
        "vip-prefix-wrong",
        ", ".join(f"{v.device} has {held}, configured is {v.virtual.address}" for v, held in wrong),
        tuple(f"ip addr: {held} on {v.device}" for v, held in wrong),
        devices_of([vip for vip, _ in wrong]),
        latent=True,
    )
