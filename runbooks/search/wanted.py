"""What is looked for on the switches: from the target's name to its hypervisor, MACs, addresses."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from inventory.errors import SourceError, TargetError, VipkeeperError
from inventory.model import VirtualMachine
from inventory.names import command, did_you_mean, is_address, is_hostname, one_line, same_host
from inventory.sources.one_vm import kept_names, one_vm, vms_named
from inventory.sources.openstack.source import classify
from inventory.sources.protocols import MacSource
from inventory.target import Kind, several_kinds
from napalm_cumulus.patterns import normal_mac

if TYPE_CHECKING:
    from inventory.model import Answer
    from inventory.site import Site

MAC = "mac"
ADDRESS = "address"
NAME = "name"
_PREFIXES = (Kind.VM.value, Kind.HYPERVISOR.value, MAC)


@dataclass(frozen=True)
class Wanted:
    """What the switches are asked for.

    Attributes:
        target: as the person wrote it.
        kind: ``vm``, ``hypervisor``, ``mac``, or where no source knows it ``address`` or ``name``.
        vm: the VM's name; empty where there is none, or it is not known.
        hypervisor: the name to look for by LLDP; empty where it is not known.
        macs: the MACs to look for; empty where they are not known.
        addresses: the addresses to look for in the neighbour tables.
        notes: what could not be asked or is old, a sentence each.
        failure: why OpenStack could not say who is looked for, or which VMs it has; None where it
            could.
    """

    target: str
    kind: str
    vm: str = ""
    hypervisor: str = ""
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: SourceError | None = None


def resolve(site: Site, target: str) -> Wanted:
    """Return what to look for; a source that fails is noted and stops nothing.

    Raises:
        TargetError: it can be no name, or is that of several VMs, or of a VM and a hypervisor.
    """
    prefix, colon, rest = target.partition(":")
    wanted, text = (prefix, rest) if colon and prefix in _PREFIXES else ("", target)
    if wanted in {"", MAC} and (mac := normal_mac(text)):
        return Wanted(target, MAC, macs=(mac,))
    if colon and prefix == NAME:
        return _by_name(site, target, rest)
    if wanted == MAC:
        raise TargetError(f'"{one_line(text, 80)}" is no MAC address.')
    classify(text)
    if colon and prefix == Kind.SWITCH.value:
        way = f"For a switch: {command('vip', 'trace', target)}. A VM of that name: {NAME}:{target}"
        raise TargetError("vip find looks for a VM, a hypervisor or a MAC, not for a switch.", way)
    if wanted == Kind.HYPERVISOR.value and not is_hostname(text):
        raise TargetError(f'"{one_line(text, 80)}" cannot be the name of a {wanted}.')
    if wanted == Kind.HYPERVISOR.value:
        return _hypervisor(site, target, text, ())
    if wanted == Kind.VM.value or not is_hostname(text) or is_address(text):
        return _vm(site, target, text)
    return _named(site, target, text)


def owner_of(site: Site, mac: str) -> VirtualMachine | None:
    """Return the VM that has a MAC, by OpenStack; None where it is none's, or cannot be asked."""
    with suppress(VipkeeperError):
        owners = site.compute.owners_of([mac]) if isinstance(site.compute, MacSource) else None
        return next((owner.vm for owner in owners.value if owner.vm), None) if owners else None
    return None


def _by_name(site: Site, target: str, name: str) -> Wanted:
    answer = vms_named(site.compute, name)
    return _of(target, one_vm(answer, name, site.compute, by_name=True), answer)


def _vm(site: Site, target: str, text: str) -> Wanted:
    try:
        answer = site.compute.find_vms(text)
    except SourceError as failure:
        return _unknown(target, text, failure)
    return _of(target, one_vm(answer, text, site.compute), answer)


def _named(site: Site, target: str, text: str) -> Wanted:
    """Return what a plain name means: a VM, a hypervisor, or else a name to look for by LLDP."""
    with ThreadPoolExecutor(2) as pool:
        vms = pool.submit(site.compute.find_vms, text)
        names = pool.submit(site.uplink.list_hypervisors)
    found, no_vms = _result(vms)
    known, no_names = _result(names)
    hosts = [name for name in known.value if same_host(name, text)] if known else []
    if found and found.value and hosts:
        raise several_kinds(text, (Kind.VM, Kind.HYPERVISOR))
    if found and found.value:
        return _of(target, one_vm(found, text, site.compute), found)
    notes = tuple(f"{failure}" for failure in (no_vms, no_names) if failure)
    if hosts:
        old = (known.warning,) if known and known.warning else ()
        return _hypervisor(site, target, hosts[0] if len(hosts) == 1 else text, (*old, *notes))
    if not notes:
        near = did_you_mean(text, (*(known.value if known else ()), *kept_names(site.compute)))
        alone = f"No VM and no hypervisor is called {text}: it is looked for by LLDP alone."
        notes = (f"{alone} {near}".rstrip(),)
    return Wanted(target, NAME, hypervisor=text, notes=notes, failure=no_vms)


def _hypervisor(site: Site, target: str, name: str, notes: tuple[str, ...]) -> Wanted:
    """Return a hypervisor, and the MACs of its VMs: they show it where LLDP does not."""
    wanted = Wanted(target, Kind.HYPERVISOR.value, hypervisor=name, notes=notes)
    try:
        answer = site.compute.vms_on(name)
    except VipkeeperError as failure:
        note = f"{failure} Its VMs are not known: only LLDP can show it."
        down = failure if isinstance(failure, SourceError) else None
        return replace(wanted, notes=(*notes, note), failure=down)
    macs = dict.fromkeys(mac.lower() for vm in answer.value for mac in vm.macs)
    old = (answer.warning,) if answer.warning else ()
    return replace(wanted, macs=tuple(macs), notes=(*notes, *old))


def _of(target: str, vm: VirtualMachine, answer: Answer[Any]) -> Wanted:
    return Wanted(
        target,
        Kind.VM.value,
        vm.name,
        vm.hypervisor,
        tuple(mac.lower() for mac in vm.macs),
        tuple(str(address.ip) for address in vm.addresses),
        (answer.warning,) if answer.warning else (),
    )


def _unknown(target: str, text: str, failure: SourceError) -> Wanted:
    if is_address(text):
        note = f"{failure} The MAC is taken from the switches' neighbour tables."
        address = str(ip_address(text))
        return Wanted(target, ADDRESS, addresses=(address,), notes=(note,), failure=failure)
    if not is_hostname(text):
        raise failure
    return Wanted(target, NAME, hypervisor=text, notes=(str(failure),), failure=failure)


def _result(future: Future[Any]) -> tuple[Any, SourceError | None]:
    try:
        return future.result(), None
    except SourceError as failure:
        return None, failure
