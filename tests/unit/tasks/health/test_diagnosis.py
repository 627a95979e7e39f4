from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.facts.fabric import EvpnMacFact
from tasks.facts.model import (
    DriftFact,
    FdbFact,
    LinkFact,
    RuleFact,
    Section,
    SwitchFacts,
)
from tasks.faults.catalogue import CURED
from tasks.faults.model import Diagnosis, SilentEndpoint
from tasks.faults.segment import bonds, vlans
from tasks.faults.segment.vm import BY_EXCLUSION
from tasks.health.diagnose import diagnose
from tasks.ladder import Cure
from tests.unit.tasks.health.healthy import (
    DOWN,
    GATEWAY,
    HV,
    MAC0,
    NETWORK,
    PATIENT,
    PORT,
    SVI,
    UP,
    V0,
    V1,
    VIP,
    VM,
    VM_MAC,
    changed,
    healthy,
    link,
    neighbour,
    plus,
    probe,
    route,
    sysctl,
    without,
)

ROGUE = "02:de:ad:be:ef:01"
Break = Callable[[SwitchFacts], SwitchFacts]


def no_routes(facts: SwitchFacts) -> SwitchFacts:
    for device in (SVI, V0, V1):
        facts = without(facts, "routes", device=device, destination=NETWORK)
    return probe(facts, "route-in", ok=False, detail="Network is unreachable")


def silent_vm(facts: SwitchFacts) -> SwitchFacts:
    facts = probe(probe(facts, "ping", ok=False), "arp", ok=False, macs=())
    return without(without(facts, "neighbours"), "fdb", mac=VM_MAC)


def rule(**selector: Any) -> RuleFact:
    return RuleFact(100, "77", {"src": "all", **selector})


def ruled(**selector: Any) -> Break:
    """A rule into a table that throws everything away."""
    nowhere = route("", "0.0.0.0/0", kind="unreachable", protocol="boot", table="77")
    return lambda f: plus(plus(f, "rules", rule(**selector)), "routes", nowhere)


def vip_moved(facts: SwitchFacts) -> SwitchFacts:
    return changed(facts, "addresses", {"device": V0}, device=SVI)


def in_vrf(facts: SwitchFacts, *devices: str) -> SwitchFacts:
    """The devices and their routes in a VRF; the stanza says nothing of it."""
    facts = plus(facts, "links", LinkFact("tenant1", 40, UP, 9000, kind="vrf", table=1001))
    facts = plus(facts, "rules", RuleFact(1000, "", {"l3mdev": None}))
    for device in devices:
        facts = link(facts, device, master="tenant1")
        facts = changed(facts, "routes", {"device": device}, table="1001")
    return facts


def vrf_line(facts: SwitchFacts, vrf: str = "tenant2") -> SwitchFacts:
    named = replace(facts.gateways[0], stanza=f"{facts.gateways[0].stanza}\tvrf {vrf}\n")
    return replace(facts, gateways=(named,))


