"""What the monitoring saw of a run: seen, pending, or polled and nothing; never another verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from inventory.events.model import EventKind, LastPoll, PortEvent
from inventory.model import Answer
from inventory.sources import plugins
from inventory.sources.registry import SourceContext
from runbooks.run.records import now
from tests.unit.inventory.events.monitoring import Monitoring, renumbered, served
from tests.unit.runbooks.conftest import SETTINGS, World

SECRET = "lab-observium"
TOGGLE = ("heal", "vm-a1", "--toggle", "--yes")


@pytest.fixture
def seen(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitoring]:
    """The site's Observium, which has polled once, chosen in the settings."""
    monitoring = Monitoring()
    monkeypatch.setenv("VIPKEEPER_OBSERVIUM_PASSWORD", SECRET)
    with served(monitoring.app) as monitoring.url:
        chosen = f'[observium]\nurl = "{monitoring.url}"\nusername = "noc"\ntimeout = 5\n'
        chosen += "retries = 0\npoll_takes = 0\n"
        text = f'{SETTINGS}[sources]\nevents = "observium"\n{chosen}'
        (world.directory / "vipkeeper.toml").write_text(text)
        monitoring.poll()
        world.cut_off()
        yield monitoring


def polled_while_toggled(world: World, seen: Monitoring) -> None:
    def toggled(_: object) -> None:
        world.recover()
        seen.poll(renumbered("vlan453-v0", 30))

    world.leaf.on_commit = toggled


def later(seen: Monitoring) -> None:
    seen.shift = 2.9  # what is polled now was polled after the change; not yet another clock


def test_what_was_seen_is_told_with_a_link_and_stands_in_the_report(
    world: World, seen: Monitoring
) -> None:
    polled_while_toggled(world, seen)
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0, result.output
    assert "Observium     seen (UTC): " in result.output
    assert "Vlan453-v0 deleted" in result.output
    assert f"{seen.url}eventlog/?device_id=1&type=port&timestamp_from=" in result.output
    (report,) = world.reports()
    (found,) = report["evidence"]
    assert found["outcome"] == "seen"
    assert {event["kind"] for event in found["events"]} == {"deleted", "appeared"}
    assert found["live"] == ["vlan453", "vlan453-v0", "vlan453-v1"]
    assert SECRET not in json.dumps(report) + result.output


def test_a_pending_one_is_completed_later(world: World, seen: Monitoring) -> None:
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0
    assert "Observium     pending until about " in result.output
    assert "vip evidence last" in result.output
    assert world.reports()[0]["evidence"][0]["until"]
    again = world.vip("evidence", "last")
    assert again.exit_code == 0
    assert "pending until about " in again.output
    later(seen)
    seen.poll(renumbered("vlan453-v0", 30))
    done = world.vip("evidence")
    assert done.exit_code == 0
    assert "seen (UTC): " in done.output
    (report,) = world.reports()
    assert report["evidence"][0]["outcome"] == "seen"
    assert report["verdict"] == "healed"


def test_a_later_look_that_fails_does_not_replace_what_was_seen(
    world: World, seen: Monitoring
) -> None:
    polled_while_toggled(world, seen)
    world.vip(*TOGGLE)
    seen.fault("db-down")
    again = world.vip("evidence", "last")
    assert again.exit_code == 4
    assert "unknown: " in again.output
    assert world.reports()[0]["evidence"][0]["outcome"] == "seen"


def test_polled_since_and_nothing_seen_is_no_sign_that_nothing_happened(
    world: World, seen: Monitoring
) -> None:
    world.vip(*TOGGLE)
    later(seen)
    seen.poll()
    done = world.vip("evidence", world_stem(world))
    assert done.exit_code == 0
    assert "nothing seen of vlan453 on swt-sn2100-03" in done.output
    assert "no sign that nothing happened" in done.output
    assert world.reports()[0]["evidence"][0]["outcome"] == "nothing"


def world_stem(world: World) -> str:
    (path,) = (world.directory / "reports").glob("*.json")
    return path.stem


@pytest.mark.parametrize("fault", ["login-refused", "level-1", "sso-page", "other-product",
                                   "db-down", "refused"])  # fmt: skip
def test_a_monitoring_that_fails_changes_no_verdict(
    world: World, seen: Monitoring, fault: str
) -> None:
    polled_while_toggled(world, seen)
    seen.fault(fault)
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0, result.output
    assert "HEALED: " in result.output
    assert "Observium     unknown: " in result.output
    assert "nothing seen" not in result.output
    assert world.reports()[0]["evidence"][0]["outcome"] == "unknown"
    again = world.vip("evidence", "last")
    assert again.exit_code == 4
    assert "unknown: " in again.output


