"""The audit log: each change of each command names its cure and its fault before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from nornir.core.task import MultiResult, Result

from nornir_config.settings import load_settings
from runbooks.fleet.outcome import outcome_of
from runbooks.run.run import Run, recorded
from runbooks.run.story import Story, make_console
from tasks.errors import RefusedError
from tests.unit.inventory.fakes import SW3
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import pending_commit
from tests.unit.tasks.health.healthy import SVI


@pytest.mark.parametrize(
    ("words", "cure", "fault"),
    [
        (("toggle", SW3, "--vip", "130.246.212.1", "--yes"), "toggle", "asked-for"),
        (("heal", "vm-a1", "--toggle", "--yes"), "toggle", "asked-for"),
        (("heal", "vm-a1", "--yes"), "reapply", "svi-routes-lost"),
        (("confirm", SW3), "confirm", "commit-pending"),
        (("rollback", SW3), "rollback", "commit-pending"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_change_names_cure_and_fault(
    world: World, words: tuple[str, ...], cure: str, fault: str
) -> None:
    if words[0] == "heal":
        world.cut_off()
    if words[0] in {"confirm", "rollback"}:
        world.leaf.pending = pending_commit()
    assert world.vip(*words).exit_code == 0
    lines = world.audit()
    assert [line["event"] for line in lines] == ["begin", "end"]
    begin = lines[0]
    assert (begin["cure"], begin["fault"], begin["switches"]) == (cure, fault, [SW3])
    assert begin["interface"] == SVI
    if words[0] in {"confirm", "rollback"}:
        assert begin["commit"] == {"id": "0123456789ab", "owner": "bob@seat", "message": "new rack"}


@pytest.mark.parametrize("verb", ["confirm", "rollback"])
def test_what_cannot_be_written_down_is_not_done(world: World, verb: str) -> None:
    (world.directory / "state").mkdir()
    (world.directory / "state/audit.jsonl").symlink_to(Path("/dev/null"))
    world.leaf.pending = pending_commit()
    result = world.vip(verb, SW3)
    assert (result.exit_code, "could not be written" in result.stderr) == (1, True)
    assert verb not in world.leaf.events
    assert f"the commit was left as it is, and {verb} was not begun" in result.stderr


def test_a_cure_that_cannot_be_written_down_is_not_begun_and_says_so(world: World) -> None:
    (world.directory / "state").mkdir()
    (world.directory / "state/audit.jsonl").symlink_to(Path("/dev/null"))
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 1
    assert world.cured == []
    assert f"reapply was not begun on {SW3}" in result.stderr
    assert world.reports()[0]["attempts"] == []


@pytest.mark.parametrize("words", [("toggle", "sw-99", "--vip", "10.0.0.1"), ("confirm", "sw-99")])
def test_a_switch_that_is_not_found_is_recorded(world: World, words: tuple[str, ...]) -> None:
    assert world.vip(*words).exit_code == 3
    assert [line["event"] for line in world.audit()] == ["end"]
    (report,) = world.reports()
    assert (report["exit_code"], report["target"]) == (3, "sw-99")


def test_a_leaf_that_failed_has_its_own_report_named(world: World) -> None:
    """Of many leafs' report the one of a leaf that was refused was missing."""
    settings = load_settings(world.directory / "vipkeeper.toml")
    run = Run(settings, Story(make_console(), quiet=True), "heal", SW3)
    with pytest.raises(RefusedError) as caught, recorded(run):
        raise RefusedError(f"{SW3}: a commit is pending")
    results = MultiResult("heal")
    results.append(Result(None, exception=caught.value, failed=True))
    outcome = outcome_of(SW3, results)
    assert outcome.verdict == "failed"
    assert outcome.report == str(run.written)
    assert Path(outcome.report).exists()
