"""The subnet page: from a switch's name to its management address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from inventory.errors import AmbiguousSwitchError, SourceError, TargetError, UnknownSwitchError
from inventory.http import WebClient
from inventory.memo import Memo
from inventory.model import Answer, Switch
from inventory.sources.subnet_table import (
    Network,
    Row,
    SubnetPageError,
    read_selector,
    read_subnet,
)
from inventory.text import is_hostname, one_line, same_host

if TYPE_CHECKING:
    from inventory.settings import SubnetPageSettings

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PARALLEL = 4
_SYSTEM = "Subnet page"


class SubnetPageSource:
    """The address source that reads the subnet page (an ``AddressSource``)."""

    system = _SYSTEM

    def __init__(self, settings: SubnetPageSettings, password: str | None = None) -> None:
        """Prepare the client; nothing is asked yet."""
        self._settings = settings
        self._web = WebClient(self.system, settings, password)
        self._rows: Memo[tuple[datetime, tuple[Row, ...]]] = Memo(self._fetch)

    @property
    def location(self) -> str:
        """Where the page is."""
        return self._web.location

    def address_of(self, switch: str) -> Answer[Switch]:
        """The one management address of a switch, by its full name or a unique short one.

        Raises:
            TargetError: the text is no host name.
            UnknownSwitchError: no configured subnet has the name.
            AmbiguousSwitchError: two addresses for the name, or two names for the address.
            SourceError: the page failed.
        """
        if not is_hostname(switch):
            raise TargetError(f'"{one_line(switch, 80)}" cannot be the name of a switch.')
        asked_at, rows = self._rows.get()
        found = find_switch(switch, rows, self.location)
        warning = ""
        if found.seen.casefold() == "never":
            warning = f"{found.name} has never been seen at its address {found.address}"
        return Answer(found, self.system, asked_at, warning=warning)

    def _fetch(self) -> tuple[datetime, tuple[Row, ...]]:
        """The rows of all configured subnets; one that fails fails the whole.

        A name that is missing, or unique, must be so in all of them.
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
            return asked_at, tuple(row for rows in pool.map(self._subnet, subnets) for row in rows)

    def _subnet(self, subnet: Network) -> tuple[Row, ...]:
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


def find_switch(switch: str, rows: tuple[Row, ...], location: str = "") -> Switch:
    """The switch of that name in the rows: by the full name, else by the short one if unique.

    Two full names are never taken for one another because their first parts agree.

    Raises:
        UnknownSwitchError: no row has the name.
        AmbiguousSwitchError: the rows contradict each other about it.
        SourceError: its row holds no address of its subnet.
    """
    wanted = switch.casefold()
    pairs = [(name, row) for row in rows for name in row.names]
    found = [pair for pair in pairs if pair[0].casefold() == wanted]
    if not found:
        found = [pair for pair in pairs if same_host(pair[0], switch)]
    if not found:
        raise UnknownSwitchError(
            _SYSTEM,
            f"none of its {len(rows)} registered addresses is named {switch}.",
            f"Search for the switch at {location or 'the page'}; its subnet may be missing from "
            "subnet_page.subnets in the settings.",
        )
    listed = ", ".join(f"{row.text} {name}" for name, row in found)
    addresses = {row.address for _, row in found}
    if None in addresses:
        raise SourceError(
            _SYSTEM,
            f"the row of {switch} holds no address of its subnet ({listed}).",
            "Have the registration corrected.",
        )
    if len(addresses) > 1 or len({name.casefold() for name, _ in found}) > 1:
        raise AmbiguousSwitchError(
            _SYSTEM,
            f"several registered addresses can be {switch}: {listed}.",
            "Give the full name, or have the registration corrected.",
        )
    name, row = found[0]
    # Several names in one cell are one registration and its aliases; in rows apart they are two.
    others = sorted(
        {
            other
            for other, at in pairs
            if at.address == row.address
            and not same_host(other, name)
            and not any(same_host(alias, name) for alias in at.names)
        }
    )
    if others:
        raise AmbiguousSwitchError(
            _SYSTEM,
            f"the address {row.text} is registered under several names: "
            f"{name}, {', '.join(others)}.",
            "Have the registration corrected: whose switch it is must be certain.",
        )
    if row.address is None:  # excluded above; said again for the type checker
        raise AssertionError(row)
    return Switch(name, row.address, row.seen)
