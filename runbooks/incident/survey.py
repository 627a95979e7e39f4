"""Pings VMs around a target at once: on its hypervisor, on its switch, and in other racks."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from inventory.causes import HYPERVISOR, Notes
from inventory.errors import VipkeeperError
from inventory.model import Uplink, VirtualMachine
from inventory.names import is_address, is_hostname, same_host, short_host, whole_names
from inventory.target import TargetPath
from runbooks.incident.background import Background
from runbooks.incident.endpoints import RUNNING
from runbooks.incident.impact import Impact, Sample, Scope, conclude
from runbooks.incident.reachability import Probe, probe_all

if TYPE_CHECKING:
    from inventory.site import Site

T = TypeVar("T")
#: Seconds for each round of questions to the sources; later answers are left out.
_PATIENCE = 4.0
_PINGS, _INTERVAL, _TIMEOUT = 2, 0.2, 0.7
_PER_HYPERVISOR = 2
_KEPT = "VMs are compared with as they were when their source last answered"
_NO_SAMPLE = "heal.blast_sample is 0: no other VM is pinged"


@dataclass(frozen=True)
class _Other:
    """A VM to compare with, and the address to ping."""

    name: str
    address: str


class ImpactSurvey:
    """Pings VMs around a target; asks the sources from the moment it is created."""

    def __init__(self, site: Site, chain: TargetPath, sample: int) -> None:
        """Begin to ask the sources.

        Args:
            site: the sources.
            chain: the target's path.
            sample: number of hypervisors to compare with in each group; 0 compares with nobody.
        """
        self._site = site
        self._chain = chain
        self._sample = sample
        self._notes = Notes()
        self._known: tuple[str, ...] = ()
        self._began = time.monotonic()
        self._limit = threading.Semaphore(site.parallel)
        self._remote = Background(self._ask_elsewhere) if sample else None

    def finish(
        self,
        silent: Sequence[str],
        heard: Iterable[str] = (),
        *,
        several: bool = False,
        answers: bool = False,
        hostnames: Mapping[str, str] = MappingProxyType({}),
    ) -> Impact:
        """Ping all of them, and conclude.

        Args:
            silent: the target's own addresses, which are left out of the samples.
            heard: names that LLDP says are behind the target's switch.
            several: whether the target is several VMs.
            answers: whether the target itself answers after all.
            hostnames: what the target's switches call themselves, for one that was named by its
                address: the leafs of the others have names.
        """
        if self._remote is None:
            empty = Sample("")
            return Impact(Scope.UNKNOWN, empty, empty, warnings=(_NO_SAMPLE,))
        try:
            far = self._remote.result(self._began + 2 * _PATIENCE - time.monotonic())
        except VipkeeperError as error:
            self._notes.failed(error, "other racks are not compared with:")
            far = {}
        names = (switch.value.name for switch in self._chain.switches)
        here = {hostnames.get(name) or name if is_address(name) else name for name in names}
        near = [name for name in dict.fromkeys(heard) if self._is_other_hypervisor(name)]
        local = self._vms_of(near[: self._sample])
        for leaf, vms in far.items():
            if any(same_host(leaf, name) for name in here) and not local:
                local = vms
        own = set(silent)
        beside = self._beside(own)
        mates = self._choose(local, own, 2 * self._sample)
        # Whom the leaf hears is not elsewhere, whatever the uplink source says.
        heard_here = {
            vm.hypervisor
            for vms in far.values()
            for vm in vms
            if any(same_host(vm.hypervisor, name) for name in near)
        }
        others = {
            leaf: self._choose(
                (vm for vm in vms if vm.hypervisor not in heard_here), own, _PER_HYPERVISOR
            )
            for leaf, vms in far.items()
            if not any(same_host(leaf, name) for name in here)
        }
        probes = _ping([*beside, *mates, *(other for group in others.values() for other in group)])
        switches = ", ".join(sorted(short_host(name) for name in here))
        host = short_host(self._chain.hypervisor)
        groups = [
            _group(f"beside it on {host}" if host else "beside it", beside, probes),
            _group(f"on other hypervisors of {switches}", mates, probes, leaf=switches),
        ]
        elsewhere = tuple(
            _group(f"on {leaf.split('.', 1)[0]}", vms, probes, leaf=leaf)
            for leaf, vms in others.items()
        )
        return Impact(
            conclude(groups[0], groups[1], elsewhere, several=several, answers=answers),
            groups[0],
            groups[1],
            tuple(group for group in elsewhere if group.size),
            self._notes.lines,
            round(time.monotonic() - self._began, 2),
        )

    def _is_other_hypervisor(self, name: str) -> bool:
        """Return whether a name that LLDP hears can be a hypervisor: it hears spines, too."""
        if not is_hostname(name) or same_host(name, self._chain.hypervisor):
            return False
        return not self._known or any(same_host(name, known) for known in self._known)

    def _neighbours(self) -> tuple[VirtualMachine, ...]:
        return self._chain.neighbours.value if self._chain.neighbours else ()

    def _beside(self, own: set[str]) -> list[_Other]:
        if self._chain.neighbours is None:
            self._notes.warn("the VMs beside it are not compared with: they are not known")
        return self._choose(self._neighbours(), own, self._sample)

    def _ask_elsewhere(self) -> dict[str, list[VirtualMachine]]:
        """Return VMs of a sample of other hypervisors, by their switch."""
        try:
            names = self._site.uplink.list_hypervisors().value
        except VipkeeperError as error:
            self._notes.failed(error, "nobody in other racks is known:")
            return {}
        self._known = names
        others = [name for name in names if not same_host(name, self._chain.hypervisor)]
        chosen = _spread(others, 2 * self._sample)
        cables = self._answers({name: partial(self._uplinks, name) for name in chosen})
        here = [switch.value.name for switch in self._chain.switches]
        leafs = {name: _leaf_of(uplinks, here) for name, uplinks in cables.items()}
        spelled = whole_names(leafs.values())
        by_leaf: dict[str, list[str]] = defaultdict(list)
        for name, leaf in leafs.items():
            by_leaf[spelled[leaf]].append(name)
        # Take some VMs of each leaf before more of one leaf.
        vms = self._by_host([name for hosts in by_leaf.values() for name in hosts])
        return {
            leaf: [vm for name in hosts for vm in vms.get(name, ())]
            for leaf, hosts in by_leaf.items()
        }

    def _vms_of(self, hypervisors: Sequence[str]) -> list[VirtualMachine]:
        found = self._by_host(hypervisors)
        return [vm for name in hypervisors for vm in found.get(name, ())]

    def _by_host(self, hypervisors: Sequence[str]) -> dict[str, tuple[VirtualMachine, ...]]:
        return self._answers({name: partial(self._vms, name) for name in hypervisors})

    def _uplinks(self, hypervisor: str) -> tuple[Uplink, ...]:
        return self._site.uplink.uplinks_of(hypervisor).value

    def _vms(self, hypervisor: str) -> tuple[VirtualMachine, ...]:
        answer = self._site.compute.vms_on(hypervisor)
        if answer.cached:  # a VM of then may be shut off or elsewhere now, and silent for that
            self._notes.warn(_KEPT)
        return answer.value

    def _answers(self, asked: dict[str, Callable[[], T]]) -> dict[str, T]:
        """Return the answers that came in time, by name; note a warning for each other question."""
        jobs = {name: Background(ask, self._limit) for name, ask in asked.items()}
        until = time.monotonic() + _PATIENCE
        found: dict[str, T] = {}
        for name, job in jobs.items():
            try:
                found[name] = job.result(until - time.monotonic())
            except VipkeeperError as error:  # noqa: PERF203 - each fails for itself
                self._notes.left_out(error, f"{name} is left out:", name, HYPERVISOR)
        return found

    def _choose(self, vms: Iterable[VirtualMachine], own: set[str], most: int) -> list[_Other]:
        running = [vm for vm in vms if vm.status == RUNNING]
        # On a hypervisor whose compute service is in trouble a VM may well be silent for itself.
        running.sort(key=lambda vm: bool(vm.host_trouble))
        found = [
            _Other(vm.name, address)
            for vm in running
            if (address := self._address(vm)) and address not in own
        ]
        return found[:most]

    def _address(self, vm: VirtualMachine) -> str:
        """Return an address reached in the same way as the target's; empty where there is none."""
        target = self._chain.vm.value if self._chain.vm else None
        vms = (target,) if target else self._neighbours()
        known = [address for each in vms for address in each.addresses]
        networks = {address.network for address in known}
        for address in vm.addresses:
            if any(address.ip in network for network in networks):
                return str(address.ip)
        if vm.floating_addresses:
            return str(vm.floating_addresses[0])
        private = any(address.ip.is_private for address in known)
        usable = [a for a in vm.addresses if private or a.ip.is_global]
        return str(usable[0].ip) if usable else ""


