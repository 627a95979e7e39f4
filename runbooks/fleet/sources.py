"""Where the switches and VMs of a run come from, and the time for asking the sources."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.sources.limit import ENDLESS, Limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.model import Switch
    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.fleet.ask import CheckPace


@dataclass(frozen=True)
class Sources:
    """Where switches come from; no source is asked before it is needed.

    Attributes:
        open: opens the site, whose questions have that time together.
        look_up: finds one switch by its name or address, in a site that is opened when needed.
        notes: returns what speaks against the answers of ``look_up`` since it was last called, a
            sentence each.
    """

    open: Callable[[Limit], Site]
    look_up: Callable[[Callable[[], Site], str], Switch]
    notes: Callable[[], tuple[str, ...]] = tuple

    def for_run(self, settings: Settings, pace: CheckPace) -> RunSources:
        """Return the sources of one run, which begins now."""
        return RunSources(self, _deadline(settings, pace))


class RunSources:
    """The sources of one run: opened once, so that what one question learns holds for the others.

    Where somebody set a deadline, at most half of it is for the sources: the kept answers serve
    then, and the switches have the rest.
    """

    def __init__(self, sources: Sources, deadline: float | None) -> None:
        """Begin the time of the run; None sets it no end."""
        self._sources = sources
        self._limit = Limit(deadline / 2) if deadline else ENDLESS
        self._whole = Limit(deadline) if deadline else None
        self._lock = threading.Lock()
        self._site: Site | None = None

    def site(self) -> Site:
        """Return the site."""
        with self._lock:
            if self._site is None:
                self._site = self._sources.open(self._limit)
            return self._site

    def find(self, name: str) -> Switch:
        """Return the switch with that name or address."""
        return self._sources.look_up(self.site, name)

    def notes(self) -> tuple[str, ...]:
        """Return what speaks against the switches that were found, such as a source being down."""
        return tuple(dict.fromkeys(self._sources.notes()))

    def rest(self, pace: CheckPace) -> CheckPace:
        """Return the pace with what is left of the deadline."""
        return replace(pace, deadline=max(self._whole.left(), 0.1)) if self._whole else pace


def _deadline(settings: Settings, pace: CheckPace) -> float | None:
    """Return the deadline that somebody set; the default one is for the switches alone."""
    chosen = "deadline" in settings.check.model_fields_set
    return pace.deadline or (settings.check.deadline if chosen else None)
