"""``vip heal`` without ``--toggle``: the diagnosis decides."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_interface
from typing import Any

import pytest
from napalm.base.exceptions import CommitError, ConnectionClosedException

from inventory.model import VirtualMachine
from runbooks.run import session as switches
from tasks.facts.model import Section
from tasks.ladder import Cure
from tests.unit.inventory.fakes import HV50, HV51, SW1, SW3, uplink, vm
from tests.unit.runbooks.conftest import World, no_routes, well
from tests.unit.tasks.fakes import VM_MAC, lldp
from tests.unit.tasks.health.healthy import (
    DOWN,
    UP,
    V0,
    VM,
    changed,
    link,
    probe,
    sysctl,
)

ROGUE = "02:de:ad:be:ef:01"


def other(name: str, address: str, hypervisor: str) -> VirtualMachine:
    given = (ip_interface(f"{address}/22"),)
    return dataclasses.replace(vm(name, hypervisor), addresses=given, macs=())


@pytest.fixture
def rack(world: World) -> World:
    """Two hypervisors on the leaf, and one elsewhere; all but vm-a1's address answer."""
    world.site.uplinks[HV51] = (uplink(HV51, port="swp1s2"),)
    world.site.uplinks["hv60.nubes.example.internal"] = (
        uplink("hv60.nubes.example.internal", SW1),
    )
    world.site.vms += [
        other("vm-a2", "130.246.213.12", HV50),
        other("vm-b1", "130.246.213.21", HV51),
        other("vm-c1", "130.246.213.31", "hv60.nubes.example.internal"),
    ]
    return world


LEAF = {VM, "130.246.213.12", "130.246.213.21"}
ALL = {*LEAF, "130.246.213.31"}


def test_the_mildest_cure_is_told_agreed_to_audited_and_reported(rack: World) -> None:
    rack.cut_off()
    rack.silent = set(LEAF)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert rack.cured == [(SW3, Cure.REAPPLY, "svi-routes-lost")]
    assert not rack.committed, "it was toggled"
    for said in (
        "svi-routes-lost: every connected route of 130.246.212.0/22 is missing",
        "one leaf: 0 of 1 beside it on hv50, 0 of 1 on other hypervisors of swt-sn2100-03, ",
        "1 of 1 on swt-sn2100-01 answer",
        "reapply on swt-sn2100-03.example.internal, which cuts nobody off",
        "HEALED: vm-a1 answers again: svi-routes-lost was cured by reapply; the cure cut nobody",
        " off; cut off before: the leaf swt-sn2100-03 (0 of 2 others there answered)",
    ):
        assert said in result.output, said
    (report,) = rack.reports()
    assert report["schema"] == "vipkeeper/heal-run/2"
    (found,) = report["diagnosis"][SW3]
    assert (found["fault"], found["cure"], found["certain"]) == ("svi-routes-lost", "reapply", True)
    (rung,) = report["attempts"]
    assert (rung["cure"], rung["fault"], rung["helped"]) == ("reapply", "svi-routes-lost", True)
    assert report["impact"]["scope"] == "one leaf"
    assert report["remaining"] == []
    assert report["kernel"][-1]["kernel"]["problems"] == []
    assert report["attempts"][0]["gateway"]["interface"] == "vlan453"
    begin, end = rack.audit()
    assert (begin["cure"], begin["fault"]) == ("reapply", "svi-routes-lost")
    assert begin["diff"] == "do reapply\n"
    assert end["verdict"] == "healed"


def test_a_dry_run_tells_the_diagnosis_and_the_cure(world: World) -> None:
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--dry-run")
    assert result.exit_code == 0
    assert "for svi-routes-lost on swt-sn2100-03.example.internal it would be reapply" in (
        result.output
    )
    assert world.cured == []
    assert world.audit()[-1]["verdict"] == "dry-run"
    assert not any(line["event"] == "begin" for line in world.audit())


def test_without_yes_and_a_terminal_nothing_is_done(world: World) -> None:
    world.cut_off()
    result = world.vip("heal", "vm-a1")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert world.cured == []