#: Every fault of a switch on one that is well otherwise: how it comes about, the mildest cure,
#: and whether it harms nobody yet.
FAULTS: dict[str, tuple[Break, Cure, bool]] = {
    "vrr-device-deleted": (lambda f: without(f, "links", name=V0), Cure.REAPPLY, False),
    "vrr-device-down": (lambda f: link(f, V0, flags=DOWN), Cure.REAPPLY, False),
    "svi-down": (lambda f: link(f, SVI, flags=DOWN), Cure.REAPPLY, False),
    "vrr-protodown": (lambda f: link(f, V0, protodown=True), Cure.REAPPLY, False),
    "vip-address-lost": (lambda f: without(f, "addresses", device=V0), Cure.REAPPLY, False),
    "vip-on-wrong-device": (vip_moved, Cure.REAPPLY, True),
    "svi-address-lost": (lambda f: without(f, "addresses", device=SVI), Cure.REAPPLY, True),
    "vip-prefix-wrong": (
        lambda f: changed(f, "addresses", {"device": V0}, address=ip_interface(f"{VIP}/32")),
        Cure.REAPPLY,
        True,
    ),
    "svi-vrf-wrong": (lambda f: vrf_line(in_vrf(f, SVI, V0, V1)), Cure.REAPPLY, False),
    "vrr-vrf-wrong": (lambda f: in_vrf(f, V0), Cure.REAPPLY, False),
    "vrf-rule-missing": (
        lambda f: without(vrf_line(in_vrf(f, SVI, V0, V1), "tenant1"), "rules", table=""),
        Cure.NONE,
        False,
    ),
    "virtual-mac-wrong": (lambda f: link(f, V0, mac=ROGUE), Cure.SET_MAC, True),
    "connected-route-lost": (
        lambda f: without(f, "routes", device=SVI, destination=NETWORK),
        Cure.REAPPLY,
        True,
    ),
    "svi-routes-lost": (no_routes, Cure.REAPPLY, False),
    "vip-local-route-lost": (
        lambda f: without(f, "routes", device=V0, kind="local"),
        Cure.REAPPLY,
        False,
    ),
    "blackhole-route": (
        lambda f: plus(f, "routes", route("", f"{VM}/32", kind="blackhole", protocol="boot")),
        Cure.NONE,
        False,
    ),
    "foreign-route": (
        lambda f: plus(f, "routes", route("swp51", "130.246.213.0/24", protocol="bgp")),
        Cure.NONE,
        False,
    ),
    "vip-answered-by-other": (
        lambda f: probe(f, "duplicate", ok=False, macs=(ROGUE,)),
        Cure.ANNOUNCE,
        False,
    ),
    "virtual-mac-not-local": (
        lambda f: changed(f, "fdb", {"mac": MAC0}, port="vni10453", state=""),
        Cure.REAPPLY,
        True,
    ),
    "forwarding-off": (lambda f: sysctl(f, "ip_forward", 0), Cure.NONE, False),
    "vrr-forwarding-off": (
        lambda f: sysctl(f, f"conf/{V0}/forwarding", 0),
        Cure.RECREATE,
        False,
    ),
    "vrr-rp-filter": (lambda f: sysctl(f, f"conf/{V0}/rp_filter", 1), Cure.RECREATE, False),
    "rp-filter-all": (lambda f: sysctl(f, "conf/all/rp_filter", 1), Cure.NONE, False),
    "vrr-arp-ignore": (lambda f: sysctl(f, f"conf/{V0}/arp_ignore", 8), Cure.RECREATE, False),
    "vrr-noarp": (lambda f: link(f, V0, flags=UP | {"NOARP"}), Cure.RECREATE, False),
    "arp-ignore-all": (lambda f: sysctl(f, "conf/all/arp_ignore", 8), Cure.NONE, False),
    "policy-rule-from": (ruled(src=VM), Cure.NONE, False),
    "policy-rule-to": (ruled(dst="130.246.213.0", dstlen=24), Cure.NONE, False),
    "policy-rule-iif": (ruled(iif=V0), Cure.NONE, False),
    "port-out-of-bridge": (
        lambda f: plus(
            without(f, "ports", name=PORT), "drift", DriftFact(SVI, "bridge-ports", "fail")
        ),
        Cure.REAPPLY,
        False,
    ),
    "vrr-mtu-wrong": (lambda f: link(f, V0, mtu=1400), Cure.REAPPLY, True),
    "vip-not-auto": (
        lambda f: replace(f, gateways=(replace(f.gateways[0], auto=False),)),
        Cure.NONE,
        True,
    ),
    "svi-answers-arp": (
        lambda f: sysctl(sysctl(f, "conf/all/arp_ignore", 0), f"conf/{SVI}/arp_ignore", 0),
        Cure.NONE,
        True,
    ),
    "svi-forwarding-off": (lambda f: sysctl(f, f"conf/{SVI}/forwarding", 0), Cure.NONE, True),
    "svi-mtu-wrong": (
        lambda f: link(link(link(f, SVI, mtu=1500), V0, mtu=1500), V1, mtu=1500),
        Cure.REAPPLY,
        True,
    ),
}  # fmt: skip

