"""Faults of the gateway's addresses (b) and of its virtual MAC (c)."""

from __future__ import annotations

from lab.faults.model import NO_ARP, NOTHING_YET, Fault, made_anew

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vip-address-lost",
        id="b1",
        does="removes the VIP from its VRR device, and lets the VM's ARP entry age",
        seen=NO_ARP,
        cure="reapply",
        leaf=made_anew("ip addr del $vip dev $svi-v0"),
        forget_arp=True,
    ),
    Fault(
        name="vip-on-wrong-device",
        id="b2",
        does="moves the VIP from the VRR device to the SVI",
        seen=NOTHING_YET,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip addr del $vip dev $svi-v0; ip addr add $vip dev $svi"),
    ),
    Fault(
        name="svi-address-lost",
        id="b3",
        does="removes the SVI's own address",
        seen=NOTHING_YET,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip addr del $own dev $svi"),
    ),
    Fault(
        name="vip-prefix-wrong",
        id="b4",
        does="gives the VIP the prefix length 32",
        seen=NOTHING_YET,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip addr del $vip dev $svi-v0; ip addr add $gateway/32 dev $svi-v0"),
    ),
    Fault(
        name="virtual-mac-wrong",
        id="c1",
        does="gives the VRR device a virtual MAC that is not the configured one",
        seen="nothing yet; cut off after a toggle, which corrects the MAC and announces nothing",
        cure="set-mac",
        latent=True,
        leaf=made_anew("ip link set dev $svi-v0 address 00:00:5e:00:01:99"),
    ),
)
