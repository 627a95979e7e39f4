"""Healing many: a canary first, no VIP on two leafs at once, and an end at the first failure."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from nornir.core.task import Result, Task

from nornir_config import stopping
from runbooks.fleet import leaf as leaf_heal
from runbooks.fleet import rollout as fleet_heal
from runbooks.fleet.assess import Assessment
from runbooks.fleet.leaf import NotHealedError
from runbooks.fleet.plan import FleetPlan, make_plan, peers_of, refuse_mass_outage
from tasks.errors import RefusedError
from tasks.facts.model import SwitchFacts
from tasks.faults.fabric.configuration import UNDER_WAY
from tasks.faults.model import Diagnosis, Finding, Status
from tasks.health.model import SwitchHealth, VipRecord
from tasks.ladder import Cure
from tests.unit.runbooks.fleet_world import Leafs, leafs, name_of
from tests.unit.tasks.health.healthy import DOWN, GATEWAY, SVI, V0, VIP, link, sysctl

__all__ = ["leafs"]


def ill(facts: SwitchFacts) -> SwitchFacts:
    return link(facts, V0, flags=DOWN)


@dataclass
class Ward:
    """Stands in for the cure of a leaf: notes who is worked on with whom."""

    leafs: Leafs
    seconds: float = 0.05
    failing: set[str] = field(default_factory=set)
    for_now: set[str] = field(default_factory=set)
    begun: list[str] = field(default_factory=list)
    now: set[str] = field(default_factory=set)
    together: list[frozenset[str]] = field(default_factory=list)
    hook: Callable[[str], None] = lambda _: None

    def heal_leaf(self, task: Task, healing: Any, switches: Any) -> Result:
        name = task.host.name
        assert name in healing.plans
        assert switches[name].name == name
        with self.leafs.lock:
            self.begun.append(name)
            self.now.add(name)
            self.together.append(frozenset(self.now))
        self.hook(name)
        time.sleep(self.seconds)
        with self.leafs.lock:
            self.now.discard(name)
        if name in self.failing:
            raise NotHealedError(f"{name}: it is still there")
        self.leafs.change(int(name[11:13]), lambda facts: link(facts, V0, flags=UP_FLAGS))
        code = 13 if name in self.for_now else 0
        advice = "Take it away." if code else ""
        leaf = SimpleNamespace(
            sentence=f"{name} worked on", exit_code=code, advice=advice, written=None
        )
        return Result(task.host, result=leaf)


UP_FLAGS = frozenset({"BROADCAST", "MULTICAST", "UP", "LOWER_UP"})


@pytest.fixture
def affected(leafs: Leafs, monkeypatch: pytest.MonkeyPatch) -> Ward:
    affected = Ward(leafs)
    monkeypatch.setattr(fleet_heal, "heal_leaf", affected.heal_leaf)
    return affected


def test_a_healthy_fleet_is_left_alone(leafs: Leafs, affected: Ward) -> None:
    leafs.add(1, 3)
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 0, result.output
    assert "HEALTHY: 2 leafs have no fault to cure" in result.stdout
    assert affected.begun == []


def test_one_leaf_after_the_other_for_a_vip(leafs: Leafs, affected: Ward) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 0, result.output
    assert affected.begun == [name_of(2), name_of(3), name_of(5)]
    assert max(map(len, affected.together)) == 1
    assert "3 of 3 leafs healed" in result.stdout


def other_vip(number: int) -> Callable[[SwitchFacts], SwitchFacts]:
    """The facts of a leaf whose VIPs no other leaf has."""

    def change(facts: SwitchFacts) -> SwitchFacts:
        moved = {}
        gateways = []
        for gateway in facts.gateways:
            virtual = []
            for v in gateway.virtual:
                new = type(v.address)(str(v.address).replace("130.246.", f"10.{number}."))
                new = type(v.address)(str(new).replace("10.99.", f"10.{100 + number}."))
                moved[v.address] = new
                virtual.append(replace(v, address=new))
            gateways.append(replace(gateway, virtual=tuple(virtual), vip=virtual[0]))
        return replace(facts, gateways=tuple(gateways))

    return change


def test_leafs_without_a_vip_in_common_go_together_after_the_canary(
    leafs: Leafs, affected: Ward
) -> None:
    leafs.add(*range(1, 13))
    affected.seconds = 0.3
    for number in (2, 3, 5):
        leafs.change(number, ill)
        leafs.change(number, other_vip(number))
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes", "--force")
    assert result.exit_code in {0, 8}, result.output
    assert affected.together[0] == {affected.begun[0]}
    assert max(map(len, affected.together)) == 2


@pytest.mark.parametrize(
    "command", [("heal", "--all-unhealthy"), ("check", "--fix", "--skip", "routing-model")]
)
def test_a_leaf_that_is_healed_for_now_stops_no_other_and_is_told(
    leafs: Leafs, affected: Ward, command: tuple[str, ...]
) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    affected.for_now = {name_of(2), name_of(5)}
    result = leafs.world.vip(*command, "--yes")
    assert result.exit_code == 13, result.output
    assert affected.begun == [name_of(2), name_of(3), name_of(5)]
    assert (
        f"HEALED FOR NOW: 1 of 3 leafs healed ({name_of(3)}); healed for now: {name_of(2)}, "
        f"{name_of(5)}; {name_of(2)} worked on; {name_of(5)} worked on\nTake it away.\n"
    ) in result.stdout
    (report,) = [r for r in leafs.world.reports() if r["target"] == "all-unhealthy"]
    assert [(leaf["verdict"], leaf["exit_code"]) for leaf in report["leafs"]] == [
        ("healed for now", 13),
        ("healed", 0),
        ("healed for now", 13),
    ]


def test_a_canary_that_is_not_healed_stops_all(leafs: Leafs, affected: Ward) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    affected.failing = {name_of(2)}
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 8
    assert affected.begun == [name_of(2)]
    said = f"0 of 3 leafs healed; not started: {name_of(3)}, {name_of(5)}"
    assert said in result.stderr
    assert said not in result.stdout, "it is told once"


def test_the_first_failure_stops_the_rest_and_names_it(leafs: Leafs, affected: Ward) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    affected.failing = {name_of(3)}
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 8
    assert affected.begun == [name_of(2), name_of(3)]
    assert f"1 of 3 leafs healed ({name_of(2)}); not started: {name_of(5)}" in result.output
    (report,) = [r for r in leafs.world.reports() if r["target"] == "all-unhealthy"]
    assert [leaf["verdict"] for leaf in report["leafs"]] == ["healed", "failed", "not started"]


@pytest.mark.parametrize(("command", "code"), [("heal", 8), ("check", 11)])
def test_who_is_left_alone_is_told_at_the_end(
    leafs: Leafs, affected: Ward, command: str, code: int
) -> None:
    """All that could be healed was, and a leaf is still not well: that is no success."""
    leafs.add(*range(1, 9))
    leafs.change(2, ill)
    leafs.change(5, lambda facts: sysctl(facts, "ip_forward", 0))
    words = {"heal": ("heal", "--all-unhealthy"), "check": ("check", "--fix")}[command]
    result = leafs.world.vip(*words, "--yes")
    assert result.exit_code == code, result.output
    assert affected.begun == [name_of(2)]
    assert (
        f"NOT HEALED: 1 of 1 leafs healed ({name_of(2)}); left alone: {name_of(5)} (not well or "
        "not judged, and no cure is known to help)\n"
    ) in result.stdout
    (report,) = leafs.world.reports()
    assert report["verdict"] == "not-healed"


def test_every_leaf_that_failed_is_named(leafs: Leafs, affected: Ward) -> None:
    leafs.add(*range(1, 13))
    affected.seconds = 0.3
    for number in (2, 3, 5):
        leafs.change(number, ill)
        leafs.change(number, other_vip(number))
    affected.failing = {name_of(3), name_of(5)}
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes", "--force")
    assert result.exit_code == 8, result.output
    for name in affected.failing:
        assert f"{name}: it is still there" in result.stderr


def test_a_leaf_that_failed_is_named_after_ctrl_c(leafs: Leafs, affected: Ward) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    affected.seconds = 0.5
    affected.failing = {name_of(2)}
    affected.hook = lambda _: threading.Timer(0.1, signal_main).start()
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 9
    assert "stopped by Ctrl-C: 0 of 3 leafs healed" in result.stderr
    assert f"{name_of(2)}: it is still there" in result.stderr


@pytest.mark.parametrize("numbers", [(1, 2, 3, 5), (1, 2, 3, 4, 5, 6)])
def test_a_mass_outage_is_refused(leafs: Leafs, affected: Ward, numbers: tuple[int, ...]) -> None:
    leafs.add(*range(1, 7))
    for number in numbers:
        leafs.change(number, ill)
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 6
    assert "probably not on the leafs" in result.stderr
    assert affected.begun == []
    forced = leafs.world.vip("heal", "--all-unhealthy", "--yes", "--force")
    assert forced.exit_code == 0, forced.output
    assert len(affected.begun) == len(numbers)


def test_nobody_is_touched_without_a_word(leafs: Leafs, affected: Ward) -> None:
    leafs.add(1, 2, 3)
    leafs.change(2, ill)
    assert leafs.world.vip("heal", "--all-unhealthy", "--dry-run").exit_code == 0
    refused = leafs.world.vip("heal", "--all-unhealthy")
    assert refused.exit_code == 2
    assert "--yes was not given" in refused.stderr
    assert affected.begun == []


def test_a_no_touches_nobody(leafs: Leafs, affected: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbooks.cli.options.is_terminal", lambda: True)
    leafs.add(1, 2, 3)
    leafs.change(2, ill)
    assert leafs.world.vip("heal", "--all-unhealthy", input_="n\n").exit_code == 9
    assert affected.begun == []


def test_check_fix_shows_the_check_before_and_after(leafs: Leafs, affected: Ward) -> None:
    leafs.add(1, 2, 3)
    leafs.change(2, ill)
    result = leafs.world.vip("check", "--fix", "--yes")
    assert result.exit_code == 0, result.output
    assert result.stdout.index("1 of 3 switches critical") < result.stdout.index("HEALED")
    assert result.stdout.index("HEALED") < result.stdout.index("3 switches OK")


def test_ctrl_c_lets_the_leaf_under_way_finish_and_starts_no_other(
    leafs: Leafs, affected: Ward
) -> None:
    leafs.add(*range(1, 9))
    for number in (2, 3, 5):
        leafs.change(number, ill)
    affected.seconds = 0.5

    def interrupt(name: str) -> None:
        if name == name_of(2):
            threading.Timer(0.1, signal_main).start()

    affected.hook = interrupt
    result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    assert result.exit_code == 9
    assert affected.begun == [name_of(2)]
    assert f"stopped by Ctrl-C: 1 of 3 leafs healed ({name_of(2)})" in result.stderr
    assert f"not started: {name_of(3)}, {name_of(5)}" in result.stderr
    assert "waiting for" in result.stdout


def signal_main(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "by"),
    [(signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP (its terminal was closed)")],
)
def test_a_signal_waits_for_the_leaf_that_is_worked_on_and_is_named(
    leafs: Leafs, affected: Ward, monkeypatch: pytest.MonkeyPatch, number: int, by: str
) -> None:
    """A closed terminal gives two SIGHUP: the second is no impatience."""
    monkeypatch.setattr(stopping, "_EARS", stopping._Ears())
    leafs.add(*range(1, 9))
    for leaf in (2, 3, 5):
        leafs.change(leaf, ill)
    affected.seconds = 0.7

    def send(name: str) -> None:
        again = (0.1, 0.3) if number == signal.SIGHUP else (0.1,)
        for seconds in again if name == name_of(2) else ():
            threading.Timer(seconds, signal_main, (number,)).start()

    affected.hook = send
    before = signal.signal(number, stopping.interrupt)
    try:
        result = leafs.world.vip("heal", "--all-unhealthy", "--yes")
    finally:
        signal.signal(number, before)
    assert result.exit_code == 9
    assert affected.begun == [name_of(2)]
    said = f"stopped by {by}: 1 of 3 leafs healed ({name_of(2)})"
    assert said in result.stderr
    assert leafs.world.reports()[-1]["sentence"].startswith(said)
    assert leafs.world.audit()[-1]["verdict"] == "cancelled"


# --- the plan -------------------------------------------------------------------------------------


def diagnosis(fault: str = "vrr-device-down", cure: Cure = Cure.REAPPLY, **more: Any) -> Diagnosis:
    values: dict[str, Any] = {"interface": SVI, "devices": (V0,)}
    return Diagnosis(fault, f"{fault}!", (), cure, **{**values, **more})


def assessment(name: str, *found: Diagnosis, status: Status = Status.OK, vip: str = VIP) -> Any:
    findings = () if status is Status.OK else (Finding("x", status, name, "", "seen"),)
    record = VipRecord(name, SVI, V0, vip, 22, present=True)
    health = SwitchHealth(name, "10.5.0.1", findings, (record,))
    return Assessment(health, found, (GATEWAY,) if found else (), frozenset({vip}))


def test_the_canary_is_the_leaf_with_the_mildest_cure() -> None:
    plan = make_plan(
        {
            "a": assessment("a", diagnosis(cure=Cure.RECREATE)),
            "b": assessment("b", diagnosis(cure=Cure.REAPPLY)),
            "c": assessment("c"),
        }
    )
    assert [leaf.switch for leaf in plan.leafs] == ["b", "a"]
    assert plan.leafs[0].vips == {VIP, "130.246.215.254"}
    assert plan.unhealthy == ("a", "b")


@pytest.mark.parametrize(
    "found",
    [
        diagnosis("forwarding-off", Cure.NONE),
        diagnosis(cure=Cure.RECREATE, certain=False),
        diagnosis(cure=Cure.FLAP, latent=True),
    ],
)
def test_what_is_not_certain_or_cannot_be_cured_is_left_alone(found: Diagnosis) -> None:
    plan = make_plan({"a": assessment("a", found), "b": assessment("b")})
    assert plan.leafs == ()
    assert plan.left == (() if found.latent else (("a", found),))


@pytest.mark.parametrize(
    ("ill_ones", "checked", "refused"),
    [(1, 1, False), (1, 2, False), (2, 2, True), (2, 4, False), (3, 4, True), (0, 5, False)],
)
def test_how_many_are_too_many(ill_ones: int, checked: int, refused: bool) -> None:
    plan = FleetPlan((), (), tuple(f"leaf-{n}" for n in range(ill_ones)), checked)
    if refused:
        with pytest.raises(RefusedError, match=f"{ill_ones} of {checked} leafs"):
            refuse_mass_outage(plan, 0.5)
    else:
        refuse_mass_outage(plan, 0.5)


def test_peers_are_those_that_hold_the_vip_well_or_not() -> None:
    known = {
        "a": assessment("a", diagnosis()),
        "b": assessment("b"),
        "c": assessment("c", diagnosis()),
        "d": assessment("d", vip="10.0.0.1"),
    }
    assert peers_of("a", (VIP,), known) == {"b": True, "c": False}


# --- before each cure -----------------------------------------------------------------------------


@dataclass
class Told:
    lines: list[str] = field(default_factory=list)

    def tell(self, _: str, text: str, *__: str) -> None:
        self.lines.append(text)


def healing(before: dict[str, Any], after: dict[str, Any], *, force: bool = False) -> Any:
    return SimpleNamespace(before=before, look=lambda _: after, force=force)


GONE = Assessment(SwitchHealth("b", "", vips=()), answered=False)
PENDING = Assessment(
    SwitchHealth(
        "b",
        "",
        (Finding("commit-pending", Status.WARNING, "b", "", "by bob"),),
        (VipRecord("b", SVI, V0, VIP, 22, present=True),),
    ),
    held=frozenset({VIP}),
)


BUSY = replace(
    PENDING,
    health=replace(
        PENDING.health,
        findings=(
            Finding(
                "commit-pending", Status.WARNING, "b", "", f"repair 01 by bob{UNDER_WAY}9 s to go"
            ),
        ),
    ),
)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (GONE, "b could not be asked"),
        (PENDING, "a commit is pending on b"),
        (BUSY, "another operator's cure is under way on b, and ends by itself"),
        (assessment("b", diagnosis()), "b, which was well, is not any more"),
    ],
)
def test_a_vip_is_not_taken_away_while_its_other_leaf_is_in_trouble(
    after: Assessment, said: str
) -> None:
    before = {"a": assessment("a", diagnosis()), "b": assessment("b")}
    run: Any = SimpleNamespace(story=Told())
    with pytest.raises(RefusedError, match=said):
        leaf_heal._require_well_peers(run, healing(before, {"b": after}), "a", (VIP,))
    forced = healing(before, {"b": after}, force=True)
    leaf_heal._require_well_peers(run, forced, "a", (VIP,))
    assert said in run.story.lines


def test_a_partner_that_was_ill_before_hinders_nothing() -> None:
    before = {"a": assessment("a", diagnosis()), "b": assessment("b", diagnosis())}
    run: Any = SimpleNamespace(story=Told())
    after = {"b": assessment("b", diagnosis())}
    leaf_heal._require_well_peers(run, healing(before, after), "a", (VIP,))
