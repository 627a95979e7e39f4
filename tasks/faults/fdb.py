"""Checks of the bridges' forwarding tables."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.faults import conditions
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.ports import bond_of
from tasks.faults.view import View


def _virtual_mac(view: View) -> Iterator[Seen]:
    seen = set()
    for vip in view.vips:
        if vip.device in seen or vip.link is None or not view.works(vip.device):
            continue
        if conditions.has_other_mac(vip):
            continue  # that is a check of its own, and the bridge is the least of it
        seen.add(vip.device)
        places = view.places(vip.interface, vip.link.mac)
        if any(place.state == "permanent" for place in places):
            continue
        learnt = ", ".join(place.port for place in places)
        what = f"is behind {learnt}" if learnt else "is unknown"
        yield Seen(
            str(vip.ip),
            f"bridge fdb: the virtual MAC {vip.link.mac} {what}, and is not local: frames to the "
            f"VIP are {'sent there' if learnt else 'flooded'}",
            "Announce the VIP (vip heal does). Who else uses that MAC?",
            vip.interface,
            None if learnt else Status.WARNING,
        )


def _vm_port(view: View) -> Iterator[Seen]:
    macs = {mac: (ip, vm) for ip, vm in view.expected.vms.items() for mac in vm.macs}
    for row in view.facts.fdb.rows:
        if not row.bridge or row.mac not in macs:
            continue
        ip, vm = macs[row.mac]
        port = view.lldp_port(vm.hypervisor) if vm.hypervisor else ""
        if port and row.port not in {port, bond_of(view, port)}:
            yield Seen(
                ip,
                f"bridge fdb: {row.mac} of {ip} is behind {row.port}; LLDP sees its hypervisor "
                f"{vm.hypervisor} on {port}",
                f"bridge fdb del {row.mac} dev {row.port} master: it is learnt anew with its next "
                "packet. Has the VM just moved?",
                view.svi_on.get(row.bridge, ""),
            )


def _static_mac(view: View) -> Iterator[Seen]:
    ours = {link.mac for link in view.facts.links.rows}
    ours |= {vip.virtual.mac for vip in view.vips}
    for row in view.facts.fdb.rows:
        svi = view.svi_on.get(row.bridge, "")
        if (
            svi
            and row.state in {"permanent", "static"}
            and not row.external
            and row.port not in {row.bridge, svi}  # the bridge's own, and its earlier ones
            and row.mac not in ours
        ):
            yield Seen(
                row.mac,
                f"bridge fdb: {row.mac} is fixed ({row.state}) behind {row.port}; nothing is "
                "learnt that contradicts it",
                f"If nobody means it: bridge fdb del {row.mac} dev {row.port} master.",
                svi,
            )


_FDB = ("gateways", "links", "fdb")

CHECKS = (
    Check(
        "virtual-mac-not-local",
        "The bridge takes frames to each virtual MAC itself",
        Status.CRITICAL,
        _virtual_mac,
        _FDB,
    ),
    Check(
        "vm-mac-on-wrong-port",
        "VMs are behind their hypervisor's port",
        Status.WARNING,
        _vm_port,
        (*_FDB, "lldp"),
    ),
    Check(
        "mac-fixed",
        "No MAC of a VM is fixed to a port by hand",
        Status.WARNING,
        _static_mac,
        _FDB,
    ),
)