#: The same for those that show only for somebody who is cut off.
PATIENTS: dict[str, tuple[Break, Cure]] = {
    "neighbour-wrong": (lambda f: changed(f, "neighbours", {}, mac=ROGUE), Cure.FORGET),
    "neighbour-wrong-permanent": (
        lambda f: changed(f, "neighbours", {}, mac=ROGUE, state="PERMANENT"),
        Cure.FORGET,
    ),
    "vm-mac-on-wrong-port": (
        lambda f: changed(f, "fdb", {"mac": VM_MAC}, port="swp1s2"),
        Cure.FORGET,
    ),
    "port-down": (lambda f: link(f, PORT, flags=DOWN), Cure.REAPPLY),
    "port-blocking": (
        lambda f: changed(f, "ports", {"name": PORT}, state="blocking"),
        Cure.REAPPLY,
    ),
    "hypervisor-unreachable": (
        lambda f: link(f, PORT, flags=UP - {"LOWER_UP"}),
        Cure.NONE,
    ),
    "vm-arp-wrong": (lambda f: probe(f, "ping", ok=False), Cure.ANNOUNCE),
    "vm-unreachable": (silent_vm, Cure.NONE),
    "beyond-gateway": (lambda f: f, Cure.NONE),
}

#: They need a VLAN-aware bridge or a bond: `test_vlans`.
OF_VLANS = {row.id for row in (*vlans.FAULTS, *bonds.FAULTS)}
_KINDS = {fault.id for fault in CURED} | set(BY_EXCLUSION)


def names(found: tuple[Diagnosis, ...]) -> list[str]:
    return [diagnosis.fault for diagnosis in found]


def test_every_fault_has_a_case_here() -> None:
    assert set(FAULTS) | set(PATIENTS) | OF_VLANS == _KINDS


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert diagnose(healthy()) == ()
    assert diagnose(healthy(), GATEWAY) == ()
    assert diagnose(healthy(), macs={VM: (VM_MAC,)}, ports={PORT: HV}) == ()


def test_nothing_is_found_in_nothing() -> None:
    assert diagnose(SwitchFacts("sw")) == ()
    empty = SwitchFacts("sw", gateways=(GATEWAY,))
    unread: dict[str, Any] = {
        name: Section[Any](unread="it did not answer")
        for name, value in vars(empty).items()
        if isinstance(value, Section)
    }
    assert diagnose(replace(empty, **unread), silent=[PATIENT]) == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_without_a_patient(fault: str) -> None:
    spoil, cure, latent = FAULTS[fault]
    (found,) = diagnose(spoil(healthy()))
    assert (found.fault, found.cure, found.latent) == (fault, cure, latent)
    assert found.certain
    assert found.evidence
    assert found.remedy
    assert found.interface in {SVI, ""}
    if cure not in {Cure.NONE, Cure.FORGET}:
        assert found.devices


@pytest.mark.parametrize("fault", [*FAULTS, *PATIENTS])
def test_a_fault_is_named_first_with_a_patient(fault: str) -> None:
    spoil, cure = {**{k: v[:2] for k, v in FAULTS.items()}, **PATIENTS}[fault]
    facts = probe(spoil(healthy()), "ping", ok=fault == "beyond-gateway")
    first = diagnose(facts, GATEWAY, silent=[PATIENT])[0]
    if fault in FAULTS and FAULTS[fault][2] and not first.latent:
        # It does not explain the silence, so something else is told first.
        assert first.fault in {"vm-arp-wrong", fault}
        return
    assert (first.fault, first.cure, first.latent) == (fault, cure, False)


