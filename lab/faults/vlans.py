"""Faults of the VLANs of the VLAN-aware bridge (l)."""

from __future__ import annotations

from lab.faults.model import NOTHING_ANSWERS, NOTHING_YET, Fault, Script
from lab.topology.shapes import Shape

_SEGMENT_OFF = "every VM of the segment behind its hypervisor's port is cut off"
#: ``ifup`` of the bridge gives its ports their VLANs, and its single VXLAN device the VNIs.
_AS_CONFIGURED = "ifup $port; ifup $vxlan; ifup $bridge; ifup $svi"


def _vlan(make: str) -> Script:
    return Script(make, _AS_CONFIGURED)


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vlan-not-on-bridge",
        id="l1",
        does="takes the segment's VLAN off the bridge itself",
        seen=NOTHING_ANSWERS,
        cure="reapply",
        shape=Shape.REAL,
        leaf=_vlan("bridge vlan del dev $bridge vid $vlan self"),
    ),
    Fault(
        name="vlan-not-on-port",
        id="l2",
        does="takes the segment's VLAN off the port of the hypervisor",
        seen=_SEGMENT_OFF,
        cure="reapply",
        shape=Shape.REAL,
        leaf=_vlan("bridge vlan del dev $port vid $vlan"),
    ),
    Fault(
        name="pvid-wrong",
        id="l3",
        does="swaps the segment's frames with and without a tag at the port of the hypervisor",
        seen=_SEGMENT_OFF,
        cure="reapply",
        shape=Shape.REAL,
        leaf=_vlan(
            "untagged='pvid untagged'; "
            'bridge vlan show dev $port | grep -q "\\b$vlan PVID" && untagged=; '
            "bridge vlan add dev $port vid $vlan $untagged"
        ),
    ),
    Fault(
        name="vlan-not-on-vxlan",
        id="l4",
        does="takes the segment's VLAN off the leaf's VXLAN device",
        seen=NOTHING_YET + "; VMs behind other leafs cannot reach it",
        cure="reapply",
        latent=True,
        shape=Shape.REAL,
        leaf=_vlan("bridge vlan del dev $vxlan vid $vlan"),
    ),
    Fault(
        name="vni-of-vlan-wrong",
        id="l5",
        does="takes the VNI of the segment's VLAN away, on the leaf with a single VXLAN device",
        seen=NOTHING_YET + "; VMs behind other leafs cannot reach it",
        cure="reapply",
        latent=True,
        shape=Shape.REAL,
        single_vxlan=True,
        leaf=_vlan("bridge vlan del dev $vxlan vid $vlan tunnel_info id $vni"),
    ),
)
