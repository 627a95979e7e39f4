"""What a run says at its end follows from what was seen last, not from what was meant."""

from __future__ import annotations

from typing import Any

import pytest
from napalm.base.exceptions import CommitError, ConnectionClosedException, LockError

from inventory.target import Kind
from napalm_cumulus.errors import CommitRefusedError
from runbooks import pending
from runbooks.cure.words import cut_off_before
from runbooks.incident.impact import Impact, Sample, Scope
from runbooks.run.attempt import CureAttempt, outage_in_words
from runbooks.run.report import HealReport, TargetTrace
from runbooks.run.run import stopped_during
from tasks.errors import RefusedError
from tasks.ladder import Cure
from tests.unit.inventory.fakes import SW3
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import FakeSwitch, link, pending_commit

TOGGLE = ("toggle", SW3, "--vip", "130.246.212.1", "--yes")
HEAL = ("heal", "vm-a1", "--toggle", "--yes")


def without_its_vip(switch: FakeSwitch) -> None:
    """The first VRR device has lost its address."""
    bare = link("vlan453-v0", mac="00:00:5e:00:01:c5")
    switch.links = [bare if row["ifname"] == "vlan453-v0" else row for row in switch.links]


@pytest.mark.parametrize("command", [TOGGLE, HEAL], ids=["toggle", "heal"])
def test_a_vip_that_was_absent_before_and_is_absent_after(
    world: World, command: tuple[str, ...]
) -> None:
    without_its_vip(world.leaf)
    result = world.vip(*command)
    assert result.exit_code == 8, result.output
    assert "is back" not in result.output
    assert "NOT HEALED: " in result.output
    assert "vlan453-v0 lacks 130.246.212.1/22" in result.output
    (report,) = world.reports()
    assert report["verdict"] == "not-healed"
    assert report["kernel"][-1]["kernel"]["absent"]
    assert world.audit()[-1]["verdict"] == "not-healed"


