from __future__ import annotations

import json
import subprocess
import sys

import pytest
from napalm.base.exceptions import CommandTimeoutException

from inventory.errors import SourceError
from runbooks.incident.path import PathStep
from runbooks.run.explain import explain
from runbooks.run.records import now
from tests.unit.inventory.fakes import SW3
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import lldp, pending_commit


def test_trace_shows_every_step_and_the_switchs_own_word(world: World) -> None:
    result = world.vip("trace", "vm-a1")
    assert result.exit_code == 0, result.output
    for said in ("VM", "uplinks", "swp1s3", "10.5.0.43", "behind it?", "yes: LLDP", "vlan453-v0"):
        assert said in result.output
    assert not world.committed


def test_trace_as_json(world: World) -> None:
    answer = json.loads(world.vip("trace", "vm-a1", "--json").stdout)
    assert answer["schema"] == "vipkeeper/trace/1"
    assert answer["switches"][0]["confirmed"] is True
    assert answer["switches"][0]["gateway"]["interface"] == "vlan453"


def test_trace_says_who_else_is_cut_off(world: World) -> None:
    result = world.vip("trace", "vm-a1")
    assert "answers?" in result.output
    assert "not the target, which answers; there is nobody to compare with" in result.output
    world.silent = {"130.246.213.11"}
    assert "cannot say: there is nobody to compare with" in world.vip("trace", "vm-a1").output
    answer = json.loads(world.vip("trace", "vm-a1", "--json").stdout)
    assert answer["impact"]["scope"] == "cannot say"
    assert answer["impact"]["sentence"].startswith("cannot say")
    assert answer["probes"][0]["received"] == 0


def test_trace_pings_nobody_when_told_so(world: World) -> None:
    result = world.vip("trace", "vm-a1", "--no-probe")
    assert "answers?" not in result.output
    assert "cut off" not in result.output
    answer = json.loads(world.vip("trace", "vm-a1", "--no-probe", "--json").stdout)
    assert (answer["probes"], answer["impact"]) == ([], None)


def test_trace_fails_when_the_switch_disagrees(world: World) -> None:
    world.leaf.lldp = lldp()
    result = world.vip("trace", "vm-a1")
    assert result.exit_code == 6
    assert "NO: LLDP" in result.output


def test_trace_shows_how_far_it_came(world: World) -> None:
    world.site.broken = {"uplinks_of"}
    result = world.vip("trace", "vm-a1")
    assert result.exit_code == 4
    assert "vm-a1 (130.246.213.11) is ACTIVE" in result.stdout
    assert "uplinks_of is down" in result.stderr


def test_trace_without_the_switches(world: World) -> None:
    assert world.vip("trace", "vm-a1", "--no-ask-switches").exit_code == 0
    assert world.leaf.events == []


@pytest.mark.parametrize("which", [("--vip", "130.246.212.1"), ("--interface", "vlan453")])
@pytest.mark.parametrize("switch", ["swt-sn2100-03", "10.5.0.43"])
def test_toggle_by_name_or_address(world: World, which: tuple[str, str], switch: str) -> None:
    result = world.vip("toggle", switch, *which, "--yes")
    assert result.exit_code == 0, result.output
    assert world.committed
    assert "TOGGLED" in result.output


def test_toggle_dry_run(world: World) -> None:
    assert world.vip("toggle", SW3, "--vip", "130.246.212.1", "-n").exit_code == 0
    assert not world.committed


@pytest.mark.parametrize(
    "words",
    [
        (SW3,),
        (SW3, "--vip", "1.2.3.4", "--interface", "vlan1"),
        (SW3, "--vip", "1.2.3"),
        (SW3, "--interface", "vlan1;reboot"),
    ],
)
def test_toggle_with_nonsense_is_a_usage_error(world: World, words: tuple[str, ...]) -> None:
    assert world.vip("toggle", *words, "--yes").exit_code == 2
    assert world.leaf.events == []


