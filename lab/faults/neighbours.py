"""Faults of what is known of neighbours: ARP entries (e) and forwarding entries (f)."""

from __future__ import annotations

from lab.faults.model import RECREATE, Fault, Script

_CUT = "nothing outside answers; nothing outside reaches it"
_ALONE = "this one VM is cut off; its neighbours are well"
_WRONG = "02:de:ad:be:ef:01"
_FORGET = (
    "for dev in $svi $svi-v0; do ip neigh del $vm dev $dev; done 2>/dev/null; "
    "ip neigh flush dev $svi to $vm"
)

NEIGHBOUR_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="neighbour-wrong",
        id="e1",
        does="gives the switch a wrong MAC for the VM, as after a move that it missed",
        seen=_ALONE,
        cure="forget-neighbour",
        heals="after some 50 s with traffic, when the entry has aged",
        leaf=Script(f"ip neigh replace $vm lladdr {_WRONG} dev $svi nud reachable", _FORGET),
    ),
    Fault(
        name="neighbour-wrong-permanent",
        id="e2",
        does="gives the switch a wrong MAC for the VM, for good",
        seen=_ALONE,
        cure="forget-neighbour",
        leaf=Script(f"ip neigh replace $vm lladdr {_WRONG} dev $svi nud permanent", _FORGET),
    ),
    Fault(
        name="vm-arp-wrong",
        id="e3",
        does="gives the VM a wrong MAC for the VIP",
        seen=_CUT,
        cure="announce",
        heals="after 24 to 50 s with traffic, when the VM's entry has aged",
        vm=Script(
            "ip neigh replace $gateway lladdr 02:de:ad:be:ef:02 dev eth0 nud reachable",
            "ip neigh flush dev eth0",
        ),
    ),
    Fault(
        name="vip-answered-by-other",
        id="e4",
        does="gives the VIP to another VM of the segment, which announces it",
        seen=_CUT,
        cure="announce",
        rogue=Script(
            "ip addr add $gateway/32 dev eth0; arping -q -U -c 1 -w 1 -I eth0 $gateway",
            "ip addr del $gateway/32 dev eth0; ip neigh flush dev eth0",
        ),
        vm=Script("true", "ip neigh flush dev eth0"),
    ),
    Fault(
        name="virtual-mac-not-local",
        id="f1",
        does="moves the virtual MAC from the bridge itself to one of its ports",
        seen="nothing here: this bridge hears all that passes; a switch's ASIC may not",
        cure="reapply",
        latent=True,
        leaf=Script(
            "bridge fdb del $virtual dev $svi self; "
            "bridge fdb replace $virtual dev $other master dynamic",
            f"bridge fdb del $virtual dev $other master; {RECREATE}",
        ),
    ),
    Fault(
        name="vm-mac-on-wrong-port",
        id="f2",
        does="moves the VM's MAC to another port of the bridge, and the VM sends nothing",
        seen=_CUT,
        cure="forget-neighbour",
        heals="with the first packet that the VM sends",
        # Sure of its gateway, it does not ask for it in the next 15 s.
        vm=Script(
            "ip neigh replace $gateway lladdr $virtual dev eth0 nud reachable",
            "ip neigh flush dev eth0",
        ),
        leaf=Script(
            "ip neigh replace $vm lladdr $mac dev $svi nud reachable; "
            "bridge fdb replace $mac dev $other master dynamic",
            "bridge fdb del $mac dev $other master",
        ),
    ),
)
