"""Faults of EVPN, of VXLAN and of the fabric's settings (l): found by ``vip check`` alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.faults.model import NOTHING_YET, Fault, Script
from lab.topology.shapes import Routing, Shape

_EVPN = "vtysh -c 'configure terminal' -c \"router bgp $as\" -c 'address-family l2vpn evpn' -c"
_FAR_OFF = "VMs behind other leafs are not reached by broadcasts"
_L3_SVIS = "$(vtysh -c 'show vrf vni' | awk '$6 ~ /:/ {print $4}')"
#: What needs an L3VNI.
_SYMMETRIC: dict[str, Any] = {"shape": Shape.REAL, "routing": Routing.SYMMETRIC}


#: The file with the settings of an MLAG pair, of which the lab has none; clagd is not run.
_MLAG_FILE = "/etc/network/interfaces.d/lab-mlag"
_PEERLINK = (
    "iface peerlink.4094\\n\\tclagd-peer-ip linklocal\\n\\tclagd-sys-mac 44:38:39:be:ef:aa\\n"
)


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


def _mlag(more: str = "", *, up: bool = True, then: str = "", undo: str = "") -> Script:
    """Return the script that gives a leaf the settings of an MLAG pair, and a peerlink.

    Args:
        more: further lines of its file.
        up: whether the peerlink has a carrier.
        then: further commands.
        undo: what undoes those.
    """
    carrier = "ip link set dev peerlink up; ip link set dev peer up" if up else ":"
    return Script(
        f"ip link add name peerlink type veth peer name peer; {carrier}; "
        f"printf '{_PEERLINK}{more}' > {_MLAG_FILE}; {then or ':'}",
        f"{undo or ':'}; ip link del dev peerlink; rm -f {_MLAG_FILE}",
    )


#: A network behind one of the pair alone, with a gateway that is well.
_ALONE = (
    "\\nauto vlan998\\niface vlan998\\n\\tbridge-ports peer\\n\\tbridge-stp off\\n"
    "\\taddress 10.98.0.2/24\\n\\taddress-virtual 00:00:5e:00:01:62 10.98.0.1/24\\n"
)

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
    replace(
        _checked(
            "address-in-two-places",
            "n10",
            "gives the leaf an ARP entry for a VM of another leaf, and filters what the two tell "
            "each other of VMs (type 2), so that neither gives in",
            "VMs behind other leafs are reached by flooding alone",
            Script(
                "vtysh -c 'configure terminal' -c 'route-map LAB-NO-TYPE-2 deny 10' "
                "-c 'match evpn route-type macip' -c 'route-map LAB-NO-TYPE-2 permit 20'; "
                f'{_EVPN} "neighbor $spine route-map LAB-NO-TYPE-2 in" '
                '-c "neighbor $spine route-map LAB-NO-TYPE-2 out"; sleep 1; '
                "ip neigh replace $far_vm lladdr $mac dev $svi nud permanent",
                "ip neigh del $far_vm dev $svi; "
                f'{_EVPN} "no neighbor $spine route-map LAB-NO-TYPE-2 in" '
                '-c "no neighbor $spine route-map LAB-NO-TYPE-2 out"; '
                "vtysh -c 'configure terminal' -c 'no route-map LAB-NO-TYPE-2'",
            ),
        ),
        # The other leaf has to know its VM, too.
        far=Script("ping -c 1 -w 5 -I $svi $far_vm", ":"),
    ),
    _checked(
        "evpn-duplicate",
        "n11",
        "lets a VM's MAC move from another leaf to this one and back, where FRR takes two moves "
        "for a duplicate",
        NOTHING_YET,
        # The MAC comes back with the answer to an ARP request, which nobody suppresses once the
        # leaf knows no neighbour.
        Script(
            f"{_EVPN} 'dup-addr-detection max-moves 2 time 180'; "
            "bridge fdb replace $far_mac dev $port master $tag dynamic; sleep 3; "
            "ip neigh del $far_vm dev $svi; ping -c 5 -i 0.5 -w 5 -I $svi $far_vm",
            f"{_EVPN} 'no dup-addr-detection max-moves 2 time 180'; "
            "vtysh -c 'clear evpn dup-addr vni all'",
        ),
    ),
    _checked(
        "vtep-shared",
        "n12",
        "gives the vxlan device the VTEP of another leaf",
        "VMs behind other leafs are not reached",
        Script(
            "ip link set dev $vxlan type vxlan local $far_vtep",
            # FRR has dropped the other leaf's routes, which it took for its own.
            "ip link set dev $vxlan type vxlan local $vtep; sleep 1; "
            "vtysh -c 'clear bgp l2vpn evpn * soft in'",
        ),
    ),
    _checked(
        "mlag-peerlink-down",
        "n13",
        "writes the settings of an MLAG pair, and makes a peerlink that is down",
        NOTHING_YET,
        _mlag(up=False),
    ),
    _checked(
        "mlag-anycast-lost",
        "n14",
        "writes the settings of an MLAG pair with a common VTEP, which the vxlan devices do not "
        "have",
        NOTHING_YET,
        _mlag("\\niface lo\\n\\tclagd-vxlan-anycast-ip 10.0.0.100\\n"),
    ),
    replace(
        _checked(
            "mlag-pair-differs",
            "n15",
            "writes the settings of an MLAG pair on two leafs, with a bond that one has alone",
            NOTHING_YET,
            _mlag("\\niface bond9\\n\\tclag-id 9\\n"),
        ),
        far=_mlag(),
    ),
    replace(
        _checked(
            "mlag-vip-missing",
            "n16",
            "writes the settings of an MLAG pair on two leafs, with a gateway that one has alone",
            NOTHING_YET,
            _mlag(_ALONE, then="ifup vlan998", undo="ifdown vlan998"),
        ),
        far=_mlag(),
        shape=Shape.PLAIN,
    ),
    replace(
        _checked(
            "vni-type-differs",
            "n17",
            "takes the L3VNI out of the tenant's VRF in FRR's running configuration",
            "other subnets behind other leafs are reached by no host route",
            Script(
                'vtysh -c \'configure terminal\' -c "vrf $vrf" -c "no vni $l3vni"',
                'vtysh -c \'configure terminal\' -c "vrf $vrf" -c "vni $l3vni"',
            ),
        ),
        **_SYMMETRIC,
    ),
    replace(
        _checked(
            "vrf-l3vni-differs",
            "n18",
            "gives the tenant's VRF another L3VNI in FRR's running configuration",
            "other subnets behind other leafs are reached by no host route",
            Script(
                'vtysh -c \'configure terminal\' -c "vrf $vrf" -c "no vni $l3vni" '
                "-c 'vni 104999'",
                "vtysh -c 'configure terminal' -c \"vrf $vrf\" -c 'no vni 104999' "
                '-c "vni $l3vni"',
            ),
        ),
        **_SYMMETRIC,
    ),
    replace(
        _checked(
            "router-mac-differs",
            "n19",
            "gives the SVI of the tenant's L3VNI a MAC of its own",
            NOTHING_YET,
            Script(
                "ip link set dev vlan$l3vlan address 02:de:ad:be:ef:02",
                "ip link set dev vlan$l3vlan address $(cat /sys/class/net/$bridge/address)",
            ),
        ),
        **_SYMMETRIC,
    ),
    replace(
        _checked(
            "router-mac-shared",
            "n20",
            "gives the SVIs of all L3VNIs the router MAC of another leaf",
            "packets that are routed to one leaf can reach another",
            Script(
                'mac=$(vtysh -c "show evpn rmac vni $l3vni" | '
                "awk -v far=\"$far_vtep\" '$2 == far {print $1}'); "
                f"for svi in {_L3_SVIS}; do ip link set dev $svi address $mac; done",
                f"for svi in {_L3_SVIS}; do "
                "ip link set dev $svi address $(cat /sys/class/net/$bridge/address); done",
            ),
        ),
        **_SYMMETRIC,
    ),
    replace(
        _checked(
            "vni-vlan-differs",
            "n21",
            "gives the vxlan device another VLAN of the bridge",
            "VMs behind other leafs are not reached",
            Script(
                "bridge vlan del dev $vxlan vid $vlan; "
                "bridge vlan add dev $vxlan vid 454 pvid untagged",
                "bridge vlan del dev $vxlan vid 454; "
                "bridge vlan add dev $vxlan vid $vlan pvid untagged",
            ),
        ),
        shape=Shape.REAL,
    ),
)