def test_toggle_of_an_unknown_switch_or_vip(world: World) -> None:
    assert world.vip("toggle", "sw-99", "--vip", "130.246.212.1").exit_code == 3
    assert world.vip("toggle", SW3, "--vip", "192.0.2.1", "--yes").exit_code == 3
    misspelt = world.vip("toggle", SW3, "--interface", "vlan543", "--yes")
    assert misspelt.exit_code == 3
    assert "Did you mean vlan453?" in misspelt.stderr
    assert not world.committed


@pytest.mark.parametrize("name", ["swt-sn2100-30", "10.5.0.999", "a b", "-oProxyCommand=x"])
@pytest.mark.parametrize(
    "words",
    [
        ("trace", "{}"),
        ("heal", "{}"),
        ("check", "{}"),
        ("watch", "{}", "--rounds", "1"),
        ("toggle", "{}", "--interface", "vlan453"),
        ("pending", "{}"),
        ("confirm", "{}"),
        ("rollback", "{}"),
        ("heal", "{}", "vm-a1", "--switch"),
        ("trace", "{}", "vm-a1", "--switch"),
    ],
)
def test_an_unknown_name_is_exit_code_3_everywhere(
    world: World, words: tuple[str, ...], name: str
) -> None:
    option = words[-1].startswith("--")
    before = ("--",) if name.startswith("-") and not option else ()
    given = (*words[2:-1], f"{words[-1]}={name}") if option else (*words[2:], *before, name)
    result = world.vip(words[0], *given)
    assert result.exit_code == 3, result.output
    assert world.leaf.events == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("trace", "vm-al"), "vm-a1"),
        (("heal", "vm:vm-al"), "vm-a1"),
        (("find", "vm:vm-al"), "vm-a1"),
        (("find", "name:vm-al"), "vm-a1"),
        (("heal", "vm-a1", "--switch", "swt-sn2100-30"), f"{SW3}"),
        (("trace", "hv5O"), "hv50.nubes.example.internal"),
        (("trace", "hypervisor:hv5O"), "hv50.nubes.example.internal"),
        (("trace", "swt-sn2100-30"), f"{SW3}"),
        (("pending", "swt-sn2100-30"), f"{SW3}"),
        (("check", "--group", "model_sn210"), "model_sn2100"),
        (("check", "--filter", "name=swt-sn2100-30"), f"{SW3}"),
        (("toggle", SW3, "--vip", "130.246.212.11"), "130.246.212.1"),
        (("toggle", SW3, "-i", "vlan543"), "vlan453"),
    ],
)
def test_a_name_that_is_misspelt_is_asked_about(
    world: World, words: tuple[str, ...], meant: str
) -> None:
    result = world.vip(*words)
    assert result.exit_code == 3, result.output
    question = next(line for line in result.stderr.splitlines() if "Did you mean " in line)
    assert meant in question


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("toggel", SW3), "toggle"),
        (("labb", "up"), "lab"),
        (("inventory", "refesh"), "refresh"),
        (("check", "--wrokers", "3"), "--workers"),
        (("check", "--check", "svi-dwon"), "svi-down"),
    ],
)
def test_a_word_that_is_misspelt_is_a_usage_error(
    world: World, words: tuple[str, ...], meant: str
) -> None:
    result = world.vip(*words)
    assert result.exit_code == 2
    assert meant in result.stderr.split("rror:")[-1]


def test_pending_confirm_rollback(world: World) -> None:
    assert "nothing is pending" in world.vip("pending", SW3).output
    world.leaf.pending = pending_commit()
    assert "bob@seat" in world.vip("pending", SW3).output
    assert world.vip("confirm", SW3).exit_code == 0
    assert "confirm" in world.leaf.events
    world.leaf.pending = pending_commit()
    assert world.vip("rollback", "10.5.0.43").exit_code == 0
    assert "rollback" in world.leaf.events
    said = [(line["command"], line["event"]) for line in world.audit()]
    assert said == [(v, e) for v in ("confirm", "rollback") for e in ("begin", "end")]


