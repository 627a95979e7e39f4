"""Machines that answer for a VIP: the MAC, where it is attached, and the VM that has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from inventory.model import MacOwner, VirtualMachine
from inventory.names import short_host
from inventory.sources.protocols import MacSource
from runbooks.incident.background import Background
from tasks.faults.model import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runbooks.run.run import Run

#: Seconds that OpenStack may take; the outcome of a cure does not wait any longer for it.
_PATIENCE = 8.0


@dataclass(frozen=True)
class Rogue:
    """A machine that answers for a VIP, and its owner.

    Attributes:
        switch: the leaf that sees it.
        address: the VIP.
        mac: its MAC.
        places: where the leaf sees it: ports, or the tunnel and its VTEP.
        vms: the VMs with this MAC; a MAC is unique only within one network.
        others: owners of OpenStack's other ports with this MAC (``network:dhcp``).
        unknown: why the owner could not be found out; empty where it could.
    """

    switch: str
    address: str
    mac: str
    places: tuple[str, ...]
    vms: tuple[VirtualMachine, ...] = ()
    others: tuple[str, ...] = ()
    unknown: str = ""

    def __str__(self) -> str:
        seen = f"on {', '.join(self.places)}" if self.places else "on no port"
        return (
            f"{self.address} is answered by {self.mac}, seen {seen} of {short_host(self.switch)}: "
            f"{self._owner}"
        )

    @property
    def _owner(self) -> str:
        if self.unknown:
            return f"its owner is not known ({self.unknown.rstrip('.')})"
        named = [f"the VM {_vm(vm)}" for vm in self.vms]
        named += [f"a port of {kind}" if kind else "a free port" for kind in self.others]
        return " and ".join(named) if named else "no port of OpenStack has this MAC"


def _vm(vm: VirtualMachine) -> str:
    return f"{vm.name} ({vm.id}) on {vm.hypervisor or 'no hypervisor'}"


#: Returns the source that knows VMs; opening it may fail.
Compute = Callable[[], object]


def rogues_of(switch: str, diagnoses: Iterable[Diagnosis], compute: Compute) -> tuple[Rogue, ...]:
    """Return the machines that the diagnoses name, with their owners in OpenStack.

    A failure on the way is noted in ``Rogue.unknown``; it is never an error of the healing.

    Args:
        switch: the leaf with these diagnoses.
        diagnoses: its diagnoses.
        compute: returns the source to ask.
    """
    strangers = list(dict.fromkeys(s for d in diagnoses for s in d.strangers))
    if not strangers:
        return ()
    macs = tuple(dict.fromkeys(stranger.mac for stranger in strangers))
    unknown = ""
    owners: Sequence[MacOwner] = ()
    try:
        owners = Background(lambda: _ask(compute, macs)).result(_PATIENCE)
    except VipkeeperError as error:
        unknown = str(error)
    return tuple(
        Rogue(
            switch,
            each.address,
            each.mac,
            each.places,
            tuple(o.vm for o in owners if o.mac == each.mac and o.vm is not None),
            tuple(o.kind for o in owners if o.mac == each.mac and o.vm is None),
            unknown,
        )
        for each in strangers
    )


def tell_rogues(
    run: Run, switch: str, diagnoses: Iterable[Diagnosis], compute: Compute
) -> tuple[Rogue, ...]:
    """Tell which machines answer for the VIP, and note them in the report."""
    rogues = rogues_of(switch, diagnoses, compute)
    for rogue in rogues:
        run.story.tell("rogue", str(rogue), "fail")
    run.report.rogues = (*run.report.rogues, *rogues)
    return rogues


def _ask(compute: Compute, macs: Sequence[str]) -> Sequence[MacOwner]:
    source = compute()
    if not isinstance(source, MacSource):
        raise VipkeeperError("the source of VMs cannot be asked whose a MAC is")
    return source.owners_of(macs).value
