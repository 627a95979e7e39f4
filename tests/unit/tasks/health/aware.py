"""A switch with a VLAN-aware bridge and a bond on which all is well, as facts."""

from __future__ import annotations

from dataclasses import replace

from tasks.facts.bridging import (
    BondState,
    Bridging,
    ConfiguredBond,
    ConfiguredPort,
    TunnelFact,
    VlanFact,
)
from tasks.facts.model import FdbFact, LinkFact, PortFact, Section, SwitchFacts, VniFact
from tests.unit.tasks.health.healthy import MAC0, MAC1, PORT, SVI, UP, V0, V1, VM_MAC, healthy

BRIDGE, BOND, OTHER, VNI, SINGLE = "bridge", "bond1", "swp1s2", "vni10453", "vxlan48"
PARTNER = "0c:c4:7a:32:00:01"
OTHER_SVI = "vlan999"


def _bridging(tunnel: ConfiguredPort) -> Bridging:
    trunk = ConfiguredPort(BOND, BRIDGE, ((453, 453), (999, 999), (1, 1)), 1)
    return Bridging({BOND: trunk, tunnel.name: tunnel}, {BOND: ConfiguredBond(BOND, (PORT, OTHER))})


def aware() -> SwitchFacts:
    """The VMs' VLAN comes by a bond with two ports, tagged, and goes on by a device of its VNI."""
    slave = {"master": BOND, "aggregator": 1}
    return replace(
        healthy(),
        links=Section(
            (
                LinkFact(PORT, 3, UP, 9000, "24:8a:07:01:01:03", **slave),
                LinkFact(OTHER, 4, UP, 9000, "24:8a:07:01:01:03", **slave),
                LinkFact("swp51", 5, UP, 9216, "24:8a:07:01:33:00"),
                LinkFact(VNI, 6, UP, 9000, kind="vxlan", master=BRIDGE, vni=10453),
                LinkFact(
                    BOND,
                    10,
                    UP,
                    9000,
                    "24:8a:07:01:01:03",
                    kind="bond",
                    master=BRIDGE,
                    bond=BondState("802.3ad", 1, PARTNER, 1),
                ),
                LinkFact(BRIDGE, 11, UP, 9000, kind="bridge", vlan_filtering=True),
                LinkFact(
                    SVI, 7, UP, 9000, "24:8a:07:01:01:02", kind="vlan", parent=BRIDGE, vlan=453
                ),
                LinkFact(V0, 8, UP, 9000, MAC0, kind="macvlan", parent=SVI),
                LinkFact(V1, 9, UP, 9000, MAC1, kind="macvlan", parent=SVI),
            )
        ),
        fdb=Section(
            (
                FdbFact(VM_MAC, BOND, BRIDGE, vlan=453),
                *(FdbFact(m, BRIDGE, BRIDGE, state="permanent", vlan=453) for m in (MAC0, MAC1)),
            )
        ),
        ports=Section(tuple(PortFact(p, BRIDGE, "forwarding") for p in (BOND, VNI))),
        bridging=_bridging(ConfiguredPort(VNI, BRIDGE, ((453, 453),), 453)),
        bridge_vlans=Section(
            (
                VlanFact(BOND, 1, 1, pvid=True, untagged=True),
                VlanFact(BOND, 453, 453),
                VlanFact(BOND, 999, 999),
                VlanFact(BRIDGE, 1, 1, pvid=True, untagged=True),
                VlanFact(BRIDGE, 453, 453),
                VlanFact(VNI, 453, 453, pvid=True, untagged=True),
            )
        ),
        vnis=Section((VniFact(10453, "L2", VNI, remote_vteps=1),)),
    )


def single() -> SwitchFacts:
    """The same with one VXLAN device for all VNIs, as Cumulus 5 has."""
    facts = aware()
    links = (
        replace(row, name=SINGLE, vni=None, external=True) if row.name == VNI else row
        for row in facts.links.rows
    )
    vlans = (row for row in facts.bridge_vlans.rows if row.port != VNI)
    return replace(
        facts,
        links=Section(tuple(links)),
        ports=Section(tuple(PortFact(p, BRIDGE, "forwarding") for p in (BOND, SINGLE))),
        bridging=_bridging(
            ConfiguredPort(
                SINGLE, BRIDGE, ((453, 453), (999, 999), (1, 1)), 1, {453: 10453, 999: 10999}
            )
        ),
        bridge_vlans=Section(
            (
                *vlans,
                VlanFact(SINGLE, 1, 1, pvid=True, untagged=True),
                VlanFact(SINGLE, 453, 453),
                VlanFact(SINGLE, 999, 999),
            )
        ),
        vlan_tunnels=Section(
            (TunnelFact(SINGLE, 453, 453, 10453), TunnelFact(SINGLE, 999, 999, 10999))
        ),
        vnis=Section((VniFact(10453, "L2", SINGLE, remote_vteps=1), VniFact(10999, "L2", SINGLE))),
    )
