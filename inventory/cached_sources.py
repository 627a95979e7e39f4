"""The three sources, each with its last good answers to fall back on."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from inventory.disk_cache import NAMES, SWITCH, UPLINKS, VMS
from inventory.errors import SourceError
from inventory.kept import KeptHosts, KeptVms, host_key, vm_key
from inventory.model import Answer, MacOwner, Segment, Switch, Uplink, VirtualMachine
from inventory.names import ago, same_host
from inventory.sources.host_index import HostIndex
from inventory.sources.protocols import MacSource, NameSource, SegmentSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import TypeAdapter

    from inventory.disk_cache import Cache
    from inventory.sources.protocols import AddressSource, ComputeSource, Source, UplinkSource

T = TypeVar("T")
K = TypeVar("K")
_RECORDED = "recorded uplinks"


class _Arranged(Generic[K]):
    """Kept answers in the form in which they are found; made anew when an answer was stored."""

    def __init__(self, cache: Cache, arrange: Callable[[], K]) -> None:
        self._cache = cache
        self._arrange = arrange
        self._lock = threading.Lock()
        self._state: tuple[int, int] | None = None
        self._made: K | None = None

    def get(self) -> K:
        with self._lock:
            state = self._cache.state()
            if self._made is None or state != self._state:
                self._state, self._made = state, self._arrange()
            return self._made


class _Cached:
    """Asks a source, keeps its answers, and returns a kept one when the source fails."""

    def __init__(self, source: Source, cache: Cache) -> None:
        self._cache = cache
        self.system, self.location = source.system, source.location
        self._prefix = f"{source.system} {source.location} "

    def _keep(self, question: str, answer: Answer[T], kind: TypeAdapter[T]) -> None:
        if not answer.cached:
            self._cache.store(self._prefix + question, answer, kind)

    def _all(self, word: str, kind: TypeAdapter[T]) -> dict[str, Answer[T]]:
        return self._cache.load_all(f"{self._prefix}{word} ", kind)

    @staticmethod
    def _instead(failure: SourceError, kept: Answer[T] | None) -> Answer[T]:
        """Return a kept answer in place of a failure.

        Raises:
            SourceError: the failure; nothing is kept, or it is the system's own answer.
        """
        if failure.sound or kept is None:
            raise failure
        warning = f"{failure} This is its answer of {ago(kept.asked_at)}."
        return replace(kept, cached=True, warning=warning, failure=failure)

    def _kept(
        self, failure: SourceError, name: str, kept: Answer[T] | None, known: Sequence[str]
    ) -> Answer[T]:
        """Return a kept answer about a name in place of a failure.

        Raises:
            SourceError: nothing is kept of that name; it has the names of which something is. A new
                one, as one failure may be raised for many names.
        """
        if kept is not None or failure.sound:
            return self._instead(failure, kept)
        unknown = type(failure)(failure.system, failure.message, failure.advice)
        vars(unknown).update(vars(failure))  # its reason, too
        raise unknown.naming(name, known) from failure


class CachedCompute(_Cached):
    """A ``ComputeSource`` with its last good answers to fall back on."""

    def __init__(self, source: ComputeSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        super().__init__(source, cache)
        self._source = source
        self._vms = _Arranged(cache, lambda: KeptVms(self._found(), self._all("on", VMS)))
        self._lists = _Arranged(cache, lambda: KeptHosts(self._all("on", VMS), _own_of_vms))

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        """See ``ComputeSource.find_vms``; a VM is kept by its id, its addresses and its name."""
        try:
            answer = self._source.find_vms(target)
        except SourceError as failure:
            kept = self._vms.get()
            return self._kept(failure, target, kept.find(target), kept.names)
        self._keep(f"find {vm_key(target)}", answer, VMS)
        return answer

    def vms_named(self, name: str) -> Answer[tuple[VirtualMachine, ...]]:
        """See ``NameSource.vms_named``.

        Raises:
            SourceError: the source failed and nothing is kept, or it cannot answer this.
        """
        if not isinstance(self._source, NameSource):
            raise SourceError(self.system, "it cannot look for a VM by its name alone.")
        try:
            answer = self._source.vms_named(name)
        except SourceError as failure:
            return self._instead(failure, self._vms.get().named(name))
        self._keep(f"named {name}", answer, VMS)
        return answer

    def _found(self) -> dict[str, Answer[tuple[VirtualMachine, ...]]]:
        """Return the VMs that were looked for; of a name alone it says nothing about an address."""
        named = self._all("named", VMS)
        return {f"name:{name}": found for name, found in named.items()} | self._all("find", VMS)

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        """See ``ComputeSource.vms_on``."""
        try:
            answer = self._source.vms_on(hypervisor)
        except SourceError as failure:
            return self._instead(failure, self._lists.get().find(hypervisor))
        self._keep(f"on {host_key(hypervisor, _own_of_vms(answer.value))}", answer, VMS)
        return answer

    def owners_of(self, macs: Sequence[str]) -> Answer[tuple[MacOwner, ...]]:
        """See ``MacSource.owners_of``; never from the cache, as ports come and go.

        Raises:
            SourceError: the source failed, or cannot answer this.
        """
        if not isinstance(self._source, MacSource):
            raise SourceError(self.system, "it cannot say who owns a MAC.")
        return self._source.owners_of(macs)

    def segments_of(self, vm_id: str) -> Answer[Mapping[str, Segment]]:
        """See ``SegmentSource.segments_of``; never from the cache.

        Raises:
            SourceError: the source failed, or cannot answer this.
        """
        if not isinstance(self._source, SegmentSource):
            raise SourceError(self.system, "it cannot say in which VLAN a VM is.")
        return self._source.segments_of(vm_id)

    def known_names(self) -> tuple[str, ...]:
        """Return the names of all VMs in the kept answers."""
        return self._vms.get().names


class CachedUplink(_Cached):
    """An ``UplinkSource`` with its last good answers to fall back on."""

    def __init__(self, source: UplinkSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        super().__init__(source, cache)
        self._source = source
        self._listed = _Arranged(cache, self._list)
        self._observed = _Arranged(cache, lambda: self._cables("uplinks"))
        self._recorded = _Arranged(cache, lambda: self._cables(_RECORDED))

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        """See ``UplinkSource.list_hypervisors``."""
        try:
            answer = self._source.list_hypervisors()
        except SourceError as failure:
            return self._instead(failure, self._listed.get().answer)
        self._keep("hypervisors", answer, NAMES)
        return answer

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        """See ``UplinkSource.uplinks_of``.

        Recorded cables may be old or lead to a patch panel. They are kept for themselves, never in
        the place of what LLDP saw. The switches that LLDP saw last are given with them, and the
        switches decide.
        """
        try:
            answer = self._asked(hypervisor)
        except SourceError as failure:
            observed = self._observed.get().find(hypervisor)
            recorded = None if observed else self._recorded.get().find(hypervisor)
            names = (*self._listed.get().names, *self._observed.get().names)
            kept = self._kept(failure, hypervisor, observed or recorded, names)
            return replace(kept, recorded=recorded is not None)
        name = host_key(hypervisor, _own_of_uplinks(answer.value))
        self._keep(f"{_RECORDED if answer.recorded else 'uplinks'} {name}", answer, UPLINKS)
        observed = self._observed.get().find(name) if answer.recorded else None
        return _with_observed(answer, observed) if observed else answer

    def _asked(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        """Ask the source; once more where it failed and the kept list spells the name otherwise.

        It may have failed for want of its list, by which it knows its own spelling.
        """
        try:
            return self._source.uplinks_of(hypervisor)
        except SourceError as failure:
            spelled = () if failure.sound else self._listed.get().spelled(hypervisor)
            if len(spelled) != 1 or spelled == (hypervisor,):
                raise
            return self._source.uplinks_of(spelled[0])

    def _list(self) -> _KeptList:
        return _KeptList(self._cache.load(f"{self._prefix}hypervisors", NAMES))

    def _cables(self, word: str) -> KeptHosts[tuple[Uplink, ...]]:
        return KeptHosts(self._all(word, UPLINKS), _own_of_uplinks)


class _KeptList:
    """The kept list of hypervisors, and an index of its names; an empty one is none."""

    def __init__(self, answer: Answer[tuple[str, ...]] | None) -> None:
        self.answer = answer if answer and answer.value else None
        self.names = answer.value if answer else ()
        self._index = HostIndex((name, None) for name in self.names)

    def spelled(self, name: str) -> tuple[str, ...]:
        """Return the names in the list that the host can have."""
        return tuple(known for known, _ in self._index.find(name))


def _with_observed(
    recorded: Answer[tuple[Uplink, ...]], observed: Answer[tuple[Uplink, ...]]
) -> Answer[tuple[Uplink, ...]]:
    """Return recorded cables after the kept ones of LLDP that lead to other switches."""
    more = tuple(
        uplink
        for uplink in observed.value
        if not any(same_host(uplink.switch, known.switch) for known in recorded.value)
    )
    if not more:
        return recorded
    places = ", ".join(f"{u.interface} on {u.switch} {u.port}".rstrip() for u in more)
    seen = f"{ago(observed.asked_at)} LLDP had {places}"
    note = f"{more[0].hypervisor}: {seen}: kept, and the switches decide"
    warning = "; ".join(text for text in (recorded.warning, note) if text)
    return replace(recorded, value=(*more, *recorded.value), warning=warning)


class CachedAddress(_Cached):
    """An ``AddressSource`` with its last good answers to fall back on."""

    def __init__(self, source: AddressSource, cache: Cache) -> None:
        """Put ``cache`` behind ``source``."""
        super().__init__(source, cache)
        self._source = source
        self._switches = _Arranged(
            cache, lambda: KeptHosts(self._all("address", SWITCH), lambda switch: switch.name)
        )

    def address_of(self, switch: str) -> Answer[Switch]:
        """See ``AddressSource.address_of``."""
        try:
            answer = self._source.address_of(switch)
        except SourceError as failure:
            kept = self._switches.get()
            return self._kept(failure, switch, kept.find(switch), kept.names)
        self._keep(f"address {host_key(switch, answer.value.name)}", answer, SWITCH)
        return answer

    def known_names(self) -> tuple[str, ...]:
        """Return the names of all switches in the kept answers."""
        return self._switches.get().names


def _own_of_vms(vms: tuple[VirtualMachine, ...]) -> str:
    return vms[0].hypervisor if vms else ""


def _own_of_uplinks(uplinks: tuple[Uplink, ...]) -> str:
    return uplinks[0].hypervisor if uplinks else ""
