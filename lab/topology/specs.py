"""The parts of a lab, and the whole ``Topology``.

All of it is plain, immutable data that survives a round trip through JSON, so another process can
find a lab that is already up.
"""

# ruff: noqa: RUF009 - addresses are immutable, so they may stand as defaults
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pydantic import TypeAdapter, ValidationError

from inventory.errors import ExitCode, VipkeeperError
from inventory.names import did_you_mean
from lab.topology.cloud import CloudSpec, OverlapSpec, ProjectSpec
from lab.topology.shapes import Routing, Shape, TenantSpec

_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


class LabError(VipkeeperError):
    """The lab cannot do what was asked for."""


class LabUsageError(LabError):
    """The command line asks for a lab that cannot be."""

    exit_code = ExitCode.USAGE


class UnknownInLabError(LabError):
    """Nothing in the lab has the name that was given, several things have it, or it is unfit."""

    exit_code = ExitCode.TARGET


def _unknown(what: str, name: str, known: Sequence[str]) -> UnknownInLabError:
    advice = f"{did_you_mean(name, known)} It has {', '.join(known)}.".lstrip()
    return UnknownInLabError(f"The lab has no {what} {name!r}.", advice)


@dataclass(frozen=True)
class PortSpec:
    """A leaf's front port: its name (``swp1s3``), its MAC and its alias."""

    name: str
    mac: str
    alias: str = ""


@dataclass(frozen=True)
class LeafSpec:
    """A top-of-rack switch.

    Attributes:
        name: FQDN, also its LLDP system name.
        address: management address on ``eth0``.
        mac: MAC of ``eth0`` (the chassis id).
        loopback: VTEP address.
        svi_address: its own address on the VM segment's SVI; unique per leaf.
        other_svi_address: its own address on the bystanders' SVI.
        underlay: its own address on ``swp51``; the spine has the other one of the /31.
        outside: its own address on ``swp10``; the core router has the other one of the /31.
        ports: front ports, ``swp10`` (outside) and ``swp51`` (underlay) among them.
        svi_file: path below ``/etc/network`` that holds the VM segment's SVI.
        extra_stanzas: number of further stanzas (bridges without ports) to make it a big switch.
        overlap_outside: its own address on ``swp11``, the second tenant's way out; None without.
        single_vxlan: whether one VXLAN device (``vxlan48``) carries all its VNIs.
    """

    name: str
    address: IPv4Interface
    mac: str
    loopback: IPv4Address
    svi_address: IPv4Interface
    other_svi_address: IPv4Interface
    underlay: IPv4Interface
    outside: IPv4Interface
    ports: tuple[PortSpec, ...]
    svi_file: str = "interfaces"
    extra_stanzas: int = 0
    overlap_outside: IPv4Interface | None = None
    single_vxlan: bool = False

    @property
    def short_name(self) -> str:
        """Return the name up to its first dot."""
        return self.name.split(".", 1)[0]

    @property
    def outside_peer(self) -> IPv4Address:
        """Return the core router's address on this leaf's link."""
        return self.outside.ip + 1

    @property
    def underlay_peer(self) -> IPv4Address:
        """Return the spine's address on this leaf's link."""
        return self.underlay.ip + 1

    def port(self, name: str) -> PortSpec:
        """Return the front port of that name."""
        return next(port for port in self.ports if port.name == name)


@dataclass(frozen=True)
class HypervisorSpec:
    """A compute host: its port, and its id in Mimic (``system_id``).

    Attributes:
        name: FQDN, also its LLDP system name.
        leaf: the leaf it is cabled to.
        port: the leaf's port.
        interface: its own end of that cable.
        mac: MAC of the interface.
        bmc_mac: MAC of its BMC.
        address: its address on its own network.
        system_id: its id in Mimic.
        bond: the leaf's LACP bond of its cables; empty where the port itself is in the bridge.
        second_port: the port of a second cable, from ``eth1``, in the same bond; empty without.
        tagged: whether its bond is a trunk, with the VLANs of all its VMs tagged.
    """

    name: str
    leaf: str
    port: str
    interface: str
    mac: str
    bmc_mac: str
    address: IPv4Address
    system_id: int
    bond: str = ""
    second_port: str = ""
    tagged: bool = False

    @property
    def short_name(self) -> str:
        """Return the name up to its first dot."""
        return self.name.split(".", 1)[0]

    @property
    def bridge_port(self) -> str:
        """Return the leaf's bridge port: the bond, or the port itself."""
        return self.bond or self.port

    @property
    def cables(self) -> dict[str, str]:
        """Return the leaf's port at the other end of each of its interfaces."""
        second = {"eth1": self.second_port} if self.second_port else {}
        return {self.interface: self.port, **second}


