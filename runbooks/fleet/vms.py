"""Which VMs run on which hypervisor behind which switch, and what a check expects of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from inventory.causes import HYPERVISOR, Notes
from inventory.model import SERVICE_TROUBLES, Answer
from inventory.names import short_host
from runbooks.fleet.selection import uplinks_of
from runbooks.incident.endpoints import RUNNING
from runbooks.output.placement import PlacedHypervisor, PlacedVm
from tasks.faults.view import ExpectedVm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nornir.core.inventory import Inventory

    from inventory.model import VirtualMachine
    from inventory.site import Site
    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth


class HypervisorVms:
    """VMs by hypervisor; OpenStack is asked once for each hypervisor.

    Attributes:
        problems: why VMs are missing or old, one line for each cause.
        notes: what OpenStack says against hypervisors, one sentence for each kind of trouble.
    """

    def __init__(self, site: Site) -> None:
        self._missing, self._kept = Notes(), Notes()
        self._site = site
        self._asked: set[str] = set()
        self._answers: dict[str, Answer[tuple[VirtualMachine, ...]]] = {}

    def ask(self, names: Iterable[str]) -> None:
        """Ask for the VMs of hypervisors; a hypervisor without an answer is left out."""
        new = sorted(set(names) - self._asked)
        self._asked.update(new)
        for name, outcome in self._site.ask_each(self._site.compute.vms_on, new):
            if not isinstance(outcome, Answer):
                self._missing.left_out(outcome, "", name, HYPERVISOR)
                continue
            self._answers[name] = outcome
            if outcome.cached:
                self._kept.answered(outcome, name)

    @property
    def problems(self) -> tuple[str, ...]:
        """Return why VMs are missing, and why they are as they were."""
        old = "VMs are as they were, and nothing is judged by them"
        missing = (f"VMs are missing: {line}" for line in self._missing.lines)
        return (*missing, *(f"{old}: {line}" for line in self._kept.lines))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what OpenStack says against hypervisors."""
        hosts: dict[str, list[str]] = defaultdict(list)
        for answer in self._answers.values():
            vm = next((vm for vm in answer.value if vm.host_trouble), None)
            if vm is not None:
                hosts[vm.host_status].append(short_host(vm.hypervisor))
        return tuple(
            f"the compute service on {', '.join(sorted(names))} {SERVICE_TROUBLES[status]}: the "
            "states of its VMs may be old"
            for status, names in sorted(hosts.items())
        )

    def vms_on(self, hypervisor: str) -> tuple[VirtualMachine, ...] | None:
        """Return the VMs of a hypervisor; None where OpenStack was not asked, or did not answer."""
        answer = self._answers.get(hypervisor)
        return None if answer is None else answer.value

    def behind(self, inventory: Inventory) -> dict[str, dict[str, ExpectedVm]]:
        """Return the VMs that run behind each switch: by the switch's name, then by their address.

        Only current answers of OpenStack count: a VM may have been rebuilt since an earlier answer.
        """
        cables = {name: uplinks_of(host) for name, host in inventory.hosts.items()}
        homes = Counter(hypervisor for found in cables.values() for hypervisor in found)
        return {name: self._behind(found, homes) for name, found in cables.items()}

    def _behind(
        self, hypervisors: Iterable[str], homes: Mapping[str, int]
    ) -> dict[str, ExpectedVm]:
        found: dict[str, ExpectedVm] = {}
        for hypervisor in hypervisors:
            answer = self._answers.get(hypervisor)
            if answer is None or answer.cached:
                continue
            # The VMs of a hypervisor with several switches may be behind any of them.
            place = hypervisor if homes[hypervisor] == 1 else ""
            for vm in answer.value:
                if vm.status != RUNNING or not vm.macs:
                    continue
                for address in (str(a.ip) for a in vm.addresses):
                    found[address] = _either(found.get(address), ExpectedVm(vm.macs, place))
        return found


def _either(one: ExpectedVm | None, other: ExpectedVm) -> ExpectedVm:
    """Return one expectation for two VMs with one address in separate networks: either is right."""
    if one is None:
        return other
    place = one.hypervisor if one.hypervisor == other.hypervisor else ""
    return ExpectedVm(tuple(dict.fromkeys((*one.macs, *other.macs))), place)


def place(fleet: FleetHealth, inventory: Inventory, hosted: HypervisorVms | None) -> Placement:
    """Return the hypervisors by switch from the inventory and LLDP, with their VMs where wanted.

    Args:
        fleet: the check, with the LLDP neighbours.
        inventory: its hosts; the hosts' data hold the uplinks.
        hosted: the VMs; it is also asked for hypervisors that only LLDP knows. None leaves VMs
            out.
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
