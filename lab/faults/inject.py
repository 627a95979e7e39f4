"""Injecting faults into a lab and mending them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from inventory.files import write_whole
from lab.fabric.real_interfaces import vxlan_of
from lab.fabric.routing import leaf_as
from lab.faults.catalogue import ActiveFault, Fault, FaultReport, Script, find_fault
from lab.faults.model import RECREATE
from lab.machine.shell import call, wait_until
from lab.topology.default import LabError, LeafSpec, Topology, VmSpec
from lab.topology.specs import UnknownInLabError

if TYPE_CHECKING:
    from lab.lab import Lab

_PATIENCE = 2.0
_MEND_TIMEOUT = 10.0
# The routing tables of the VRF, and how its bridge is told of a segment: as it is on this machine.
_TABLES = """
table=main local=local bridge=$svi tag=
if [ "$vrf" != default ] && [ -e "/sys/class/net/$vrf" ]; then
    table=$(ip -d link show dev "$vrf" | sed -n 's/.* vrf table \\([0-9]*\\).*/\\1/p')
    local=$table
fi
[ ! -e /sys/class/net/bridge ] || { bridge=bridge tag="vlan $vlan"; }
"""
_LAST_RESORT = f"ip link set dev $port up; {RECREATE}; ifreload -a"


@dataclass(frozen=True)
class _Victim:
    """A VM, and the values that scripts get about it and its leaf."""

    lab: Lab
    leaf: LeafSpec
    vm: VmSpec

    def variables(self) -> dict[str, str]:
        topology = self.lab.topology
        host = topology.hypervisor(self.vm.hypervisor or "")
        ports = [hv.bridge_port for hv in topology.hypervisors if hv.leaf == self.leaf.name]
        others = [port for port in ports if port != host.bridge_port]
        tenant = topology.tenant
        far = self.far()
        far_vm = topology.vms_behind(far)[0]
        return {
            "svi": topology.svi,
            "vip": str(topology.vip),
            "gateway": str(topology.vip.ip),
            "own": str(self.leaf.svi_address),
            "vm": self.lab.address_of(self.vm),
            "mac": self.vm.mac,
            "port": host.bridge_port,
            "other": (others or [host.bridge_port])[0],
            "members": " ".join(host.cables.values()),
            "virtual": topology.virtual_mac,
            "nics": " ".join(host.cables),
            "vlan": str(topology.vlan),
            "vni": str(topology.vni),
            "vxlan": vxlan_of(self.leaf, topology.vni),
            "vrf": tenant.vrf if tenant else "default",
            "l3vni": str(tenant.l3vni) if tenant else "",
            "l3vlan": str(tenant.l3vlan) if tenant else "",
            "as": str(leaf_as(self.leaf, topology)),
            "spine": str(self.leaf.underlay_peer),
            "vtep": str(self.leaf.loopback),
            "far_vtep": str(far.loopback),
            "far_uplink": str(far.outside.ip),
            "far_vm": self.lab.address_of(far_vm),
            "far_mac": far_vm.mac,
        }

    def script(self, text: str) -> list[str]:
        """Return the command that runs a fault's script; every value is an argument of it."""
        variables = self.variables()
        names = " ".join(f"{name}=${{{n}}}" for n, name in enumerate(variables, 1))
        return ["sh", "-c", f"{names}; {_TABLES}{text}", "fault", *variables.values()]

    def far(self) -> LeafSpec:
        """Return another leaf; the same one where there is no other."""
        return next((x for x in self.lab.topology.leafs if x != self.leaf), self.leaf)

    def rogue(self) -> VmSpec:
        """Return another VM behind the same leaf, if possible on another hypervisor."""
        near = [vm for vm in self.lab.topology.vms_behind(self.leaf) if vm != self.vm]
        if not near:
            raise LabError(f"{self.leaf.short_name} has no other VM that could take the VIP.")
        apart = [vm for vm in near if vm.hypervisor != self.vm.hypervisor]
        return (apart or near)[0]

    def answers(self) -> bool:
        """Return whether the VM answers, after it has sent something itself."""
        lab = self.lab
        greet = ["ping", "-q", "-c", "1", "-W", "1", str(lab.topology.vip.ip)]
        call(lab.in_tree(lab.fabric.vm_ns(self.vm), greet), check=False)
        return lab.answers(lab.address_of(self.vm))

    def run(self, fault: Fault, *, mend: bool) -> None:
        """Run a fault's scripts, each in its place."""
        lab = self.lab
        # VMs and hypervisors have no disk of their own, so they use the tree's programs.
        for script, where in (
            (fault.vm, lab.fabric.vm_ns(self.vm)),
            (fault.hypervisor, self._hypervisor_ns()),
            (fault.rogue, lab.fabric.vm_ns(self.rogue()) if fault.rogue else ""),
        ):
            if script is not None:
                call(lab.in_tree(where, self._argv(script, mend=mend)), check=not mend)
        if fault.spine is not None:
            lab.exec_spine(self._argv(fault.spine, mend=mend), check=not mend)
        if fault.far is not None:
            lab.leaf(self.far().name).exec(self._argv(fault.far, mend=mend), check=not mend)
        if fault.leaf is not None:
            lab.leaf(self.leaf.name).exec(self._argv(fault.leaf, mend=mend), check=not mend)

    def _argv(self, script: Script, *, mend: bool) -> list[str]:
        return self.script(script.mend if mend else script.make)

    def _hypervisor_ns(self) -> str:
        host = self.lab.topology.hypervisor(self.vm.hypervisor or "")
        return self.lab.fabric.ns(host.short_name)