def test_the_words_name_who_and_what() -> None:
    facts = changed(healthy(), "neighbours", {}, mac=ROGUE)
    (found,) = diagnose(facts, silent=[PATIENT])
    assert found.neighbours == ((VM, SVI),)
    assert f"vm-a1 ({VM})" in found.sentence
    assert ROGUE in found.sentence
    assert any("OpenStack knows it as" in text for text in found.evidence)
    (found,) = diagnose(FAULTS["vip-answered-by-other"][0](healthy()))
    assert ROGUE in found.sentence
    assert VIP in found.sentence


def test_a_rogue_is_placed_by_port_or_by_vtep() -> None:
    facts = FAULTS["vip-answered-by-other"][0](healthy())
    (found,) = diagnose(facts)
    assert [(s.mac, s.address, s.places) for s in found.strangers] == [(ROGUE, VIP, ())]
    row = next(r for r in facts.fdb.rows if r.bridge)
    near = replace(row, mac=ROGUE, port="swp1s2", state="", remote="")
    (found,) = diagnose(plus(facts, "fdb", near))
    assert found.strangers[0].places == ("swp1s2",)
    far = replace(near, port="vni10453")
    (found,) = diagnose(plus(facts, "fdb", far, replace(far, bridge="", remote="10.0.0.41")))
    assert found.strangers[0].places == ("vni10453 (VTEP 10.0.0.41)",)
    assert f"{ROGUE} behind vni10453 (VTEP 10.0.0.41)" in found.sentence


# --- what must not be called a fault ---------------------------------------------------------


def test_an_anycast_peer_is_no_rogue() -> None:
    facts = probe(healthy(), "duplicate", ok=False, macs=(MAC0,))
    assert diagnose(facts) == ()


def test_a_bridge_may_show_the_virtual_mac_as_the_devices_own_only() -> None:
    rows = [r for r in healthy().fdb.rows if r.mac == MAC0]
    own = tuple(replace(row, bridge="") for row in rows)
    facts = plus(without(healthy(), "fdb", mac=MAC0), "fdb", *own)
    assert diagnose(facts) == ()
    strange = replace(rows[0], port="swp1s2", state="")
    assert names(diagnose(plus(facts, "fdb", strange))) == ["virtual-mac-not-local"]


def test_strict_rp_filter_is_well_where_answers_leave_by_the_vrr_device() -> None:
    facts = sysctl(without(healthy(), "routes", device=SVI, destination=NETWORK),
                   f"conf/{V1}/rp_filter", 2)  # fmt: skip
    facts = without(facts, "routes", device=V1, destination=NETWORK)
    for path in ("conf/all/rp_filter", f"conf/{V0}/rp_filter"):
        assert "rp" not in " ".join(names(diagnose(sysctl(facts, path, 1)))), path


def test_a_loose_rp_filter_on_the_device_wins_over_a_strict_one_on_all() -> None:
    facts = sysctl(healthy(), "conf/all/rp_filter", 1)
    for device in (V0, V1):
        facts = sysctl(facts, f"conf/{device}/rp_filter", 2)
    assert diagnose(facts) == ()


def test_a_rule_into_an_empty_table_is_passed_over_by_the_kernel() -> None:
    (found,) = diagnose(plus(healthy(), "rules", rule(src=VM)))
    assert (found.fault, found.latent) == ("policy-rule-from", True)


def test_a_rule_for_others_is_no_fault_of_this_patient() -> None:
    facts = ruled(src="130.246.214.9")(healthy())
    assert "policy-rule-from" not in names(diagnose(facts, silent=[PATIENT]))


def test_a_rule_is_told_where_the_kernel_finds_no_way() -> None:
    facts = plus(healthy(), "rules", rule(iif=V0))
    assert diagnose(facts)[0].latent
    facts = probe(facts, "route-out", ok=False, detail="Network is unreachable")
    assert names(diagnose(facts, silent=[PATIENT]))[0] == "policy-rule-iif"