def test_a_source_that_is_not_installed_changes_no_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()
    monkeypatch.setenv("VIPKEEPER_SOURCES__EVENTS", "zabbix")
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0
    assert 'sources.events = "zabbix", which is not installed' in result.output


class OwnMonitoring:
    """A site's own source, as its package would bring it."""

    system, location = "Our monitoring", "here"
    failure: Exception | None = None
    closed = 0

    def __init__(self, context: SourceContext) -> None:
        del context

    def port_events(self, *asked: Any) -> Answer[tuple[PortEvent, ...]]:
        if self.failure:
            raise self.failure
        device, labels = asked[:2]
        assert device.address == "10.5.0.43"
        event = PortEvent(now(), "7", labels[1], EventKind.RETURNED, "it is back")
        return Answer((event,), self.system, now())

    def last_poll(self, _: Any) -> Answer[LastPoll]:
        return Answer(LastPoll(None, None, 60), self.system, now())

    def live_ports(self, _: Any, labels: Any) -> Answer[tuple[str, ...]]:
        return Answer(tuple(labels), self.system, now())

    def link(self, *_: Any) -> str:
        return ""

    def close(self) -> None:
        type(self).closed += 1


@pytest.mark.parametrize("failure", [None, KeyError("bug")])
def test_a_site_s_own_monitoring_is_found_by_its_entry_point(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    point = EntryPoint("ours", f"{__name__}:OwnMonitoring", plugins.EVENTS_GROUP)
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: EntryPoints([point] if group == point.group else [])
    )
    monkeypatch.setattr(OwnMonitoring, "failure", failure)
    monkeypatch.setattr(EntryPoint, "load", lambda _: OwnMonitoring)
    monkeypatch.setenv("VIPKEEPER_SOURCES__EVENTS", "ours")
    closed = OwnMonitoring.closed
    world.cut_off()
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0, result.output
    said = "unknown: KeyError: 'bug'" if failure else "seen (UTC): "
    assert said in result.output
    assert OwnMonitoring.closed == closed + 1


def test_ctrl_c_while_the_monitoring_is_asked_changes_no_verdict(
    world: World, seen: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("inventory.events.observium.ObserviumSource.port_events", stopped)
    result = world.vip(*TOGGLE)
    assert "HEALED: " in result.output
    (report,) = world.reports()
    assert (report["verdict"], report["evidence"]) == ("healed", [])


def test_a_secret_that_others_can_read_changes_no_verdict(
    world: World, seen: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIPKEEPER_OBSERVIUM_PASSWORD")
    secret = world.directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    monkeypatch.setenv("VIPKEEPER_OBSERVIUM_PASSWORD_FILE", str(secret))
    result = world.vip(*TOGGLE)
    assert result.exit_code == 0
    assert "is open to others" in result.output


def test_a_run_that_changed_nothing_asks_nobody(world: World, seen: Monitoring) -> None:
    world.recover()
    assert world.vip("heal", "vm-a1").exit_code == 0
    assert world.reports()[0]["evidence"] == []
    assert seen.methods == []
    assert world.vip("evidence", "last").exit_code == 3


ODD = json.dumps(
    {
        "schema": "vipkeeper/heal-run/2",
        "attempts": [3],
        "command": "heal",
        "target": "a",
        "sentence": "",
    }
)


@pytest.mark.parametrize(
    ("content", "name", "ended"),
    [
        (None, "last", (3, "no report in")),
        ("{}", "heal-x", (1, "cannot be used: it is no vipkeeper/heal-run/2")),
        ("[", "heal-x.json", (1, "cannot be used: it is not JSON")),
        ("{}", "../heal-x", (3, "there is no report '../heal-x'")),
        ("{}", "heal-y", (3, "Did you mean heal-x?")),
        (ODD, "heal-x", (1, "its attempts are not those of a run")),
    ],
)
def test_a_run_that_cannot_be_completed_is_told(
    world: World, seen: Monitoring, content: str | None, name: str, ended: tuple[int, str]
) -> None:
    (world.directory / "reports").mkdir(mode=0o700)
    if content is not None:
        (world.directory / "reports/heal-x.json").write_text(content)
    result = world.vip("evidence", name)
    assert (result.exit_code, ended[1] in result.output) == (ended[0], True), result.output


def test_without_a_monitoring_in_the_settings_it_is_said(world: World) -> None:
    result = world.vip("evidence", "last")
    assert result.exit_code == 2
    assert "the settings choose no monitoring" in result.output
