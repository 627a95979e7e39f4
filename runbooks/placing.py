"""Which hypervisors and VMs are behind which switch, as far as the site's systems say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from runbooks.fleet import uplinks_of
from runbooks.output.placement import PlacedHypervisor, PlacedVm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nornir.core.inventory import Inventory

    from inventory.site import Site
    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth


def place(fleet: FleetHealth, inventory: Inventory, site: Site | None) -> tuple[Placement, str]:
    """Hypervisors by switch from the inventory and LLDP, with their VMs where a site is given.

    Args:
        fleet: the check, with what LLDP saw.
        inventory: its hosts; their data hold the uplinks.
        site: whom to ask for VMs; None leaves them out.

    Returns:
        The placement, and why VMs are missing (the first failure), empty when none are.
    """
    ports = {
        health.switch: {
            **{n: ", ".join(p) for n, p in uplinks_of(inventory.hosts[health.switch]).items()},
            **health.hypervisors,
        }
        for health in fleet.switches
        if health.switch in inventory.hosts
    }
    names = {name for found in ports.values() for name in found}
    vms, problem = _vms(site, sorted(names)) if site is not None else ({}, "")
    placement = {
        switch: tuple(
            PlacedHypervisor(name, port, vms.get(name)) for name, port in sorted(found.items())
        )
        for switch, found in ports.items()
    }
    return placement, problem


def _vms(site: Site, names: Iterable[str]) -> tuple[dict[str, tuple[PlacedVm, ...]], str]:
    found: dict[str, tuple[PlacedVm, ...]] = {}
    problems: list[str] = []

    def ask(name: str) -> None:
        try:
            vms = site.compute.vms_on(name).value
        except VipkeeperError as error:
            problems.append(str(error))
            return
        found[name] = tuple(
            PlacedVm(vm.name, str(vm.addresses[0].ip) if vm.addresses else "", vm.status)
            for vm in vms
        )

    with ThreadPoolExecutor(site.parallel) as pool:
        list(pool.map(ask, names))
    return found, problems[0] if problems else ""