def test_every_step_of_the_climb_is_asked_for(rack: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rack.cut_off(healed_by_toggle=False)
    rack.silent = set(LEAF)
    questions: list[str] = []

    def ask(question: str) -> bool:
        questions.append(question)
        return len(questions) < 3

    monkeypatch.setattr("runbooks.cli.options.is_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", ask)
    result = rack.vip("heal", "vm-a1")
    assert result.exit_code == 9
    assert [cure for _, cure, _ in rack.cured] == [Cure.REAPPLY, Cure.FLAP]
    assert "Nobody is cut off by it" in questions[0]
    assert "cut off for some 20 ms" in questions[1]
    assert "cut off for some 0.2 s" in questions[2]


def test_it_climbs_to_the_toggle_and_leaves_what_is_still_broken(rack: World) -> None:
    rack.cut_off(healed_by_toggle=False)
    rack.silent = set(LEAF)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 8, result.output
    cures = [cure for _, cure, _ in rack.cured]
    assert cures == [Cure.REAPPLY, Cure.FLAP, Cure.RECREATE]
    assert rack.committed, "the toggle is the last rung"
    (report,) = rack.reports()
    told = [(rung["cure"], rung["helped"]) for rung in report["attempts"]]
    assert told == [(c, False) for c in ("reapply", "flap", "recreate", "toggle")]
    assert report["verdict"] == "not-healed"
    assert "what is seen now: svi-routes-lost" in result.output
    begun = [line.get("cure") for line in rack.audit() if line["event"] == "begin"]
    assert begun == ["reapply", "flap", "recreate", "toggle"]


def test_a_compute_service_in_trouble_is_where_to_look_when_nothing_helped(rack: World) -> None:
    rack.cut_off(healed_by_toggle=False)
    rack.silent = set(LEAF)
    rack.site.vms = [dataclasses.replace(each, host_status="UNKNOWN") for each in rack.site.vms]
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 8, result.output
    trouble = f"the compute service on {HV50} does not answer"
    assert f"Look at the hypervisor: {trouble}. Look at the VM's console" in result.output
    assert f"Fake: {trouble}: its VMs' states may be old" in result.output


def test_one_vm_is_never_toggled_on_suspicion(rack: World) -> None:
    rack.silent = {VM}
    rack.facts[SW3] = probe(well(), "ping", ok=False)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 8, result.output
    assert rack.cured == [(SW3, Cure.ANNOUNCE, "vm-arp-wrong")]
    assert not rack.committed
    assert "one VM: 1 of 1 beside it" in result.output
    assert "--toggle" in result.output


def test_a_leaf_without_a_diagnosis_is_toggled(rack: World) -> None:
    rack.cut_off()
    rack.silent = set(LEAF)
    rack.facts[SW3] = well()  # the kernel shows nothing, and the VM answers its gateway
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert rack.cured == []
    assert rack.committed
    assert "cured by toggle" in result.output


def test_more_than_a_leaf_is_no_fault_of_this_one(rack: World) -> None:
    rack.silent = set(ALL)
    rack.facts[SW3] = sysctl(well(), f"conf/{V0}/forwarding", 0)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6, result.output
    assert "more than one leaf" in result.output
    assert "vrr-forwarding-off" in result.stderr
    assert rack.cured == []
    assert rack.vip("heal", "vm-a1", "--yes", "--force").exit_code in {0, 8}
    assert (SW3, Cure.RECREATE, "vrr-forwarding-off") in rack.cured


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (sysctl(well(), "ip_forward", 0), "forwarding-off"),
        (sysctl(well(), "conf/all/arp_ignore", 8), "arp-ignore-all"),
        (probe(probe(well(), "arp", ok=False, macs=()), "ping", ok=False), "vm-unreachable"),
        (well(), "beyond-gateway"),
    ],
)
def test_what_is_not_this_fault_is_named_and_nothing_is_touched(
    rack: World, facts: Any, fault: str
) -> None:
    rack.silent = {VM}
    rack.facts[SW3] = facts
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6, result.output
    assert fault in result.stderr
    assert "nothing was touched" in result.stderr
    assert len(result.stderr.splitlines()) == 2, "a sentence and an advice"
    assert rack.cured == []
    assert not rack.committed
    assert rack.reports()[0]["verdict"] == "refused"