@dataclass(frozen=True)
class VmSpec:
    """A server in OpenStack.

    Attributes:
        name: display name; not unique.
        address: fixed address with the subnet's prefix length; None where it has no port.
        mac: MAC of its port; empty where it has none.
        hypervisor: FQDN of its hypervisor; None where Nova has placed it on none.
        uuid: server id.
        project_id: owning project.
        status: its status in Nova.
        floating: floating address (known to Neutron; the lab does not translate it).
        fault: nova's fault message.
        overlap: whether it is on the second tenant's network, whose addresses overlap.
    """

    name: str
    address: IPv4Interface | None
    mac: str
    hypervisor: str | None
    uuid: str
    project_id: str
    status: str = "ACTIVE"
    floating: IPv4Address | None = None
    fault: str = ""
    overlap: bool = False

    @property
    def running(self) -> bool:
        """Return whether it has a link in the fabric."""
        return self.status == "ACTIVE" and self.hypervisor is not None and self.address is not None


@dataclass(frozen=True)
class BystanderSpec:
    """A machine on the other SVI, attached directly to a leaf; no system lists it."""

    name: str
    leaf: str
    port: str
    mac: str
    address: IPv4Interface


@dataclass(frozen=True)
class ServiceSpec:
    """One web service of the site: where it listens, and its name."""

    name: str
    address: IPv4Address
    port: int
    path: str = "/"

    @property
    def url(self) -> str:
        """Return the address that a person would type."""
        port = "" if self.port == 80 else f":{self.port}"  # noqa: PLR2004 - HTTP's own
        return f"http://{self.address}{port}{self.path}"


@dataclass(frozen=True)
class SeatSpec:
    """The operator's own machine, only on the management and on the outside network."""

    management: IPv4Interface = IPv4Interface("10.5.0.250/24")
    outside: IPv4Interface = IPv4Interface("198.51.100.250/24")


