"""The questions that a site's monitoring must be able to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from inventory.events.model import Device, LastPoll, PortEvent
from inventory.model import Answer
from inventory.sources.protocols import Source


class EventSource(Source, Protocol):
    """Knows what a poller saw of the ports of a switch.

    The rules of ``inventory.sources.protocols`` hold here, too. Above all a failure, a refused
    login and an account that may not see the switch are a ``SourceError``, and never "no events".
    Labels are compared without case. Times are UTC by this machine's clock: a source corrects for
    the zone and the clock of its system, and says so in the answer's ``warning``.
    """

    def port_events(
        self, device: Device, labels: Sequence[str], since: datetime, until: datetime
    ) -> Answer[tuple[PortEvent, ...]]:
        """Return the events of the ports of these names, the oldest first.

        Raises:
            SourceError: the system failed, or does not show this switch to this account.
        """

    def last_poll(self, device: Device) -> Answer[LastPoll]:
        """Return when the switch was polled last.

        Raises:
            SourceError: as for ``port_events``.
        """

    def live_ports(self, device: Device, labels: Sequence[str]) -> Answer[tuple[str, ...]]:
        """Return which of these names the system has now as ports that exist.

        The newest event does not tell that: after a reboot a port's return may be logged before
        its removal.

        Raises:
            SourceError: as for ``port_events``.
        """

    def link(self, device: Device, since: datetime, until: datetime) -> str:
        """Return the address of a page with these events for a person; empty where there is none.

        Raises:
            SourceError: as for ``port_events``.
        """

    def close(self) -> None:
        """Log out; raises nothing."""