@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_a_fault_that_cannot_be_repaired_blocks_no_other(rack: World, how: str) -> None:
    rack.silent = set(LEAF)
    rack.facts[SW3] = link(no_routes(), V0, flags=UP | {"NOARP"})
    rack.impossible = {"svi-routes-lost"}
    rack.on_cure[Cure.RECREATE] = rack.recover
    result = rack.vip("heal", "vm-a1", how)
    assert result.exit_code == 0, result.output
    assert "svi-routes-lost cannot be repaired: a bad line" in result.output
    assert rack.cured == ([(SW3, Cure.RECREATE, "vrr-noarp")] if how == "--yes" else [])
    assert how == "--yes" or "it would be recreate" in result.output


def test_what_alone_cannot_be_repaired_is_refused_with_its_advice(rack: World) -> None:
    rack.silent = {VM}
    rack.facts[SW3] = no_routes()
    rack.impossible = {"svi-routes-lost"}
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6, result.output
    assert "Correct it." in result.stderr
    assert rack.cured == []


def test_what_ifup_complains_of_is_the_end_and_the_advice(rack: World) -> None:
    rack.silent = {VM}
    rack.facts[SW3] = no_routes()
    rack.problems = ("missing vlan453-v0 UP", "ifup says: invalid literal for int()")
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 8, result.output
    said = " ".join(result.output.split())
    assert "NOT HEALED" in said
    assert "; ifup says: invalid literal for int() Correct the stanza" in said
    assert "Correct the stanza of vlan453 (/etc/network/interfaces, lines " in said
    assert "console" not in said


def test_an_uncertain_diagnosis_gets_no_disruptive_cure_for_one_vm(rack: World) -> None:
    rack.silent = {VM}
    rack.facts[SW3] = link(probe(well(), "ping", ok=False), V0, flags=UP | {"NOARP"})
    result = rack.vip("heal", "vm-a1", "--yes")
    # This one is certain: it is named, and it will hit all others when their entries age.
    assert rack.cured[0] == (SW3, Cure.RECREATE, "vrr-noarp")
    assert result.exit_code == 8


def test_a_wrong_neighbour_entry_is_deleted_by_openstacks_word(rack: World) -> None:
    rack.silent = {VM}
    facts = changed(probe(well(), "ping", ok=False), "neighbours", {}, mac=ROGUE)
    rack.facts[SW3] = facts
    rack.on_cure[Cure.FORGET] = rack.recover
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert rack.cured == [(SW3, Cure.FORGET, "neighbour-wrong")]
    assert f"OpenStack knows it as {VM_MAC}" in result.output


def test_a_port_that_is_down_explains_that_nobody_is_seen_behind_it(rack: World) -> None:
    rack.silent = {VM, "130.246.213.12"}
    rack.leaf.lldp = lldp()
    rack.facts[SW3] = link(probe(well(), "arp", ok=False, macs=()), "swp1s3", flags=DOWN)
    rack.on_cure[Cure.REAPPLY] = rack.recover
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert rack.cured == [(SW3, Cure.REAPPLY, "port-down")]
    assert "does not see it, for a reason of its own" in result.output


def test_a_hypervisor_without_link_is_named_though_nobody_sees_it(rack: World) -> None:
    rack.silent = {VM, "130.246.213.12"}
    rack.leaf.lldp = lldp()
    facts = link(probe(well(), "arp", ok=False, macs=()), "swp1s3", flags=UP - {"LOWER_UP"})
    rack.facts[SW3] = probe(facts, "ping", ok=False)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6, result.output
    assert "hypervisor-unreachable" in result.stderr
    assert rack.cured == []


