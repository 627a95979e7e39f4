"""``vip watch``: what began and what ended, a scrape at any time, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import ConnectionException

from inventory.errors import SourceError
from nornir_config.fleet_settings import listen_address
from runbooks.monitor.changes import Changes
from runbooks.monitor.refresh import Refresh
from tasks.facts.model import SwitchFacts
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth, SwitchHealth
from tests.unit.runbooks.fleet_world import Leafs, hang, leafs, name_of
from tests.unit.tasks.health.healthy import DOWN, V0, link

__all__ = ["leafs"]

AT = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
DOWN_NOW = Finding("vrr-device-down", Status.CRITICAL, "a", "10.0.0.1", "ip link: ...", "", "vlan1")


def fleet(seconds: float, *findings: Finding, silent: tuple[str, ...] = ()) -> FleetHealth:
    switches = tuple(
        SwitchHealth(
            name,
            "",
            (Finding("unreachable", Status.UNKNOWN, name, "", "gone"),)
            if name in silent
            else tuple(f for f in findings if f.switch == name),
        )
        for name in ("a", "b")
    )
    whole = tuple(f for f in findings if not f.switch)
    return FleetHealth(AT + timedelta(seconds=seconds), switches, whole)


def events(changes: Changes, health: FleetHealth) -> list[tuple[str, str, float]]:
    return [(c.event, c.finding.check, c.seconds) for c in changes.update(health)]


# --- changes --------------------------------------------------------------------------------------


def test_a_finding_appears_once_and_clears_once() -> None:
    changes = Changes()
    assert events(changes, fleet(0)) == []
    assert events(changes, fleet(10, DOWN_NOW)) == [("appeared", "vrr-device-down", 0.0)]
    assert events(changes, fleet(20, replace(DOWN_NOW, evidence="other words"))) == []
    assert events(changes, fleet(40)) == [("cleared", "vrr-device-down", 30.0)]
    assert events(changes, fleet(50)) == []


def test_better_and_worse_are_told() -> None:
    changes = Changes()
    changes.update(fleet(0, replace(DOWN_NOW, status=Status.WARNING)))
    (change,) = changes.update(fleet(5, DOWN_NOW))
    assert (change.event, change.was, change.seconds) == ("changed", "WARNING", 5.0)
    assert change.as_line()["was"] == "WARNING"


def test_a_switch_that_falls_silent_is_not_called_well() -> None:
    changes = Changes()
    spread = Finding("vip-mac-differs", Status.CRITICAL, "", "10.0.0.1", "a and b differ")
    changes.update(fleet(0, DOWN_NOW, spread))
    assert events(changes, fleet(5, silent=("a",))) == [("appeared", "unreachable", 0.0)]
    assert events(changes, fleet(10, silent=("a",))) == []
    assert sorted(events(changes, fleet(15))) == [
        ("cleared", "unreachable", 10.0),
        ("cleared", "vip-mac-differs", 15.0),
        ("cleared", "vrr-device-down", 15.0),
    ]


# --- the whole command ----------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def watch(leafs: Leafs, *words: str, port: int | None = None) -> Any:
    where = f"127.0.0.1:{port or free_port()}"
    log = str(leafs.world.directory / "watch.jsonl")
    return leafs.world.vip("watch", "--listen", where, "--log", log, "--interval", "1", *words)


def lines(leafs: Leafs) -> list[Any]:
    text = (leafs.world.directory / "watch.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def under_way(leafs: Leafs, do: Callable[[], object]) -> None:
    """Do it a moment after the first switch was asked, however late that is."""

    def wait() -> None:
        while not leafs.asked:
            time.sleep(0.01)
        time.sleep(0.3)
        do()

    threading.Thread(target=wait, daemon=True).start()


def test_rounds_are_gone_through_and_changes_written(leafs: Leafs) -> None:
    leafs.add(1, 3)

    def break_it() -> SwitchFacts:
        rounds = leafs.asked.count(name_of(3))
        return link(well, V0, flags=DOWN) if rounds == 2 else well

    well = leafs.answers[name_of(3)]
    assert isinstance(well, SwitchFacts)
    leafs.answers[name_of(3)] = break_it
    result = watch(leafs, "--rounds", "3")
    assert result.exit_code == 0, result.output
    assert [line["event"] for line in lines(leafs)] == ["started", "appeared", "cleared", "stopped"]
    assert lines(leafs)[1]["check"] == "vrr-device-down"
    assert lines(leafs)[2]["seconds"] >= 0.5
    assert "CRITICAL" in result.stdout
    assert "cleared" in result.stdout
    assert len(leafs.asked) == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("during", ["the pause", "a round"])
def test_it_ends_cleanly_when_told_to(leafs: Leafs, number: int, during: str) -> None:
    leafs.add(1, answer=hang(60) if during == "a round" else None)

    # Earlier nobody listens: the signal would end the test's process.
    under_way(leafs, lambda: os.kill(os.getpid(), number))
    began = time.monotonic()
    result = watch(leafs, "--interval", "60")
    assert time.monotonic() - began < 30
    assert result.exit_code == 0, result.output
    assert lines(leafs)[-1]["event"] == "stopped"
    assert "every connection is closed" in result.stdout


def test_a_scrape_shows_the_last_round_while_the_next_one_hangs(leafs: Leafs) -> None:
    leafs.add(1, 3)
    well = leafs.answers[name_of(1)]
    assert isinstance(well, SwitchFacts)

    def slow() -> SwitchFacts:
        if leafs.asked.count(name_of(1)) > 1:
            time.sleep(1.6)
            seen.append(scrape(port))
        return well

    leafs.answers[name_of(1)] = slow
    port = free_port()
    seen: list[str] = []
    assert watch(leafs, "--rounds", "2", port=port).exit_code == 0
    (text,) = seen
    assert "vipkeeper_watch_rounds 1.0" in text
    age = float(text.split("\nvipkeeper_check_age_seconds ")[1].split("\n")[0])
    assert age > 1.5
    assert 'vipkeeper_vip_present{interface="vlan453"' in text


def test_one_switch_that_hangs_delays_nobody_beyond_the_deadline(leafs: Leafs) -> None:
    leafs.add(1, answer=hang(60))
    leafs.add(3)
    config = leafs.world.directory / "vipkeeper.toml"
    config.write_text(config.read_text() + "[check]\nswitch_deadline = 0.5\n")
    began = time.monotonic()
    result = watch(leafs, "--rounds", "4")
    assert time.monotonic() - began < 45
    assert leafs.asked.count(name_of(3)) == 4
    assert leafs.asked.count(name_of(1)) == 1, "it was asked again while it still hung"
    assert [line["check"] for line in lines(leafs) if line["event"] == "appeared"] == ["no-answer"]
    assert result.exit_code == 0


def test_a_switch_comes_back(leafs: Leafs) -> None:
    leafs.add(1, 3)
    well = leafs.answers[name_of(3)]
    assert isinstance(well, SwitchFacts)

    def flaky() -> SwitchFacts:
        if leafs.asked.count(name_of(3)) == 1:
            raise ConnectionException("no route")
        return well

    leafs.answers[name_of(3)] = flaky
    assert watch(leafs, "--rounds", "2").exit_code == 0
    assert [(line["event"], line["check"]) for line in lines(leafs)[1:-1]] == [
        ("appeared", "unreachable"),
        ("cleared", "unreachable"),
    ]


def test_a_taken_address_and_a_log_that_cannot_be_written_are_said(leafs: Leafs) -> None:
    leafs.add(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = watch(leafs, port=taken.getsockname()[1])
    assert result.exit_code == 2
    assert "cannot listen at" in result.stderr
    assert watch(leafs, "--listen", "nonsense").exit_code == 2
    (leafs.world.directory / "full").touch()
    refused = watch(leafs, "--log", str(leafs.world.directory / "full" / "log"))
    assert refused.exit_code == 1
    assert "the watch log" in refused.stderr
    assert leafs.asked == []


def test_it_goes_on_when_the_log_can_no_longer_be_written(leafs: Leafs, tmp_path: Path) -> None:
    leafs.add(1)
    directory = tmp_path / "log"
    well = leafs.answers[name_of(1)]
    assert isinstance(well, SwitchFacts)

    def answer() -> SwitchFacts:
        if leafs.asked.count(name_of(1)) == 1:
            (directory / "watch.jsonl").unlink()
            (directory / "watch.jsonl").mkdir()
            return well
        if leafs.asked.count(name_of(1)) == 3:
            (directory / "watch.jsonl").rmdir()
        return link(well, V0, flags=DOWN)

    leafs.answers[name_of(1)] = answer
    result = watch(leafs, "--rounds", "4", "--log", str(directory / "watch.jsonl"))
    assert result.exit_code == 0, result.output
    assert "could not be written" in result.stdout


def test_a_new_switch_is_watched_without_a_restart(leafs: Leafs) -> None:
    config = leafs.world.directory / "vipkeeper.toml"
    config.write_text(config.read_text() + "[watch]\nrefresh = 1\n")
    leafs.add(1)
    under_way(leafs, lambda: leafs.add(3))
    result = watch(leafs, "--rounds", "7")
    assert result.exit_code == 0, result.output
    assert "the inventory has changed: 2 switches" in result.stdout
    assert name_of(3) in leafs.asked


def test_a_source_that_fails_later_changes_nothing() -> None:
    def fail() -> Any:
        raise SourceError("Mimic", "it is down")

    refresh = Refresh(fail, 0.0)
    assert refresh.poll() is None
    time.sleep(0.2)
    assert isinstance(refresh.poll(), SourceError)


@pytest.mark.parametrize("text", ["", "9765", "127.0.0.1:99999", "::1:9765", "a b:1", "host:"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="ADDRESS:PORT"):
        listen_address(text)
