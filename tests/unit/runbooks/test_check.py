"""``vip check``: every switch has its outcome, whatever the others do."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import (
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionException,
    ConnectTimeoutError,
)
from pydantic import SecretStr

from inventory.errors import SourceError
from inventory.leafs import LeafMemory, leaf_of
from napalm_cumulus.errors import NoRootError, SudoRefusedError
from runbooks.fleet import assess
from runbooks.output.forms import FORMS
from tasks.facts.collect import SILENT
from tasks.facts.model import Section
from tests.unit.runbooks.fleet_world import Leafs, hang, leafs, name_of
from tests.unit.tasks.health.healthy import DOWN, V0, link, without

__all__ = ["leafs"]


def test_a_healthy_fleet_is_ok(leafs: Leafs) -> None:
    leafs.add(1, 3)
    result = leafs.world.vip("check")
    assert result.exit_code == 0, result.output
    assert "2 switches OK" in result.stdout
    assert sorted(leafs.asked) == [name_of(1), name_of(3)]
    assert "1/2 swt" in result.stderr
    assert "2/2 swt" in result.stderr


def test_a_check_of_one_vrf_judges_its_gateways_alone(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.change(3, lambda facts: link(facts, V0, flags=DOWN))
    assert leafs.world.vip("check", "--vrf", "default").exit_code == 11
    none = leafs.world.vip("check", "--vrf", "tenant1")
    assert none.exit_code == 3
    assert f"no stanza with VIPs of {name_of(1)}, {name_of(3)} is in VRF tenant1" in none.stderr
    assert leafs.world.vip("check", "--vrf", "tenant 1").exit_code == 2


def test_a_check_remembers_every_leaf_that_answered(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.add(2, answer=ConnectionException("No route to host."))
    leafs.world.vip("check")
    known = LeafMemory(leafs.world.directory / "cache").known()
    assert [leaf.name for leaf in known] == [name_of(1), name_of(3)]
    assert all(leaf.vteps for leaf in known)


def test_a_fault_of_one_leaf_is_critical_and_named(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.change(3, lambda facts: link(facts, V0, flags=DOWN))
    result = leafs.world.vip("check")
    assert result.exit_code == 11
    assert "vrr-device-down" in result.stdout
    assert "swt-sn2100-03" in result.stdout


@pytest.mark.parametrize(
    ("error", "check"),
    [
        (ConnectionException("Cannot connect to 10.5.0.101: No route to host."), "unreachable"),
        (ConnectTimeoutError("10.5.0.101 did not answer within 10 s."), "unreachable"),
        (ConnectionException("THE HOST KEY OF 10.5.0.101 HAS CHANGED."), "host-key"),
        (ConnectAuthError("10.5.0.101 refused user 'root'."), "login-refused"),
        (NoRootError("User 'netops' has no root rights on 10.5.0.101."), "no-root"),
        (SudoRefusedError("sudo on 10.5.0.101 refused user 'netops'."), "no-root"),
        (CommandTimeoutException("'sh' did not end within 10 s."), "no-answer"),
        (RuntimeError("a bug"), "unreadable"),
    ],
)
def test_who_cannot_be_judged_is_unknown_and_hides_nobody(
    leafs: Leafs, error: Exception, check: str
) -> None:
    leafs.add(1, answer=error)
    leafs.add(3)
    result = leafs.world.vip("check", "--format", "json")
    assert result.exit_code == 12, result.output
    found = {s["switch"]: s for s in json.loads(result.stdout)["switches"]}
    (finding,) = found[name_of(1)]["findings"]
    assert (finding["check"], finding["status"]) == (check, "UNKNOWN")
    assert str(error) in finding["evidence"]
    assert finding["remedy"]
    assert found[name_of(3)]["status"] == "OK"


def test_a_switch_that_hangs_costs_its_own_time_alone(leafs: Leafs) -> None:
    leafs.add(1, answer=hang())
    leafs.add(2, 3, 4)
    config = leafs.world.directory / "vipkeeper.toml"
    config.write_text(config.read_text() + "[check]\nswitch_deadline = 0.5\n")
    began = time.monotonic()
    result = leafs.world.vip("check", "--workers", "1")
    assert time.monotonic() - began < 25
    assert result.exit_code == 12
    assert "no-answer" in result.stdout
    assert "1 of 4 switches unknown" in result.stdout


def test_the_deadline_of_all_holds_and_nobody_is_left_out(leafs: Leafs) -> None:
    leafs.add(1, 2, answer=hang())
    leafs.add(3, 4)
    began = time.monotonic()
    result = leafs.world.vip("check", "--deadline", "0.6", "--workers", "2", "-f", "json")
    assert time.monotonic() - began < 25
    health = json.loads(result.stdout)
    assert [s["switch"] for s in health["switches"]] == [name_of(n) for n in (1, 2, 3, 4)]
    assert health["counts"]["UNKNOWN"] == 4


def test_critical_outweighs_unknown(leafs: Leafs) -> None:
    leafs.add(1, answer=ConnectionException("gone"))
    leafs.add(3)
    leafs.change(3, lambda facts: link(facts, V0, flags=DOWN))
    assert leafs.world.vip("check").exit_code == 11


def test_a_switch_without_an_address_is_said_to_be_missing(leafs: Leafs) -> None:
    leafs.add(1, 3)
    del leafs.world.site.switches[name_of(3)]
    result = leafs.world.vip("check")
    assert result.exit_code == 12
    assert "left-out" in result.stdout
    assert "swt-sn2100-03" in result.stdout


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("swt-sn2100-01",), [1]),
        (("10.5.0.103",), []),
        (("--filter", "name=*-03"), [3]),
        (("--filter", "name=swt-sn2100-01", "--filter", "name=*-03"), [1, 3]),
        (("--filter", "model=sn2100"), [1, 3]),
        (("--group", "model_sn2100"), [1, 3]),
    ],
)
def test_only_those_that_are_asked_for(
    leafs: Leafs, words: tuple[str, ...], asked: list[int]
) -> None:
    leafs.add(1, 3)
    leafs.answers["10.5.0.103"] = leafs.answers[name_of(3)]
    result = leafs.world.vip("check", *words)
    assert result.exit_code == 0, result.output
    assert sorted(leafs.asked) == ([name_of(n) for n in asked] or ["10.5.0.103"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--filter", "rack=a9"), 3, "none of the 2 switches matches"),
        (("--filter", "colour=red"), 2, "is not understood"),
        (("--filter", "rack="), 2, "is not understood"),
        (("swt-sn2100-01", "--group", "x"), 2, "not both"),
        (("--check", "svi-dwon"), 2, "Did you mean svi-down?"),
        (("--skip", "nonsense"), 2, "there is no check 'nonsense'"),
        (("--format", "xml"), 2, "is none of: table, json"),
        (("--format", "json", "--fix"), 2, "--fix"),
        (("--yes",), 2, "belong to --fix"),
        (("--deadline", "0"), 2, ""),
        (("--workers", "0"), 2, ""),
        (("a b",), 3, "neither a switch's name"),
        (("10.5.0.999",), 3, "neither a switch's name"),
        (("swt-99",), 3, ""),
    ],
)
def test_nonsense_is_refused_before_anybody_is_asked(
    leafs: Leafs, words: tuple[str, ...], code: int, said: str
) -> None:
    leafs.add(1, 3)
    result = leafs.world.vip("check", *words)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert leafs.asked == []


def test_checks_are_chosen_and_left_out(leafs: Leafs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIPKEEPER_CHECK__SKIP")
    leafs.add(1)
    leafs.change(1, lambda facts: link(facts, V0, flags=DOWN))
    assert leafs.world.vip("check", "--skip", "vrr-device-down").exit_code == 0
    assert leafs.world.vip("check", "--check", "forwarding-off").exit_code == 0
    assert leafs.world.vip("check", "--check", "vrr-device-down").exit_code == 11
    config = leafs.world.directory / "vipkeeper.toml"
    config.write_text(config.read_text() + '[check]\nskip = ["vrr-device-down"]\n')
    assert leafs.world.vip("check").exit_code == 0


def test_that_a_switch_is_not_reached_cannot_be_left_out(leafs: Leafs) -> None:
    leafs.add(1, answer=ConnectionException("gone"))
    assert leafs.world.vip("check", "--skip", "unreachable").exit_code == 12
    assert leafs.world.vip("check", "--check", "svi-down").exit_code == 12


def test_no_probe_sends_nothing(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.vip("check", "--no-probe")
    leafs.world.vip("check")
    assert leafs.probes[0] == SILENT
    assert leafs.probes[1] != SILENT


def test_connections_are_closed_as_soon_as_a_switch_is_done(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[str] = []
    monkeypatch.setattr(assess, "drop_connection", lambda host: dropped.append(host.name))
    leafs.add(1, answer=ConnectionException("gone"))
    leafs.add(3)
    leafs.world.vip("check")
    assert sorted(dropped) == [name_of(1), name_of(3)]


# --- programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (None, 0, "VIP OK"),
        (lambda facts: link(facts, V0, flags=DOWN), 2, "VIP CRITICAL"),
    ],
)
def test_nagios_has_its_own_exit_codes(leafs: Leafs, change: object, code: int, word: str) -> None:
    leafs.add(1)
    if callable(change):
        leafs.change(1, change)
    result = leafs.world.vip("check", "-f", "nagios")
    assert (result.exit_code, result.stdout.startswith(word)) == (code, True)
    assert result.stderr == ""


def test_any_failure_is_unknown_to_nagios(leafs: Leafs) -> None:
    leafs.world.site.uplinks = {"hv50": SourceError("Mimic", "it is down | really")}
    result = leafs.world.vip("check", "-f", "nagios")
    assert result.exit_code == 3
    assert result.stdout.startswith("VIP UNKNOWN - ")
    assert "|" not in result.stdout
    (leafs.world.directory / "vipkeeper.toml").write_text("wrokers = 1\n")
    assert leafs.world.vip("check", "-f", "nagios").exit_code == 3


@pytest.mark.parametrize(
    "words",
    [
        ("check", "-f", "nagios", "--wrokers", "3"),
        ("check", "--workers", "many", "--format", "nagios"),
        ("check", "--format=nagios", "--deadline"),
        ("check", "-fnagios", "--fix"),
        ("chekc", "-f", "nagios"),
        ("--wrong", "check", "-f", "nagios"),
        ("--config", "nowhere.toml", "check", "--format=nagios"),
    ],
)
def test_a_wrong_command_line_is_unknown_to_nagios(leafs: Leafs, words: tuple[str, ...]) -> None:
    result = leafs.world.vip(*words)
    assert result.exit_code == 3
    assert result.stdout.startswith("VIP UNKNOWN - ")
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_a_wrong_command_line_of_another_form_is_exit_code_2(leafs: Leafs) -> None:
    result = leafs.world.vip("check", "-f", "json", "--wrokers", "3")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_written_whole_or_refused(leafs: Leafs, tmp_path: Path, form: str) -> None:
    leafs.add(1)
    target = tmp_path / f"check.{form}"
    target.write_text("old")
    result = leafs.world.vip("check", "-f", form, "-o", str(target))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "swt-sn2100-01" in target.read_text() or form == "nagios"
    assert [p.name for p in tmp_path.glob(".*")] == []
    nowhere = tmp_path / "no" / "check"
    refused = leafs.world.vip("check", "-f", form, "-o", str(nowhere))
    assert refused.exit_code == (3 if form == "nagios" else 2)


def test_the_source_of_addresses_is_blamed_for_what_it_does_not_say(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.world.site.broken.add("address_of")
    result = leafs.world.vip("check")
    assert result.exit_code == 4
    assert "not one of the 2 switches" in result.stderr
    assert "has an address" in result.stderr
    assert "Mend it." in result.stderr


def test_without_an_inventory_it_is_said_which_switches_to_name(leafs: Leafs) -> None:
    leafs.world.site.broken.add("list_hypervisors")
    result = leafs.world.vip("check")
    assert result.exit_code == 4
    assert "vip check ADDRESS..." in result.stderr
    leaf = leaf_of("swt-sn2100-03.example.internal", "10.5.0.43", "swt-sn2100-03", ())
    assert leaf is not None
    LeafMemory(leafs.world.directory / "cache").keep([leaf])
    result = leafs.world.vip("check")
    assert result.exit_code == 4
    assert "vip check 10.5.0.43 (looked at before)" in " ".join(result.stderr.split())


def test_kept_answers_of_a_failing_source_are_said_with_their_age(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.uplinks["hv99"] = SourceError("Mimic", "it does not answer")
    result = leafs.world.vip("check")
    assert result.exit_code == 12
    assert "it does not answer" in result.stdout


def test_a_vip_that_is_missing_on_one_leaf_is_seen_across_the_fleet(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.change(3, lambda facts: without(facts, "addresses", device=V0))
    result = leafs.world.vip("check", "-f", "json")
    present = {
        (s["switch"], v["vip"]): v["present"]
        for s in json.loads(result.stdout)["switches"]
        for v in s["vips"]
    }
    assert present[name_of(1), "130.246.212.1"] is True
    assert present[name_of(3), "130.246.212.1"] is False


@pytest.mark.parametrize("section", ["links", "addresses"])
def test_a_vip_of_which_nothing_could_be_read_is_not_called_absent(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    monkeypatch.setenv("VIPKEEPER_CHECK__SKIP", '["routing-model", "svi-address-shared"]')
    leafs.add(1, 3)
    unread = Section[Any](unread="'ip -j' said nonsense")
    leafs.change(3, lambda facts: replace(facts, **{section: unread}))
    result = leafs.world.vip("check", "-f", "json")
    health = json.loads(result.stdout)
    assert result.exit_code == 12, result.stdout
    assert health["switches"][1]["vips"] == []
    assert health["findings"] == []
    assert (
        name_of(3)
        not in leafs.world.vip("check", "-f", "prometheus").stdout.split(
            "vipkeeper_vip_present", 1
        )[1]
    )


def test_a_password_is_looked_for_once_nobody_let_us_in(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def get_secret(name: str, **_: object) -> SecretStr:
        asked.append(name)
        return SecretStr("geheim")

    monkeypatch.setattr("runbooks.fleet.ask.get_secret", get_secret)
    leafs.add(1, 3)
    well = dict(leafs.answers)

    def collect(task: Any, **more: Any) -> Any:
        refused = task.host.password != "geheim"
        name = task.host.name
        leafs.answers[name] = ConnectAuthError("no") if refused else well[name]
        return leafs.collect(task, **more)

    monkeypatch.setattr(assess, "collect_facts", collect)
    result = leafs.world.vip("check")
    assert result.exit_code == 0, result.output
    assert asked == ["ssh_password"]
    assert "geheim" not in result.output


def test_where_no_password_is_known_the_variable_is_named(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbooks.fleet.ask.get_secret", lambda *_, **__: None)
    leafs.add(1, answer=ConnectAuthError("10.5.0.101 refused the login."))
    result = leafs.world.vip("check")
    assert result.exit_code == 12
    assert "set VIPKEEPER_SSH_PASSWORD" in result.stdout


@pytest.mark.parametrize("error", [NoRootError("no root rights"), SudoRefusedError("no sudo")])
def test_a_password_does_not_make_root(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a password was asked for")

    monkeypatch.setattr("runbooks.fleet.ask.get_secret", never)
    leafs.add(1, answer=error)
    assert leafs.world.vip("check").exit_code == 12


def test_one_refused_login_among_others_asks_nobody(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a password was asked for")

    monkeypatch.setattr("runbooks.fleet.ask.get_secret", never)
    leafs.add(1, answer=ConnectAuthError("no"))
    leafs.add(3)
    assert leafs.world.vip("check").exit_code == 12
