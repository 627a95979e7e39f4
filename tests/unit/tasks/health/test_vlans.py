"""Faults of VLANs and bonds, for somebody who is cut off, and what else VLANs decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runbooks.search import look
from runbooks.search.wanted import Wanted
from tasks import presence
from tasks.facts.bridging import ConfiguredPort, VlanFact
from tasks.facts.model import (
    DriftFact,
    FdbFact,
    LldpFact,
    PortFact,
    Section,
    SwitchFacts,
    VniFact,
    VrfVniFact,
)
from tasks.faults.gateway_view import SwitchView
from tasks.faults.segment import bonds, vlans
from tasks.faults.view import ExpectedFromSite
from tasks.health.diagnose import diagnose
from tasks.health.judge import judge
from tasks.health.vip_records import records_of
from tasks.ladder import CURES, Cure
from tests.unit.tasks.health.aware import BOND, BRIDGE, OTHER, OTHER_SVI, SINGLE, VNI, aware, single
from tests.unit.tasks.health.broken import HERE
from tests.unit.tasks.health.cases_vlans import DARK, access, bond, lonely, not_given, too_few
from tests.unit.tasks.health.healthy import (
    DOWN,
    GATEWAY,
    HV,
    PATIENT,
    PORT,
    SVI,
    VM_MAC,
    link,
    plus,
    probe,
    without,
)

#: Each fault for a VM behind the bond that does not answer ARP, with its mildest cure.
SILENCING: dict[str, tuple[Callable[[], SwitchFacts], Cure]] = {
    "vlan-not-on-bridge": (
        lambda: without(aware(), "bridge_vlans", port=BRIDGE, first=453),
        Cure.REAPPLY,
    ),
    "vlan-not-on-port": (
        lambda: without(aware(), "bridge_vlans", port=BOND, first=453),
        Cure.REAPPLY,
    ),
    "vlan-not-configured": (not_given, Cure.NONE),
    "pvid-wrong": (lambda: access(453, there=0), Cure.REAPPLY),
    "port-out-of-bridge": (
        lambda: link(without(aware(), "ports", name=BOND), BOND, master=""),
        Cure.REAPPLY,
    ),
    "bond-port-lost": (
        lambda: link(link(aware(), OTHER, flags=DOWN), PORT, flags=DOWN),
        Cure.REAPPLY,
    ),
    "bond-without-partner": (lambda: lonely(carrier=False), Cure.NONE),
    "bond-below-min-links": (too_few, Cure.NONE),
}


#: Faults that do not silence a VM behind this leaf.
LATENT: dict[str, tuple[Callable[[], SwitchFacts], str]] = {
    "vlan-not-on-vxlan": (lambda: without(aware(), "bridge_vlans", port=VNI), VNI),
    "vni-of-vlan-wrong": (lambda: without(single(), "vlan_tunnels", first=453), SINGLE),
}


def test_every_fault_has_a_case_here() -> None:
    of_vlans = {row.id for row in (*vlans.FAULTS, *bonds.FAULTS)}
    assert of_vlans <= set(SILENCING) | set(LATENT)


@pytest.mark.parametrize("fault", LATENT)
def test_a_vm_behind_this_leaf_is_not_cut_off_by_the_way_to_others(fault: str) -> None:
    make, device = LATENT[fault]
    (found,) = diagnose(make())
    assert (found.fault, found.cure, found.devices) == (fault, Cure.REAPPLY, (device,))
    assert not found.latent
    first, *_ = (d for d in diagnose(silent(make()), GATEWAY, silent=[PATIENT]) if not d.latent)
    assert first.fault == "vm-unreachable"


def silent(facts: SwitchFacts) -> SwitchFacts:
    facts = probe(probe(facts, "ping", ok=False), "arp", ok=False, macs=())
    return without(without(facts, "neighbours"), "fdb", mac=VM_MAC)


@pytest.mark.parametrize("make", [aware, single])
def test_nothing_is_found_where_nothing_is_wrong(make: Callable[[], SwitchFacts]) -> None:
    assert diagnose(make()) == ()


@pytest.mark.parametrize("fault", SILENCING)
def test_a_fault_is_named_and_the_vm_is_not_blamed(fault: str) -> None:
    make, cure = SILENCING[fault]
    found = diagnose(silent(make()), GATEWAY, silent=[PATIENT])
    assert (found[0].fault, found[0].cure, found[0].certain) == (fault, cure, True)
    assert not found[0].latent
    assert found[0].remedy
    assert "vm-unreachable" not in {each.fault for each in found}


@pytest.mark.parametrize("make", [aware, single])
def test_a_vm_is_blamed_with_certainty_where_its_vlan_passes(
    make: Callable[[], SwitchFacts],
) -> None:
    (found,) = diagnose(silent(make()), GATEWAY, silent=[PATIENT])
    assert (found.fault, found.certain) == ("vm-unreachable", True)


def test_where_the_vlans_could_not_be_read_nobody_is_blamed_with_certainty() -> None:
    facts = replace(silent(aware()), bridge_vlans=Section(unread="bridge: Permission denied"))
    (found,) = diagnose(facts, GATEWAY, silent=[PATIENT])
    assert (found.fault, found.certain) == ("vm-unreachable", False)
    assert any("were not read" in evidence for evidence in found.evidence)


def test_a_switch_that_was_not_asked_for_vlans_has_no_fault_of_them() -> None:
    facts = replace(aware(), bridge_vlans=Section(unread="bridge_vlans: the switch was not asked"))
    assert not [d for d in diagnose(facts) if "vlan" in d.fault]


def test_a_bridge_that_is_not_vlan_aware_lets_everything_pass() -> None:
    facts = replace(link(aware(), BRIDGE, vlan_filtering=False), bridge_vlans=Section())
    assert diagnose(facts) == ()


def test_the_vlan_of_an_l3vni_is_missed_on_the_bridge_too() -> None:
    facts = plus(aware(), "vrf_vnis", VrfVniFact("tenant1", 4001, "vni4001", "vlan4001", "Up"))
    svi = next(row for row in facts.links.rows if row.name == SVI)
    vrf = replace(svi, name="tenant1", kind="vrf", parent="", vlan=None, table=1001)
    routed = replace(svi, name="vlan4001", vlan=4001, master="tenant1")
    facts = plus(link(facts, SVI, master="tenant1"), "links", vrf, routed)
    found = {d.fault: d for d in diagnose(facts)}["vlan-not-on-bridge"]
    assert found.devices == ("vlan4001",)
    assert "VLAN 4001" in found.sentence


def test_a_port_with_several_stanzas_is_not_judged() -> None:
    facts = without(aware(), "bridge_vlans", port=BOND, first=453)
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], judged=False)
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    assert judge(facts) == ()


def test_a_neighbour_behind_a_lost_vlan_is_not_called_wrong() -> None:
    """The bridge forgets what it learnt in a VLAN that is taken away."""
    facts = without(without(aware(), "fdb", mac=VM_MAC), "bridge_vlans", port=BOND, first=453)
    assert {finding.check for finding in judge(facts)} == {"vlan-not-on-port"}


# --- single VXLAN devices --------------------------------------------------------------------


@pytest.mark.parametrize(("make", "device"), [(aware, VNI), (single, SINGLE)])
def test_an_svi_has_its_vni_by_either_kind_of_device(
    make: Callable[[], SwitchFacts], device: str
) -> None:
    view = SwitchView(make(), ExpectedFromSite())
    found = view.vxlan_of(SVI)
    assert found is not None
    assert (found.name, view.vni_of(SVI)) == (device, 10453)
    assert {(r.vni, r.evpn) for r in records_of(view)} == {(10453, True)}


def test_a_vni_that_is_lost_is_still_the_svis() -> None:
    """Else the fleet would be told that this leaf has another VNI for the VIP."""
    facts = without(without(single(), "vlan_tunnels", first=453), "bridge_vlans", port=SINGLE)
    assert SwitchView(facts, ExpectedFromSite()).vni_of(SVI) == 10453


def test_frr_that_lacks_a_vni_of_a_single_device_is_told_which() -> None:
    facts = replace(single(), vnis=Section((VniFact(10453, "L2", SINGLE),)))
    (found,) = judge(facts)
    assert (found.check, found.subject) == ("vxlan-without-evpn", SINGLE)
    assert "VNI 10999" in found.evidence
    assert "10453" not in found.evidence


def test_static_vteps_of_a_single_device_are_told_by_vni() -> None:
    flood = FdbFact("00:00:00:00:00:00", SINGLE, remote="10.0.0.12", state="permanent", vni=10453)
    absent: dict[str, Any] = {"vnis": Section(absent=True), "vrf_vnis": Section(absent=True)}
    (found,) = judge(replace(plus(single(), "fdb", flood), **absent))
    assert "VNI 10999" in found.evidence
    assert judge(replace(plus(single(), "fdb", flood, replace(flood, vni=10999)), **absent)) == ()


def test_a_map_that_ifquery_cannot_compare_is_no_drift_where_the_kernel_has_it() -> None:
    """ifupdown2 3.0.0 says fail of each line of it."""
    row = DriftFact(SINGLE, "bridge-vlan-vni-map", "fail: 453=10453")
    assert judge(plus(single(), "drift", row)) == ()
    lost = plus(without(single(), "vlan_tunnels", first=999), "drift", row)
    assert "configuration-drift" in {finding.check for finding in judge(lost)}


def test_the_vni_0_of_an_older_frr_is_the_device_and_no_vni_that_is_missing() -> None:
    facts = replace(single(), vnis=Section((VniFact(0, "L2", SINGLE),)))
    assert {finding.check for finding in judge(facts)} == {"vxlan-without-evpn"}


# --- bonds -----------------------------------------------------------------------------------


def test_a_bond_with_one_port_left_harms_nobody_yet() -> None:
    (found,) = diagnose(link(aware(), OTHER, flags=DOWN))
    assert (found.fault, found.latent, found.devices) == ("bond-port-lost", True, (BOND,))


def test_a_bond_that_runs_alone_is_not_certainly_the_cause() -> None:
    found = diagnose(silent(lonely(carrier=True)), GATEWAY, silent=[PATIENT])
    assert [(d.fault, d.certain) for d in found] == [("bond-without-partner", False)]


def test_a_hypervisor_behind_a_bond_without_any_carrier_is_unreachable() -> None:
    facts = link(link(link(bond(), PORT, flags=DARK), OTHER, flags=DARK), BOND, flags=DARK)
    found = diagnose(silent(facts), GATEWAY, silent=[PATIENT])
    assert found[0].fault == "hypervisor-unreachable"
    assert found[0].certain
    (one, *_) = diagnose(silent(link(aware(), PORT, flags=DARK)), GATEWAY, silent=[PATIENT])
    assert one.fault == "vm-unreachable", "the other port of the bond works"


def test_a_vm_behind_its_hypervisors_bond_is_in_the_right_place() -> None:
    assert diagnose(aware(), GATEWAY, silent=[replace(PATIENT, ports=(PORT,))]) != ()
    found = diagnose(aware(), GATEWAY, silent=[PATIENT])
    assert "vm-mac-on-wrong-port" not in {each.fault for each in found}


def test_many_ports_are_reapplied_in_several_steps() -> None:
    """The program on the switch takes four names in a step; it adds the bridge."""
    steps = CURES[Cure.REAPPLY].steps
    assert steps is not None
    assert [step.arguments for step in steps(("swp1", "swp2", "swp3", SVI), GATEWAY)] == [
        (SVI, "swp1", "swp2"),
        ("swp3",),
    ]
    assert [step.arguments for step in steps((), GATEWAY)] == [(SVI,)]


def test_the_records_may_name_the_bond_or_any_of_its_ports() -> None:
    """LLDP hears the hypervisor on one port of the bond; the bridge learns on the bond."""
    for ports in ((BOND,), (PORT,), (OTHER,)):
        told = presence.judge(aware(), HV, ports=ports, macs=(VM_MAC,))
        assert (told.confirmed, told.port, told.warnings) == (True, PORT, ()), ports
    (warning,) = presence.judge(aware(), HV, ports=("swp51",)).warnings
    assert "the cabling record is behind" in warning


def test_a_search_knows_who_is_behind_a_bond() -> None:
    seen = look.seen(aware(), Wanted("hv50", "hypervisor", hypervisor=HV), "leaf", "10.5.0.43")
    assert seen.beside == {BOND: HV, PORT: HV}


def test_a_port_that_a_pattern_chose_may_be_down_and_unused() -> None:
    facts = link(aware(), BOND, flags=DOWN)
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], required=False)
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    assert judge(facts) == ()
    assert {finding.check for finding in judge(facts, HERE)} == {"port-down"}


def test_a_bonds_port_without_a_carrier_is_told_while_the_other_works() -> None:
    """LLDP no longer hears the hypervisor there; that it is its port is known from the bond."""
    (finding,) = judge(link(aware(), OTHER, flags=DARK, aggregator=2), HERE)
    assert (finding.check, finding.subject) == ("port-without-carrier", OTHER)


def test_a_lost_port_of_other_vlans_is_no_fault_of_this_gateway() -> None:
    """ifquery tells one list of ports for the whole bridge."""
    facts = link(without(aware(), "ports", name=BOND), BOND, master="")
    facts = plus(facts, "drift", DriftFact(BRIDGE, "bridge-ports", "fail: vni10453"))
    assert [d.fault for d in diagnose(facts)] == ["port-out-of-bridge"]
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], vlans=((999, 999),))
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    assert diagnose(facts) == ()


def test_a_vlan_without_a_vni_need_not_be_on_a_single_vxlan_device() -> None:
    facts = without(
        without(single(), "bridge_vlans", port=SINGLE, first=453), "vlan_tunnels", first=453
    )
    ports = dict(facts.bridging.ports)
    ports[SINGLE] = replace(ports[SINGLE], vnis={999: 10999})
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    assert "vlan-not-on-vxlan" not in {found.fault for found in diagnose(facts)}


def test_a_hypervisor_may_have_one_port_for_storage_and_another_for_vms() -> None:
    """LLDP sees it on both; only one of them is given the VLAN of its VMs."""
    facts = aware()
    storage = replace(facts.links.rows[0], name="swp9", master=BRIDGE, aggregator=None)
    seen = facts.lldp.rows[0]
    ports = {**facts.bridging.ports, "swp9": ConfiguredPort("swp9", BRIDGE, ((20, 20),), 20)}
    facts = replace(
        plus(plus(facts, "links", storage), "bridge_vlans", VlanFact("swp9", 20, 20)),
        lldp=Section((LldpFact("swp9", seen.name), *facts.lldp.rows)),
        bridging=replace(facts.bridging, ports=ports),
    )
    facts = plus(facts, "ports", PortFact("swp9", BRIDGE, "forwarding"))
    told = {f.check for f in judge(facts, expected=HERE)}
    assert told.isdisjoint({"vlan-not-configured", "vm-mac-on-wrong-port"})


def test_where_two_tenants_have_the_subnet_nobody_knows_whose_vms_they_are() -> None:
    facts = not_given()
    assert "vlan-not-configured" in {f.check for f in judge(facts, expected=HERE)}
    other = replace(GATEWAY, interface=OTHER_SVI)
    facts = replace(facts, gateways=(*facts.gateways, other))
    assert not [
        f
        for f in judge(facts, expected=HERE)
        if f.check == "vlan-not-configured" and f.interface == SVI
    ]


def test_a_range_of_more_vlans_than_there_are_takes_no_time() -> None:
    facts = aware()
    ports = dict(facts.bridging.ports)
    ports[BOND] = replace(ports[BOND], vlans=((2, 10**15),))
    facts = replace(facts, bridging=replace(facts.bridging, ports=ports))
    assert {port.name for port in SwitchView(facts).meant_ports(SVI)} == {BOND, VNI}
