"""Each check: one thing is broken on a recorded leaf, and the check says so; nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasks.facts.model import Section, SwitchFacts
from tasks.faults.catalogue import FAULTS
from tasks.faults.model import Finding, Status
from tasks.faults.view import ExpectedFromSite
from tasks.health.judge import NOT_JUDGED, UNREAD, check_ids, judge
from tests.unit.tasks.health.aware import aware, single
from tests.unit.tasks.health.broken import (
    HERE,
    HV,
    PING,
    ROGUE,
    SVI,
    V0,
    V1,
    VIP,
    VIP2,
    WARNING,
    Case,
    flags,
    neighbour,
    probes,
    route,
    without,
)
from tests.unit.tasks.health.cases_fabric import FABRIC, in_red
from tests.unit.tasks.health.cases_gateway import GATEWAY
from tests.unit.tasks.health.cases_segment import SEGMENT
from tests.unit.tasks.health.cases_vlans import VLANS
from tests.unit.tasks.health.cases_vrfs import VRFS
from tests.unit.tasks.health.recorded import (
    FRR,
    INTERFACES,
    SWITCH,
    VM,
    changed,
    facts,
    rows,
    said,
)

CASES = [*GATEWAY, *SEGMENT, *VLANS, *FABRIC, *VRFS]


def test_a_healthy_leaf_gives_no_finding() -> None:
    assert judge(facts()) == ()
    assert judge(facts(), HERE) == ()


@pytest.mark.parametrize("make", [aware, single])
def test_a_healthy_leaf_with_a_vlan_aware_bridge_and_a_bond_gives_no_finding(
    make: Callable[[], SwitchFacts],
) -> None:
    assert judge(make()) == ()
    assert judge(make(), HERE) == ()


@pytest.mark.parametrize("missing", ["bridge_vlans", "vlan_tunnels"])
def test_vlans_that_cannot_be_read_are_unknown_and_never_called_missing(missing: str) -> None:
    told = {missing: Section[Any](unread="bridge: Permission denied")}
    assert {f.check for f in judge(replace(single(), **told))} == {"unread"}


def test_a_leaf_with_static_vteps_and_no_frr_gives_no_finding() -> None:
    """VTEPs written down by hand flood by an entry of the vxlan device; EVPN is not needed."""
    absent = {name: said(name, 127) for name in FRR}
    assert judge(facts(**absent)) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.subject}")
def test_what_is_broken_is_found_and_nothing_else(case: Case) -> None:
    found = judge(case.make(), case.expected)
    (finding,) = [f for f in found if f.check == case.check]
    assert finding.subject == case.subject
    assert finding.switch == SWITCH
    assert all(word in finding.evidence for word in case.words), finding.evidence
    severity = {check.id: check.severity for check in (*FAULTS, *NOT_JUDGED)}[case.check]
    assert finding.status is (case.status or severity)
    assert finding.remedy
    others = {f.check for f in found} - {case.check}
    assert others <= case.also, found


def test_every_check_has_a_case() -> None:
    assert {case.check for case in CASES} == {*(check.id for check in FAULTS), UNREAD}


def test_ids_are_unique() -> None:
    assert len(set(check_ids())) == len(check_ids())
    assert {check.id for check in (*FAULTS, *NOT_JUDGED)} < set(check_ids())


def test_evpns_host_routes_to_vms_elsewhere_are_normal() -> None:
    routes = route(dst="130.246.213.31", gateway="10.0.0.12", dev="vlan4001", protocol="bgp")
    assert judge(facts(routes=routes)) == ()


def test_rules_that_do_not_concern_the_subnet_are_normal() -> None:
    rules = [
        *rows("rules"),
        {"priority": 1000, "src": "all", "table": "[l3mdev-table]"},
        {"priority": 99, "src": "all", "dst": "10.1.2.3", "ipproto": "udp", "table": "mgmt"},
        {"priority": 98, "src": "10.9.0.0", "srclen": 16, "table": "77"},
        {"priority": 97, "src": "all", "iif": "eth0", "table": "77"},
        {"priority": 96, "src": "all", "fwmark": "0x1", "table": "77"},
    ]
    assert judge(facts(rules=rules)) == ()


def test_anycast_peers_answer_for_the_vip_by_its_own_mac() -> None:
    line = f"duplicate|{V0}|130.246.212.2|{VIP}|124|Unicast reply from {VIP} [00:00:5E:00:01:C5]"
    assert judge(facts(probes=probes(line))) == ()


def test_one_silent_vm_says_nothing_of_the_vip() -> None:
    line = f"ping|{V0}|{VIP}|{VM}|1" + PING.format(VM)
    assert judge(facts(probes=probes(line, drop=f"ping|{V0}"))) == ()


@pytest.mark.parametrize(
    "missing", ["links", "addresses", "routes", "fdb", "ports", "neighbours", "sysctls"]
)
def test_what_cannot_be_read_is_unknown_and_never_called_wrong(missing: str) -> None:
    found = judge(facts(**{missing: said(missing, 1, b"", b"Permission denied")}))
    assert {f.check for f in found} == {"unread"}
    assert {f.status for f in found} == {Status.UNKNOWN}


@pytest.mark.parametrize("missing", ["vnis", "vrf_vnis"])
@pytest.mark.parametrize("status", [1, 124])
def test_frr_that_does_not_tell_its_vnis_is_not_said_not_to_know_them(
    missing: str, status: int
) -> None:
    known: dict[str, Any] = {"vnis": {}, "vrf_vnis": {"vrfs": []}}
    known[missing] = said(missing, status, b"", b"vtysh: cannot allocate memory")
    assert "vxlan-without-evpn" not in {finding.check for finding in judge(facts(**known))}


def test_a_configuration_that_cannot_be_read_is_unknown() -> None:
    (finding,) = judge(facts(configuration=b"no tar"))
    assert (finding.check, finding.subject) == ("unread", "configuration")


def test_a_deleted_device_is_not_said_thrice() -> None:
    """Its address, routes and FDB entry are gone too; that follows from it."""
    found = judge(
        facts(
            links=without("links", ifname=V0),
            addresses=without("addresses", ifname=V0),
            routes=[r for r in rows("routes") if r.get("dev") != V0],
            fdb=[r for r in rows("fdb") if r["mac"] != "00:00:5e:00:01:c5"],
        )
    )
    assert [f.check for f in found] == ["vrr-device-deleted"]


def test_a_svi_that_is_down_is_not_said_thrice() -> None:
    gone = {SVI, V0, V1}
    found = judge(
        facts(
            links=flags(SVI, drop="UP"),
            routes=[r for r in rows("routes") if r.get("dev") not in gone or r.get("type")],
        )
    )
    assert [f.check for f in found] == ["svi-down"]


def test_a_port_that_was_lost_takes_what_was_learnt_there_along() -> None:
    """The bridge forgets its VMs; their neighbour entries are right nevertheless."""
    learnt = [r for r in rows("fdb") if (r["ifname"], r["state"]) != ("swp1s3", "")]
    assert [f.check for f in judge(facts(fdb=learnt, links=flags("swp1s3", drop="UP")))] == [
        "port-down"
    ]


def test_where_lldp_sees_a_hypervisor_old_records_do_not_count() -> None:
    moved = ExpectedFromSite({HV: ("swp10",)})
    assert judge(facts(), moved) == ()
    unseen = judge(facts(lldp=said("lldp", 0, b'{"lldp": {}}')), moved)
    assert [(f.check, f.subject) for f in unseen] == [("port-out-of-bridge", "swp10")]


def test_a_bridge_that_has_forgotten_many_macs_has_no_wrong_neighbours() -> None:
    forgotten = [
        {
            "dst": f"130.246.214.{i}",
            "dev": SVI,
            "lladdr": f"02:00:00:00:00:{i:02x}",
            "state": ["REACHABLE"],
        }
        for i in range(4)
    ]
    assert judge(facts(neighbours=[*rows("neighbours"), *forgotten])) == ()
    few = judge(facts(neighbours=[*rows("neighbours"), *forgotten[:3]]))
    assert [f.check for f in few] == ["neighbour-wrong"] * 3


def test_the_ports_of_a_bridge_that_is_down_are_not_called_blocking() -> None:
    disabled = changed("ports", lambda row: row["master"] != SVI or row.update(state="disabled"))
    assert [f.check for f in judge(facts(ports=disabled, links=flags(SVI, drop="UP")))] == [
        "svi-down"
    ]


def test_a_bridges_own_earlier_mac_is_not_fixed_by_hand() -> None:
    """It stays in the table when the bridge takes another port's MAC."""
    row = {"mac": ROGUE, "ifname": SVI, "flags": [], "master": SVI, "state": "permanent"}
    assert judge(facts(fdb=[*rows("fdb"), row])) == ()


def test_a_neighbour_that_is_silent_and_unlearnt_is_a_warning() -> None:
    line = f"ping|{V0}|{VIP}|{VM}|1" + PING.format(VM)
    (finding,) = judge(facts(neighbours=neighbour(ROGUE), evpn_macs={}, probes=f"{line}\ndone\n"))
    assert finding.status is WARNING
    assert finding.evidence.endswith("it does not answer pings")


def test_findings_are_sentences_of_one_line() -> None:
    for case in CASES:
        for finding in judge(case.make(), case.expected):
            assert isinstance(finding, Finding)
            assert "\n" not in finding.evidence + finding.remedy
            assert ": " in finding.evidence, finding


def test_the_recorded_file_has_what_the_cases_replace() -> None:
    assert f"\taddress-virtual 00:00:5e:00:01:c6 {VIP2}/22" in INTERFACES
    assert "\taddress 130.246.212.2/22" in INTERFACES
    assert "\tmtu 9000\n\taddress 130" in INTERFACES


def test_a_healthy_leaf_in_a_tenant_vrf_gives_no_finding() -> None:
    assert judge(in_red()) == ()
