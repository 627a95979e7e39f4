"""Finding a kept answer by any name of the thing it is about. Pure: no file is read here.

A question is kept under the words with which it was asked, and on the bad day it is asked with
others: the short name for the full one, another case, the address of a VM that was looked at by its
name. An empty answer is no fact that could be served later ("it has no VMs", "there is no such
VM"): it only says that what was kept before is over.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Generic, TypeVar

from inventory.model import Answer
from inventory.names import is_address, same_host
from inventory.sources.host_index import HostIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from inventory.model import VirtualMachine

T = TypeVar("T")
Vms = tuple["VirtualMachine", ...]


def host_key(asked: str, own: str = "") -> str:
    """Return the name under which an answer about a host is kept.

    That is the name in the answer itself, where it can be the host that was asked for.

    >>> host_key("HV50", "hv50.a.example"), host_key("alias", "hv50.a.example")
    ('hv50.a.example', 'alias')
    """
    return _own_or_asked(own, asked).casefold()


def _own_or_asked(own: str, asked: str) -> str:
    return own if own and same_host(own, asked) else asked


class KeptHosts(Generic[T]):
    """The kept answers to one kind of question about hosts."""

    def __init__(self, answers: Mapping[str, Answer[T]], own: Callable[[T], str]) -> None:
        """Take the answers.

        Args:
            answers: by the name that was asked for.
            own: returns the host's own name in an answer; empty where it holds none.
        """
        newest: dict[str, tuple[str, Answer[T]]] = {}
        for asked, answer in answers.items():
            if answer.value == ():
                continue
            name = _own_or_asked(own(answer.value), asked)
            before = newest.get(name.casefold())
            if before is None or before[1].asked_at < answer.asked_at:
                newest[name.casefold()] = (name, answer)
        self._index = HostIndex(newest.values())
        self.names = tuple(sorted(name for name, _ in newest.values()))

    def find(self, name: str) -> Answer[T] | None:
        """Return the answer about a host; None where there is none, or one for several hosts."""
        return self._index.only(name)


@dataclass(frozen=True)
class _Record:
    """A VM as it was at a time, and whether the question named it."""

    vm: VirtualMachine
    answer: Answer[Vms]


def vm_key(target: str) -> str:
    """Return the words under which the answer about a VM is kept: those of its id or address.

    >>> vm_key("2001:DB8:0::1"), vm_key("Vm-A1")
    ('2001:db8::1', 'Vm-A1')
    """
    with suppress(ValueError):
        return str(ip_address(target))
    return target


class KeptVms:
    """Every VM in the kept answers, each as it was last seen."""

    def __init__(self, found: Mapping[str, Answer[Vms]], on: Mapping[str, Answer[Vms]]) -> None:
        """Take the answers.

        Args:
            found: the VMs that were looked for, by the text that was looked for.
            on: the VMs of hypervisors, by the hypervisor's name.
        """
        newest: dict[str, _Record] = {}
        for answer in (*found.values(), *on.values()):
            for vm in answer.value:
                known = newest.get(vm.id)
                if known is None or known.answer.asked_at < answer.asked_at:
                    newest[vm.id] = _Record(vm, answer)
        lists = HostIndex(on.items())
        self._by_name: dict[str, list[_Record]] = defaultdict(list)
        for record in newest.values():
            if not _is_over(record, found, lists):
                for name in _names(record.vm):
                    self._by_name[name].append(record)
        self.names = tuple(sorted({record.vm.name for record in newest.values()}))

    def find(self, target: str) -> Answer[Vms] | None:
        """Return the VMs with that id, address or exact name; None where none is kept."""
        wanted = vm_key(target)
        records = [r for r in self._by_name.get(wanted, ()) if not _is_only_named(r.vm, wanted)]
        records = records or [
            record
            for record in self._by_name.get(wanted.lower(), ())
            if record.vm.id.lower() == wanted.lower()
        ]
        return _together(records)

    def named(self, name: str) -> Answer[Vms] | None:
        """Return the VMs of exactly that name, whatever it looks like; None where none is kept."""
        return _together([r for r in self._by_name.get(name, ()) if r.vm.name == name])


def _together(records: Sequence[_Record]) -> Answer[Vms] | None:
    if not records:
        return None
    vms = sorted((r.vm for r in records), key=lambda vm: (vm.project_id, vm.name, vm.id))
    oldest = min((record.answer for record in records), key=lambda answer: answer.asked_at)
    return Answer(tuple(vms), oldest.source, oldest.asked_at, cached=True)


def _names(vm: VirtualMachine) -> set[str]:
    return {vm.id.lower(), vm.name, *_addresses(vm)}


def _addresses(vm: VirtualMachine) -> set[str]:
    fixed = {str(address.ip) for address in vm.addresses}
    return fixed | {str(address) for address in vm.floating_addresses}


def _is_only_named(vm: VirtualMachine, wanted: str) -> bool:
    """Return whether an address that is asked for is nothing but the VM's name."""
    return is_address(wanted) and wanted not in _addresses(vm)


def _is_over(
    record: _Record, found: Mapping[str, Answer[Vms]], lists: HostIndex[Answer[Vms]]
) -> bool:
    """Return whether a newer answer says that the VM is not there any more."""
    later: Iterable[Answer[Vms]] = (
        *(answer for name in _names(record.vm) if (answer := found.get(name))),
        *(answer for _, answer in lists.find(record.vm.hypervisor or "-")),
    )
    return any(
        answer.asked_at > record.answer.asked_at
        and record.vm.id not in {vm.id for vm in answer.value}
        for answer in later
    )
