"""The three sources of a site, with their caches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from inventory.cached_sources import CachedAddress, CachedCompute, CachedUplink
from inventory.disk_cache import Cache
from inventory.errors import VipkeeperError
from inventory.settings import MimicSettings
from inventory.sources.registry import make_address, make_compute, make_uplink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from inventory.model import Answer
    from inventory.sources.protocols import AddressSource, ComputeSource, UplinkSource
    from inventory.sources.registry import SourceContext

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """The sources of a site's answers.

    Attributes:
        compute: the source of VMs.
        uplink: the source of cables.
        address: the source of switches' addresses.
        stale_days: the age from which an LLDP date is called old.
        parallel: the number of hypervisors that may be asked about at once.
        name: the site's name, for the Nornir group.
        name_pattern: the regular expression for model and rack in a switch's name.
    """

    compute: ComputeSource
    uplink: UplinkSource
    address: AddressSource
    stale_days: int = 7
    parallel: int = 4
    name: str = "site"
    name_pattern: str = ""

    def ask_each(
        self, question: Callable[[str], Answer[T]], hosts: Sequence[str]
    ) -> Iterator[tuple[str, Answer[T] | VipkeeperError]]:
        """Ask one question about every host, several at once.

        Yields:
            Each host with its answer or the failure, in the order of the hosts.
        """

        def ask(host: str) -> Answer[T] | VipkeeperError:
            try:
                return question(host)
            except VipkeeperError as error:
                return error

        with ThreadPoolExecutor(self.parallel) as pool:
            yield from zip(hosts, pool.map(ask, hosts), strict=True)


def open_site(context: SourceContext, cache_directory: Path | None) -> Site:
    """Make the sources that the settings choose; nothing is asked yet.

    Args:
        context: the settings and secrets.
        cache_directory: the directory of last good answers; None keeps none.

    Raises:
        UnknownSourceError: a chosen source is not installed.
    """
    compute, uplink, address = make_compute(context), make_uplink(context), make_address(context)
    if cache_directory is not None:
        cache = Cache(cache_directory)
        compute = CachedCompute(compute, cache)
        uplink = CachedUplink(uplink, cache)
        address = CachedAddress(address, cache)
    mimic = context.settings(MimicSettings)
    return Site(
        compute,
        uplink,
        address,
        stale_days=mimic.stale_days,
        parallel=mimic.parallel,
        name=context.sources.site,
        name_pattern=context.sources.name_pattern,
    )
