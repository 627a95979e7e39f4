"""The subnet page: the management address of a switch, by its name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from inventory.errors import SourceError, TargetError
from inventory.model import Answer, Switch
from inventory.names import IpNetwork, is_hostname, one_line
from inventory.sources.memory_cache import TimedValue
from inventory.sources.subnet_page.registrations import SYSTEM, SubnetListing, find_switch
from inventory.sources.subnet_page.table import (
    Row,
    SubnetPageError,
    read_selector,
    read_subnet,
)
from inventory.sources.web import WebClient

if TYPE_CHECKING:
    from inventory.settings import SubnetPageSettings
    from inventory.sources.patience import Patience

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PARALLEL = 4


class SubnetPageSource:
    """The address source that reads the subnet page (an ``AddressSource``)."""

    system = SYSTEM

    def __init__(
        self,
        settings: SubnetPageSettings,
        password: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._web = WebClient(self.system, settings, password, patience)
        self._listing: TimedValue[tuple[datetime, SubnetListing]] = TimedValue(self._fetch)

    @property
    def location(self) -> str:
        """Return the page's address."""
        return self._web.location

    def address_of(self, switch: str) -> Answer[Switch]:
        """Return the only management address of a switch, by its full name or a unique short one.

        Raises:
            TargetError: the text is not a host name.
            UnknownSwitchError: no configured subnet has the name.
            AmbiguousSwitchError: two addresses for the name, or two names for the address.
            SourceError: the page failed.
        """
        if not is_hostname(switch):
            raise TargetError(f'"{one_line(switch, 80)}" cannot be the name of a switch.')
        asked_at, listed = self._listing.get()
        found = find_switch(switch, listed, self.location)
        warning = ""
        if found.seen.casefold() == "never":
            warning = f"{found.name} has never been seen at its address {found.address}"
        return Answer(found, self.system, asked_at, warning=warning)

    def _fetch(self) -> tuple[datetime, SubnetListing]:
        """Return all configured subnets as one listing; if one fails, all fail.

        That a name is missing, or unique, must be true in all of them.
        """
        asked_at = datetime.now(timezone.utc)
        subnets = self._settings.subnets
        if subnets == "all":
            page = self._web.get(params={}, content_types=_HTML)
            try:
                subnets = read_selector(page.text)
            except SubnetPageError as exc:
                raise self._unsound(page.url, exc) from exc
        with ThreadPoolExecutor(_PARALLEL) as pool:
            rows = tuple(row for found in pool.map(self._subnet, subnets) for row in found)
        return asked_at, SubnetListing(rows)

    def _subnet(self, subnet: IpNetwork) -> tuple[Row, ...]:
        page = self._web.get(params={"subnet": str(subnet)}, content_types=_HTML)
        try:
            return read_subnet(page.text, subnet)
        except SubnetPageError as exc:
            raise self._unsound(page.url, exc) from exc

    def _unsound(self, url: str, exc: SubnetPageError) -> SourceError:
        return SourceError(
            self.system,
            f"GET {url} is not the listing that was expected: {exc}.",
            "Open it in a browser; check subnet_page.url and subnet_page.subnets in the settings.",
        )