def _leaf_of(uplinks: Sequence[Uplink], here: Sequence[str]) -> str:
    """Return the leaf of a hypervisor: the target's, where one of its cables leads there."""
    shared = (u.switch for u in uplinks if any(same_host(u.switch, name) for name in here))
    return next(shared, uplinks[0].switch)


def _group(
    where: str, others: Sequence[_Other], probes: dict[str, Probe], leaf: str = ""
) -> Sample:
    tried = [(other.name, probes[other.address]) for other in others]
    return Sample(
        where,
        tuple(name for name, probe in tried if probe.answers),
        tuple(name for name, probe in tried if not probe.answers and not probe.error),
        leaf,
    )


def _ping(others: Sequence[_Other]) -> dict[str, Probe]:
    addresses = list(dict.fromkeys(other.address for other in others))
    found = probe_all(addresses, count=_PINGS, interval=_INTERVAL, timeout=_TIMEOUT)
    return dict(zip(addresses, found, strict=True))


def _spread(names: Sequence[str], most: int) -> list[str]:
    """Return some of the names, spread evenly over the list: neighbours are often in one rack.

    >>> _spread("abcdefgh", 3)
    ['a', 'c', 'f']
    """
    if len(names) <= most:
        return list(names)
    return [names[place * len(names) // most] for place in range(most)]
