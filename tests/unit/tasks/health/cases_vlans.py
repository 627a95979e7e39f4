"""Faults of VLANs and bonds: a case each, or several."""

from __future__ import annotations

from dataclasses import replace

from tasks.facts.bridging import BondState, VlanFact
from tasks.facts.model import SwitchFacts
from tests.unit.tasks.health.aware import BOND, BRIDGE, OTHER, SINGLE, VNI, aware, single
from tests.unit.tasks.health.broken import CRITICAL, HERE, HV, SVI, Case
from tests.unit.tasks.health.healthy import DOWN, PORT, UP, changed, link, without

DARK = UP - {"LOWER_UP"}


def retagged(port: str, vlan: int, *, pvid: bool, untagged: bool) -> SwitchFacts:
    return changed(
        aware(), "bridge_vlans", {"port": port, "first": vlan}, pvid=pvid, untagged=untagged
    )


def not_given() -> SwitchFacts:
    facts = without(aware(), "bridge_vlans", port=BOND, first=453)
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], vlans=((999, 999), (1, 1)))
    return replace(facts, bridging=replace(facts.bridging, ports=ports))


def bond(**changes: object) -> SwitchFacts:
    state = replace(BondState("802.3ad", 1, "0c:c4:7a:32:00:01", 1), **changes)  # type: ignore[arg-type]
    return link(aware(), BOND, bond=state)


def lonely(*, carrier: bool) -> SwitchFacts:
    facts = bond(partner="00:00:00:00:00:00")
    return facts if carrier else link(facts, BOND, flags=DARK)


def too_few() -> SwitchFacts:
    facts = link(bond(min_links=2), BOND, flags=DARK)
    return link(facts, OTHER, flags=DARK)


def access(pvid: int, *, there: int) -> SwitchFacts:
    """The bond as an access port of 453, with another PVID in the kernel."""
    facts = aware()
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], vlans=((pvid, pvid),), pvid=pvid)
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    rows = [row for row in facts.bridge_vlans.rows if row.port != BOND]
    rows += [VlanFact(BOND, pvid, pvid, untagged=True)]
    rows += [VlanFact(BOND, there, there, pvid=True, untagged=True)] if there else []
    return replace(facts, bridge_vlans=replace(facts.bridge_vlans, rows=tuple(rows)))


VLANS = [
    Case(
        "vlan-not-on-bridge",
        lambda: without(aware(), "bridge_vlans", port=BRIDGE, first=453),
        SVI,
        (f"{BRIDGE} itself lacks VLAN 453",),
    ),
    Case(
        "vlan-not-on-port",
        lambda: without(aware(), "bridge_vlans", port=BOND, first=453),
        BOND,
        (f"{BOND} lacks VLAN 453 of {SVI}",),
    ),
    Case("vlan-not-configured", not_given, BOND, ("lacks VLAN 453", HV), expected=HERE),
    Case("pvid-wrong", lambda: access(453, there=0), BOND, ("drops frames without a tag",)),
    Case("pvid-wrong", lambda: access(453, there=1), BOND, ("without a tag for VLAN 1,",)),
    Case(
        "pvid-wrong",
        lambda: retagged(BOND, 453, pvid=False, untagged=True),
        BOND,
        ("sends without a tag those of VLAN 453", "configured is VLAN 1"),
    ),
    Case(
        "vlan-not-on-vxlan",
        lambda: without(aware(), "bridge_vlans", port=VNI),
        VNI,
        (f"{VNI} lacks VLAN 453 of {SVI}",),
    ),
    Case(
        "vlan-not-on-vxlan",
        lambda: retagged(VNI, 453, pvid=False, untagged=False),
        VNI,
        ("drops frames without a tag",),
    ),
    Case(
        "vlan-not-on-vxlan",
        lambda: without(single(), "bridge_vlans", port=SINGLE, first=453),
        SINGLE,
        (f"{SINGLE} lacks VLAN 453 of {SVI}",),
    ),
    Case(
        "vni-of-vlan-wrong",
        lambda: without(single(), "vlan_tunnels", first=453),
        SINGLE,
        ("VLAN 453", "no VNI", "10453"),
        also=frozenset({"vni-without-vxlan"}),
    ),
    Case(
        "vni-of-vlan-wrong",
        lambda: changed(single(), "vlan_tunnels", {"first": 453}, vni=10999),
        SINGLE,
        ("has VNI 10999", "configured is 10453"),
        also=frozenset({"vni-without-vxlan"}),
    ),
    Case(
        "port-out-of-bridge",
        lambda: link(without(aware(), "ports", name=BOND), BOND, master=""),
        BOND,
        ("of no bridge", f"configured in {BRIDGE}"),
    ),
    Case("port-down", lambda: link(aware(), BOND, flags=DOWN), BOND, ("administratively down",)),
    Case(
        "bond-port-lost",
        lambda: link(aware(), OTHER, flags=DOWN),
        OTHER,
        (f"a port of {BOND}", "administratively down", f"{PORT} is left"),
    ),
    Case(
        "bond-port-lost",
        lambda: link(aware(), OTHER, master="", aggregator=None),
        OTHER,
        ("not in it",),
    ),
    Case(
        "bond-port-lost",
        lambda: link(link(aware(), OTHER, flags=DOWN), PORT, flags=DARK),
        OTHER,
        ("no port of it works",),
        CRITICAL,
    ),
    Case("bond-without-partner", lambda: lonely(carrier=True), BOND, ("no LACP partner",)),
    Case("bond-without-partner", lambda: lonely(carrier=False), BOND, ("no carrier",), CRITICAL),
    Case(
        "bond-without-partner",
        lambda: link(aware(), OTHER, aggregator=2),
        BOND,
        (f"{OTHER} is not in the aggregator",),
    ),
    Case("bond-below-min-links", too_few, BOND, ("min_links is 2", PORT)),
]
