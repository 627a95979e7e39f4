"""Faults of the bridge's forwarding entries (f)."""

from __future__ import annotations

from lab.faults.model import CUT_OFF, RECREATE, Fault, Script

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="virtual-mac-not-local",
        id="f1",
        does="moves the virtual MAC from the bridge itself to one of its ports",
        seen="nothing here: this bridge receives every frame; a switch's ASIC may not",
        cure="reapply",
        latent=True,
        leaf=Script(
            "bridge fdb del $virtual dev $bridge $tag self; "
            "bridge fdb replace $virtual dev $other $tag master dynamic",
            f"bridge fdb del $virtual dev $other $tag master; {RECREATE}",
        ),
    ),
    Fault(
        name="vm-mac-on-wrong-port",
        id="f2",
        does="moves the VM's MAC to another port of the bridge, and the VM sends nothing",
        seen=CUT_OFF,
        cure="forget-neighbour",
        heals="with the first packet that the VM sends",
        # Sure of its gateway, it does not ask for it in the next 15 s.
        vm=Script(
            "ip neigh replace $gateway lladdr $virtual dev eth0 nud reachable",
            "ip neigh flush dev eth0",
        ),
        leaf=Script(
            "ip neigh replace $vm lladdr $mac dev $svi nud reachable; "
            "bridge fdb replace $mac dev $other $tag master dynamic",
            "bridge fdb del $mac dev $other $tag master",
        ),
    ),
)
