"""Faults of the kernel's settings (g)."""

from __future__ import annotations

from lab.faults.model import (
    NO_ARP,
    NOT_FORWARDED,
    NOTHING_ANSWERS,
    Fault,
    Script,
    device_sysctl,
    global_sysctl,
    made_anew,
    svi_sysctl,
)

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="forwarding-off",
        id="g1",
        does="switches forwarding off (ip_forward = 0)",
        seen=NOT_FORWARDED,
        cure="none",
        leaf=Script(
            "echo 0 > /proc/sys/net/ipv4/ip_forward", "echo 1 > /proc/sys/net/ipv4/ip_forward"
        ),
    ),
    Fault(
        name="vrr-forwarding-off",
        id="g2",
        does="switches forwarding off on the VRR device",
        seen=NOT_FORWARDED,
        cure="recreate",
        leaf=device_sysctl("forwarding", 0),
    ),
    Fault(
        name="svi-forwarding-off",
        id="g3",
        does="switches forwarding off on the SVI",
        seen="nothing; only a VM whose gateway is the SVI's own address is cut off",
        cure="none",
        latent=True,
        leaf=svi_sysctl("forwarding", 0, well=1),
    ),
    Fault(
        name="vrr-rp-filter",
        id="g4",
        does="switches the strict reverse-path filter on on the VRR device",
        seen=NOTHING_ANSWERS,
        cure="recreate",
        leaf=device_sysctl("rp_filter", 1),
    ),
    Fault(
        name="rp-filter-all",
        id="g5",
        does="switches the strict reverse-path filter on on all interfaces",
        seen=NOTHING_ANSWERS,
        cure="none",
        leaf=global_sysctl("rp_filter", 1, well=0),
    ),
    Fault(
        name="vrr-arp-ignore",
        id="g6",
        does="tells the VRR device to answer no ARP (arp_ignore = 8); the VM's ARP entry ages",
        seen=NO_ARP,
        cure="recreate",
        leaf=device_sysctl("arp_ignore", 8),
        forget_arp=True,
    ),
    Fault(
        name="vrr-noarp",
        id="g7",
        does="switches ARP off on the VRR device (NOARP), and lets the VM's ARP entry age",
        seen=NO_ARP,
        cure="recreate",
        leaf=made_anew("ip link set dev $svi-v0 arp off"),
        forget_arp=True,
    ),
    Fault(
        name="arp-ignore-all",
        id="g8",
        does="tells all interfaces to answer no ARP (arp_ignore = 8); the VM's ARP entry ages",
        seen=NO_ARP,
        cure="none",
        leaf=global_sysctl("arp_ignore", 8, well=1),
        forget_arp=True,
        spreads=True,
    ),
    Fault(
        name="svi-answers-arp",
        id="g9",
        does="lets the SVI answer ARP for the VIP (arp_ignore = 0); the VM's ARP entry ages",
        seen="it learns the SVI's own MAC for its gateway, and depends on this leaf",
        cure="none",
        latent=True,
        leaf=Script(
            "for d in all $svi; do echo 0 > /proc/sys/net/ipv4/conf/$d/arp_ignore; done",
            "for d in all $svi; do echo 1 > /proc/sys/net/ipv4/conf/$d/arp_ignore; done",
        ),
        forget_arp=True,
    ),
)
