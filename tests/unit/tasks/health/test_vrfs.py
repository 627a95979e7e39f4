"""Each VRF is judged by itself: the same addresses and routes in another one say nothing."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from tasks.facts.model import SwitchFacts
from tasks.faults.catalogue import FAULTS
from tasks.faults.model import Finding, SilentEndpoint, Status
from tasks.gateways import GatewayQuery, gateway_in
from tasks.health.diagnose import diagnose
from tasks.health.judge import judge
from tasks.ladder import Cure
from tasks.model import Gateway
from tasks.verify import judge as verified
from tests.unit.tasks.health.vrfs import (
    INTERFACES,
    V0,
    changed,
    facts,
    plus_route,
    rows,
    svi_out_of_its_vrf,
    vrf_line_taken_out,
)

VM = "130.246.213.11"
VIP = "130.246.212.1"
_ELSEWHERE = {"lldp-absent", "unread"}


def found(there: SwitchFacts) -> list[Finding]:
    return [finding for finding in judge(there) if finding.check not in _ELSEWHERE]


def the(there: SwitchFacts, check: str) -> Finding:
    """The only finding."""
    (finding,) = found(there)
    assert finding.check == check
    return finding


def gateway(vrf: str, interfaces: str = INTERFACES) -> Gateway:
    return gateway_in(interfaces, "leaf", GatewayQuery(vip=ip_address(VIP), vrf=vrf))


def test_two_tenants_with_the_same_addresses_are_healthy() -> None:
    assert found(facts()) == []
    for vrf in ("tenant1", "tenant2"):
        assert diagnose(facts(), gateway(vrf)) == ()
        assert verified(facts(), gateway(vrf)).ok


def test_a_blackhole_of_another_tenant_is_not_this_ones() -> None:
    there = plus_route(type="blackhole", dst="130.246.213.0/26", table="1099")
    silent = (SilentEndpoint(ip_address(VM)),)
    finding = the(there, "blackhole-route")
    assert finding.interface == "vlan999"
    assert finding.remedy.endswith("ip route del blackhole 130.246.213.0/26 vrf tenant2.")
    assert [d.fault for d in diagnose(there, gateway("tenant2"), silent=silent)] == [
        "blackhole-route"
    ]
    (elsewhere,) = diagnose(there, gateway("tenant1"), silent=silent)
    assert elsewhere.fault == "beyond-gateway"  # it answers its own VIP


def test_a_foreign_route_is_looked_for_in_the_vrf() -> None:
    there = plus_route(dst="130.246.213.0/26", dev="swp10", table="1001", protocol="static")
    finding = the(there, "foreign-route")
    assert finding.interface == "vlan453"
    assert "vtysh -c 'show ip route vrf tenant1 130.246.213.0/26'" in finding.remedy
    assert "in VRF tenant1" in finding.evidence


def without_route(**keys: Any) -> SwitchFacts:
    return facts(routes=changed("routes", lambda row: not keys.items() <= row.items()))


def test_the_vip_of_another_tenant_does_not_hide_a_lost_local_route() -> None:
    there = without_route(dst=VIP, dev=V0, type="local")
    finding = the(there, "vip-local-route-lost")
    assert finding.evidence.startswith("ip route show vrf tenant1 type local")
    assert "del" not in finding.remedy
    assert verified(there, gateway("tenant1")).absent == (
        f"{VIP} is missing in the local routing table of VRF tenant1",
    )
    assert verified(there, gateway("tenant2")).ok


def test_nor_does_the_vip_in_the_default_vrf() -> None:
    table = changed("routes", lambda row: (row.get("dst"), row.get("dev")) != (VIP, V0))
    local = {"type": "local", "dst": VIP, "dev": "lo", "table": "local", "flags": []}
    assert the(facts(routes=[*table, local]), "vip-local-route-lost").subject == VIP


def test_the_connected_routes_of_another_tenant_lead_nobody_here() -> None:
    def mine(row: dict[str, Any]) -> bool:
        return row.get("dst") != "130.246.212.0/22" or row.get("table") != "1001"

    there = facts(routes=changed("routes", mine))
    finding = the_first(there, "svi-routes-lost")
    assert "in VRF tenant1" in finding.evidence
    (diagnosis,) = diagnose(there, gateway("tenant1"))
    assert "in VRF tenant1 is missing" in diagnosis.sentence
    assert not verified(there, gateway("tenant1")).ok
    assert verified(there, gateway("tenant2")).ok


def the_first(there: SwitchFacts, check: str) -> Finding:
    assert {finding.check for finding in found(there)} == {check}
    return found(there)[0]


def test_a_vip_twice_in_one_vrf_is_told_and_in_two_is_not() -> None:
    one = INTERFACES.replace("vrf tenant2\n\taddress 130", "vrf tenant1\n\taddress 130")
    twice = [f for f in judge(facts(one)) if f.check == "vip-twice"]
    assert [f.evidence.rpartition(" ")[2] for f in twice] == ["tenant1"]


def test_a_vrr_device_that_ifup_left_in_the_vrf() -> None:
    there = vrf_line_taken_out()
    finding = the(there, "vrr-vrf-wrong")
    assert finding.status is Status.CRITICAL
    assert finding.evidence.startswith(f"ip link: {V0} is in VRF tenant1, vlan453 is in no VRF")
    assert finding.remedy.startswith(f"ip link set {V0} nomaster;")
    text = INTERFACES.replace("\tvrf tenant1\n\taddress 130", "\taddress 130")
    (diagnosis,) = diagnose(there, gateway("default", text))
    assert (diagnosis.cure, diagnosis.certain, diagnosis.devices) == (Cure.REAPPLY, True, (V0,))
    told = verified(there, gateway("default", text))
    assert f"{V0} is in VRF tenant1, and its stanza puts it in no VRF" in told.absent


def test_an_svi_that_is_not_in_its_vrf() -> None:
    there = svi_out_of_its_vrf()
    assert {f.check for f in found(there)} == {"svi-vrf-wrong", "vrr-vrf-wrong"}
    finding = found(there)[0]
    assert finding.evidence.startswith("ip link: vlan453 is in no VRF, configured is tenant1")
    assert {d.cure for d in diagnose(there, gateway("tenant1"))} == {Cure.REAPPLY}


def test_a_vrf_that_does_not_exist_is_named() -> None:
    text = INTERFACES.replace("vrf tenant1\n\taddress 130", "vrf blue\n\taddress 130")
    finding = the(facts(text), "svi-vrf-wrong")
    assert "configured is blue, which does not exist here" in finding.evidence
    assert finding.remedy.startswith("ifup blue vlan453 ")


L3MDEV, LOCAL, MAIN, DEFAULT = rows("rules")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([LOCAL, MAIN, DEFAULT], "no rule looks up the tables of VRFs"),
        ([LOCAL, MAIN, {**L3MDEV, "priority": 32800}], "comes after that of the main table"),
    ],
)
def test_the_rule_for_vrfs_is_gone_or_behind_others(rules: list[Any], words: str) -> None:
    told = found(facts(rules=rules))
    assert {(f.check, f.subject) for f in told} == {
        ("vrf-rule-missing", "tenant1"),
        ("vrf-rule-missing", "tenant2"),
    }
    assert all(words in f.evidence for f in told)


@pytest.mark.parametrize(
    "rules",
    [
        # ifupdown2 where the kernel has no rule for all VRFs
        [
            {"priority": 200, "src": "all", word: vrf, "table": table}
            for vrf, table in (("tenant1", "1001"), ("tenant2", "1099"), ("mgmt", "1002"))
            for word in ("oif", "iif")
        ],
        [{"priority": 1000, "src": "all", "table": "[l3mdev-table]"}],
    ],
)
def test_older_releases_have_other_rules_for_vrfs(rules: list[Any]) -> None:
    assert found(facts(rules=[*rules, LOCAL, MAIN, DEFAULT])) == []


def rule(priority: int, **selector: Any) -> list[Any]:
    own = {"priority": priority, "src": "all", "table": "77", **selector}
    return [L3MDEV, own, LOCAL, MAIN, DEFAULT]


def test_a_rule_behind_that_for_vrfs_takes_nothing_from_a_vrf() -> None:
    """Its table, which ends with an unreachable default, was looked up before."""
    for selector in ({"src": VM}, {"dst": VM}):
        assert found(facts(rules=rule(2000, **selector))) == []
        assert {f.interface for f in found(facts(rules=rule(900, **selector)))} == {
            "vlan453",
            "vlan999",
        }
    assert [f.interface for f in found(facts(rules=rule(2000, src="10.70.0.11")))] == ["vlan700"]


def test_without_a_default_route_in_the_vrf_such_a_rule_is_asked() -> None:
    routes = changed("routes", lambda row: row["dst"] != "default" or row.get("table") != "1001")
    told = found(facts(routes=routes, rules=rule(2000, src=VM)))
    assert [(f.check, f.interface) for f in told] == [("policy-rule-from", "vlan453")]
    assert found(facts(routes=routes, rules=rule(2000, dst=VM))) == []


def test_a_rule_for_what_comes_in_by_the_vrf() -> None:
    told = found(facts(rules=rule(900, iif="tenant1")))
    assert [(f.check, f.interface) for f in told] == [("policy-rule-iif", "vlan453")]


BIND = "ping: bind: Cannot assign requested address"


def probes(*lines: str) -> SwitchFacts:
    return facts(probes="\n".join([*lines, "done"]).encode())


def test_a_ping_that_could_not_be_sent_is_no_silence() -> None:
    """Seen with sshd in ``mgmt`` and the SVI in the default VRF."""
    lines = [f"ping|vlan700-v0|10.70.0.1|10.70.0.1{n}|2|{BIND}" for n in (1, 2)]
    there = probes(*lines)
    assert [probe.sent for probe in there.probes.rows] == [False, False]
    finding = the(there, "probe-unsent")
    assert finding.status is Status.UNKNOWN
    assert BIND in finding.evidence
    assert "ip vrf exec default ping -I 10.70.0.1 10.70.0.11" in finding.remedy
    own = gateway_in(INTERFACES, "leaf", GatewayQuery(interface="vlan700"))
    silent = (SilentEndpoint(ip_address("10.70.0.11")),)
    assert diagnose(there, own, silent=silent) == ()


def test_a_ping_without_a_route_is_told_by_the_faults_of_routes() -> None:
    line = "ping|vlan700-v0|10.70.0.1|10.70.0.11|2|ping: connect: Network is unreachable"
    assert found(probes(line)) == []


def test_a_ping_from_a_vip_without_its_local_route_is_told_by_the_fault_of_that_route() -> None:
    """The kernel then has no such address to send from: seen with the lab's fault d3."""
    line = f"ping|vlan700-v0|10.70.0.1|10.70.0.11|2|{BIND}"
    lost = changed("routes", lambda row: (row["dst"], row.get("type")) != ("10.70.0.1", "local"))
    told = found(facts(routes=lost, probes=f"{line}\ndone".encode()))
    assert [finding.check for finding in told] == ["vip-local-route-lost"]


def test_a_ping_that_nobody_answers_was_sent() -> None:
    lost = "1 packets transmitted, 0 received, 100% packet loss, time 0ms"
    lines = [f"ping|vlan700-v0|10.70.0.1|10.70.0.1{n}|1|x --- {lost}" for n in (1, 2)]
    assert the(probes(*lines), "vip-reaches-nobody").subject == "10.70.0.1"


def test_every_fault_of_vrfs_is_here() -> None:
    ours = {row.id for row in FAULTS if "vrf" in row.id}
    assert ours == {"vrr-vrf-wrong", "svi-vrf-wrong", "vrf-rule-missing"}