def test_host_routes_of_other_leafs_are_how_evpn_works() -> None:
    other = route("swp51", "130.246.213.99/32", protocol="bgp")
    assert diagnose(plus(healthy(), "routes", other)) == ()
    ours = route("swp51", f"{VM}/32", protocol="bgp")
    facts = plus(healthy(), "routes", ours)
    assert names(diagnose(facts, silent=[PATIENT]))[0] == "foreign-route"


def test_routes_of_another_table_do_not_count() -> None:
    blackhole = route("", f"{VM}/32", kind="blackhole", table="77")
    assert diagnose(plus(healthy(), "routes", blackhole)) == ()


def test_a_lost_route_harms_when_one_from_elsewhere_is_preferred() -> None:
    facts = without(healthy(), "routes", device=SVI, destination=NETWORK)
    (found,) = diagnose(facts)
    assert found.latent
    facts = plus(facts, "routes", route("swp51", NETWORK, protocol="bgp", metric=20))
    (found,) = diagnose(facts)
    assert (found.fault, found.latent) == ("connected-route-lost", False)


def test_a_device_that_is_gone_has_no_other_faults() -> None:
    facts = without(healthy(), "links", name=V0)
    facts = without(facts, "addresses", device=V0)
    facts = without(facts, "routes", device=V0)
    facts = without(facts, "fdb", mac=MAC0)
    assert names(diagnose(facts)) == ["vrr-device-deleted"]


def test_all_that_goes_with_an_svi_that_is_down() -> None:
    facts = link(no_routes(healthy()), SVI, flags=DOWN)
    for name in (PORT, "swp1s2", "vni10453"):
        facts = changed(facts, "ports", {"name": name}, state="disabled")
    facts = probe(probe(facts, "arp", ok=False, macs=()), "ping", ok=False)
    assert names(diagnose(facts, silent=[PATIENT])) == ["svi-down"]


def test_a_port_is_missed_only_where_the_configuration_has_it() -> None:
    facts = without(healthy(), "ports", name=PORT)
    assert diagnose(facts) == ()
    (found,) = diagnose(facts, ports={PORT: HV})
    assert (found.certain, found.latent) == (False, True)
    (found,) = diagnose(probe(facts, "ping", ok=False), silent=[PATIENT])[:1]
    assert (found.fault, found.certain) == ("port-out-of-bridge", False)


def test_a_port_that_is_shut_and_that_nobody_needs_is_no_fault() -> None:
    facts = link(healthy(), "swp1s2", flags=DOWN)
    assert diagnose(facts, ports={PORT: HV}) == ()
    assert names(diagnose(facts, ports={PORT: HV, "swp1s2": "hv51"})) == ["port-down"]


def test_a_bond_stands_for_its_ports() -> None:
    facts = link(healthy(), PORT, master="bond0")
    facts = plus(facts, "links", LinkFact("bond0", 20, UP, 9000, kind="bond", master=SVI))
    facts = changed(facts, "ports", {"name": PORT}, name="bond0")
    facts = changed(facts, "fdb", {"mac": VM_MAC}, port="bond0")
    assert names(diagnose(facts, silent=[PATIENT])) == ["beyond-gateway"]


def test_one_of_two_cables_without_link_is_not_the_hypervisor() -> None:
    facts = link(healthy(), PORT, flags=UP - {"LOWER_UP"})
    both = replace(PATIENT, ports=(PORT, "swp1s2"))
    assert "hypervisor-unreachable" not in names(diagnose(facts, silent=[both]))


def test_a_vm_of_another_subnet_is_not_this_gateways() -> None:
    stranger = SilentEndpoint(ip_address("192.0.2.7"), "elsewhere")
    assert diagnose(silent_vm(healthy()), silent=[stranger]) == ()


