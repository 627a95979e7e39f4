"""A heal that loses its session, or is interrupted by Ctrl-C."""

from __future__ import annotations

from typing import Any

import pytest
from napalm.base.exceptions import ConnectionClosedException, ConnectionException

from runbooks import heal
from runbooks.run import session as switches
from tests.unit.inventory.fakes import SW3
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import FakeSwitch


def test_a_session_lost_while_toggling_is_looked_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()
    monkeypatch.setattr("time.sleep", lambda _: None)

    def lose(switch: FakeSwitch) -> None:
        world.recover()
        switch.open_errors = [ConnectionException("no route")] * 2
        raise ConnectionClosedException("the session was lost.")

    world.leaf.on_commit = lose
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 0, result.output
    assert "the switch goes on by itself" in result.output.lower()
    assert "answers again, and nothing is pending there" in result.output


def test_a_switch_that_stays_away_is_told_as_such(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()
    monkeypatch.setattr(switches, "_wait_seconds", lambda _: 0.0)

    def lose(switch: FakeSwitch) -> None:
        switch.open_errors = [ConnectionException("no route")] * 9
        raise ConnectionClosedException("the session was lost.")

    world.leaf.on_commit = lose
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 5
    assert "vip pending" in result.stderr


def test_ctrl_c_while_toggling_says_what_the_switch_does(world: World) -> None:
    world.cut_off()

    def interrupt(_: FakeSwitch) -> None:
        raise KeyboardInterrupt

    world.leaf.on_commit = interrupt
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 9
    assert "goes on by itself" in result.stderr
    assert f"vip pending {SW3}" in result.stderr
    assert world.reports()[0]["verdict"] == "cancelled"


def test_ctrl_c_before_and_after_the_toggle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    world.cut_off()
    with monkeypatch.context() as patch:
        patch.setattr(heal, "wait_until_answering", interrupt)
        after = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert (after.exit_code, "back in its old configuration" in after.stderr) == (9, True)
    monkeypatch.setattr(heal, "probe_all", interrupt)
    before = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert (before.exit_code, "nothing on any switch was touched" in before.stderr) == (9, True)
    assert [report["verdict"] for report in world.reports()] == ["cancelled", "cancelled"]
