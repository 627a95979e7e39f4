"""The faults that the lab can inject, how they are found by name, and their reports."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.names import did_you_mean
from lab.faults import (
    addresses,
    bonds,
    devices,
    evpn,
    fdb,
    files,
    neighbours,
    ports,
    routes,
    rules,
    sysctls,
    vlans,
    vms,
)
from lab.faults.model import Fault, Script
from lab.topology.shapes import Shape
from lab.topology.specs import UnknownInLabError

__all__ = ["FAULTS", "PLAIN_FAULTS", "ActiveFault", "Fault", "FaultReport", "Script", "find_fault"]

FAULTS: tuple[Fault, ...] = (
    *devices.FAULTS,
    *addresses.FAULTS,
    *routes.FAULTS,
    *neighbours.FAULTS,
    *fdb.FAULTS,
    *sysctls.FAULTS,
    *rules.FAULTS,
    *ports.FAULTS,
    *vlans.FAULTS,
    *rules.VRF_FAULTS,
    *bonds.FAULTS,
    *vms.FAULTS,
    *files.FAULTS,
    *evpn.FAULTS,
)

#: Those of a lab of the plain shape.
PLAIN_FAULTS: tuple[Fault, ...] = tuple(fault for fault in FAULTS if fault.shape is not Shape.REAL)


def find_fault(name: str) -> Fault:
    """Return the fault of that name or id."""
    for fault in FAULTS:
        if name in (fault.name, fault.id):
            return fault
    known = [fault.name for fault in FAULTS]
    near = did_you_mean(name, known) or f"It knows {', '.join(known)}."
    raise UnknownInLabError(f"The lab knows no fault {name!r}.", near)


@dataclass(frozen=True)
class ActiveFault:
    """A fault that was injected and not mended."""

    fault: str
    leaf: str
    vm: str


@dataclass(frozen=True)
class FaultReport:
    """The outcome of injecting or mending a fault: whether the VM answers from outside now."""

    fault: Fault
    leaf: str
    vm: str
    answers: bool

    @property
    def as_declared(self) -> bool:
        """Return whether an injected fault cut the VM off, or did not, as its row says."""
        return self.answers == self.fault.latent
