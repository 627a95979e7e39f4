"""What the site's monitoring saw of the changes of a run. It never changes the run's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from inventory.errors import NO_TIME, NoAnswerError, SourceError, VipkeeperError
from inventory.events.model import LATEST, TOLERANCE, Device, Outcome, PortEvent, judge
from inventory.names import first_few, one_line
from inventory.sources.limit import Limit
from runbooks.run.records import now
from tasks.ladder import Cure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inventory.events.protocol import EventSource
    from nornir_config.settings import Settings
    from runbooks.run.story import Story

#: The seconds that all questions of a run have: nobody waits long for what changes no verdict.
PATIENCE = 15.0
_LATER = "To ask again: vip evidence last"
_KINDS = {Outcome.SEEN: "ok", Outcome.PENDING: "info", Outcome.NOTHING: "warn"}


@dataclass(frozen=True)
class Change:
    """What was done to the ports of one gateway.

    Attributes:
        switch: the switch.
        address: its management address; empty where it is not known.
        interface: the SVI.
        labels: the SVI and its VRR devices.
        began: when the first cure began (UTC).
        ended: when the last one had ended, at the latest.
    """

    switch: str
    address: str
    interface: str
    labels: tuple[str, ...]
    began: datetime
    ended: datetime


@dataclass(frozen=True)
class PortEvidence:
    """What the monitoring says of the ports of one gateway since they were changed.

    Attributes:
        system: the monitoring (``Observium``).
        location: its address.
        switch: the switch.
        interface: the SVI.
        labels: the names of the ports that were looked for.
        began: when the change began (UTC).
        ended: when it had ended.
        outcome: ``seen``, ``pending`` (not polled since), ``nothing`` (polled since, and nothing
            seen), or ``unknown`` (it could not be asked).
        sentence: the same for a person.
        looked_at: when it was asked.
        until: when an answer may be expected; None where it is not pending.
        polled: when the last poll of the switch ended; None where that is not known.
        events: the events of these ports since the change, the oldest first.
        live: the ports that exist there now; None where that is not known.
        link: a page with the events; empty where there is none.
        note: what is odd about the answer (its clock); may be empty.
        advice: what to do where it could not be asked.
    """

    system: str
    location: str
    switch: str
    interface: str
    labels: tuple[str, ...]
    began: datetime
    ended: datetime
    outcome: Outcome
    sentence: str
    looked_at: datetime
    until: datetime | None = None
    polled: datetime | None = None
    events: tuple[PortEvent, ...] = ()
    live: tuple[str, ...] | None = None
    link: str = ""
    note: str = ""
    advice: str = ""


def changes_of(attempts: Sequence[Any], revert_in: int) -> list[Change]:
    """Return the changes that a poller can see, from the attempts as a report has them.

    Those that touch no device (a neighbour entry, an announcement) are left out.

    Args:
        attempts: the list ``attempts`` of a report.
        revert_in: seconds after which a change has ended whose end was not recorded.

    Raises:
        ValueError: they are not those of a report.
    """
    found: dict[tuple[str, str], Change] = {}
    for attempt in attempts:
        if not Cure(attempt["cure"]).on_devices or attempt.get("began") is None:
            continue
        began = _time(attempt["began"])
        finished = attempt.get("finished")
        ended = _time(finished) if finished else began + timedelta(seconds=revert_in)
        gateway = attempt.get("gateway") or {}
        svi = str(gateway.get("interface") or attempt["interface"])
        virtual = [str(each["device"]) for each in gateway.get("virtual", ())]
        labels = tuple(dict.fromkeys((svi, *virtual)))
        change = Change(
            str(attempt["switch"]), str(attempt.get("address", "")), svi, labels, began, ended
        )
        known = found.setdefault((change.switch, svi), change)
        found[change.switch, svi] = replace(
            known,
            labels=tuple(dict.fromkeys((*known.labels, *labels))),
            began=min(known.began, began),
            ended=max(known.ended, ended),
        )
    return list(found.values())


def _time(text: object) -> datetime:
    found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def look(
    settings: Settings, attempts: Sequence[Any], open_source: Callable[[], EventSource | None]
) -> tuple[PortEvidence, ...]:
    """Ask the monitoring about the changes of a run; every failure is part of the answer.

    Args:
        settings: the settings.
        attempts: the attempts as a report has them.
        open_source: opens the monitoring; returns None where there is none.
    """
    changes = changes_of(attempts, settings.heal.revert_in)
    if not changes:
        return ()
    try:
        source = open_source()
    except VipkeeperError as error:
        name = settings.sources.events
        return tuple(_unknown(change, name, "", error) for change in changes)
    if source is None:
        return ()
    with _closed(source):
        return tuple(_ask(source, change) for change in changes)


@contextmanager
def _closed(source: EventSource) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(Exception):  # it may be a site's own
            source.close()


def _ask(source: EventSource, change: Change) -> PortEvidence:
    device = Device(change.switch, change.address)
    until = change.ended + LATEST
    try:
        answer = source.port_events(device, change.labels, change.began, until)
        poll = source.last_poll(device).value
        live = source.live_ports(device, change.labels).value
        link = source.link(device, change.began, until)
    except Exception as error:  # noqa: BLE001 - evidence changes no verdict, also a plug-in's
        return _unknown(change, source.system, source.location, error)
    at = now()
    events = tuple(e for e in answer.value if e.at >= change.began - 2 * TOLERANCE)
    outcome, expected = judge(events, poll, change.ended, at)
    found = PortEvidence(
        source.system,
        source.location,
        change.switch,
        change.interface,
        change.labels,
        change.began,
        change.ended,
        outcome,
        "",
        at,
        expected,
        poll.ended,
        events,
        live,
        link,
        answer.warning,
    )
    return replace(found, sentence=_sentence(found))


def _unknown(change: Change, system: str, location: str, error: Exception) -> PortEvidence:
    said, advice = str(error), ""
    if isinstance(error, VipkeeperError):
        said, advice = (error.message if isinstance(error, SourceError) else said), error.advice
    else:  # a site's own source
        said = f"{type(error).__name__}: {one_line(said)}"
    if isinstance(error, NoAnswerError) and error.reason == NO_TIME:
        advice = ""
    return PortEvidence(
        system,
        location,
        change.switch,
        change.interface,
        change.labels,
        change.began,
        change.ended,
        Outcome.UNKNOWN,
        f"unknown: {said}",
        now(),
        advice=f"{advice} {_LATER}".strip(),
    )


def _sentence(found: PortEvidence) -> str:
    where = f"{found.interface} on {found.switch}"
    if found.outcome is Outcome.SEEN:
        told = [f"{event.at:%H:%M:%S} {event.label} {event.kind.value}" for event in found.events]
        return f"seen (UTC): {first_few(told, 6)}{_gone(found)}"
    last = f"{found.polled:%Y-%m-%d %H:%M} UTC" if found.polled else "never"
    if found.outcome is Outcome.PENDING:
        text = f"pending until about {found.until:%H:%M} UTC: {where} not polled since the change"
        overdue = found.until is not None and found.until < found.looked_at
        late = "; the next poll is overdue: is the poller running?" if overdue else ""
        return f"{text} (last poll: {last}){late}"
    return (
        f"polled at {found.polled:%H:%M} UTC, nothing seen of {where}; that is no sign that "
        f"nothing happened: what is gone and back between two polls may leave none{_gone(found)}"
    )


def _gone(found: PortEvidence) -> str:
    """Return, as the end of a sentence, which VRR devices do not exist there now."""
    live = found.labels if found.live is None else found.live
    missing = [label for label in found.labels if label not in live]
    return f"; it has no {', '.join(missing)} now" if missing else ""


def tell(story: Story, evidence: Sequence[PortEvidence]) -> None:
    """Tell a person what the monitoring says, and where to see it."""
    for each in evidence:
        story.tell(each.system, each.sentence, _KINDS.get(each.outcome, "warn"))
        for text in (each.note, each.advice, each.link):
            if text:
                story.tell(each.system, text, "info")
        if each.outcome is Outcome.PENDING:
            story.tell(each.system, _LATER, "info")


def source_of(settings: Settings) -> EventSource | None:
    """Return the monitoring that the settings choose; it has ``PATIENCE`` for all questions."""
    from nornir_config.inventory_plugin import events_from_settings  # noqa: PLC0415  # few need it

    return events_from_settings(settings, Limit(PATIENCE))
