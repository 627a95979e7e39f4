"""Seen, pending or nothing: what the events and the last poll say about a change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from inventory.events.model import EventKind, LastPoll, Outcome, PortEvent, judge

CHANGED = datetime(2026, 11, 28, 12, 2, tzinfo=timezone.utc)
NOW = CHANGED + timedelta(seconds=10)


def poll(began: float | None, taken: float = 20) -> LastPoll:
    """A poll that began so many seconds after the change."""
    if began is None:
        return LastPoll(None, None, 300)
    at = CHANGED + timedelta(seconds=began)
    return LastPoll(at, at + timedelta(seconds=taken), 300)


@pytest.mark.parametrize(
    ("last", "outcome", "until"),
    [
        (poll(-120), Outcome.PENDING, 200),
        (poll(-10), Outcome.PENDING, 310),  # it ended after the change, but had begun before
        (poll(0.5), Outcome.PENDING, 320.5),  # times are whole seconds
        (poll(5), Outcome.NOTHING, None),
        (poll(-1000), Outcome.PENDING, 220),
        (poll(None), Outcome.PENDING, 310),
    ],
)
def test_a_poll_counts_that_began_after_the_change(
    last: LastPoll, outcome: Outcome, until: float | None
) -> None:
    expected = None if until is None else CHANGED + timedelta(seconds=until)
    assert judge((), last, CHANGED, NOW) == (outcome, expected)


def test_an_event_is_seen_whatever_the_poll() -> None:
    event = PortEvent(CHANGED, "3", "Vlan453-v0", EventKind.DELETED, "...")
    assert judge((event,), poll(-100), CHANGED, NOW) == (Outcome.SEEN, None)
