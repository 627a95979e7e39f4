"""LibreNMS: the events that it logs, the ports that it has, and its failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from inventory.errors import SourceError
from inventory.events.librenms import LibreNmsSource
from inventory.events.model import Device, EventKind
from inventory.settings import LibreNmsSettings
from lab.standins.librenms import create_librenms
from tests.unit.inventory.events.monitoring import (
    DEVICE,
    LABELS,
    Monitoring,
    now,
    renumbered,
    served,
    window,
    without,
)

TOKEN = "a-token-of-librenms"
AHEAD = timedelta(hours=9)  # Asia/Tokyo, all the year


@pytest.fixture
def seen() -> Iterator[Monitoring]:
    monitoring = Monitoring()
    monitoring.poll()
    with served(create_librenms(monitoring.poller, TOKEN, ahead=AHEAD)) as monitoring.url:
        yield monitoring


def source(url: str, token: str = TOKEN, zone: str = "Asia/Tokyo") -> LibreNmsSource:
    chosen = {"url": url, "time_zone": zone, "timeout": 5, "retries": 0}
    return LibreNmsSource(LibreNmsSettings.model_validate(chosen), token)


def test_a_port_made_anew_appears_and_the_old_one_leaves_no_event(seen: Monitoring) -> None:
    seen.poll(renumbered("vlan453-v0", 30))
    asked = source(seen.url)
    (event,) = asked.port_events(DEVICE, LABELS, *window()).value
    assert (event.kind, event.label) == (EventKind.APPEARED, "vlan453-v0")
    assert abs(event.at - now()) < timedelta(seconds=5)
    assert asked.live_ports(DEVICE, LABELS).value == LABELS
    assert "device=1/tab=logs" in asked.link(DEVICE, *window())


def test_a_port_that_is_gone_is_seen_by_its_state(seen: Monitoring) -> None:
    seen.poll(without("vlan453-v0"))
    asked = source(seen.url)
    assert asked.port_events(DEVICE, LABELS, *window()).value == ()
    assert asked.live_ports(DEVICE, LABELS).value == ("vlan453", "vlan453-v1")


def test_the_last_poll_is_told_in_utc(seen: Monitoring) -> None:
    polled = source(seen.url).last_poll(DEVICE).value
    assert polled.ended
    assert polled.began
    assert abs(polled.ended - now()) < timedelta(seconds=5)
    assert polled.began < polled.ended


def test_a_zone_that_is_off_is_told(seen: Monitoring) -> None:
    with pytest.raises(SourceError, match="lies in the future") as caught:
        source(seen.url, zone="UTC").last_poll(DEVICE)
    assert "librenms.time_zone" in caught.value.advice


def test_a_wrong_token_is_told_and_is_nowhere(seen: Monitoring) -> None:
    asked = source(seen.url, token="another")
    with pytest.raises(SourceError, match="HTTP 401") as caught:
        asked.port_events(DEVICE, LABELS, *window())
    assert "librenms_token" in caught.value.advice
    assert "another" not in f"{caught.value}{asked!r}"


def test_without_a_token_nothing_is_asked(seen: Monitoring) -> None:
    with pytest.raises(SourceError, match="no token is known"):
        source(seen.url, token="").last_poll(DEVICE)


def test_an_unknown_switch_is_not_another_ones_events(seen: Monitoring) -> None:
    seen.poll(renumbered("vlan453-v0", 30))
    with pytest.raises(SourceError, match="shows no swt-x to this token"):
        source(seen.url).port_events(Device("swt-x"), LABELS, *window())


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("<html><title>Observium</title>", "text/html", "text/html .* where application/json"),
        ('{"status": "error", "message": "no"}', "application/json", r"\(no\)"),
        ('{"status": "ok"}', "application/json", "no list of devices"),
        ('{"status": "ok", "devices": [3]}', "application/json", "no list of devices"),
        ("{", "application/json", "is no answer of LibreNMS's API"),
    ],
)
def test_another_answer_is_a_failure(body: str, kind: str, said: str) -> None:
    app = Flask("x")
    app.add_url_rule("/api/v0/devices", view_func=lambda: (body, {"Content-Type": kind}))
    with served(app) as url, pytest.raises(SourceError, match=said):
        source(url).last_poll(DEVICE)
