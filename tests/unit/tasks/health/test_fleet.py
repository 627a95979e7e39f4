"""Comparing switches, and the routing model, on records made by hand in FRR's real formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.facts.fabric import VrfVniFact
from tasks.faults.catalogue import FAULTS
from tasks.faults.model import Finding, Status
from tasks.faults.view import ExpectedFromSite
from tasks.health.assess import assess, unreachable
from tasks.health.fabric_model import FabricRecord, VniRecord, VrfRecord
from tasks.health.fleet import FLEET_CHECKS, judge_fleet
from tasks.health.model import SwitchHealth, VipRecord
from tasks.health.vip_records import vip_records
from tests.unit.tasks.health.recorded import configured, facts, rows, said

VIP, MAC = "130.246.212.1", "00:00:5e:00:01:c5"
#: A tenant VRF with its L3VNI, in the words of FRR's ``show vrf vni json``.
L3 = {
    "vrf": "red",
    "vni": 104001,
    "vxlanIntf": "vni104001",
    "sviIntf": "vlan4001",
    "state": "Up",
    "routerMac": "44:38:39:be:ef:aa",
}


def record(switch: str, number: int = 2, **changes: Any) -> VipRecord:
    values: dict[str, Any] = {
        "switch": switch,
        "interface": "vlan453",
        "device": "vlan453-v0",
        "vip": VIP,
        "prefix_length": 22,
        "mac": MAC,
        "actual_mac": MAC,
        "vlan": 453,
        "vni": 10453,
        "own": (f"130.246.212.{number}/22",),
        "present": True,
        "vrf": "red",
        "evpn": True,
        "frr": True,
        "l3vni": 104001,
        "l3vni_vxlan": "vni104001",
        "l3vni_svi": "vlan4001",
        "l3vni_up": True,
    }
    return VipRecord(**{**values, **changes})


def health(*records: VipRecord, switch: str = "", vnis: tuple[int, ...] = (10453,)) -> SwitchHealth:
    return SwitchHealth(switch or records[0].switch, "10.5.0.1", vips=records, vnis=vnis)


def fleet(*changes: dict[str, Any]) -> list[SwitchHealth]:
    """Four leafs with symmetric routing, each changed."""
    given = [*changes, *({} for _ in range(4 - len(changes)))]
    return [health(record(f"leaf{i}", i, **change)) for i, change in enumerate(given, start=2)]


def only(findings: tuple[Finding, ...], check: str) -> Finding:
    assert [f.check for f in findings] == [check], findings
    usual = {c.id: c.severity for c in FLEET_CHECKS}[check]
    assert findings[0].status in ({usual, Status.OK} if check == "routing-model" else {usual})
    assert findings[0].remedy
    return findings[0]


def test_a_consistent_symmetric_fleet_gives_no_finding() -> None:
    assert judge_fleet(fleet()) == ()
    assert judge_fleet([]) == ()
    assert judge_fleet([unreachable("leaf9", "10.5.0.9", "it does not answer")]) == ()


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ({"mac": "00:00:5e:00:01:99"}, "vip-mac-differs", "00:00:5e:00:01:99 on leaf2"),
        ({"prefix_length": 23}, "vip-prefix-differs", "/23 on leaf2"),
        ({"vni": 10999}, "vip-vni-differs", "10999 on leaf2"),
        ({"vni": None}, "vip-vni-differs", "none on leaf2"),
    ],
)
def test_the_odd_one_is_named(change: dict[str, Any], check: str, words: str) -> None:
    leafs = fleet(change)
    if "vni" in change:
        leafs[0] = replace(leafs[0], vnis=(10999,))
    finding = only(judge_fleet(leafs, routing_model=False), check)
    assert (finding.switch, finding.subject, finding.interface) == ("leaf2", VIP, "vlan453")
    assert words in finding.evidence
    assert "leaf3, leaf4" in finding.evidence


def test_where_there_is_no_majority_nobody_is_blamed() -> None:
    leafs = fleet({"mac": "00:00:5e:00:01:99"}, {"mac": "00:00:5e:00:01:99"})
    finding = only(judge_fleet(leafs), "vip-mac-differs")
    assert finding.switch == ""
    assert "leaf2, leaf3" in finding.evidence
    assert "leaf4, leaf5" in finding.evidence


def test_racks_without_a_vni_may_reuse_addresses() -> None:
    apart = {"vni": None, "evpn": False}
    leafs = [
        health(record("a", 2, **apart), vnis=()),
        health(record("b", 2, mac="00:00:5e:00:01:99", prefix_length=24, **apart), vnis=()),
    ]
    assert judge_fleet(leafs) == ()


def test_link_local_vips_of_two_networks_are_not_compared() -> None:
    local = {"vip": "fe80::1", "prefix_length": 64}
    leafs = [
        health(record("a"), record("a", **local)),
        health(record("b", 3), record("b", 3, vni=10999, mac="00:00:5e:00:01:63", **local)),
    ]
    assert "fe80::1" not in {finding.subject for finding in judge_fleet(leafs)}


def test_tenants_may_reuse_addresses() -> None:
    leafs = [
        *fleet(),
        health(record("leaf9", 2, vrf="blue", vni=20453, l3vni=104002), vnis=(20453,)),
    ]
    assert judge_fleet(leafs) == ()


def test_a_leaf_that_lacks_the_vip_of_its_vni() -> None:
    leafs = [*fleet(), SwitchHealth("bare", "10.5.0.9", vnis=(10453,))]
    finding = only(judge_fleet(leafs), "vip-missing")
    assert (finding.switch, finding.subject) == ("bare", VIP)
    assert "leaf2, leaf3, leaf4, leaf5 have" in finding.evidence


def test_a_leaf_that_lacks_the_second_vip_only() -> None:
    second = {"vip": "130.246.215.254", "device": "vlan453-v1", "mac": "00:00:5e:00:01:c6"}
    leafs = [health(record(n, i), record(n, i, **second)) for i, n in enumerate(("a", "b"), 2)]
    leafs.append(health(record("c", 9)))
    assert only(judge_fleet(leafs), "vip-missing").switch == "c"


def test_a_gateway_on_few_leafs_on_purpose_is_not_missing_elsewhere() -> None:
    leafs = [*fleet()[:1], *(SwitchHealth(f"l{i}", "10.5.0.9", vnis=(10453,)) for i in range(4))]
    assert judge_fleet(leafs) == ()


def test_a_switch_that_could_not_be_asked_lacks_nothing() -> None:
    assert judge_fleet([*fleet(), unreachable("leaf9", "10.5.0.9", "down")]) == ()


def test_a_foreign_owner_of_the_vip() -> None:
    leafs = [*fleet(), health(record("rogue", vip="130.246.212.9", mac=MAC, own=(f"{VIP}/22",)))]
    found = judge_fleet(leafs)
    (finding,) = [f for f in found if f.check == "vip-foreign-owner"]
    assert (finding.switch, finding.subject, finding.status) == ("rogue", VIP, Status.CRITICAL)
    assert "leaf2" in finding.evidence


def test_two_leafs_with_one_address() -> None:
    leafs = fleet({"own": ("130.246.212.77/22",)}, {"own": ("130.246.212.77/22",)})
    finding = only(judge_fleet(leafs), "svi-address-shared")
    assert "leaf2, leaf3" in finding.evidence


def test_one_mac_for_two_vips_of_a_network() -> None:
    other = {"vip": "130.246.212.254", "device": "vlan453-v1"}
    leafs = fleet()
    leafs[3] = health(record("leaf5", 5), record("leaf5", 5, **other))
    found = [f for f in judge_fleet(leafs) if f.check == "virtual-mac-shared"]
    assert [f.status for f in found] == [Status.CRITICAL]
    assert "130.246.212.254 on vlan453-v1 of leaf5" in found[0].evidence


def test_one_line_with_two_addresses_shares_its_mac_rightly() -> None:
    leafs = [
        health(record(name, i), record(name, i, vip="2001:db8::1", prefix_length=64))
        for i, name in enumerate(("a", "b"), 2)
    ]
    assert judge_fleet(leafs) == ()


def test_one_mac_in_two_networks_is_normal() -> None:
    other = {"vip": "10.99.0.1", "interface": "vlan999", "vlan": 999, "vni": 10999}
    leafs = [
        health(record(n, i), record(n, i, own=(), **other), vnis=(10453, 10999))
        for i, n in enumerate(("a", "b"), 2)
    ]
    assert judge_fleet(leafs) == ()


# --- the routing model ----------------------------------------------------------------------------

NO_L3 = {"l3vni": None, "l3vni_vxlan": "", "l3vni_svi": "", "l3vni_up": False}


def test_asymmetric_in_the_default_vrf_needs_a_tenant_vrf() -> None:
    """As the lab is, and as the site is that the manual page was written for."""
    leafs = fleet(*({**NO_L3, "vrf": "default"},) * 4)
    finding = only(judge_fleet(leafs), "routing-model")
    assert finding.switch == ""
    assert finding.status is Status.OK, "a standing design is no alarm"
    assert "it ends none of the faults" in finding.remedy
    strict = only(judge_fleet(leafs, strict=True), "routing-model")
    assert strict == replace(finding, status=Status.WARNING)
    assert "VRF default is asymmetric on leaf2, leaf3, leaf4, leaf5 (VNI 10453)" in finding.evidence
    assert "a tenant VRF with vlan453 in it, an L3VNI" in finding.remedy


def test_asymmetric_in_a_tenant_vrf_needs_an_l3vni_only() -> None:
    finding = only(judge_fleet(fleet(*(NO_L3,) * 4)), "routing-model")
    assert finding.status is Status.OK
    assert "VRF red is asymmetric" in finding.evidence
    for lack in ("the vxlan device of an L3VNI for VRF red", "'vni N' of VRF red in FRR"):
        assert f"leaf2, leaf3, leaf4, leaf5: {lack}" in finding.remedy
    assert "a tenant VRF" not in finding.remedy


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        (NO_L3, "leaf2: 'vni 104001' of VRF red in FRR"),
        (NO_L3, "leaf2: the SVI of L3VNI 104001, in VRF red"),
        ({"l3vni_vxlan": "", "l3vni_up": False}, "leaf2: the vxlan device of L3VNI 104001"),
        ({"l3vni_svi": "", "l3vni_up": False}, "leaf2: the SVI of L3VNI 104001, in VRF red"),
        ({"l3vni_up": False}, "leaf2: L3VNI 104001 of VRF red up (FRR calls it down)"),
        ({**NO_L3, "vrf": "default"}, "leaf2: vlan453 into VRF red, as elsewhere"),
        ({"l3vni": 104999}, "one L3VNI for VRF red on every leaf, in the place of 104001, 104999"),
    ],
)
def test_what_one_leaf_lacks_for_symmetric_routing(change: dict[str, Any], lack: str) -> None:
    found = [f for f in judge_fleet(fleet(change)) if f.check == "routing-model"]
    assert len(found) == 1
    assert found[0].status is Status.WARNING, "between two designs"
    assert lack in found[0].remedy
    assert "leaf3" not in found[0].remedy


def test_a_network_that_a_leaf_lacks_is_told_and_no_alarm() -> None:
    other: dict[str, Any] = {
        **NO_L3,
        "vip": "10.99.0.1",
        "interface": "vlan999",
        "vni": 10999,
        "own": (),
        "mac": "",
    }
    leafs = fleet(*(NO_L3,) * 4)
    leafs[0] = health(*leafs[0].vips, record("leaf2", **other), vnis=(10453, 10999))
    finding = only(judge_fleet(leafs), "routing-model")
    assert "VNI 10999 is not on leaf3, leaf4, leaf5" in finding.evidence
    assert finding.status is Status.OK, "perhaps no VM there needs it"


def test_all_that_a_leaf_in_a_mixed_fabric_lacks_is_named_at_once() -> None:
    """The other leafs route symmetrically; this one has nothing of it."""
    leafs = fleet({**NO_L3, "vrf": "default"})
    ready = FabricRecord(vrfs=(VrfRecord("red", bgp=True, default=True, mtu=9000),))
    bare = FabricRecord(vrfs=())
    leafs = [replace(leafs[0], fabric=bare), *(replace(x, fabric=ready) for x in leafs[1:])]
    finding = only(judge_fleet(leafs), "routing-model")
    for lack in (
        "VRF red",
        "vlan453 into VRF red, as elsewhere",
        "the vxlan device of L3VNI 104001",
        "the SVI of L3VNI 104001, in VRF red, with an MTU of 9000",
        "'vni 104001' of VRF red in FRR",
        "'router bgp' for VRF red in FRR",
        "a default route in VRF red",
    ):
        assert f"leaf2: {lack}" in finding.remedy, lack


def test_what_a_prepared_leaf_has_is_not_said_to_be_lacking() -> None:
    """All is there but the SVI of the VIPs, which has not moved."""
    leafs = fleet({**NO_L3, "vrf": "default"})
    ready = FabricRecord(
        vnis=(VniRecord(104001, "L3", "vni104001"),),
        l3vnis=(VrfVniFact("red", 104001, "vni104001", "vlan4001", "Up"),),
        vrfs=(VrfRecord("red", bgp=True, default=True, mtu=9000),),
    )
    leafs = [replace(each, fabric=ready) for each in leafs]
    finding = only(judge_fleet(leafs), "routing-model")
    assert finding.remedy.startswith(
        "Symmetric routing would need: leaf2: vlan453 into VRF red, as elsewhere. "
    )


def test_the_routing_model_can_be_silenced() -> None:
    assert judge_fleet(fleet(*(NO_L3,) * 4), routing_model=False) == ()


def test_one_leaf_alone_has_no_routing_model() -> None:
    assert judge_fleet(fleet(NO_L3)[:1]) == ()


def test_a_fleet_without_evpn_has_no_routing_model() -> None:
    assert judge_fleet(fleet(*({**NO_L3, "evpn": False, "frr": False},) * 4)) == ()


# --- from facts to records ------------------------------------------------------------------------


def test_an_l3vni_is_read_from_frrs_words() -> None:
    vnis = {
        **rows("vnis"),
        "104001": {
            "vni": 104001,
            "type": "L3",
            "vxlanIf": "vni104001",
            "numMacs": 1,
            "numArpNd": 1,
            "numRemoteVteps": "n\\/a",
            "tenantVrf": "red",
        },
    }
    vnis["10453"]["tenantVrf"] = "red"
    links = [
        *rows("links"),
        {
            "ifname": "vni104001",
            "flags": ["UP"],
            "mtu": 9000,
            "linkinfo": {"info_kind": "vxlan", "info_data": {"id": 104001}},
        },
    ]
    first, *_ = vip_records(facts(vnis=vnis, vrf_vnis={"vrfs": [L3]}, links=links))
    assert (first.vrf, first.l3vni, first.l3vni_vxlan) == ("red", 104001, "vni104001")
    assert (first.l3vni_svi, first.l3vni_up) == ("vlan4001", True)


def test_the_stanza_names_the_vrf_where_the_kernel_does_not() -> None:
    stanza = configured(
        lambda text: text.replace(
            "\tbridge-fd 0\n\tbridge-l", "\tvrf blue\n\tbridge-fd 0\n\tbridge-l"
        )
    )
    first, *_ = vip_records(facts(configuration=stanza))
    assert first.vrf == "blue"


def test_assess_keeps_little() -> None:
    known = ExpectedFromSite({"hv50.nubes.example.internal": ()})
    whole = assess(
        facts(),
        address="10.5.0.43",
        rack="03",
        model="sn2100",
        hypervisors=("hv51",),
        expected=known,
    )
    assert (whole.status, whole.address, whole.rack) == (Status.OK, "10.5.0.43", "03")
    assert whole.hypervisors == {"hv50.nubes.example.internal": "swp1s3", "hv51": "swp1s2"}
    assert whole.vnis == (10453,)
    assert whole.checked == len(FAULTS)
    fewer = assess(facts(routes=said("routes", 1)))
    assert fewer.checked < whole.checked


@pytest.mark.parametrize("section", ["links", "addresses"])
def test_where_the_kernel_is_unread_no_vip_is_recorded(section: str) -> None:
    """A record would tell other leafs that this one has lost its VIP, or its VNI."""
    unread = assess(facts(**{section: said(section, 1, b"", b"Permission denied")}))
    assert (unread.vips, unread.vnis) == ((), ())
    assert unread.status is Status.UNKNOWN


def test_a_switch_that_was_not_judged() -> None:
    gone = unreachable("leaf9", "10.5.0.9", "no route to host", check="no-answer", remedy="look")
    (finding,) = gone.findings
    assert (finding.check, finding.status, finding.evidence) == (
        "no-answer",
        Status.UNKNOWN,
        "no route to host",
    )
    with pytest.raises(ValueError, match="nonsense"):
        unreachable("leaf9", "10.5.0.9", "x", check="nonsense")
