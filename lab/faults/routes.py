"""Faults of the routes that lead to the gateway and to the VMs (d)."""

from __future__ import annotations

from lab.fabric.routing import SPINE_AS
from lab.faults.model import NO_ARP, NO_WAY_BACK, NOTHING_YET, Fault, Script, made_anew
from lab.topology.shapes import Routing

_ANNOUNCE = (
    f"vtysh -c 'configure terminal' -c 'router bgp {SPINE_AS}' -c 'address-family ipv4 unicast' -c"
)
_BY_BGP = "ip -4 route show proto bgp $vm"


def _until(true: str, what: str) -> str:
    """Return a piece of shell that waits for a command to succeed, five seconds at most."""
    return (
        f"n=0; until {true}; do n=$((n + 1)); "
        f"[ $n -le 50 ] || {{ echo '{what}' >&2; exit 1; }}; sleep 0.1; done"
    )


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="connected-route-lost",
        id="d1",
        does="deletes the connected route of the VRR device",
        seen=NOTHING_YET,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip -4 route flush table $table proto kernel scope link dev $svi-v0"),
    ),
    Fault(
        name="svi-routes-lost",
        id="d2",
        does="deletes every connected route of the SVI and its VRR devices",
        seen=NO_WAY_BACK,
        cure="reapply",
        leaf=made_anew(
            'for dev in $svi $(ip -o link | grep -o "$svi-v[0-9]*" | sort -u); do '
            "ip -4 route flush table $table proto kernel scope link dev $dev; done"
        ),
    ),
    Fault(
        name="vip-local-route-lost",
        id="d3",
        does="deletes the VIP's entry in the local routing table, and lets the VM's ARP entry age",
        seen=NO_ARP,
        cure="reapply",
        leaf=made_anew("ip route del local $gateway dev $svi-v0 table $local"),
        forget_arp=True,
    ),
    Fault(
        name="blackhole-route",
        id="d4",
        does="adds a blackhole route to the VM's address",
        seen=NO_WAY_BACK,
        cure="none",
        leaf=Script(
            "ip route add blackhole $vm/32 table $table",
            "ip route del blackhole $vm/32 table $table",
        ),
    ),
    Fault(
        name="foreign-route",
        id="d5",
        does="lets the spine announce the VM's address by BGP, which it cannot deliver",
        seen=NO_WAY_BACK,
        cure="none",
        # The spine's routes are in the default VRF.
        routing=Routing.ASYMMETRIC,
        spine=Script(f"{_ANNOUNCE} 'network '$vm/32", f"{_ANNOUNCE} 'no network '$vm/32"),
        leaf=Script(
            _until(f"{_BY_BGP} | grep -q .", "BGP did not bring the route to the leaf"),
            _until(f"! {_BY_BGP} | grep -q .", "BGP did not take the route from the leaf"),
        ),
    ),
)
