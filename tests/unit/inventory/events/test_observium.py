"""Observium's web UI, with every trap of it: no failure is ever "no events"."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from inventory.errors import SourceError
from inventory.events.model import Device, EventKind
from tests.unit.inventory.events.monitoring import (
    DEVICE,
    LABELS,
    USUAL,
    Monitoring,
    now,
    renumbered,
    served,
    window,
    without,
)

SECRET = "lab-observium"


@pytest.fixture
def seen() -> Iterator[Monitoring]:
    """An Observium that has polled the switches once."""
    monitoring = Monitoring()
    with served(monitoring.app) as monitoring.url:
        monitoring.poll()
        yield monitoring


def kinds(monitoring: Monitoring, **settings: object) -> list[tuple[str, EventKind]]:
    source = monitoring.source(**settings)
    try:
        found = source.port_events(DEVICE, LABELS, *window()).value
    finally:
        source.close()
    return [(event.label, event.kind) for event in found]


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        ([renumbered("vlan453-v0", 30)], {EventKind.APPEARED, EventKind.DELETED}),
        ([without("vlan453-v0"), list(USUAL)], {EventKind.DELETED, EventKind.RETURNED}),
        ([without("vlan453-v0"), renumbered("vlan453-v0", 30)],
         {EventKind.DELETED, EventKind.APPEARED}),
        ([list(USUAL)], set()),
    ],
)  # fmt: skip
def test_what_a_toggle_leaves(
    seen: Monitoring, polls: list[list[object]], expected: set[EventKind]
) -> None:
    for links in polls:
        seen.poll(links)  # type: ignore[arg-type]
    assert {kind for _, kind in kinds(seen)} == expected


def test_an_agent_that_keeps_what_is_gone_shows_it_as_down(seen: Monitoring) -> None:
    seen.fault("fadeout")
    seen.poll(renumbered("vlan453-v0", 30))
    assert {kind for _, kind in kinds(seen)} == {EventKind.DOWN, EventKind.APPEARED}


def test_a_return_may_be_logged_before_the_removal_and_the_port_is_there(seen: Monitoring) -> None:
    seen.poll(renumbered("vlan453-v0", 30))
    seen.poll(list(USUAL))  # index 21 again, as after a reboot
    source = seen.source()
    newest = source.port_events(DEVICE, LABELS, *window()).value[-1]
    assert newest.kind is EventKind.DELETED
    assert source.live_ports(DEVICE, LABELS).value == LABELS
    source.close()


def test_one_login_a_look_and_a_logout(seen: Monitoring) -> None:
    source = seen.source()
    source.port_events(DEVICE, LABELS, *window())
    source.last_poll(DEVICE)
    source.live_ports(DEVICE, LABELS)
    source.link(DEVICE, *window())
    source.close()
    source.close()
    assert seen.logins == ["login noc", "logout"]


def test_the_link_is_a_page_with_these_events(seen: Monitoring) -> None:
    seen.fault("zone-new-york")
    seen.poll(without("vlan453-v1"))
    source = seen.source()
    link = source.link(DEVICE, *window())
    assert SECRET not in link
    session = requests.Session()
    form = {"username": "noc", "password": SECRET}
    session.post(seen.url, data=form, timeout=5)
    assert "Vlan453-v1" in session.get(link, timeout=5).text
    source.close()


@pytest.mark.parametrize("fault", ["zone-new-york", "clock-ahead", "filters-ignored", "busy",
                                   "added-by-address", "renamed-devices"])  # fmt: skip
def test_the_events_are_found_all_the_same(seen: Monitoring, fault: str) -> None:
    seen.fault(fault)
    seen.poll(without("vlan453-v0"))
    source = seen.source()
    answer = source.port_events(DEVICE, LABELS, now() - timedelta(minutes=1), now())
    assert [event.kind for event in answer.value] == [EventKind.DELETED]
    assert abs(answer.value[0].at - now()) < timedelta(seconds=5)
    assert ("minutes ahead of this machine's" in answer.warning) is (fault == "clock-ahead")
    polled = source.last_poll(DEVICE).value
    assert polled.ended
    assert abs(polled.ended - now()) < timedelta(seconds=5)
    source.close()


def test_another_switch_s_events_are_not_this_one_s(seen: Monitoring) -> None:
    seen.poll(without("vlan453-v0"))
    seen.fault("filters-ignored")
    source = seen.source()
    other = Device("swt-sn2100-01.example.internal")
    assert source.port_events(other, LABELS, *window()).value == ()
    source.close()


@pytest.mark.parametrize(
    ("fault", "said", "advice"),
    [
        ("login-refused", "refused the login of noc", "observium_password"),
        ("level-1", "shows no device at all to the account noc", "level 5"),
        ("session-lost", "it is the login form|unauthenticated", "try again"),
        ("sso-redirect", "redirected to https://sso.example.org/login", "login"),
        ("sso-page", r'login form \("Sign in with your site account"\)', "single sign-on"),
        ("other-product", r'without Observium\'s login form \("Grafana"\)', "observium.url"),
        ("db-down", "gave HTTP 500", "ask who runs it"),
        ("date-format", "is not of the form", "browser"),
        ("page-cut-off", "cut off in the middle", "browser"),
        ("http-500", "gave HTTP 500", "ask who runs it"),
        ("refused", "had no answer", "VPN"),
    ],
)
def test_a_failure_is_a_sentence_and_never_no_events(
    seen: Monitoring, fault: str, said: str, advice: str
) -> None:
    seen.poll(without("vlan453-v0"))
    seen.fault(fault)
    with pytest.raises(SourceError, match=said) as caught:
        kinds(seen)
    assert advice in caught.value.advice
    assert SECRET not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize("fault", ["sso-page", "other-product", "sso-redirect"])
def test_no_other_system_gets_the_password(seen: Monitoring, fault: str) -> None:
    seen.fault(fault)
    with pytest.raises(SourceError):
        kinds(seen)
    assert seen.methods == ["GET"]


def test_a_switch_that_it_does_not_have_is_named(seen: Monitoring) -> None:
    source = seen.source()
    with pytest.raises(SourceError, match="shows no device swt-x to the account noc, only swt-sn"):
        source.port_events(Device("swt-x"), LABELS, *window())
    source.close()


def test_ports_that_it_has_forgotten_are_told(seen: Monitoring) -> None:
    seen.poll(without("vlan453-v0"))
    seen.fault("ports-forgotten")
    source = seen.source()
    answer = source.port_events(DEVICE, LABELS, *window())
    assert answer.value == ()
    assert "has forgotten" in answer.warning
    source.close()


def test_a_poller_that_stopped_long_ago_tells_no_zone(seen: Monitoring) -> None:
    for device in seen.poller.store.devices:
        device.polled = (device.polled or seen.poller.clock()) - 100_000
    source = seen.source()
    with pytest.raises(SourceError, match="polled nothing for 27 hours") as caught:
        source.port_events(DEVICE, LABELS, *window())
    assert "poller running" in caught.value.advice
    source.close()


def test_without_an_account_it_says_so(seen: Monitoring) -> None:
    with pytest.raises(SourceError, match="no account is known"):
        kinds(seen, username=None)


def test_the_password_is_nowhere(seen: Monitoring, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = seen.source()
    source.port_events(DEVICE, LABELS, *window())
    source.close()
    assert SECRET not in caplog.text
    assert SECRET not in repr(source)
    assert SECRET not in repr(source._settings)
