"""Events of ports as a monitoring system logged them, and what they say about a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The systems' times are whole seconds, and the clocks were compared over the network.
TOLERANCE = timedelta(seconds=1)
#: How long after a change its events may come: a poll, and the 300 s for which an SNMP agent may
#: keep an interface that is gone.
LATEST = timedelta(minutes=11)


class EventKind(Enum):
    """What an event says of its port."""

    DELETED = "deleted"
    RETURNED = "returned"
    APPEARED = "appeared"
    DOWN = "down"
    UP = "up"


class Outcome(Enum):
    """What the monitoring says of a change."""

    SEEN = "seen"
    PENDING = "pending"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Device:
    """A switch as it is looked for in a monitoring system.

    Attributes:
        name: its name, full or short.
        address: its management address; empty where it is not known.
    """

    name: str
    address: str = ""


@dataclass(frozen=True)
class PortEvent:
    """One event of a port.

    Attributes:
        at: when it was logged (UTC, by this machine's clock, to the second).
        port: the port's id there; a port that was made anew has a new one.
        label: the port's name there.
        kind: what it says.
        message: the system's own words.
    """

    at: datetime
    port: str
    label: str
    kind: EventKind
    message: str


@dataclass(frozen=True)
class LastPoll:
    """The last poll of a device (UTC, by this machine's clock).

    Attributes:
        began: when it began, at the earliest; None where there was none.
        ended: when it ended; None where there was none.
        interval: seconds from one poll to the next.
    """

    began: datetime | None
    ended: datetime | None
    interval: float


def judge(
    events: Sequence[PortEvent], poll: LastPoll, changed: datetime, now: datetime
) -> tuple[Outcome, datetime | None]:
    """Return what the monitoring says of a change, and until when an answer is pending.

    That events are missing is never evidence that nothing happened: a port that is gone and back
    between two polls under its old index leaves no event.

    Args:
        events: the events of the ports since the change began.
        poll: the last poll of the switch.
        changed: when the change had ended.
        now: the time of the look.
    """
    if events:
        return Outcome.SEEN, None
    if poll.began is not None and poll.began > changed + TOLERANCE:
        return Outcome.NOTHING, None
    if poll.began is None or poll.ended is None:
        return Outcome.PENDING, max(now, changed) + timedelta(seconds=poll.interval)
    step = timedelta(seconds=poll.interval)
    until = poll.ended + step
    if until <= changed:  # a poll that was under way then does not count
        until += step * ((changed - until) // step + 1)
    return Outcome.PENDING, until