@pytest.mark.parametrize("verb", ["confirm", "rollback"])
def test_settling_nothing_fails(world: World, verb: str) -> None:
    result = world.vip(verb, SW3)
    assert result.exit_code == 6
    assert "there is no commit to" in result.stderr


def test_inventory_show_and_write(world: World) -> None:
    assert "10.5.0.43" in world.vip("inventory", "show").output
    answer = json.loads(world.vip("inventory", "show", "--json").stdout)
    assert answer["hosts"][0]["name"] == SW3
    directory = world.directory / "written"
    assert world.vip("inventory", "write", str(directory)).exit_code == 0
    assert {p.name for p in directory.iterdir()} == {"hosts.yaml", "groups.yaml", "defaults.yaml"}
    assert "1 switch," in world.vip("inventory", "refresh").output


def test_inventory_of_a_site_that_is_down(world: World) -> None:
    world.site.uplinks = {"hv50": SourceError("Mimic", "it is down")}
    assert world.vip("inventory", "show").exit_code == 4


def test_wrong_settings_are_exit_code_2(world: World) -> None:
    (world.directory / "vipkeeper.toml").write_text("wrokers = 1\n")
    result = world.vip("trace", "vm-a1")
    assert result.exit_code == 2
    assert "did you mean workers" in result.stderr


@pytest.mark.parametrize("words", [("heal",), ("hael", "vm-a1"), ("heal", "vm-a1", "--yse")])
def test_typers_own_complaints_are_exit_code_2(world: World, words: tuple[str, ...]) -> None:
    assert world.vip(*words).exit_code == 2


@pytest.mark.parametrize("words", [("trace", "vm-a1"), ("check",), ("inventory", "show")])
def test_ctrl_c_in_a_command_that_only_reads_has_touched_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("nornir_config.inventory_plugin.site_from_settings", interrupted)
    result = world.vip(*words)
    assert result.exit_code == 9
    assert "Nothing on any switch was touched: run it again." in result.stderr
    assert "vip pending" not in result.output


@pytest.mark.parametrize("words", [("heal", "vm-a1", "--yes"), ("check", "--fix", "--yes")])
def test_ctrl_c_in_a_command_that_changes_does_not_promise_that(
    world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("nornir_config.inventory_plugin.site_from_settings", interrupted)
    result = world.vip(*words)
    assert result.exit_code == 9
    assert "run it again" not in result.stderr


def test_a_command_that_takes_too_long_is_looked_after_where_it_may_change() -> None:
    late = CommandTimeoutException("'sh' did not end within 10 s.")
    assert explain(late, SW3).advice.endswith(f"look with: vip pending {SW3}")
    said = explain(late, SW3, reading=True)
    assert said.advice == ("Nothing on the switch was touched: look at its load, and run it again.")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_debug_shows_the_traceback_and_only_debug(world: World) -> None:
    world.site.vms = None  # type: ignore[assignment]  # a bug
    assert "Traceback" not in world.vip("trace", "vm-a1").output
    result = world.vip("--debug", "trace", "vm-a1")
    assert result.exit_code == 1


def test_the_installed_command_and_a_reader_that_leaves() -> None:
    code = "from runbooks.cli.main import main; main()"
    version = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("vip ")
    piped = subprocess.run(
        f"{sys.executable} -c '{code}' --help | true",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert piped.stderr == ""


@pytest.mark.parametrize(
    ("seconds", "cached", "words"),
    [(0, False, "now"), (600, False, "10 minutes"), (7300, True, "kept, 2 hours")],
)
def test_ages(seconds: float, cached: bool, words: str) -> None:
    step = PathStep("vm", "vm-a1", "OpenStack", now(), seconds, cached, "")
    assert step.age == words
