"""Hypervisors and VMs under each switch, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.health.model import SwitchHealth


@dataclass(frozen=True)
class PlacedVm:
    """A VM on a hypervisor, as OpenStack describes it; a check does not ask whether it answers.

    Attributes:
        name: its name in OpenStack.
        address: its first address; empty where it has none.
        status: its state in OpenStack (``ACTIVE``).
    """

    name: str
    address: str = ""
    status: str = ""


@dataclass(frozen=True)
class PlacedHypervisor:
    """A hypervisor at a switch's port.

    Attributes:
        name: its name.
        port: the switch's port (``swp1s3``); empty where it is not known.
        vms: its VMs; None where OpenStack was not asked.
    """

    name: str
    port: str = ""
    vms: tuple[PlacedVm, ...] | None = None


Placement = Mapping[str, tuple[PlacedHypervisor, ...]]
"""Hypervisors by the switch's name in the inventory."""


def hypervisors_of(
    health: SwitchHealth, placement: Placement | None
) -> tuple[PlacedHypervisor, ...]:
    """Return the placement's hypervisors, and those that only the switch's LLDP names, by name.

    Where both know a hypervisor, the port is the one that LLDP reports.
    """
    known = {placed.name: placed for placed in (placement or {}).get(health.switch, ())}
    for name, port in health.hypervisors.items():
        placed = known.get(name)
        known[name] = PlacedHypervisor(name, port, placed.vms if placed else None)
    return tuple(known[name] for name in sorted(known))
