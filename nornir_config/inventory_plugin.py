"""``SiteInventory``: the site's systems as a Nornir inventory plugin.

In a Nornir configuration::

    inventory:
      plugin: SiteInventory
      options:
        settings: /etc/vipkeeper/vipkeeper.toml

Nornir makes it from plain options, so it reads the settings file itself. The sources get what they
need as arguments.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.nornir_hosts import BuiltInventory, build_inventory
from inventory.site import Site, open_site
from inventory.sources.limit import ENDLESS, Limit
from inventory.sources.registry import SourceContext

if TYPE_CHECKING:
    from nornir.core.inventory import Inventory

    from inventory.events.protocol import EventSource
    from nornir_config.settings import Settings

logger = logging.getLogger(__name__)


def site_from_settings(settings: Settings, limit: Limit = ENDLESS) -> Site:
    """Return the sources chosen in the settings, with their cache and passwords.

    Args:
        settings: the settings.
        limit: the time that all questions to them have together.
    """
    return open_site(_context(settings, limit), settings.paths.cache)


def events_from_settings(settings: Settings, limit: Limit = ENDLESS) -> EventSource | None:
    """Return the monitoring chosen in the settings, which is not asked yet; None for none.

    Args:
        settings: the settings.
        limit: the time that all questions to it have together.

    Raises:
        UnknownSourceError: it is not installed.
        SecretError: its secret may not be used.
    """
    from inventory.events.registry import make_events  # noqa: PLC0415  # few runs need it

    return make_events(_context(settings, limit))


def _context(settings: Settings, limit: Limit) -> SourceContext:
    from nornir_config.secrets import get_secret  # noqa: PLC0415  # see the module's docstring

    def stored(name: str) -> str | None:
        secret = get_secret(name)
        return secret.get_secret_value() if secret else None

    return SourceContext(
        sources=settings.sources,
        sections=settings.source_sections(),
        password=lambda section: stored(f"{section}_password"),
        token=lambda section: stored(f"{section}_token"),
        limit=limit,
    )


class SiteInventory:
    """Builds hosts from the uplink and address sources each time Nornir starts."""

    def __init__(self, settings: str | None = None, *, site: Site | None = None) -> None:
        """Take Nornir's options.

        Args:
            settings: path of the settings file; None looks in the usual places.
            site: sources to use instead, for programs and tests.
        """
        self._path = Path(settings) if settings else None
        self._site = site
        self.built: BuiltInventory | None = None

    def load(self) -> Inventory:
        """Build the inventory; what had to be left out is logged, and kept in ``built``.

        Raises:
            SourceError: no switch is known at all, or the list of hypervisors cannot be read.
        """
        username: str | None = None
        port: int | None = None
        site = self._site
        if site is None:
            from nornir_config.settings import load_settings  # noqa: PLC0415  # as above

            settings = load_settings(self._path)
            site = site_from_settings(settings)
            username, port = settings.ssh.username, settings.ssh.port
        self.built = build_inventory(site, username=username, port=port)
        for problem in self.built.problems:
            logger.error("%s", problem)
        for warning in self.built.warnings:
            logger.warning("%s", warning)
        return self.built.inventory
