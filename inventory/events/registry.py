"""The monitoring that the settings choose; a site's own is found by the group vipkeeper.events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.settings import (
    NO_EVENTS,
    LibreNmsSettings,
    ObserviumSettings,
    ObserviumSqlSettings,
)
from inventory.sources.patience import Patience
from inventory.sources.registry import make_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inventory.events.protocol import EventSource
    from inventory.sources.registry import SourceContext


def _observium(context: SourceContext) -> EventSource:
    from inventory.events.observium import ObserviumSource  # noqa: PLC0415  # one of three

    settings = context.settings(ObserviumSettings)
    return ObserviumSource(settings, context.password("observium"), Patience(context.limit))


def _observium_sql(context: SourceContext) -> EventSource:
    from inventory.events.sql import ObserviumSqlSource  # noqa: PLC0415  # one of three

    settings = context.settings(ObserviumSqlSettings)
    return ObserviumSqlSource(settings, context.password("observium_sql"), context.limit)


def _librenms(context: SourceContext) -> EventSource:
    from inventory.events.librenms import LibreNmsSource  # noqa: PLC0415  # one of three

    settings = context.settings(LibreNmsSettings)
    return LibreNmsSource(settings, context.token("librenms"), Patience(context.limit))


_OWN: Mapping[str, Callable[[SourceContext], EventSource]] = {
    "observium": _observium,
    "observium-sql": _observium_sql,
    "librenms": _librenms,
}


def make_events(context: SourceContext) -> EventSource | None:
    """Return the chosen source of events; None where none is chosen.

    Raises:
        UnknownSourceError: it is not installed, or cannot be started.
    """
    if context.sources.events == NO_EVENTS:
        return None
    source: EventSource = make_source("events", context, _OWN)
    return source
