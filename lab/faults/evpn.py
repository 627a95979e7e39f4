"""Faults of EVPN, of VXLAN and of the fabric's settings (l): found by ``vip check`` alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.faults.model import NOTHING_YET, Fault, Script
from lab.topology.shapes import Routing, Shape

_EVPN = "vtysh -c 'configure terminal' -c \"router bgp $as\" -c 'address-family l2vpn evpn' -c"
_FAR_OFF = "VMs behind other leafs are not reached by broadcasts"
#: What needs an L3VNI.
_SYMMETRIC: dict[str, Any] = {"shape": Shape.REAL, "routing": Routing.SYMMETRIC}


def _checked(name: str, number: str, does: str, seen: str, leaf: Script) -> Fault:
    """Return a latent fault that ``vip heal`` does not know."""
    return Fault(
        name=name,
        id=number,
        does=does,
        seen=seen,
        cure="none",
        latent=True,
        leaf=leaf,
        only_checked=True,
    )


def _mtu(device: str, mtu: int, well: int) -> Script:
    return Script(f"ip link set dev {device} mtu {mtu}", f"ip link set dev {device} mtu {well}")


FAULTS: tuple[Fault, ...] = (
    _checked(
        "evpn-peer-down",
        "n1",
        "shuts the BGP session to the spine down",
        _FAR_OFF,
        Script(
            'vtysh -c \'configure terminal\' -c "router bgp $as" -c "neighbor $spine shutdown"',
            'vtysh -c \'configure terminal\' -c "router bgp $as" -c "no neighbor $spine shutdown"',
        ),
    ),
    _checked(
        "advertise-all-vni-off",
        "n2",
        "takes advertise-all-vni out of FRR's running configuration",
        _FAR_OFF,
        Script(f"{_EVPN} 'no advertise-all-vni'", f"{_EVPN} advertise-all-vni"),
    ),
    _checked(
        "flood-list-incomplete",
        "n3",
        "filters the routes of other leafs' VTEPs (type 3) out, by a route-map in FRR",
        _FAR_OFF,
        Script(
            "vtysh -c 'configure terminal' -c 'route-map LAB-NO-TYPE-3 deny 10' "
            "-c 'match evpn route-type multicast' -c 'route-map LAB-NO-TYPE-3 permit 20'; "
            f'{_EVPN} "neighbor $spine route-map LAB-NO-TYPE-3 in"',
            f'{_EVPN} "no neighbor $spine route-map LAB-NO-TYPE-3 in"; '
            "vtysh -c 'configure terminal' -c 'no route-map LAB-NO-TYPE-3'",
        ),
    ),
    _checked(
        "vxlan-learning-on",
        "n4",
        "lets the bridge learn MACs from the vxlan device",
        "nothing yet; a VM that has moved can be looked for where it was",
        Script("bridge link set dev $vxlan learning on", "bridge link set dev $vxlan learning off"),
    ),
    _checked(
        "segment-mtu",
        "n5",
        "sets the MTU of the vxlan device to 1500",
        "large packets to VMs behind other leafs are dropped",
        _mtu("$vxlan", 1500, 9000),
    ),
    _checked(
        "tunnel-mtu",
        "n6",
        "sets the MTU of the port to the spine to 1500",
        "large packets to VMs behind other leafs are lost",
        _mtu("swp51", 1500, 9216),
    ),
    _checked(
        "address-shared",
        "n7",
        "gives lo the address of another leaf's uplink",
        NOTHING_YET,
        Script("ip address add $far_uplink/32 dev lo", "ip address del $far_uplink/32 dev lo"),
    ),
    replace(
        _checked(
            "l3vni-down",
            "n8",
            "sets the SVI of the tenant's L3VNI down",
            "other subnets behind other leafs are reached by no host route",
            Script("ip link set dev vlan$l3vlan down", "ip link set dev vlan$l3vlan up"),
        ),
        **_SYMMETRIC,
    ),
    replace(
        _checked(
            "l3vni-mtu",
            "n9",
            "sets the MTU of the L3VNI's SVI to 1500",
            "large packets to other subnets behind other leafs are refused",
            _mtu("vlan$l3vlan", 1500, 9000),
        ),
        **_SYMMETRIC,
    ),
)
