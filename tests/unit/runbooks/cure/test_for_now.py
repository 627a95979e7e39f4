"""A target that answers again while the fault is still there, and faults that mask each other."""

from __future__ import annotations

import dataclasses
import time
from types import SimpleNamespace
from typing import Any

import pytest

from inventory.errors import SourceError
from inventory.model import Answer, MacOwner
from runbooks.cure.observer import GatewayObserver
from runbooks.cure.rogues import Rogue, rogues_of
from runbooks.fleet import leaf as leaf_heal
from tasks.facts.model import FdbFact, SwitchFacts
from tasks.faults.model import Diagnosis, Stranger
from tasks.ladder import Cure
from tests.unit.inventory.fakes import HV51, NOW, SW3, Fake, vm
from tests.unit.runbooks.conftest import World, no_routes, well
from tests.unit.runbooks.cure.test_ladder import LEAF, rack
from tests.unit.tasks.health.healthy import GATEWAY, SVI, VIP, plus, probe, without

__all__ = ["rack"]

ROGUE = "fa:16:3e:00:00:66"
SEEN = f"{VIP} is answered by {ROGUE}, seen on swp1s2 of swt-sn2100-03: "


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbooks.cure.observer._PAUSE", 0.0)


def with_rogue(facts: SwitchFacts) -> SwitchFacts:
    """Another machine answers for the VIP, behind a port of the leaf."""
    known = plus(facts, "fdb", FdbFact(ROGUE, "swp1s2", SVI, vlan=453))
    return probe(known, "duplicate", ok=False, macs=(ROGUE,))


@pytest.fixture
def robbed(rack: World) -> World:
    """The whole leaf is cut off by a rogue, and an announcement helps."""
    rack.silent = set(LEAF)
    rack.facts[SW3] = with_rogue(probe(well(), "ping", ok=False))
    rack.on_cure[Cure.ANNOUNCE] = rack.silent.clear
    return rack


def test_while_the_rogue_is_there_it_is_healed_for_now(robbed: World) -> None:
    robbed.site.vms.append(dataclasses.replace(vm("vm-b9", HV51), macs=(ROGUE,)))
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 13, result.output
    assert (
        "HEALED FOR NOW: vm-a1 answers again: announce helped; the cure cut nobody off; "
        "cut off before: the leaf swt-sn2100-03 (0 of 2 others there answered); but "
        f"vip-answered-by-other is still there: {SEEN}the VM vm-b9 (id-vm-b9-p1) on {HV51}"
    ) in result.output
    assert f"Take {VIP} away from that machine, or shut its port" in result.output
    (report,) = robbed.reports()
    assert (report["verdict"], report["exit_code"]) == ("healed-for-now", 13)
    (rogue,) = report["rogues"]
    assert (rogue["mac"], rogue["places"], rogue["vms"][0]["name"]) == (ROGUE, ["swp1s2"], "vm-b9")
    assert [found["fault"] for found in report["remaining"]] == ["vip-answered-by-other"]
    (attempt,) = report["attempts"]
    assert (attempt["helped"], attempt["cured"]) == (True, [])
    assert robbed.audit()[-1]["verdict"] == "healed-for-now"


def test_a_vms_name_does_nothing_to_the_terminal(robbed: World) -> None:
    robbed.site.vms.append(dataclasses.replace(vm("vm\x1b[2J", HV51), macs=(ROGUE,)))
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 13, result.output
    assert "\x1b" not in result.output
    assert "HEALED FOR NOW" in result.output
    assert "the VM vm\\x1b[2J (id-" in result.output


def test_a_rogue_that_is_gone_after_the_cure_is_cured(robbed: World) -> None:
    def leave() -> None:
        robbed.recover()

    robbed.on_cure[Cure.ANNOUNCE] = leave
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert "HEALED: vm-a1 answers again: vip-answered-by-other was cured by announce" in (
        result.output
    )


def test_openstack_down_is_unknown_and_no_error_of_the_healing(robbed: World) -> None:
    robbed.site.broken = {"owners_of"}
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 13, result.output
    assert f"{SEEN}its owner is not known (Fake: owners_of is down)" in result.output


def test_a_mac_that_no_port_has(robbed: World) -> None:
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 13
    assert f"{SEEN}no port of OpenStack has this MAC" in result.output