def test_a_table_that_contradicts_wins_over_any_explanation(rack: World) -> None:
    rack.silent = {VM}
    rack.leaf.lldp = lldp()
    remote = {"mac": VM_MAC, "ifname": "vni10453", "dst": "10.0.0.12", "flags": [], "state": ""}
    rack.leaf.fdb = [remote]
    rack.facts[SW3] = link(well(), "swp1s3", flags=DOWN)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "another leaf" in result.stderr
    assert rack.cured == []


def test_of_two_switches_the_one_with_the_fault_is_treated(rack: World) -> None:
    rack.site.uplinks[HV50] = (uplink(switch=SW1, interface="eth1"), uplink())
    rack.cut_off()
    rack.silent = set(LEAF)
    assert rack.vip("heal", "vm-a1", "--yes").exit_code == 0
    assert rack.cured == [(SW3, Cure.REAPPLY, "svi-routes-lost")]


def test_other_faults_of_a_healed_gateway_are_told_and_left(rack: World) -> None:
    rack.cut_off()
    rack.silent = set(LEAF)
    rack.facts[SW3] = link(no_routes(), V0, mtu=1400)

    def recover() -> None:
        rack.silent.clear()
        rack.facts[SW3] = link(well(), V0, mtu=1400)

    rack.on_cure[Cure.REAPPLY] = recover
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0
    assert len(rack.cured) == 1
    assert "Also seen and left alone: vrr-mtu-wrong" in result.output


def test_what_could_not_be_read_is_told_and_is_no_fault(rack: World) -> None:
    rack.silent = {VM}
    unread = Section[Any](unread="'ip -j link show' printed garbage")
    rack.facts[SW3] = dataclasses.replace(no_routes(), links=unread)
    result = rack.vip("heal", "vm-a1", "--yes")
    assert "not known: 'ip -j link show' printed garbage" in result.output
    assert not any(cure.disruptive for _, cure, _ in rack.cured)
    assert not rack.committed
    assert rack.reports()[0]["unread"][SW3] == ["'ip -j link show' printed garbage"]


def test_a_cure_that_the_switch_takes_back(world: World) -> None:
    world.cut_off()

    def fail() -> None:
        raise CommitError("it took something away, and went back")

    world.on_cure[Cure.REAPPLY] = fail
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 7
    assert "went back" in result.stderr
    assert [line["event"] for line in world.audit()] == ["begin", "end"]


def test_a_session_lost_during_a_cure_is_looked_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()
    monkeypatch.setattr("time.sleep", lambda _: None)

    def lose() -> None:
        world.recover()
        raise ConnectionClosedException("the session was lost.")

    world.on_cure[Cure.REAPPLY] = lose
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert "answers again, and nothing is pending there" in result.output


def test_ctrl_c_during_a_cure_says_what_the_switch_does(world: World) -> None:
    world.cut_off()

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.on_cure[Cure.REAPPLY] = interrupt
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 9
    assert f"vip pending {SW3}" in result.stderr


def test_a_cure_that_cannot_be_audited_is_not_done(world: World) -> None:
    world.cut_off()
    (world.directory / "state").write_text("in the way")
    assert world.vip("heal", "vm-a1", "--yes").exit_code == 1
    assert world.cured == []


def test_sources_that_fail_do_not_stop_a_healing_that_knows_its_way(rack: World) -> None:
    rack.cut_off()
    rack.silent = set(LEAF)
    rack.site.broken = {"list_hypervisors"}
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert "list_hypervisors is down" in result.output


def test_a_sample_of_none_compares_with_nobody(rack: World, monkeypatch: Any) -> None:
    monkeypatch.setenv("VIPKEEPER_HEAL__BLAST_SAMPLE", "0")
    rack.cut_off()
    result = rack.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0
    assert "cannot say: nobody was found to compare with" in result.output
    assert "heal.blast_sample is 0: no other VM is pinged" in result.output


def test_the_timer_is_the_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switches, "_wait_seconds", lambda _: 0.0)
    world.cut_off()

    def lose() -> None:
        world.leaf.open_errors = [ConnectionClosedException("no route")] * 9
        raise ConnectionClosedException("the session was lost.")

    world.on_cure[Cure.REAPPLY] = lose
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 5
    assert "vip pending" in result.stderr