def choose(lab: Lab, leaf: str | None, vm: str | None) -> _Victim:
    """Return the VM for the given names; by default the first VM of the first leaf."""
    topology = lab.topology
    spec = topology.vm(vm) if vm else None
    where = topology.leaf(leaf) if leaf else None
    if where is None:
        where = topology.leaf_of(spec) if spec else topology.leafs[0]
    if spec is None:
        spec = topology.vms_behind(where)[0]
    elif topology.leaf_of(spec) != where:
        raise UnknownInLabError(f"{spec.name} is not behind {where.short_name}.")
    if spec.overlap:
        raise UnknownInLabError(f"{spec.name} is on the second tenant's network, which is spared.")
    if not spec.running:
        raise UnknownInLabError(f"{spec.name} is {spec.status}: nothing can cut it off.")
    return _Victim(lab, where, spec)


def check_shape(topology: Topology, fault: Fault) -> None:
    """Raise when a fault needs another shape, or another routing between segments.

    Raises:
        UnknownInLabError: it does, with what to do.
    """
    again = "vip lab down; vip lab up --shape"
    if fault.shape not in (None, topology.shape):
        raise UnknownInLabError(
            f"{fault.name} needs a lab of the shape {fault.shape.value}; this one is "
            f"{topology.shape.value}.",
            f"{again} {fault.shape.value}",
        )
    if fault.routing not in (None, topology.routing):
        raise UnknownInLabError(
            f"{fault.name} needs a lab with {fault.routing.value} routing; in this one it is "
            f"{topology.routing.value}.",
            f"{again} real --routing {fault.routing.value}",
        )


class FaultInjector:
    """Injects faults into a lab, stores them, and mends them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._file = lab.state_dir / "faults.json"

    def active(self) -> list[ActiveFault]:
        """Return the faults that were injected and not mended."""
        self._lab.require_up()
        if not self._file.exists():
            return []
        return [ActiveFault(**item) for item in json.loads(self._file.read_text())]

    def inject(self, fault: str, *, leaf: str | None = None, vm: str | None = None) -> FaultReport:
        """Inject a fault, and check whether the VM is cut off.

        Args:
            fault: its name or id.
            leaf: the leaf; None takes the VM's leaf.
            vm: the VM it is about; None takes the leaf's first one (``vm-a1``).
        """
        lab, found = self._lab, find_fault(fault)
        check_shape(lab.topology, found)
        if found.single_vxlan and not leaf and not vm:
            leaf = next(spec.name for spec in lab.topology.leafs if spec.single_vxlan)
        victim = choose(lab, leaf, vm)
        if found.single_vxlan and not victim.leaf.single_vxlan:
            raise UnknownInLabError(
                f"{found.name} needs a leaf with a single VXLAN device; {victim.leaf.short_name} "
                "has one for each VNI."
            )
        active = ActiveFault(found.name, victim.leaf.short_name, victim.vm.uuid)
        # Stored before the first script, so that what fails half way is mended too.
        self._remember([*(x for x in self.active() if x != active), active])
        # With fresh ARP entries nobody asks anew, which would heal the fault at once.
        lab.answers(lab.address_of(victim.vm))
        victim.run(found, mend=False)
        if found.forget_arp:
            forget_arp(lab, victim.vm)
        answers = lab.answers(lab.address_of(victim.vm), count=2)
        return FaultReport(found, victim.leaf.short_name, victim.vm.name, answers)

    def mend(self) -> list[FaultReport]:
        """Undo every active fault, and check whether the VMs answer again."""
        lab = self._lab
        faults = [
            (find_fault(active.fault), choose(lab, active.leaf, active.vm))
            for active in reversed(self.active())
        ]
        for fault, victim in faults:
            victim.run(fault, mend=True)
            for other in lab.topology.vms_behind(victim.leaf):
                forget_arp(lab, other)
        reports = []
        for fault, victim in faults:
            well = wait_until(victim.answers, timeout=_PATIENCE, every=0.1)
            if not well:
                # The fault is gone; this undoes what was tried against it.
                lab.leaf(victim.leaf.name).exec(victim.script(_LAST_RESORT))
                well = wait_until(victim.answers, timeout=_MEND_TIMEOUT, every=0.1)
            reports.append(FaultReport(fault, victim.leaf.short_name, victim.vm.name, well))
        self._remember([])
        return reports

    def forget(self) -> None:
        """Drop every active fault without running anything: it is known to be cured."""
        self._remember([])

    def _remember(self, faults: list[ActiveFault]) -> None:
        text = json.dumps([asdict(fault) for fault in faults])
        write_whole(self._file, f"{text}\n".encode(), mode=0o666)


def forget_arp(lab: Lab, vm: VmSpec) -> None:
    """Make a VM's ARP entries expire at once."""
    call(["ip", "-n", lab.fabric.vm_ns(vm), "neigh", "flush", "dev", "eth0"], check=False)
