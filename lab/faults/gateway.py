"""Faults of the gateway itself: its devices (a), addresses (b), MAC (c) and routes (d)."""

from __future__ import annotations

from lab.faults.model import Fault, Script, made_anew

_NOTHING = "nothing outside answers, nor does the VIP; nothing outside reaches it"
_NO_ARP = "its gateway does not resolve once its ARP entry has aged: nothing outside answers"
_NO_WAY_BACK = "its packets leave, the answers find no way back: nothing answers"
_LATENT = "nothing yet"

GATEWAY_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vrr-device-deleted",
        id="a1",
        does="deletes the SVI's first VRR device, the one that bears the VIP",
        seen=_NOTHING,
        cure="reapply",
        leaf=made_anew("ip link delete dev $svi-v0"),
    ),
    Fault(
        name="vrr-device-down",
        id="a2",
        does="sets that VRR device administratively down",
        seen=_NOTHING,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi-v0 down"),
    ),
    Fault(
        name="svi-down",
        id="a3",
        does="sets the SVI administratively down",
        seen=_NOTHING,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi down"),
    ),
    Fault(
        name="vrr-protodown",
        id="a4",
        does="holds the VRR device down by protodown, and lets the VM's ARP entry age",
        seen=_NO_ARP,
        cure="reapply",
        leaf=made_anew("ip link set dev $svi-v0 protodown on"),
        forget_arp=True,
    ),
    Fault(
        name="vip-address-lost",
        id="b1",
        does="removes the VIP from its VRR device, and lets the VM's ARP entry age",
        seen=_NO_ARP,
        cure="reapply",
        leaf=made_anew("ip addr del $vip dev $svi-v0"),
        forget_arp=True,
    ),
    Fault(
        name="vip-on-wrong-device",
        id="b2",
        does="moves the VIP from the VRR device to the SVI",
        seen=_LATENT,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip addr del $vip dev $svi-v0; ip addr add $vip dev $svi"),
    ),
    Fault(
        name="svi-address-lost",
        id="b3",
        does="removes the SVI's own address",
        seen=_LATENT,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip addr del $own dev $svi"),
    ),
    Fault(
        name="vip-prefix-wrong",
        id="b4",
        does="gives the VIP the prefix length 32",
        seen=_LATENT,
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
    Fault(
        name="connected-route-lost",
        id="d1",
        does="deletes the connected route of the VRR device",
        seen=_LATENT,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip -4 route flush table main proto kernel scope link dev $svi-v0"),
    ),
    Fault(
        name="svi-routes-lost",
        id="d2",
        does="deletes every connected route of the SVI and its VRR devices",
        seen=_NO_WAY_BACK,
        cure="reapply",
        leaf=made_anew(
            'for dev in $svi $(ip -o link | grep -o "$svi-v[0-9]*" | sort -u); do '
            "ip -4 route flush table main proto kernel scope link dev $dev; done"
        ),
    ),
    Fault(
        name="vip-local-route-lost",
        id="d3",
        does="deletes the VIP's entry in the local routing table, and lets the VM's ARP entry age",
        seen=_NO_ARP,
        cure="reapply",
        leaf=made_anew("ip route del local $gateway dev $svi-v0 table local"),
        forget_arp=True,
    ),
    Fault(
        name="blackhole-route",
        id="d4",
        does="adds a blackhole route to the VM's address",
        seen=_NO_WAY_BACK,
        cure="none",
        leaf=Script("ip route add blackhole $vm/32", "ip route del blackhole $vm/32"),
    ),
    Fault(
        name="foreign-route",
        id="d5",
        does="lets the spine announce the VM's address by BGP, which it cannot deliver",
        seen=_NO_WAY_BACK,
        cure="none",
        leak=True,
    ),
)
