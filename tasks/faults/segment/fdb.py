"""Faults of the bridges' forwarding tables, which say to which port a frame goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.gateway.devices import has_other_mac
from tasks.faults.model import Diagnosis, Status
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.faults.gateway_view import GatewayView, SwitchView


def _virtual_mac(view: GatewayView) -> Iterator[Sighting]:
    """Find virtual MACs whose frames the bridge does not deliver to itself."""
    if view.bridge not in view.links:
        return
    own = {view.bridge, view.svi}
    for vip in view.by_device:
        if vip.link is None or not view.works(vip.device) or has_other_mac(vip):
            continue  # another MAC is a fault of its own, which comes first
        # Depending on bridge and iproute2 the entry is the bridge's, or only the device's own.
        known = view.switch.fdb_by_mac.get(vip.link.mac, ())
        rows = [row for row in known if row.bridge == view.bridge]
        if any(row.port in own and row.state == "permanent" for row in rows or known):
            continue
        learnt = ", ".join(dict.fromkeys(row.port for row in rows))
        what = f"is behind {learnt}" if learnt else "is unknown"
        yield Sighting(
            str(vip.ip),
            f"bridge fdb: the virtual MAC {vip.link.mac} {what}, and is not local: frames to the "
            f"VIP are {'sent there' if learnt else 'flooded'}",
            "Find out who else uses that MAC.",
            vip.interface,
            None if learnt else Status.WARNING,
            vip.device,
            latent=not view.silent,
            about=(vip.link.mac, learnt),
        )


def _virtual_mac_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    return ", ".join(
        f"the bridge {view.bridge} knows {mac} of {each.device} "
        f"{f'on {where}' if where else 'nowhere'} and not as its own"
        for each in seen
        for mac, where in (each.about,)
    )


def _vm_port(view: GatewayView) -> Iterator[Sighting]:
    """Find VMs whose frames the bridge sends to another port than that of their hypervisor.

    If no endpoint is silent, the VM may just have moved; behind a tunnel, to another leaf.
    """
    for name, address, macs, hypervisor, ports in _vms(view):
        places = {view.bridge_port(port) for port in ports} | set(ports)
        for mac in macs if places else ():
            where = list(dict.fromkeys(row.port for row in view.learnt(mac)))
            near = [port for port in where if not view.is_tunnel(port)]
            if where and not places & set(where):
                port = (near or where)[0]
                yield Sighting(
                    address,
                    f"bridge fdb: {mac} of {address} is behind {port}; its hypervisor "
                    f"{hypervisor or '(unknown)'} is on {', '.join(ports)}",
                    f"bridge fdb del {mac} dev {port} master: it is learnt anew with its next "
                    "packet. Has the VM just moved?",
                    view.svi,
                    certain=bool(view.silent and near),
                    latent=not (view.silent and near),
                    about=(name, port, hypervisor, ports),
                )


def _vms(view: GatewayView) -> Iterator[tuple[str, str, Sequence[str], str, tuple[str, ...]]]:
    """Yield the VMs with a known place: name, address, MACs, hypervisor and its ports."""
    for silent in view.silent:
        yield str(silent), str(silent.address), silent.macs, silent.hypervisor, silent.ports
    for address, vm in view.switch.expected.vms.items() if not view.silent else ():
        ports = view.switch.lldp_ports(vm.hypervisor)
        if ports:
            yield address, address, vm.macs, vm.hypervisor, ports


def _vm_port_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    return ", ".join(
        f"the bridge sends frames for {name} to {port}; {hypervisor or 'its host'} is on "
        f"{', '.join(ports)}"
        for name, port, hypervisor, ports in (each.about for each in seen)
    )


def _ask_anew(found: Diagnosis, view: GatewayView, seen: Sequence[Sighting]) -> Diagnosis:
    addresses = {each.subject for each in seen}
    entries = (
        (str(entry.address), entry.device)
        for device in view.gateway.devices
        for entry in view.switch.neighbours.get(device, ())
        if entry.mac and str(entry.address) in addresses
    )
    return replace(found, neighbours=tuple(entries))


def _static_mac(view: SwitchView) -> Iterator[Sighting]:
    ours = {link.mac for link in view.facts.links.rows}
    ours |= {vip.virtual.mac for vip in view.vips}
    for row in view.facts.fdb.rows:
        svi = view.svi_on.get(row.bridge, "")
        if (
            svi
            and row.state in {"permanent", "static"}
            and not row.external
            and row.port not in {row.bridge, svi}  # the bridge's own entries, now or earlier
            and row.mac not in ours
        ):
            yield Sighting(
                row.mac,
                f"bridge fdb: {row.mac} is fixed ({row.state}) behind {row.port}; nothing is "
                "learnt that contradicts it",
                f"If nobody means it: bridge fdb del {row.mac} dev {row.port} master.",
                svi,
            )


_FDB = ("links", "fdb")

FAULTS = (
    Fault(
        "virtual-mac-not-local",
        "The bridge takes frames to each virtual MAC itself",
        Status.CRITICAL,
        needs=_FDB,
        find=_virtual_mac,
        cure=Cure.REAPPLY,
        sentence=_virtual_mac_sentence,
        remedy="'ifup' of the SVI, and the VIP is announced, so that the bridge learns anew",
        silences_arp=True,
    ),
    Fault(
        "vm-mac-on-wrong-port",
        "VMs are behind their hypervisor's port",
        Status.WARNING,
        needs=_FDB,
        find=_vm_port,
        cure=Cure.FORGET,
        sentence=_vm_port_sentence,
        remedy="the switch forgets its own entry and asks everybody: the VM's answer puts the "
        "bridge right",
        refine=_ask_anew,
        resists=(Cure.FLAP, Cure.RECREATE),
        layer=Layer.VM,
        silences_arp=True,
        ask_anew=True,
    ),
    Fault(
        "mac-fixed",
        "No MAC of a VM is fixed to a port by hand",
        Status.WARNING,
        scope="switch",
        needs=("gateways", *_FDB),
        find_on_switch=_static_mac,
    ),
)
