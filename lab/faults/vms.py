"""Faults beyond the switch: of a VM and of its hypervisor (j)."""

from __future__ import annotations

from lab.faults.model import HOST_OFF, Fault, Script

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vm-down",
        id="j1",
        does="sets the VM's own link down; OpenStack still calls it ACTIVE",
        seen="it is cut off from everything, whatever the switch does",
        cure="none",
        diagnosis="vm-unreachable",
        vm=Script(
            "ip link set dev eth0 down",
            "ip link set dev eth0 up; ip route replace default via $gateway",
        ),
    ),
    Fault(
        name="hypervisor-uplink-down",
        id="j2",
        does="sets the hypervisor's end of its cables down: the leaf's port loses its carrier",
        seen=HOST_OFF,
        cure="none",
        diagnosis="hypervisor-unreachable",
        hypervisor=Script(
            "for nic in $nics; do ip link set dev $nic down; done",
            "for nic in $nics; do ip link set dev $nic up; done",
        ),
    ),
)