def test_a_vip_that_goes_after_the_cure_was_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there when the cure ends, and gone when the run ends."""
    world.cut_off()

    def wait(addresses: list[str], settle: float, **_: Any) -> tuple[Any, float]:
        without_its_vip(world.leaf)
        return world.wait(addresses, settle)

    monkeypatch.setattr("runbooks.cure.treat.wait_until_answering", wait)
    result = world.vip("heal", "vm-a1", "--yes")
    assert world.cured
    assert result.exit_code == 8, result.output
    assert "vm-a1 answers, but the gateway vlan453 on swt-sn2100-03" in result.output


def test_the_toggle_of_a_vip_that_is_there_is_told_with_its_outage(world: World) -> None:
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0
    assert (
        f"130.246.212.1/22 on {SW3} was toggled and is back; the gateway was away for at most"
        in (result.output)
    )
    begin = world.audit()[0]
    assert (begin["cure"], begin["fault"]) == ("toggle", "asked-for")


def test_a_reboot_is_not_called_a_cure(world: World) -> None:
    world.cut_off()

    def reboot() -> None:
        world.leaf.boot = "beef"
        world.recover()
        raise ConnectionClosedException("the session was lost.")

    world.on_cure[Cure.REAPPLY] = reboot
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert "was cured by" not in result.output
    assert "cut nobody off" not in result.output
    assert f"HEALED: vm-a1 answers again: {SW3} rebooted at " in result.output
    assert "UTC while reapply was under way; everybody behind it was cut off" in result.output
    (attempt,) = world.reports()[0]["attempts"]
    assert attempt["rebooted_at"]
    assert attempt["outage_seconds"] is None


def test_a_toggle_that_a_reboot_came_between(world: World) -> None:
    def reboot(switch: FakeSwitch) -> None:
        switch.boot = "beef"

    world.leaf.on_commit = reboot
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0
    assert f"{SW3} rebooted at " in result.output
    assert "is back" not in result.output


def test_a_lost_session_leaves_the_outage_unmeasured_and_gets_its_aftercare(world: World) -> None:
    world.cut_off()
    by_hand = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
    world.leaf.routes.append(by_hand)

    def lose() -> None:
        world.recover()
        world.leaf.routes.remove(by_hand)
        raise ConnectionClosedException("the session was lost.")

    world.on_cure[Cure.REAPPLY] = lose
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0, result.output
    assert "cut nobody off" not in result.output
    assert "s, not measured" in result.output
    assert "arping" in world.leaf.events
    assert "ip route replace 10.77.0.0/16 via 130.246.213.11 dev vlan453" in world.leaf.events
    (attempt,) = world.reports()[0]["attempts"]
    assert attempt["lost_session"] == "the session was lost."
    assert attempt["outage_seconds"] is None
    assert attempt["aftercare"]["restored"]


def test_a_cure_that_the_switch_goes_back_from_gets_its_aftercare(world: World) -> None:
    """Going back by ``ifup`` takes hand-made routes away as the cure itself does."""
    world.cut_off()
    by_hand = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
    world.leaf.routes.append(by_hand)

    def fail() -> None:
        world.leaf.routes.remove(by_hand)
        raise CommitError("it did not go as meant, and the switch has gone back")

    world.on_cure[Cure.REAPPLY] = fail
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 7, result.output
    assert "arping" in world.leaf.events
    assert "ip route replace 10.77.0.0/16 via 130.246.213.11 dev vlan453" in world.leaf.events
    report = world.reports()[0]
    (attempt,) = report["attempts"]
    assert attempt["ended"]
    assert attempt["complete"] is False
    assert attempt["outage_seconds"] is None
    assert attempt["aftercare"]["restored"]
    assert report["kernel"], "what is there at the end is looked at"
    assert report["verdict"] == "rolled-back"


def test_a_failed_cure_whose_switch_is_gone_stays_the_outcome(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()
    monkeypatch.setattr("runbooks.run.session._SETTLING", -60.0)

    def fail() -> None:
        world.leaf.open_errors = [ConnectionClosedException("it is gone")] * 9
        raise CommitError("it did not go as meant, and the switch has gone back")

    world.on_cure[Cure.REAPPLY] = fail
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 7, result.output
    assert "hand-made routes and neighbours may not have been put back" in result.output
    assert not world.reports()[0]["attempts"][0]["ended"]


@pytest.mark.parametrize(
    "error",
    [
        CommitRefusedError("it did not begin. Nothing was changed."),
        LockError("the files changed meanwhile"),
        RefusedError("somebody changed it; nothing was touched"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_cure_that_is_refused_is_none_that_was_begun(world: World, error: Exception) -> None:
    world.cut_off()

    def refuse() -> None:
        raise error

    world.on_cure[Cure.REAPPLY] = refuse
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6, result.output
    report = world.reports()[0]
    assert report["verdict"] == "refused"
    assert report["attempts"] == []


def masked(world: World) -> None:
    """Its first cure does not help: another one is asked for."""
    world.cut_off()
    world.on_cure[Cure.REAPPLY] = lambda: None


def test_a_no_to_the_second_cure_does_not_deny_the_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbooks.cli.options.is_terminal", lambda: True)
    masked(world)
    result = world.vip("heal", "vm-a1", "--force", input_="y\nn\n")
    assert [cure for _, cure, _ in world.cured] == [Cure.REAPPLY]
    assert result.exit_code == 9, result.output
    said = (
        f"not confirmed; nothing more on the switch was touched; done before it: reapply on {SW3}"
    )
    assert said in result.stderr
    assert world.reports()[0]["sentence"] == said


def test_a_refusal_of_the_second_cure_does_not_deny_the_first(world: World) -> None:
    masked(world)

    def refuse() -> None:
        raise RefusedError(f"{SW3}: another commit is pending: x; nothing was touched")

    for cure in (Cure.FLAP, Cure.RECREATE, Cure.TOGGLE):
        world.on_cure[cure] = refuse
    result = world.vip("heal", "vm-a1", "--yes", "--force")
    assert result.exit_code == 6, result.output
    assert f"nothing more was touched; done before it: reapply on {SW3}" in result.stderr
    (attempt,) = world.reports()[0]["attempts"]
    assert attempt["cure"] == "reapply"


def test_a_target_that_answered_all_the_time_does_not_answer_again(world: World) -> None:
    result = world.vip(*HEAL)
    assert result.exit_code == 0, result.output
    assert "HEALED: vm-a1 answers: its gateway was toggled" in result.output


def test_ctrl_c_while_a_repair_is_under_way(world: World) -> None:
    world.cut_off()

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.on_cure[Cure.REAPPLY] = interrupt
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 9
    assert "old configuration" not in result.stderr
    assert "goes on by itself and completes the repair" in result.stderr
    assert not world.reports()[0]["attempts"][0]["ended"]


@pytest.mark.parametrize(
    ("cure", "said"),
    [
        (Cure.TOGGLE, "ends in its old configuration within 60 s"),
        (Cure.RECREATE, "completes the repair"),
        (Cure.FORGET, "what was sent to it was done"),
        (Cure.ANNOUNCE, "what was sent to it was done"),
    ],
)
def test_ctrl_c_says_what_becomes_of_each_cure(cure: Cure, said: str) -> None:
    told = str(stopped_during(CureAttempt(cure, "a-fault", "vlan453", SW3), 60))
    assert said in told
    assert ("old configuration" in told) == (cure is Cure.TOGGLE)


@pytest.mark.parametrize("command", ["confirm", "rollback"])
def test_ctrl_c_while_a_commit_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    world.leaf.pending = pending_commit()

    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pending, f"{command}_commit", interrupt)
    result = world.vip(command, SW3)
    assert result.exit_code == 9
    assert "nothing on any switch was touched" not in result.stderr
    assert "whether it has is not known" in result.stderr
    assert f"vip pending {SW3}" in result.stderr


def test_outages_in_words() -> None:
    quiet = CureAttempt(Cure.REAPPLY, "f", "vlan453", outage_seconds=0.0)
    short = CureAttempt(Cure.FLAP, "f", "vlan453", outage_seconds=0.25)
    lost = CureAttempt(Cure.FLAP, "f", "vlan453", unmeasured_seconds=61.2)
    assert outage_in_words([quiet]) == "; the cure cut nobody off"
    assert outage_in_words([quiet, quiet]) == "; the cures cut nobody off"
    assert outage_in_words([quiet, short]) == "; the gateway was away for at most 0.25 s"
    assert outage_in_words([short, lost]) == ("; the gateway was away for up to 62 s, not measured")


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope.NOBODY, ""),
        (Scope.UNKNOWN, ""),
        (Scope.VM, "; nobody else was seen to be cut off before"),
        (Scope.HYPERVISOR, "; cut off before: the hypervisor hv50 (0 of 1 others there answered)"),
        (Scope.LEAF, "; cut off before: the leaf swt-sn2100-03 (1 of 3 others there answered)"),
        (
            Scope.FLEET,
            "; cut off before: more than the leaf swt-sn2100-03 (1 of 4 others there answered)",
        ),
    ],
)
def test_who_had_been_cut_off_is_told_at_the_end(scope: Scope, said: str) -> None:
    impact = Impact(
        scope,
        Sample("", silent=("vm-a2",)),
        Sample("", answering=("vm-b1",), silent=("vm-b2",), leaf="swt-sn2100-03"),
        (Sample("", silent=("vm-c1",)),),
    )
    way = TargetTrace(Kind.VM, "hv50.nubes.example.internal", (), ())
    assert cut_off_before(HealReport(impact=impact, way=way)) == said
    assert cut_off_before(HealReport()) == ""
