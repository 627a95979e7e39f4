"""Who is to be healed: the running VMs behind a target, and how they are probed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from inventory.errors import TargetError
from inventory.target import Chain, Kind
from tasks.faults.model import Silent

if TYPE_CHECKING:
    from inventory.model import VirtualMachine
    from runbooks.incident.reachability import Probe
    from tasks.model import Gateway

RUNNING = "ACTIVE"
#: What brings a VM back that is in such a state; for others one has to look.
_REMEDIES = {
    "SHUTOFF": "start",
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
}


@dataclass(frozen=True)
class Patient:
    """A VM that should answer.

    Attributes:
        name: its name.
        probed: the addresses to ping.
        fixed: its addresses on their subnets, by which its gateway is found.
        macs: its MACs.
    """

    name: str
    probed: tuple[str, ...]
    fixed: tuple[IPv4Address | IPv6Address, ...]
    macs: tuple[str, ...]


def patients_of(chain: Chain) -> tuple[Patient, ...]:
    """The VMs that a healing of the target is for.

    Raises:
        TargetError: the target is a switch, does not run, runs nowhere, or has no address.
    """
    if chain.kind is Kind.SWITCH:
        raise TargetError(
            f"{chain.target} is a switch, and healing begins with somebody who is cut off",
            f"Name a VM, its address or a hypervisor; or: vip toggle {chain.target} --vip ADDRESS",
        )
    if chain.vm is not None:
        return (_the_vm(chain.vm.value, chain.target),)
    if chain.neighbours is None:
        raise TargetError(
            f"which VMs run on {chain.hypervisor} could not be asked, so nobody is known to be "
            "cut off",
            "Name a VM's address, or toggle by hand: vip toggle SWITCH --vip ADDRESS",
        )
    running = [vm for vm in chain.neighbours.value if vm.status == RUNNING and vm.addresses]
    if not running:
        raise TargetError(
            f"{chain.hypervisor} has no running VM with an address "
            f"({len(chain.neighbours.value)} VMs in all)",
            "There is nobody to heal.",
        )
    return tuple(_patient(vm) for vm in running)


def _the_vm(vm: VirtualMachine, target: str) -> Patient:
    if vm.status != RUNNING:
        fault = f" ({vm.fault})" if vm.fault else ""
        verb = _REMEDIES.get(vm.status, "show")
        raise TargetError(
            f"{vm.name} is {vm.status}{fault}, not {RUNNING}: it cannot answer, whatever its "
            "gateway does",
            f"See to the VM itself: openstack server {verb} {vm.id}",
        )
    if not vm.hypervisor:
        raise TargetError(
            f"{vm.name} is {vm.status}, but OpenStack has placed it on no hypervisor",
            f"See what Nova says: openstack server show {vm.id}",
        )
    if not vm.addresses:
        raise TargetError(
            f"{vm.name} has no address, so that no gateway is its own",
            f"See its ports: openstack port list --server {vm.id}",
        )
    return _patient(vm, target)


def _patient(vm: VirtualMachine, target: str = "") -> Patient:
    fixed = tuple(address.ip for address in vm.addresses)
    try:
        # Who names an address means that one and no other.
        named = ip_address(target.removeprefix(f"{Kind.VM.value}:"))
    except ValueError:
        return Patient(vm.name, tuple(map(str, fixed)), fixed, vm.macs)
    first = tuple(address for address in fixed if address == named) or fixed
    return Patient(vm.name, (str(named),), first, vm.macs)


def silent_fixed(
    patients: tuple[Patient, ...], probes: dict[str, Probe]
) -> tuple[IPv4Address | IPv6Address, ...]:
    """The fixed addresses of the patients that do not answer, in order."""
    found: dict[IPv4Address | IPv6Address, None] = {}
    for patient in patients:
        silent = [text for text in patient.probed if not probes[text].answers]
        own = [address for address in patient.fixed if str(address) in silent]
        for address in own or (patient.fixed if silent else ()):
            found[address] = None
    return tuple(found)


def silent_ones(
    patients: tuple[Patient, ...],
    probes: dict[str, Probe],
    hypervisor: str = "",
    ports: tuple[str, ...] = (),
) -> tuple[Silent, ...]:
    """The silent patients as the diagnosis of a switch wants them.

    Args:
        patients: who should answer.
        probes: who did, by address.
        hypervisor: where they run.
        ports: where the hypervisor is plugged in on that switch.
    """
    silent = set(silent_fixed(patients, probes))
    return tuple(
        Silent(address, patient.name, tuple(m.lower() for m in patient.macs), hypervisor, ports)
        for patient in patients
        for address in patient.fixed
        if address in silent
    )


def served(gateway: Gateway, patients: tuple[Patient, ...], probes: dict[str, Probe]) -> list[str]:
    """The probed addresses that must answer once this gateway works again."""
    network = gateway.vip.address.network
    found = [
        text
        for patient in patients
        if any(address in network for address in patient.fixed)
        for text in patient.probed
        if ip_address(text) in network or ip_address(text) not in patient.fixed
    ]
    silent = [text for text in found if not probes[text].answers]
    return list(dict.fromkeys(silent or found))


def known_macs(chain: Chain) -> dict[str, tuple[str, ...]]:
    """MACs by address of all VMs that are known."""
    vms = list(chain.neighbours.value) if chain.neighbours else []
    if chain.vm is not None:
        vms.append(chain.vm.value)
    return {str(a.ip): tuple(m.lower() for m in vm.macs) for vm in vms for a in vm.addresses}
