"""Faults of the gateway's devices: the SVI and its VRR devices (a)."""

from __future__ import annotations

from lab.faults.model import NO_ARP, NOTHING_ANSWERS, Fault, made_anew

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vrr-device-deleted",
        id="a1",
        does="deletes the SVI's first VRR device, the one with the VIP",
        seen=NOTHING_ANSWERS,
        cure="reapply",
        leaf=made_anew("ip link delete dev $svi-v0"),
    ),
    Fault(
        name="vrr-device-down",
        id="a2",
        does="sets that VRR device administratively down",
        seen=NOTHING_ANSWERS,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi-v0 down"),
    ),
    Fault(
        name="svi-down",
        id="a3",
        does="sets the SVI administratively down",
        seen=NOTHING_ANSWERS,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi down"),
    ),
    Fault(
        name="vrr-protodown",
        id="a4",
        does="holds the VRR device down by protodown, and lets the VM's ARP entry age",
        seen=NO_ARP,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi-v0 protodown on"),
        forget_arp=True,
    ),
)