def test_ipv6_addresses_do_no_harm() -> None:
    endpoint = SilentEndpoint(ip_address("2001:db8::7"), "six")
    virtual = replace(GATEWAY.virtual[0], address=ip_interface("2001:db8::1/64"), device=V0)
    gateway = replace(GATEWAY, virtual=(*GATEWAY.virtual, virtual))
    found = diagnose(replace(healthy(), gateways=(gateway,)), silent=[endpoint])
    assert names(found)[0] == "vip-address-lost"


# --- who says what a MAC should be -----------------------------------------------------------


def test_without_openstack_arping_and_evpn_say_whose_mac_it_is() -> None:
    facts = changed(healthy(), "neighbours", {}, mac=ROGUE)
    nameless = replace(PATIENT, macs=())
    (found,) = diagnose(facts, silent=[nameless])
    assert (found.fault, found.certain) == ("neighbour-wrong", True)
    facts = without(facts, "probes", kind="arp")
    evpn = EvpnMacFact(10453, ip_address(VM), VM_MAC)
    (found,) = diagnose(plus(facts, "evpn_macs", evpn), silent=[nameless])
    assert (found.fault, found.certain) == ("neighbour-wrong", False)
    # The address of another tenant, in another VNI, says nothing.
    others = EvpnMacFact(10999, ip_address(VM), "fa:16:3e:00:00:99")
    well = without(healthy(), "probes", kind="arp")
    assert diagnose(plus(well, "evpn_macs", others)) == ()


def test_wrong_entries_are_found_without_a_patient_where_macs_are_known() -> None:
    facts = changed(healthy(), "neighbours", {}, mac=ROGUE)
    (found,) = diagnose(facts)  # by its answer to ARP
    assert (found.fault, found.certain, found.neighbours) == ("neighbour-wrong", True, ((VM, SVI),))
    (found,) = diagnose(facts, macs={VM: (VM_MAC,)})
    assert (found.fault, found.certain, found.neighbours) == ("neighbour-wrong", True, ((VM, SVI),))
    seen = plus(facts, "fdb", FdbFact(ROGUE, PORT, SVI))
    (found,) = diagnose(seen, macs={VM: (VM_MAC,)})
    assert not found.certain, "a MAC that is in use may be the VM's own choice"


def test_unresolved_entries_are_not_wrong() -> None:
    facts = changed(healthy(), "neighbours", {}, mac="", state="FAILED")
    assert diagnose(facts, macs={VM: (VM_MAC,)}) == ()


# --- several at once -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foreign", [n for n, (_, cure, latent) in FAULTS.items() if cure is Cure.NONE and not latent]
)
@pytest.mark.parametrize(
    "other", ["vrr-rp-filter", "vrr-noarp", "vrr-forwarding-off", "virtual-mac-wrong"]
)
def test_another_cause_holds_disruptive_cures_back(foreign: str, other: str) -> None:
    facts = FAULTS[other][0](FAULTS[foreign][0](healthy()))
    for silent in ([], [PATIENT]):
        found = diagnose(facts, silent=silent)
        assert not any(diagnosis.cure.disruptive for diagnosis in found)
        if foreign in names(found) and found[0].fault == foreign:
            held = [diagnosis for diagnosis in found if diagnosis.held_back]
            assert all(foreign in diagnosis.remedy for diagnosis in held)


def test_a_vm_that_is_down_holds_a_disruptive_cure_back() -> None:
    facts = sysctl(silent_vm(healthy()), f"conf/{V0}/forwarding", 0)
    found = diagnose(facts, silent=[PATIENT])
    assert names(found) == ["vm-unreachable", "vrr-forwarding-off"]
    assert found[1].held_back is Cure.RECREATE
    assert found[1].cure is Cure.NONE


def test_a_wrong_neighbour_and_lost_routes_are_both_told() -> None:
    facts = no_routes(changed(healthy(), "neighbours", {}, mac=ROGUE))
    found = diagnose(facts, silent=[PATIENT])
    assert names(found) == ["svi-routes-lost", "neighbour-wrong"]


