"""Faults of neighbour entries, on the switch and in a VM (e)."""

from __future__ import annotations

from lab.faults.model import CUT_OFF, Fault, Script

_ALONE = "only this VM is cut off; its neighbours are well"
_WRONG = "02:de:ad:be:ef:01"
_FORGET = (
    "for dev in $svi $svi-v0; do ip neigh del $vm dev $dev; done 2>/dev/null; "
    "ip neigh flush dev $svi to $vm"
)

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="neighbour-wrong",
        id="e1",
        does="gives the switch a wrong MAC for the VM, as after a move that the switch missed",
        seen=_ALONE,
        cure="forget-neighbour",
        heals="after some 50 s with traffic, when the entry has aged",
        leaf=Script(f"ip neigh replace $vm lladdr {_WRONG} dev $svi nud reachable", _FORGET),
    ),
    Fault(
        name="neighbour-wrong-permanent",
        id="e2",
        does="gives the switch a permanent entry with a wrong MAC for the VM",
        seen=_ALONE,
        cure="forget-neighbour",
        leaf=Script(f"ip neigh replace $vm lladdr {_WRONG} dev $svi nud permanent", _FORGET),
    ),
    Fault(
        name="vm-arp-wrong",
        id="e3",
        does="gives the VM a wrong MAC for the VIP",
        seen=CUT_OFF,
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
        seen=CUT_OFF,
        cure="announce",
        rogue=Script(
            "ip addr add $gateway/32 dev eth0; arping -q -U -c 1 -w 1 -I eth0 $gateway",
            "ip addr del $gateway/32 dev eth0; ip neigh flush dev eth0",
        ),
        vm=Script("true", "ip neigh flush dev eth0"),
    ),
)
