"""Comparing the fabric's settings over all switches, on records made by hand."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from tasks.facts.fabric import MlagFact, VrfVniFact
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Finding, Status
from tasks.health.fabric_model import (
    FabricRecord,
    HeldAddress,
    Host,
    LinkEnd,
    VniRecord,
)
from tasks.health.fabric_records import fabric_of
from tasks.health.fleet import FLEET_CHECKS, judge_fleet
from tasks.health.model import SwitchHealth
from tests.unit.tasks.health.recorded import configured, facts
from tests.unit.tasks.health.test_fleet import record

VNI, L3VNI = 10453, 104001


def vtep(number: int) -> str:
    return f"10.0.0.{number}"


def l3(number: int, **changes: Any) -> VrfVniFact:
    values = {
        "vrf": "red",
        "vni": L3VNI,
        "vxlan": f"vni{L3VNI}",
        "svi": "vlan4001",
        "state": "Up",
        "router_mac": f"44:38:39:00:00:{number:02x}",
    }
    return VrfVniFact(**{**values, **changes})


def leaf(number: int, of: int = 5, **changes: Any) -> SwitchHealth:
    """A leaf of a symmetric fabric of the leafs 2 to ``of``."""
    others = frozenset(vtep(n) for n in range(2, of + 1) if n != number)
    values: dict[str, Any] = {
        "vnis": (
            VniRecord(VNI, "L2", f"vni{VNI}", 453, vtep(number), others),
            VniRecord(L3VNI, "L3", f"vni{L3VNI}", 4001, vtep(number), others),
        ),
        "l3vnis": (l3(number),),
        "addresses": (
            HeldAddress("default", vtep(number), "lo"),
            HeldAddress("mgmt", f"10.5.0.{number}", "eth0"),
        ),
        "hosts": (Host(VNI, f"130.246.213.{number}", f"fa:16:3e:00:00:{number:02x}"),),
        "peers": 1,
    }
    return SwitchHealth(
        f"leaf{number}",
        f"10.5.0.{number}",
        vips=(record(f"leaf{number}", number),),
        vnis=(VNI, L3VNI),
        hostname=f"leaf{number}",
        fabric=FabricRecord(**{**values, **changes}),
    )


def fabric(of: int = 5, /, **odd: Any) -> list[SwitchHealth]:
    """Leafs 2 to ``of``; the changes are those of leaf 2."""
    return [leaf(2, of, **odd), *(leaf(n, of) for n in range(3, of + 1))]


def with_floods(health: SwitchHealth, *floods: str) -> SwitchHealth:
    rows = tuple(
        replace(row, floods=frozenset(floods)) if row.kind == "L2" else row
        for row in health.fabric.vnis
    )
    return replace(health, fabric=replace(health.fabric, vnis=rows))


def vni(number: int = 2, **changes: Any) -> tuple[VniRecord, ...]:
    first, second = leaf(number).fabric.vnis
    return (replace(first, **changes), second)


def only(findings: tuple[Finding, ...], check: str) -> Finding:
    assert [f.check for f in findings] == [check], findings
    assert findings[0].status is {c.id: c.severity for c in FLEET_CHECKS}[check]
    assert findings[0].remedy
    assert ": " in findings[0].evidence
    return findings[0]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_healthy_fabric_gives_no_finding(size: int) -> None:
    assert judge_fleet(fabric(size)) == ()


def test_a_fabric_of_one_leaf_gives_no_finding() -> None:
    assert judge_fleet([leaf(2, 2)]) == ()


def test_leafs_without_evpn_give_no_finding() -> None:
    bare = {"vnis": (), "l3vnis": (), "hosts": (), "peers": None}
    vips = {"vni": None, "evpn": False, "vrf": "default", "l3vni": None}
    leafs = [
        replace(leaf(n, **bare), vips=(record(f"leaf{n}", n, **vips),), vnis=()) for n in (2, 3)
    ]
    assert judge_fleet(leafs) == ()


def test_leafs_that_only_route_in_the_underlay_beside_leafs_with_evpn() -> None:
    bare = leaf(9, vnis=(), l3vnis=(), hosts=(), peers=0)
    assert judge_fleet([*fabric(), replace(bare, vips=(), vnis=())]) == ()


def test_a_leaf_without_a_vni_that_others_have() -> None:
    more = [with_other(health) for health in fabric()[1:]]
    assert judge_fleet([leaf(2), *more]) == ()


def with_other(health: SwitchHealth) -> SwitchHealth:
    """Every leaf but leaf 2 has one more VNI."""
    here = health.fabric.vnis[0]
    others = (here.floods or frozenset()) - {vtep(2)}
    row = replace(here, vni=10999, vxlan="vni10999", vlan=999, floods=others)
    return replace(health, fabric=replace(health.fabric, vnis=(*health.fabric.vnis, row)))


# --- type 3 -------------------------------------------------------------------------------------


def test_a_vtep_that_is_missing_in_one_list() -> None:
    leafs = fabric()
    leafs[1] = with_floods(leafs[1], vtep(4), vtep(5))
    finding = only(judge_fleet(leafs), "flood-list-incomplete")
    assert finding.subject == "VNI 10453"
    assert "leaf3 does not flood to 10.0.0.2 (leaf2)" in finding.evidence


def test_a_leaf_that_everybody_lacks_is_one_finding() -> None:
    leafs = fabric()
    for at in (1, 2, 3):
        there = leafs[at].fabric.vnis[0].floods or frozenset()
        leafs[at] = with_floods(leafs[at], *(there - {vtep(2)}))
    finding = only(judge_fleet(leafs), "flood-list-incomplete")
    assert finding.switch == "leaf2"
    assert "leaf3, leaf4, leaf5 do not flood to 10.0.0.2 (leaf2)" in finding.evidence


def test_a_leaf_that_lost_everybody_is_one_finding() -> None:
    leafs = fabric()
    leafs[0] = with_floods(leafs[0])
    for at in (1, 2, 3):
        there = leafs[at].fabric.vnis[0].floods or frozenset()
        leafs[at] = with_floods(leafs[at], *(there - {vtep(2)}))
    finding = only(judge_fleet(leafs), "flood-list-incomplete")
    assert finding.switch == "leaf2"
    assert "leaf2 does not flood to 10.0.0.3 (leaf3), 10.0.0.4" in finding.evidence


def test_two_leafs_that_do_not_know_each_other() -> None:
    leafs = [with_floods(health) for health in fabric(3)]
    assert only(judge_fleet(leafs), "flood-list-incomplete").switch == "leaf2"


def test_two_fabrics_may_use_the_same_numbers() -> None:
    pairs = {2: 3, 3: 2, 4: 5, 5: 4}
    leafs = [with_floods(leaf(n), vtep(pairs[n])) for n in pairs]
    assert judge_fleet(leafs) == ()


def test_a_vni_that_is_not_replicated_here_has_no_list() -> None:
    leafs = fabric(vnis=vni(floods=None))
    assert judge_fleet(leafs) == ()


# --- the same everywhere ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ({"vnis": vni(vlan=454)}, "vni-vlan-differs", "VLAN 454 on leaf2"),
        ({"l3vnis": (l3(2, vni=104999),)}, "vrf-l3vni-differs", "104999 on leaf2"),
        ({"vnis": vni(kind="L3")}, "vni-type-differs", "L2 on leaf3, leaf4, leaf5; L3 on leaf2"),
    ],
)
def test_what_differs_on_one_leaf(change: dict[str, Any], check: str, words: str) -> None:
    found = [f for f in judge_fleet(fabric(**change)) if f.check == check]
    finding = only(tuple(found), check)
    assert finding.switch == "leaf2"
    assert words in finding.evidence


def test_one_l3vni_for_two_tenants() -> None:
    leafs = [*fabric(), leaf(6, 6, l3vnis=(l3(6, vrf="blue"),))]
    found = [f for f in judge_fleet(leafs) if f.check == "vrf-l3vni-differs"]
    assert [f.subject for f in found] == [f"VNI {L3VNI}"]
    assert "VRF blue on leaf6" in found[0].evidence


# --- type 2 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mac", "words"), [("fa:16:3e:00:00:03", "just moved"), ("fa:16:3e:00:00:99", "Two machines")]
)
def test_an_address_behind_two_leafs(mac: str, words: str) -> None:
    host = Host(VNI, "130.246.213.3", mac)
    finding = only(judge_fleet(fabric(hosts=(host,))), "address-in-two-places")
    assert finding.subject == "130.246.213.3"
    assert f"{mac} on leaf2" in finding.evidence
    assert words in finding.remedy


def test_a_machine_on_an_ethernet_segment_is_behind_several_leafs() -> None:
    """EVPN multihoming: the leafs of the segment have it, and the others see the segment."""
    leafs = fabric(hosts=(Host(VNI, "130.246.213.3", "fa:16:3e:00:00:03"),))
    sees = replace(leafs[-1].fabric, multihomed=frozenset({(VNI, "130.246.213.3")}))
    leafs[-1] = replace(leafs[-1], fabric=sees)
    assert judge_fleet(leafs) == ()
    other = Host(VNI, "130.246.213.3", "fa:16:3e:00:00:99")
    leafs[0] = replace(leafs[0], fabric=replace(leafs[0].fabric, hosts=(other,)))
    only(judge_fleet(leafs), "address-in-two-places")


def test_one_address_in_two_vnis_is_of_two_networks() -> None:
    host = Host(20453, "130.246.213.3", "fa:16:3e:00:00:99")
    assert judge_fleet(fabric(hosts=(host,))) == ()


@pytest.mark.parametrize("bond", ["swp1s3", "other"])
def test_a_machine_with_bonds_to_two_leafs_is_in_one_place(bond: str) -> None:
    """EVPN multihoming: both leafs call it local, with a VTEP each."""
    stanza = f"\nauto {bond}\niface {bond}\n\tes-sys-mac 44:38:39:BE:EF:AA\n"
    read = facts(configuration=configured(lambda text: text + stanza))
    hosts = fabric_of(SwitchView(read)).hosts
    (host,) = [x for x in hosts if x.address == "130.246.213.11"]
    assert host.segment == ("44:38:39:be:ef:aa" if bond == "swp1s3" else "")
    leafs = [leaf(n, 3, hosts=(host,)) for n in (2, 3)]
    found = {f.check for f in judge_fleet(leafs)}
    assert found == (set() if host.segment else {"address-in-two-places"})


# --- router MACs, VTEPs, addresses, links -------------------------------------------------------


def test_two_vteps_with_one_router_mac() -> None:
    finding = only(judge_fleet(fabric(l3vnis=(l3(3),))), "router-mac-shared")
    assert finding.status is Status.CRITICAL
    assert "10.0.0.2 on leaf2; 10.0.0.3 on leaf3" in finding.evidence


def test_two_leafs_with_one_vtep() -> None:
    rows = tuple(replace(row, vtep=vtep(3), floods=None) for row in leaf(2).fabric.vnis)
    held = (HeldAddress("default", vtep(3), "lo"),)
    leafs = fabric(vnis=rows, addresses=held)
    found = {f.check for f in judge_fleet(leafs)} - {"flood-list-incomplete"}
    assert found == {"vtep-shared"}


def test_one_address_on_two_switches() -> None:
    held = (HeldAddress("mgmt", "10.5.0.3", "eth0"),)
    finding = only(judge_fleet(fabric(addresses=held)), "address-shared")
    assert "eth0 of leaf2, eth0 of leaf3, in VRF mgmt" in finding.evidence
    other = (HeldAddress("default", "10.5.0.3", "eth0"),)
    assert judge_fleet(fabric(addresses=other)) == ()


def test_a_link_with_two_mtus() -> None:
    leafs = [
        replace(health, fabric=replace(health.fabric, ends=(end,)))
        for health, end in zip(
            fabric(3),
            (LinkEnd("swp49", "leaf3", "swp50", 9216), LinkEnd("swp50", "leaf2", "swp49", 1500)),
            strict=True,
        )
    ]
    finding = only(judge_fleet(leafs), "link-mtu-differs")
    assert "swp49 of leaf2 has MTU 9216, swp50 of leaf3" in finding.evidence
    unknown = LinkEnd("swp51", "spine", "swp1", 1500)
    assert judge_fleet(fabric(3, ends=(unknown,))) == ()


# --- MLAG ---------------------------------------------------------------------------------------

PAIR = MlagFact("peerlink", "44:38:39:be:ef:aa", vtep(100), "10.5.0.9", (("bond1", 1),))


def pair(first: MlagFact = PAIR, second: MlagFact = PAIR) -> list[SwitchHealth]:
    """Leafs 2 and 3 are a pair with one VTEP, and the same machines; 4 and 5 are alone."""
    found = []
    for health, mlag in zip(fabric(), (first, second, None, None), strict=True):
        mine = {vtep(2), vtep(3)}
        rows = tuple(
            replace(
                row,
                vtep=vtep(100) if mlag else row.vtep,
                floods=((row.floods or frozenset()) - mine)
                | (frozenset() if mlag else frozenset({vtep(100)})),
            )
            for row in health.fabric.vnis
        )
        changes: dict[str, Any] = {"vnis": rows, "mlag": mlag}
        if mlag:
            changes |= {"hosts": leaf(2).fabric.hosts, "l3vnis": (l3(2),)}
        found.append(replace(health, fabric=replace(health.fabric, **changes)))
    return found


def problems(leafs: list[SwitchHealth]) -> list[Finding]:
    return [f for f in judge_fleet(leafs) if f.status is not Status.OK]


def test_a_healthy_pair_gives_a_note_alone() -> None:
    note = judge_fleet(pair())
    assert [(f.check, f.status) for f in note] == [("mlag-state", Status.OK)]
    assert "unknown" in note[0].evidence
    strict = judge_fleet(pair(), strict=True)
    assert [(f.check, f.status) for f in strict] == [("mlag-state", Status.UNKNOWN)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"anycast": vtep(101)}, "clagd-vxlan-anycast-ip is 10.0.0.100 on leaf2 and 10.0.0.101"),
        ({"bonds": (("bond1", 2),)}, "clag-id 1 is on leaf2 only; clag-id 2 is on leaf3 only"),
    ],
)
def test_a_pair_that_differs(change: dict[str, Any], words: str) -> None:
    found = problems(pair(PAIR, replace(PAIR, **change)))
    (finding,) = [f for f in found if f.check == "mlag-pair-differs"]
    assert words in finding.evidence


def test_a_pair_with_two_macs_is_known_by_its_peerlink() -> None:
    leafs = pair(PAIR, replace(PAIR, sys_mac="44:38:39:be:ef:ab"))
    assert problems(leafs) == []
    ends = (
        LinkEnd("swp49", "leaf3", "swp49", 9216, of_peerlink=True),
        LinkEnd("swp49", "leaf2", "swp49", 9216, of_peerlink=True),
    )
    for at, end in enumerate(ends):
        leafs[at] = replace(leafs[at], fabric=replace(leafs[at].fabric, ends=(end,)))
    (finding,) = problems(leafs)
    assert finding.check == "mlag-pair-differs"
    assert "clagd-sys-mac" in finding.evidence


def test_a_pair_of_which_one_configuration_was_not_read_is_no_shared_vtep() -> None:
    leafs = pair()
    unread = replace(leafs[0].fabric, mlag=None, mlag_known=False)
    leafs[0] = replace(leafs[0], fabric=unread)
    assert "vtep-shared" not in {finding.check for finding in judge_fleet(leafs)}


def test_three_switches_are_no_pair() -> None:
    leafs = pair()
    leafs[2] = replace(leafs[2], fabric=replace(leafs[2].fabric, mlag=replace(PAIR, anycast="")))
    found = problems(leafs)
    assert [f.check for f in found] == ["mlag-pair-differs"]
    assert "leaf2, leaf3, leaf4" in found[0].evidence


def test_a_vip_of_a_pair_that_one_lacks() -> None:
    leafs = pair()
    other = record("leaf2", vip="10.99.0.1", interface="vlan999", vni=None, own=(), mac="")
    leafs[0] = replace(leafs[0], vips=(*leafs[0].vips, other))
    (finding,) = problems(leafs)
    assert (finding.check, finding.switch) == ("mlag-vip-missing", "leaf3")


def test_a_partner_that_was_not_asked_is_no_finding() -> None:
    assert problems(pair()[:1]) == []


# --- size ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [None, 7])
def test_a_large_fabric_is_compared_within_seconds(lost: int | None) -> None:
    """Its leafs have the same lists for every VNI, and share the text of each address.

    The commonest gap is a leaf that everybody lacks, in every VNI.
    """
    number, vnis = 200, 100
    vteps = [f"10.1.{n // 250}.{n % 250}" for n in range(number)]
    leafs = []
    for n in range(number):
        others = frozenset(vtep for m, vtep in enumerate(vteps) if m not in {n, lost})
        rows = tuple(VniRecord(v, "L2", f"vni{v}", v, vteps[n], others) for v in range(1, vnis + 1))
        leafs.append(SwitchHealth(f"l{n}", "", fabric=FabricRecord(vnis=rows)))
    began = time.process_time()
    found = judge_fleet(leafs)
    assert time.process_time() - began < 10
    assert [finding.switch for finding in found] == ([] if lost is None else [f"l{lost}"])
