"""Facts collected from real leafs, and what the checks make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tasks.facts.collect import SILENT
from tasks.faults.model import Status
from tasks.health.assess import assess
from tasks.health.fleet import judge_fleet
from tasks.health.judge import judge
from tests.lab.looker import OUTSIDE, SVI, VIP, VM, VM_ADDRESS, VM_MAC, Looker, told

WRONG = "02:de:ad:be:ef:01"


def test_healthy_leafs_give_no_finding_in_one_round_trip_each(looker: Looker) -> None:
    healths = []
    for number in ("03", "01"):
        facts = looker.facts(number)
        assert len(looker.channels) == 1
        assert told(judge(facts)) == []
        assert {v.vip for v in assess(facts).vips} == {VIP, "130.246.215.254", "10.99.0.1"}
        assert {row.name.split(".")[0] for row in facts.lldp.rows} >= (
            {"hv50", "hv51"} if number == "03" else {"hv60", "hv61"}
        )
        healths.append(assess(facts))
    (finding,) = judge_fleet(healths)
    assert (finding.check, finding.status) == ("routing-model", Status.OK)
    assert "VRF default is asymmetric on" in finding.evidence
    assert "a tenant VRF with vlan453 in it, an L3VNI" in finding.remedy


def test_a_target_is_looked_for_in_the_same_round_trip(looker: Looker) -> None:
    facts = looker.facts(targets=(VM_ADDRESS, "130.246.213.99"), outside=OUTSIDE)
    assert len(looker.channels) == 1
    found = {
        (p.kind, p.source if p.kind == "route-out" else p.target): p for p in facts.probes.rows
    }
    assert found["ping", VM_ADDRESS].ok
    assert found["arp", VM_ADDRESS].macs == (VM_MAC,)
    assert found["route-in", VM_ADDRESS].ok
    assert found["route-out", VM_ADDRESS].ok
    assert not found["ping", "130.246.213.99"].ok
    assert not found["arp", "130.246.213.99"].ok
    assert found["route-in", "130.246.213.99"].ok


def test_nothing_is_sent_when_nothing_is_to_be_tried(looker: Looker) -> None:
    facts = looker.facts(per_vip=SILENT.per_vip, total=SILENT.total)
    assert facts.probes.rows == ()
    assert facts.probes.known


def test_looking_does_not_cure_the_switchs_own_neighbour_entry(looker: Looker) -> None:
    leaf = looker.leaf()
    leaf.sh(f"ip neigh replace {VM_ADDRESS} lladdr {WRONG} dev {SVI} nud reachable")
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert WRONG in leaf.sh(f"ip neigh show {VM_ADDRESS} dev {SVI}")
    (finding,) = [f for f in judge(facts) if f.check == "neighbour-wrong"]
    assert f"ARP knows it as {VM_MAC}" in finding.evidence
    assert finding.status is Status.CRITICAL
    leaf.sh(f"ip neigh del {VM_ADDRESS} dev {SVI}")


def test_looking_does_not_cure_a_vms_own_entry_of_the_vip(looker: Looker) -> None:
    def entry() -> str:
        shown = looker.lab.exec_vm(VM, ["ip", "neigh", "show", VIP]).stdout
        return str(shown)

    looker.facts()
    looker.lab.exec_vm(VM, ["ip", "neigh", "replace", VIP, "lladdr", WRONG, "dev", "eth0"])
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert WRONG in entry()
    found = {(p.kind, p.target): p.ok for p in facts.probes.rows if p.source in {"", VIP}}
    assert not found["ping", VM_ADDRESS]
    assert found["arp", VM_ADDRESS]  # it lives, and cannot answer: its own entry is at fault
    looker.lab.exec_vm(VM, ["ip", "neigh", "del", VIP, "dev", "eth0"])


@pytest.fixture
def no_lldpd(looker: Looker) -> Iterator[Callable[[], None]]:
    leaf = looker.leaf()
    stop = "systemctl stop lldpd 2>/dev/null || pkill lldpd"

    def now() -> None:
        leaf.sh(f"{stop}; true")

    yield now
    leaf.sh("systemctl start lldpd 2>/dev/null || lldpd; lldpcli update; true")
    leaf.wait_until(lambda: "hv50" in leaf.sh("lldpctl 2>/dev/null; true"))


def test_a_switch_without_lldpd(looker: Looker, no_lldpd: Callable[[], None]) -> None:
    no_lldpd()
    facts = looker.facts()
    assert facts.lldp.absent
    assert [f.check for f in judge(facts)] == ["lldp-absent"]
