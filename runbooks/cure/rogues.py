"""Who stands in a gateway's place: the machine's MAC, where it hangs, and the VM that has it."""

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

#: Seconds that OpenStack may take: the outcome of a cure does not wait for it any longer.
_PATIENCE = 8.0


@dataclass(frozen=True)
class Rogue:
    """A machine that answers for a VIP, and whose it is.

    Attributes:
        switch: the leaf that sees it.
        address: the VIP.
        mac: its MAC.
        places: the leaf's ports, or the tunnel and its VTEP, where it is seen.
        vms: the VMs that have this MAC; a MAC is unique within a network only.
        others: what else of OpenStack has it (``network:dhcp``).
        unknown: why whose it is could not be learnt; empty where it was.
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
            return f"whose it is is not known ({self.unknown.rstrip('.')})"
        named = [f"the VM {_vm(vm)}" for vm in self.vms]
        named += [f"a port of {kind}" if kind else "a free port" for kind in self.others]
        return " and ".join(named) if named else "no port of OpenStack has this MAC"


def _vm(vm: VirtualMachine) -> str:
    return f"{vm.name} ({vm.id}) on {vm.hypervisor or 'no hypervisor'}"


#: Gives the source that knows VMs; making it may fail.
Compute = Callable[[], object]


def rogues_of(switch: str, diagnoses: Iterable[Diagnosis], compute: Compute) -> tuple[Rogue, ...]:
    """The machines that diagnoses name, with what OpenStack says of them.

    Whatever fails on the way is told as unknown, and is never an error of the healing.

    Args:
        switch: the leaf that was looked at.
        diagnoses: what was found there.
        compute: gives the source to ask.
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
    """Tell who stands in the gateway's place, and note it in the report."""
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
