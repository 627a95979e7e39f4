"""Faults of the bond that a hypervisor is attached to (m)."""

from __future__ import annotations

from lab.faults.model import HOST_OFF, NOTHING_YET, Fault, Script
from lab.topology.shapes import Shape

_FIRST = "${members%% *}"

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="bond-port-lost",
        id="m1",
        does="takes one of the two cables of the hypervisor out of its bond",
        seen=f"{NOTHING_YET}; all hangs on the other cable",
        cure="reapply",
        latent=True,
        shape=Shape.REAL,
        leaf=Script(f"ip link set dev {_FIRST} nomaster", "ifup $port"),
    ),
    Fault(
        name="bond-without-partner",
        id="m2",
        does="takes the hypervisor's cables out of its own bond, which LACP then has no partner in",
        seen=HOST_OFF,
        cure="none",
        shape=Shape.REAL,
        hypervisor=Script(
            "for nic in $nics; do ip link set dev $nic nomaster; ip link set dev $nic up; done; "
            "sleep 4",
            "for nic in $nics; do ip link set dev $nic down; ip link set dev $nic master bond0; "
            "ip link set dev $nic up; done",
        ),
    ),
)
