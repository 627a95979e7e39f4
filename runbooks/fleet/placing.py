"""Which hypervisors and VMs are behind which switch, as far as the site's systems say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.fleet.selection import uplinks_of
from runbooks.output.placement import PlacedHypervisor, PlacedVm

if TYPE_CHECKING:
    from nornir.core.inventory import Inventory

    from inventory.model import VirtualMachine
    from runbooks.fleet.vms import Hosted
    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth


def place(fleet: FleetHealth, inventory: Inventory, hosted: Hosted | None) -> Placement:
    """Hypervisors by switch from the inventory and LLDP, with their VMs where they are asked for.

    Args:
        fleet: the check, with what LLDP saw.
        inventory: its hosts; their data hold the uplinks.
        hosted: the VMs; it is asked for those behind hypervisors that only LLDP names, too.
            None leaves VMs out.
    """
    ports = {
        health.switch: {
            **{n: ", ".join(p) for n, p in uplinks_of(inventory.hosts[health.switch]).items()},
            **health.hypervisors,
        }
        for health in fleet.switches
        if health.switch in inventory.hosts
    }
    if hosted is not None:
        hosted.ask(name for found in ports.values() for name in found)
    return {
        switch: tuple(
            PlacedHypervisor(name, port, _placed(hosted.vms_on(name) if hosted else None))
            for name, port in sorted(found.items())
        )
        for switch, found in ports.items()
    }


def _placed(vms: tuple[VirtualMachine, ...] | None) -> tuple[PlacedVm, ...] | None:
    if vms is None:
        return None
    return tuple(
        PlacedVm(vm.name, str(vm.addresses[0].ip) if vm.addresses else "", vm.status) for vm in vms
    )