def test_latent_faults_come_last() -> None:
    facts = link(no_routes(healthy()), V0, mtu=1400)
    found = diagnose(facts)
    assert names(found) == ["svi-routes-lost", "vrr-mtu-wrong"]


def test_a_fault_of_the_whole_switch_is_told_once() -> None:
    other = replace(GATEWAY, interface="swp51", virtual=(), own=())
    facts = replace(sysctl(healthy(), "ip_forward", 0), gateways=(GATEWAY, other))
    assert names(diagnose(facts)) == ["forwarding-off"]


def test_the_ladder_is_in_order() -> None:
    rungs = [cure.rung for cure in Cure]
    assert rungs == sorted(rungs)
    assert [cure.value for cure in Cure if cure.disruptive] == [
        "set-mac",
        "flap",
        "recreate",
        "toggle",
    ]


_ALL: list[Break] = [*(v[0] for v in FAULTS.values()), *(v[0] for v in PATIENTS.values())]


@given(
    breaks=st.lists(st.sampled_from(_ALL), max_size=5),
    unread=st.sets(
        st.sampled_from([n for n, v in vars(healthy()).items() if isinstance(v, Section)])
    ),
    absent=st.booleans(),
    silent=st.booleans(),
)
def test_never_raises_and_never_adds_an_outage_to_another(
    breaks: list[Break], unread: set[str], absent: bool, silent: bool
) -> None:
    facts = healthy()
    for spoil in breaks:
        with suppress(AssertionError):  # what it breaks is broken already
            facts = spoil(facts)
    section = Section[Any](unread="" if absent else "no", absent=absent)
    sections: dict[str, Any] = dict.fromkeys(unread, section)
    found = diagnose(
        replace(facts, **sections),
        silent=[PATIENT] if silent else [],
        macs={VM: (VM_MAC,)},
        ports={PORT: HV},
    )
    if any(d.foreign for d in found):
        assert not any(d.cure.disruptive for d in found)
    assert len({(d.fault, d.interface) for d in found}) == len(found)
    assert all(d.sentence and d.evidence and d.fault in _KINDS for d in found)


@given(data=st.data())
def test_never_raises_whatever_the_rows_hold(data: st.DataObject) -> None:
    facts = healthy()
    odd = st.sampled_from(["", "-", "vlan453", "vlan453-v0", "swp1s3", "main", "0", "x" * 40])
    for section in ("links", "routes", "neighbours", "fdb", "ports", "probes"):
        rows = list(getattr(facts, section).rows)
        place = data.draw(st.integers(0, len(rows) - 1))
        texts = {k for k, v in vars(rows[place]).items() if isinstance(v, str)}
        key = data.draw(st.sampled_from(sorted(texts)))
        rows[place] = replace(rows[place], **{key: data.draw(odd)})
        broken: dict[str, Any] = {section: Section(tuple(rows))}
        facts = replace(facts, **broken)
    rule_words = st.dictionaries(st.sampled_from(["src", "dst", "iif", "srclen", "action"]), odd)
    facts = plus(facts, "rules", RuleFact(5, "77", data.draw(rule_words)))
    network = ip_network(data.draw(st.sampled_from(["::/0", "130.246.213.11/32", "0.0.0.0/0"])))
    facts = plus(facts, "routes", route("swp51", network, kind=data.draw(odd), table="main"))
    facts = replace(facts, sysctls={k: data.draw(odd) for k in facts.sysctls})
    diagnose(facts)
    diagnose(facts, silent=[PATIENT, SilentEndpoint(ip_address("::1"))])


def test_a_neighbour_entry_of_another_device_is_not_ours() -> None:
    facts = plus(healthy(), "neighbours", neighbour(ROGUE, device="eth0"))
    assert names(diagnose(facts, silent=[PATIENT])) == ["beyond-gateway"]
