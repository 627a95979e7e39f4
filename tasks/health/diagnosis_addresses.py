"""Faults of addresses: VIPs and the SVI's own, lost, elsewhere, or with another prefix length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.health import conditions
from tasks.health.diagnosis_model import Cure, Diagnosis
from tasks.health.diagnosis_view import devices_of

if TYPE_CHECKING:
    from tasks.health.diagnosis_view import View

_REAPPLY = "'ifup' of the SVI makes it as the configuration says"


def vip_lost(view: View) -> Diagnosis | None:
    """A VIP is on no device at all."""
    lost = [vip for vip in view.vips if conditions.is_lost(vip)]
    if not lost:
        return None
    wanted = [vip.virtual for vip in lost]
    addresses = ", ".join(str(virtual.address) for virtual in wanted)
    return Diagnosis(
        "vip-address-lost",
        f"{addresses} {'is' if len(lost) == 1 else 'are'} on no device",
        (
            *(f"ip addr: {virtual.device} lacks {virtual.address}" for virtual in wanted),
            *view.drift("address-virtual"),
        ),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of(lost),
        remedy=_REAPPLY,
    )


def vip_misplaced(view: View) -> Diagnosis | None:
    """A VIP is on another device than its VRR device."""
    found = [(vip, conditions.misplaced(vip)) for vip in view.vips]
    lost = [(vip, where) for vip, where in found if where]
    if not lost:
        return None
    return Diagnosis(
        "vip-on-wrong-device",
        ", ".join(f"{vip.ip} is on {where} and not on {vip.device}" for vip, where in lost),
        tuple(f"ip addr: {vip.ip} on {where}, none on {vip.device}" for vip, where in lost),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of([vip for vip, _ in lost]),
        latent=True,
        remedy=_REAPPLY,
    )


def svi_address_lost(view: View) -> Diagnosis | None:
    """The SVI lacks an address of its own."""
    svi, lost = view.gateway.interface, conditions.own_lost(view.index, view.gateway)
    if not lost:
        return None
    return Diagnosis(
        "svi-address-lost",
        f"{svi} lacks its own address {', '.join(map(str, lost))}",
        (*(f"ip addr: {svi} lacks {own}" for own in lost), *view.drift("address")),
        Cure.REAPPLY,
        svi,
        (svi,),
        latent=True,
        remedy=_REAPPLY,
    )


def vip_prefix_wrong(view: View) -> Diagnosis | None:
    """A VIP has another prefix length than configured."""
    wrong = [
        (vip, held) for vip in view.vips for held in conditions.other_prefixes(view.index, vip)
    ]
    if not wrong:
        return None
    return Diagnosis(
        "vip-prefix-wrong",
        ", ".join(f"{v.device} has {held}, configured is {v.virtual.address}" for v, held in wrong),
        tuple(f"ip addr: {held} on {v.device}" for v, held in wrong),
        Cure.REAPPLY,
        view.gateway.interface,
        devices_of([vip for vip, _ in wrong]),
        latent=True,
        remedy=_REAPPLY,
    )