def test_two_faults_that_mask_each_other_lead_to_no_toggle(robbed: World) -> None:
    robbed.facts[SW3] = with_rogue(no_routes())

    def announce() -> None:
        if len(robbed.cured) > 2:  # with the routes there, the answers find their way
            robbed.silent.clear()

    def reapply() -> None:
        robbed.facts[SW3] = with_rogue(probe(well(), "ping", ok=False))

    robbed.on_cure = {Cure.ANNOUNCE: announce, Cure.REAPPLY: reapply}
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 13, result.output
    assert [cure for _, cure, _ in robbed.cured] == [Cure.ANNOUNCE, Cure.REAPPLY, Cure.ANNOUNCE]
    assert not robbed.committed, "it was toggled"
    assert "answers again: svi-routes-lost was cured by reapply; announce helped" in result.output
    (report,) = robbed.reports()
    assert [(a["beside"], a["cured"], a["helped"]) for a in report["attempts"]] == [
        (["svi-routes-lost"], [], False),
        (["vip-answered-by-other"], ["svi-routes-lost"], False),
        ([], [], True),
    ]


def test_a_rogue_that_defends_itself_is_named_and_nothing_is_toggled(robbed: World) -> None:
    robbed.on_cure.clear()
    result = robbed.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 8, result.output
    assert [cure for _, cure, _ in robbed.cured] == [Cure.ANNOUNCE]
    assert not robbed.committed
    assert f"vip-answered-by-other is still there: {SEEN}no port" in result.output
    assert "--toggle" not in result.output
    assert f"Take {VIP} away" in result.output


def test_the_operators_own_toggle_is_looked_at_as_well(robbed: World) -> None:
    robbed.leaf.on_commit = lambda _: robbed.silent.clear()
    result = robbed.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 13, result.output
    assert "HEALED FOR NOW: vm-a1 answers again: its gateway was toggled" in result.output


# --- a leaf that is healed for its own sake: nobody is pinged from outside -------------------


def test_what_is_only_covered_is_well_as_long_as_a_vm_answers_the_vip(rack: World) -> None:
    session: Any = SimpleNamespace(run=lambda *_, **__: rack.facts[SW3])
    observer = GatewayObserver(session, GATEWAY)
    for facts, well_now in (
        (well(), True),
        (with_rogue(probe(well(), "ping", ok=True)), True),
        (with_rogue(probe(well(), "ping", ok=False)), False),
        (with_rogue(no_routes()), False),
        (with_rogue(without(well(), "probes", kind="ping")), True),
    ):
        rack.facts[SW3] = facts
        assert leaf_heal._is_well(observer, (), 0) is well_now, list(facts.probes.rows)


# --- whose a MAC is ---------------------------------------------------------------------------


STRANGER = Diagnosis(
    "x", "x", (), Cure.ANNOUNCE, strangers=(Stranger(ROGUE, VIP, ("vni10453 (VTEP 10.0.0.1)",)),)
)


def named(source: object) -> Rogue:
    (rogue,) = rogues_of(SW3, [STRANGER, STRANGER], lambda: source)
    return rogue


def test_all_that_have_a_mac_are_named() -> None:
    class Source:
        def owners_of(self, macs: object) -> Answer[tuple[MacOwner, ...]]:
            assert macs == (ROGUE,)
            owners = (
                MacOwner(ROGUE, "compute:nova", dataclasses.replace(vm("one"), hypervisor="")),
                MacOwner(ROGUE, "network:dhcp"),
                MacOwner(ROGUE),
            )
            return Answer(owners, "OpenStack", NOW)

    said = str(named(Source()))
    assert "seen on vni10453 (VTEP 10.0.0.1) of swt-sn2100-03: " in said
    assert said.endswith(
        "the VM one (id-one-p1) on no hypervisor and a port of network:dhcp and a free port"
    )


def test_a_source_that_hangs_or_crashes_or_knows_no_macs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbooks.cure.rogues._PATIENCE", 0.1)

    class Slow(Fake):
        def owners_of(self, macs: object) -> Answer[tuple[MacOwner, ...]]:
            time.sleep(1)
            raise AssertionError(macs)

    assert named(Slow()).unknown == "the answer took too long"
    assert "cannot be asked" in named(object()).unknown

    def fail() -> object:
        raise SourceError("OpenStack", "no such cloud.")

    (rogue,) = rogues_of(SW3, [STRANGER], fail)
    assert str(rogue).endswith("its owner is not known (OpenStack: no such cloud)")


def test_without_a_stranger_nobody_is_asked() -> None:
    assert rogues_of(SW3, [dataclasses.replace(STRANGER, strangers=())], list) == ()