@dataclass(frozen=True)
class Topology:
    """A whole lab.

    Attributes:
        other_vni: the bystanders' VNI; only the real shape stretches their segment.
        shape: how it is built.
        tenant: the VRF of the VM segment; None where that is in the default VRF.
        overlap: the second tenant; None without one.
    """

    name: str
    leafs: tuple[LeafSpec, ...]
    hypervisors: tuple[HypervisorSpec, ...]
    vms: tuple[VmSpec, ...]
    bystanders: tuple[BystanderSpec, ...]
    projects: tuple[ProjectSpec, ...]
    services: tuple[ServiceSpec, ...]
    seat: SeatSpec = SeatSpec()
    cloud: CloudSpec = CloudSpec()
    svi: str = "vlan453"
    vlan: int = 453
    vni: int = 10453
    vip: IPv4Interface = IPv4Interface("130.246.212.1/22")
    virtual_mac: str = "00:00:5e:00:01:c5"
    second_vip: IPv4Interface = IPv4Interface("130.246.215.254/22")
    second_virtual_mac: str = "00:00:5e:00:01:c6"
    other_svi: str = "vlan999"
    other_vlan: int = 999
    other_vip: IPv4Interface = IPv4Interface("10.99.0.1/24")
    other_virtual_mac: str = "00:00:5e:00:01:63"
    core_outside: IPv4Interface = IPv4Interface("198.51.100.1/24")
    other_vni: int = 10999
    management_network: IPv4Network = field(default=IPv4Network("10.5.0.0/24"))
    shape: Shape = Shape.PLAIN
    tenant: TenantSpec | None = None
    overlap: OverlapSpec | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"A lab cannot be called {self.name!r}."
            raise LabUsageError(message, "Use 1 to 16 of a-z, 0-9 and -, starting with a letter.")
        leafs = {leaf.name for leaf in self.leafs}
        hosts = {hypervisor.name for hypervisor in self.hypervisors}
        for hypervisor in self.hypervisors:
            if hypervisor.leaf not in leafs:
                raise LabError(
                    f"{hypervisor.name} is attached to an unknown leaf, {hypervisor.leaf}."
                )
        for vm in self.vms:
            if vm.hypervisor is not None and vm.hypervisor not in hosts:
                raise LabError(f"{vm.name} runs on an unknown hypervisor, {vm.hypervisor}.")
        self._check_unique("leaf", [leaf.name for leaf in self.leafs])
        self._check_unique("hypervisor", [hypervisor.name for hypervisor in self.hypervisors])
        self._check_unique("VM id", [vm.uuid for vm in self.vms])
        addresses = [str(vm.address.ip) for vm in self.vms if vm.address and not vm.overlap]
        addresses += [str(leaf.svi_address.ip) for leaf in self.leafs]
        self._check_unique("address", [*addresses, str(self.vip.ip), str(self.second_vip.ip)])
        ports = [f"{hv.leaf} {port}" for hv in self.hypervisors for port in hv.cables.values()]
        ports += [f"{host.leaf} {host.port}" for host in self.bystanders]
        self._check_unique("port", ports)

    @property
    def routing(self) -> Routing:
        """Return how leafs route between segments."""
        return Routing.SYMMETRIC if self.tenant and self.tenant.l3vni else Routing.ASYMMETRIC

    @staticmethod
    def _check_unique(what: str, values: list[str]) -> None:
        doubled = sorted({value for value in values if values.count(value) > 1})
        if doubled:
            raise LabError(f"The lab's drawing uses one {what} twice: {', '.join(doubled)}.")

    def leaf(self, name: str) -> LeafSpec:
        """Return a leaf by its name, by its name up to the first dot, or by its number."""
        found = [x for x in self.leafs if name in (x.name, x.short_name)]
        found = found or [x for x in self.leafs if x.short_name.rsplit("-", 1)[-1] == name]
        if len(found) != 1:
            raise _unknown("leaf", name, [leaf.short_name for leaf in self.leafs])
        return found[0]

    def hypervisor(self, name: str) -> HypervisorSpec:
        """Return the hypervisor of that name, full or short."""
        for hypervisor in self.hypervisors:
            if name in (hypervisor.name, hypervisor.short_name):
                return hypervisor
        known = [hypervisor.short_name for hypervisor in self.hypervisors]
        raise _unknown("hypervisor", name, known)

    def vm(self, name: str) -> VmSpec:
        """Return the VM of that name, UUID or address."""
        found = [vm for vm in self.vms if name in (vm.name, vm.uuid)]
        own = [vm for vm in self.vms if vm.address and not vm.overlap]
        found = found or [vm for vm in own if vm.address and name == str(vm.address.ip)]
        if len(found) > 1:
            ids = " or ".join(vm.uuid for vm in found)
            raise UnknownInLabError(f"The lab has {len(found)} VMs called {name!r}.", f"Say {ids}.")
        if not found:
            raise _unknown("VM", name, sorted({vm.name for vm in self.vms}))
        return found[0]

    def leaf_of(self, vm: VmSpec) -> LeafSpec:
        """Return the leaf behind which a VM runs."""
        if vm.hypervisor is None:
            raise LabError(f"{vm.name} runs on no hypervisor, so it is behind no leaf.")
        return self.leaf(self.hypervisor(vm.hypervisor).leaf)

    def vms_behind(self, leaf: LeafSpec) -> tuple[VmSpec, ...]:
        """Return the VM segment's running VMs whose hypervisor is attached to a leaf."""
        hosts = {hv.name for hv in self.hypervisors if hv.leaf == leaf.name}
        return tuple(
            vm for vm in self.vms if vm.running and not vm.overlap and vm.hypervisor in hosts
        )

    def service(self, name: str) -> ServiceSpec:
        """Return the web service of that name."""
        for service in self.services:
            if service.name == name:
                return service
        raise _unknown("web service", name, [service.name for service in self.services])

    def to_json(self) -> str:
        """Return the topology as JSON text."""
        return TypeAdapter(Topology).dump_json(self, indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Topology:
        """Return the topology that ``to_json`` wrote."""
        try:
            return TypeAdapter(Topology).validate_json(text)
        except ValidationError as error:
            raise LabError(f"This is not a lab's topology: {error}") from error
