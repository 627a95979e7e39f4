"""The leafs that were looked at: their names, management addresses and tunnel addresses, on disk.

Of a MAC that is not its own a leaf says only behind which tunnel address (VTEP) it is. Which leaf
that is, no source knows; the leafs themselves do, and every look at one is remembered. So are their
management addresses, for a day when the source of addresses is down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from pydantic import TypeAdapter

from inventory.disk_cache import Cache
from inventory.model import Answer
from inventory.names import IpAddress, first_label, is_hostname, same_host
from inventory.sources.host_index import HostIndex

_QUESTION = "leafs that were looked at"
_SOURCE = "the switches"
#: What has not changed is written again after so long.
_FRESH = timedelta(hours=6)


@dataclass(frozen=True)
class Leaf:
    """A leaf as it was when it was last looked at.

    Attributes:
        name: its name, as the inventory or else the leaf itself spells it.
        address: its management address.
        seen: when it was looked at (UTC).
        vteps: its tunnel addresses (``vxlan-local-tunnelip``); two leafs of a pair share one.
    """

    name: str
    address: IpAddress
    seen: datetime
    vteps: tuple[IpAddress, ...] = ()


_LEAFS: TypeAdapter[tuple[Leaf, ...]] = TypeAdapter(tuple[Leaf, ...])


def leaf_of(
    name: str, address: str, hostname: str, vteps: Iterable[str], at: datetime | None = None
) -> Leaf | None:
    """Return what is to be remembered of a switch that was looked at; None where it is unsafe.

    Args:
        name: its name in the inventory, or its address where it was named by that.
        address: its management address.
        hostname: what it calls itself.
        vteps: its tunnel addresses, as it tells them.
        at: when it was looked at; now by default.
    """
    own = hostname if name == address else name
    if not is_hostname(own) or not same_host(own, hostname):
        return None
    try:
        found = tuple(sorted({ip_address(text) for text in vteps}, key=str))
        return Leaf(own, ip_address(address), at or datetime.now(timezone.utc), found)
    except ValueError:
        return None


class LeafMemory:
    """The leafs that were looked at, by any run of this user."""

    def __init__(self, cache_directory: Path) -> None:
        """Use the directory of the kept answers."""
        self._cache = Cache(cache_directory)

    def known(self) -> tuple[Leaf, ...]:
        """Return every leaf, by name; none where nothing is kept."""
        kept = self._cache.load(_QUESTION, _LEAFS)
        return tuple(filter(_is_sound, kept.value)) if kept else ()

    def behind(self, vtep: str) -> tuple[Leaf, ...]:
        """Return the leafs with a tunnel address: one, both of a pair, or none that is known."""
        return tuple(leaf for leaf in self.known() if vtep in map(str, leaf.vteps))

    def named(self, name: str) -> Leaf | None:
        """Return the only leaf of that name, full or short."""
        return HostIndex((leaf.name, leaf) for leaf in self.known()).only(name)

    def keep(self, looked: Iterable[Leaf]) -> None:
        """Remember leafs; a disk error is logged and otherwise ignored."""
        old = self.known()
        kept = dict.fromkeys(old)  # in order, and quick to take one out: fleets have thousands
        by_address = {leaf.address: leaf for leaf in old}
        by_name: dict[str, list[Leaf]] = defaultdict(list)
        for leaf in old:
            by_name[first_label(leaf.name)].append(leaf)
        for leaf in looked:
            alike = (by_address.get(leaf.address), *by_name[first_label(leaf.name)])
            same = [
                known
                for known in dict.fromkeys(alike)
                if known is not None
                and known in kept
                and (known.address == leaf.address or same_host(known.name, leaf.name))
            ]
            for known in same:
                del kept[known]
            new = _merged(leaf, same)
            kept[new] = None
            by_address[new.address] = new
            by_name[first_label(new.name)].append(new)
        if _worth_writing(old, tuple(kept)):
            answer = Answer(
                tuple(sorted(kept, key=lambda leaf: leaf.name)), _SOURCE, datetime.now(timezone.utc)
            )
            self._cache.store(_QUESTION, answer, _LEAFS)


def _merged(leaf: Leaf, same: list[Leaf]) -> Leaf:
    """Return a leaf with what was known of it: its full name, and VTEPs where none were read."""
    names = [leaf.name, *(kept.name for kept in same if same_host(kept.name, leaf.name))]
    vteps = leaf.vteps or next((kept.vteps for kept in same), ())
    return replace(leaf, name=max(names, key=len), vteps=vteps)


def _is_sound(leaf: Leaf) -> bool:
    """Return whether a kept leaf can be one: a spoilt file must not stop a run."""
    zoned = any("%" in str(address) for address in (leaf.address, *leaf.vteps))
    return is_hostname(leaf.name) and leaf.seen.tzinfo is not None and not zoned


def _worth_writing(old: Sequence[Leaf], new: Sequence[Leaf]) -> bool:
    before = {leaf.name: leaf for leaf in old}
    for leaf in new:
        kept = before.get(leaf.name)
        if kept is None or (kept.address, kept.vteps) != (leaf.address, leaf.vteps):
            return True
        if leaf.seen - kept.seen > _FRESH:
            return True
    return len(old) != len(new)
