"""Who is to be healed: the running VMs behind a target, and their addresses to ping."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from inventory.errors import TargetError
from inventory.given import NOT_ASKED
from inventory.target import Kind, TargetPath
from tasks.faults.model import SilentEndpoint

if TYPE_CHECKING:
    from inventory.model import VirtualMachine
    from inventory.names import IpAddress
    from runbooks.incident.reachability import Probe
    from tasks.model import Gateway

RUNNING = "ACTIVE"
#: The openstack command that brings back a VM in such a state; for other states one has to look.
_REMEDIES = {
    "SHUTOFF": "start",
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
}


@dataclass(frozen=True)
class Endpoint:
    """A VM that should answer.

    Attributes:
        name: its name.
        probed: the addresses to ping.
        fixed: its addresses on their subnets; they tell its gateway.
        macs: its MACs.
    """

    name: str
    probed: tuple[str, ...]
    fixed: tuple[IpAddress, ...]
    macs: tuple[str, ...]


def endpoints_of(chain: TargetPath) -> tuple[Endpoint, ...]:
    """Return the VMs to heal for a target.

    Raises:
        TargetError: the target is a switch, is not running, has no hypervisor, or has no address.
    """
    if chain.kind is Kind.SWITCH:
        name = chain.switches[0].value.name  # without the prefix, which vip toggle does not take
        raise TargetError(
            f"{chain.target} is a switch, but vip heal needs a target that is cut off",
            f"Name a VM, its address or a hypervisor; or: vip toggle {name} --vip ADDRESS",
        )
    if chain.vm is not None:
        return (_the_vm(chain.vm.value, chain.target),)
    if chain.neighbours is None:
        raise TargetError(
            f"which VMs run on {chain.hypervisor} could not be asked, so it is not known "
            "who is cut off",
            f"Name a VM's address and its place: vip heal ADDRESS --hypervisor {chain.hypervisor}; "
            "or toggle by hand: vip toggle SWITCH --vip ADDRESS",
        )
    running = [vm for vm in chain.neighbours.value if vm.status == RUNNING and vm.addresses]
    if not running:
        raise TargetError(
            f"{chain.hypervisor} has no running VM with an address "
            f"({_in_all(chain.neighbours.value)})",
            "There is nobody to heal.",
        )
    return tuple(_endpoint(vm) for vm in running)


def _in_all(vms: tuple[VirtualMachine, ...]) -> str:
    """Return the number of VMs in words, by their state: without a running one that is the news."""
    states = Counter(vm.status if vm.addresses else f"{vm.status} without an address" for vm in vms)
    listed = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return f"{len(vms)} VMs in all: {listed}" if vms else "no VM at all"


def _the_vm(vm: VirtualMachine, target: str) -> Endpoint:
    if vm.status not in {RUNNING, NOT_ASKED}:
        fault = f" ({vm.fault})" if vm.fault else ""
        verb = _REMEDIES.get(vm.status, "show")
        first = f"See to the hypervisor first: {vm.host_trouble}. " if vm.host_trouble else ""
        raise TargetError(
            f"{vm.name} is {vm.status}{fault}, not {RUNNING}: it cannot answer, whatever its "
            "gateway does",
            f"{first}See to the VM itself: openstack server {verb} {vm.id}",
        )
    if not vm.hypervisor and vm.status != NOT_ASKED:
        raise TargetError(
            f"{vm.name} is {vm.status}, but OpenStack has placed it on no hypervisor",
            f"See what Nova says: openstack server show {vm.id}",
        )
    if not vm.addresses:
        raise TargetError(
            f"{vm.name} has no address, so that no gateway is its own",
            f"See its ports: openstack port list --server {vm.id}",
        )
    return _endpoint(vm, target)


def _endpoint(vm: VirtualMachine, target: str = "") -> Endpoint:
    fixed = tuple(address.ip for address in vm.addresses)
    try:
        # A target that is an address means this address and no other one of the VM.
        named = ip_address(target.removeprefix(f"{Kind.VM.value}:"))
    except ValueError:
        return Endpoint(vm.name, tuple(map(str, fixed)), fixed, vm.macs)
    first = tuple(address for address in fixed if address == named) or fixed
    return Endpoint(vm.name, (str(named),), first, vm.macs)


def silent_fixed(
    endpoints: tuple[Endpoint, ...], probes: dict[str, Probe]
) -> tuple[IpAddress, ...]:
    """Return the fixed addresses of the endpoints that do not answer, in order."""
    found: dict[IpAddress, None] = {}
    for endpoint in endpoints:
        silent = [text for text in endpoint.probed if not probes[text].answers]
        own = [address for address in endpoint.fixed if str(address) in silent]
        for address in own or (endpoint.fixed if silent else ()):
            found[address] = None
    return tuple(found)


def silent_ones(
    endpoints: tuple[Endpoint, ...],
    probes: dict[str, Probe],
    hypervisor: str = "",
    ports: tuple[str, ...] = (),
) -> tuple[SilentEndpoint, ...]:
    """Return the silent endpoints, as the diagnosis of a switch expects them.

    Args:
        endpoints: the VMs that should answer.
        probes: the pings, by address.
        hypervisor: their hypervisor.
        ports: the hypervisor's ports on that switch.
    """
    silent = set(silent_fixed(endpoints, probes))
    return tuple(
        SilentEndpoint(
            address, endpoint.name, tuple(m.lower() for m in endpoint.macs), hypervisor, ports
        )
        for endpoint in endpoints
        for address in endpoint.fixed
        if address in silent
    )


def served(
    gateway: Gateway, endpoints: tuple[Endpoint, ...], probes: dict[str, Probe]
) -> list[str]:
    """Return the probed addresses that must answer once this gateway works again."""
    network = gateway.vip.address.network
    found = [
        text
        for endpoint in endpoints
        if any(address in network for address in endpoint.fixed)
        for text in endpoint.probed
        if ip_address(text) in network or ip_address(text) not in endpoint.fixed
    ]
    silent = [text for text in found if not probes[text].answers]
    return list(dict.fromkeys(silent or found))


def known_macs(chain: TargetPath) -> dict[str, tuple[str, ...]]:
    """Return the MACs by address of all known VMs.

    Of two VMs with one address, in networks of two tenants, either may be right; the target itself
    is known.
    """
    found: dict[str, tuple[str, ...]] = {}
    for vm in chain.neighbours.value if chain.neighbours else ():
        for address in (str(a.ip) for a in vm.addresses if vm.macs):
            macs = (*found.get(address, ()), *map(str.lower, vm.macs))
            found[address] = tuple(dict.fromkeys(macs))
    if chain.vm is not None and chain.vm.value.macs:
        own = tuple(map(str.lower, chain.vm.value.macs))
        found |= {str(a.ip): own for a in chain.vm.value.addresses}
    return found
