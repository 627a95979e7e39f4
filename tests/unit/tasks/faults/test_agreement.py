"""``vip check`` and ``vip heal`` say the same of the same facts: one row, one function for both.

What is the right thing to say was found out on a leaf of the lab: ``docs/faults.md``.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest

from tasks.facts.model import AddressFact, FdbFact, LinkFact, RuleFact, SwitchFacts
from tasks.faults.catalogue import CURED, FAULTS, fault
from tasks.faults.gateway.devices import configured_mtu
from tasks.faults.gateway_view import is_part
from tasks.faults.view import ExpectedFromSite
from tasks.health.diagnose import diagnose
from tasks.health.judge import judge
from tasks.ladder import Cure
from tasks.model import VirtualAddress
from tests.unit.tasks.health.healthy import (
    GATEWAY,
    HV,
    MAC0,
    NETWORK,
    PORT,
    SVI,
    UP,
    V0,
    V1,
    VIP,
    VM,
    changed,
    healthy,
    link,
    plus,
    route,
    sysctl,
    without,
)
from tests.unit.tasks.health.test_diagnosis import FAULTS as BROKEN

_CURED = {row.id for row in CURED}


def both(facts: SwitchFacts) -> set[str]:
    """What is said of the facts, by check and heal alike."""
    found = {finding.check for finding in judge(facts)} & _CURED
    diagnosed = {diagnosis.fault for diagnosis in diagnose(facts)}
    assert found == diagnosed
    return found


def hole(destination: str, table: str, kind: str = "blackhole") -> Any:
    return route("", destination, kind=kind, protocol="boot", table=table)


def rule(**selector: Any) -> RuleFact:
    return RuleFact(100, "77", selector)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_diagnosed_is_found_by_the_check_of_its_name(name: str) -> None:
    broken = BROKEN[name][0](healthy())
    assert name in both(broken)
    latent = {d.fault for d in diagnose(broken) if d.latent}
    for finding in judge(broken):
        row = fault(finding.check)
        assert row is not None
        if row.cure not in {None, Cure.NONE} and row.cure is not None:
            assert finding.remedy.endswith(f"(vip heal: {row.cure.value}).")
        if finding.status.value == "CRITICAL" and row.id in latent:
            assert row.id in {"virtual-mac-wrong", "virtual-mac-not-local"}


def test_every_row_is_looked_for_on_a_gateway_or_on_a_switch() -> None:
    for row in FAULTS:
        assert (row.find is None) != (row.find_on_switch is None), row.id
        assert row.scope == ("gateway" if row.find else "switch"), row.id
        assert row.cure is None or row.sentence is not None, row.id
    assert len({row.id for row in FAULTS}) == len(FAULTS)


# --- routes


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "throw"])
@pytest.mark.parametrize("part", [f"{VM}/32", "130.246.213.0/24"])
def test_a_hole_in_a_table_that_no_rule_looks_up_harms_nobody(kind: str, part: str) -> None:
    assert both(plus(healthy(), "routes", hole(part, "77", kind))) == set()
    assert both(plus(healthy(), "routes", hole(part, "main", kind))) == {"blackhole-route"}


def test_a_hole_in_the_local_table_is_found_before_any_route() -> None:
    assert both(plus(healthy(), "routes", hole(f"{VM}/32", "local"))) == {"blackhole-route"}


def test_a_network_in_a_table_that_no_rule_looks_up_leads_nobody_away() -> None:
    away = route("swp51", "130.246.213.0/24", protocol="bgp", table="77")
    assert both(plus(healthy(), "routes", away)) == set()
    assert both(plus(healthy(), "routes", replace(away, table="main"))) == {"foreign-route"}


def test_routes_of_another_vrf_are_not_the_gateways() -> None:
    vrf = LinkFact("tenant2", 40, UP, 9000, kind="vrf", table=1099)
    port = LinkFact("vlan454", 41, UP, 9000, kind="bridge", master="tenant2")
    facts = plus(healthy(), "links", vrf, port)
    other = (route("vlan454", "130.246.213.0/24", table="1099"), hole("130.246.213.0/26", "1099"))
    assert both(plus(facts, "routes", *other)) == set()


def test_in_a_vrf_its_own_table_counts() -> None:
    vrf = LinkFact("tenant1", 40, UP, 9000, kind="vrf", table=1001)
    facts = plus(healthy(), "links", vrf)
    for device in (SVI, V0, V1):
        facts = link(facts, device, master="tenant1")
    rows = tuple(
        replace(row, table="tenant1") if row.device in {SVI, V0, V1} else row
        for row in facts.routes.rows
    )
    named = replace(GATEWAY, stanza=f"{GATEWAY.stanza}\tvrf tenant1\n")
    l3mdev = RuleFact(1000, "", {"l3mdev": None})
    facts = replace(facts, routes=replace(facts.routes, rows=rows), gateways=(named,))
    assert both(facts) == {"vrf-rule-missing"}
    facts = replace(facts, rules=replace(facts.rules, rows=(l3mdev, *facts.rules.rows)))
    assert both(facts) == set()
    assert both(plus(facts, "routes", hole(f"{VM}/32", "1001"))) == {"blackhole-route"}
    assert both(plus(facts, "routes", hole(f"{VM}/32", "main"))) == set()


def test_a_vip_on_a_device_of_another_vrf_is_somebody_elses() -> None:
    vrf = LinkFact("tenant2", 40, UP, 9000, kind="vrf", table=1099)
    other = LinkFact("vlan454", 41, UP, 9000, kind="bridge", master="tenant2")
    facts = plus(healthy(), "links", vrf, other)
    facts = plus(
        facts,
        "addresses",
        replace(next(r for r in facts.addresses.rows if r.device == V0), device="vlan454"),
    )
    taken = route("vlan454", f"{VIP}/32", kind="local", table="1099")
    facts = plus(facts, "routes", taken)
    assert both(facts) == set()
    assert both(without(facts, "routes", device=V0, kind="local")) == {"vip-local-route-lost"}
    assert "vip-address-lost" in both(without(facts, "addresses", device=V0))


def test_a_connected_route_that_a_person_has_made_forwards_as_the_kernels_own() -> None:
    own = {"device": SVI, "destination": NETWORK}
    assert both(without(healthy(), "routes", **own)) == {"connected-route-lost"}
    assert both(changed(healthy(), "routes", own, protocol="static")) == set()


# --- rules


def test_a_rule_matches_as_many_bits_as_it_says_whatever_is_set_after_them() -> None:
    odd = rule(src="130.246.213.11", srclen=24)
    facts = plus(healthy(), "rules", odd)
    assert both(facts) == {"policy-rule-from"}
    (found,) = diagnose(facts)
    assert found.latent
    facts = plus(facts, "routes", hole("0.0.0.0/0", "77", "unreachable"))
    assert both(facts) == {"policy-rule-from"}
    assert not diagnose(facts)[0].latent


def test_what_a_rules_table_throws_away_is_told_by_the_packets_that_it_takes() -> None:
    part = plus(healthy(), "routes", hole("130.246.213.0/24", "77"))
    (found,) = diagnose(plus(part, "rules", rule(src=VM)))
    assert found.latent, "what comes from VMs goes elsewhere"
    (found,) = diagnose(plus(part, "rules", rule(dst=VM)))
    assert (found.fault, found.latent) == ("policy-rule-to", False)


def test_a_rule_without_a_selector_takes_everything() -> None:
    nowhere = plus(healthy(), "routes", hole("0.0.0.0/0", "77", "unreachable"))
    assert both(plus(nowhere, "rules", rule())) == {"policy-rule-from"}


# --- settings


@pytest.mark.parametrize("value", [2, 3, 4, 7, 9])
def test_only_one_value_of_arp_ignore_leaves_a_vip_unanswered(value: int) -> None:
    for device in ("all", V0):
        assert both(sysctl(healthy(), f"conf/{device}/arp_ignore", value)) == set()
    assert both(sysctl(healthy(), "conf/all/arp_ignore", 8)) == {"arp-ignore-all"}
    assert both(sysctl(healthy(), f"conf/{V0}/arp_ignore", 8)) == {"vrr-arp-ignore"}


@pytest.mark.parametrize(
    ("every", "svi", "seen"), [(0, 0, True), (0, 1, False), (1, 0, False), (0, 2, False)]
)
def test_an_svi_answers_for_the_vip_where_nothing_forbids_it(
    every: int, svi: int, seen: bool
) -> None:
    for vrr in (0, 1):
        facts = sysctl(healthy(), "conf/all/arp_ignore", every)
        facts = sysctl(sysctl(facts, f"conf/{SVI}/arp_ignore", svi), f"conf/{V0}/arp_ignore", vrr)
        assert both(facts) == ({"svi-answers-arp"} if seen else set())
    unread = replace(facts, sysctls={k: v for k, v in facts.sysctls.items() if SVI not in k})
    assert "svi-answers-arp" not in both(unread)


def test_an_svi_that_does_not_forward_harms_only_who_has_it_as_a_gateway() -> None:
    facts = sysctl(healthy(), f"conf/{SVI}/forwarding", 0)
    assert both(facts) == {"svi-forwarding-off"}
    (found,) = diagnose(facts)
    assert (found.latent, found.cure) == (True, Cure.NONE)
    assert both(sysctl(healthy(), f"conf/{V0}/forwarding", 0)) == {"vrr-forwarding-off"}


def test_the_higher_rp_filter_of_all_and_of_the_device_counts() -> None:
    strict = sysctl(healthy(), "conf/all/rp_filter", 1)
    assert both(strict) == {"rp-filter-all"}
    loose = sysctl(sysctl(strict, f"conf/{V0}/rp_filter", 2), f"conf/{V1}/rp_filter", 2)
    assert both(loose) == set()
    alone = sysctl(healthy(), f"conf/{V0}/rp_filter", 1)
    assert both(alone) == {"vrr-rp-filter"}
    assert both(sysctl(alone, "conf/all/rp_filter", 2)) == set()


# --- link-local addresses


def with_link_local() -> SwitchFacts:
    """Two gateways have the same link-local VIP, as they may: each is on its own link."""
    local = VirtualAddress(V0, MAC0, ip_interface("fe80::1/64"), 8)
    other = VirtualAddress("vlan999-v0", MAC0, ip_interface("fe80::1/64"), 20)
    first = replace(GATEWAY, virtual=(*GATEWAY.virtual, local))
    second = replace(GATEWAY, interface="vlan999", own=(), vip=other, virtual=(other,))
    facts = replace(healthy(), gateways=(first, second))
    for device, parent in (("vlan999", ""), ("vlan999-v0", "vlan999")):
        kind = "macvlan" if parent else "bridge"
        facts = plus(facts, "links", LinkFact(device, 20, UP, 9000, MAC0, kind, parent=parent))
        facts = plus(facts, "fdb", FdbFact(MAC0, "vlan999", "vlan999", state="permanent"))
    held = (AddressFact(d, ip_interface("fe80::1/64")) for d in (V0, "vlan999-v0"))
    return plus(facts, "addresses", *held)


def test_a_link_local_vip_that_is_there_is_no_fault() -> None:
    about = {"vip-address-lost", "vip-on-wrong-device", "vip-local-route-lost", "svi-routes-lost"}
    about |= {"connected-route-lost", "foreign-route", "vip-twice"}
    assert not {f.check for f in judge(with_link_local())} & about


def test_a_link_local_vip_that_only_another_device_has_is_lost() -> None:
    facts = without(with_link_local(), "addresses", device=V0, address=ip_interface("fe80::1/64"))
    (found,) = (f for f in judge(facts) if f.check == "vip-address-lost")
    assert found.subject == "fe80::1"
    assert "vlan453-v0 has 130.246.212.1/22" in found.evidence


# --- the rest


def test_a_port_without_carrier_is_not_called_blocking() -> None:
    """The bridge disables it; its cable is what is wrong."""
    unplugged = link(healthy(), PORT, flags=UP - {"LOWER_UP"})
    disabled = changed(unplugged, "ports", {"name": PORT}, state="disabled")
    here = ExpectedFromSite({HV: (PORT,)})
    assert "port-blocking" not in {f.check for f in judge(disabled, here)}
    assert "port-blocking" not in {d.fault for d in diagnose(disabled, ports={PORT: HV})}


def test_a_neighbour_of_no_known_mac_is_wrong_to_both_by_the_same_words() -> None:
    facts = changed(healthy(), "neighbours", {}, mac="02:de:ad:be:ef:01")
    assert both(facts) == {"neighbour-wrong"}
    (found,) = diagnose(facts)
    assert found.neighbours == ((str(ip_address(VM)), SVI),)


def test_the_last_mtu_of_a_stanza_counts() -> None:
    assert configured_mtu(GATEWAY) == 9000
    again = replace(GATEWAY, stanza=f"{GATEWAY.stanza}\tmtu 1500\n\talias mtu 7\n")
    assert configured_mtu(again) == 1500
    assert configured_mtu(replace(GATEWAY, stanza="iface vlan453\n")) is None


def test_a_network_is_no_part_of_itself_nor_of_the_other_version() -> None:
    part, whole = ip_network("130.246.213.0/24"), ip_network("130.246.212.0/22")
    assert is_part(part, whole)
    assert not is_part(whole, part)
    assert not is_part(whole, whole)
    assert not is_part(ip_network("2001:db8::/64"), ip_network("0.0.0.0/0"))
