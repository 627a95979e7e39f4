"""What the lab consists of: the single truth that the fabric and the web stand-ins are made from.

A topology is plain, immutable data and survives a round trip through JSON, so that a lab that
is already up can be found again by another process.
"""

# ruff: noqa: RUF009 - addresses are immutable, so they may stand as defaults
from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pydantic import TypeAdapter, ValidationError

from inventory.errors import VipkeeperError

_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")
_UUID_SPACE = uuid.UUID("6b9d5f0c-6c0f-5a0e-9b1f-3a52c7a1e453")


class LabError(VipkeeperError):
    """The lab cannot do what was asked of it."""


@dataclass(frozen=True)
class PortSpec:
    """A leaf's front port: its name (``swp1s3``), MAC and what is written in its alias."""

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

    @property
    def short_name(self) -> str:
        """The name up to its first dot."""
        return self.name.split(".", 1)[0]

    @property
    def outside_peer(self) -> IPv4Address:
        """The core router's address on this leaf's link."""
        return self.outside.ip + 1

    @property
    def underlay_peer(self) -> IPv4Address:
        """The spine's address on this leaf's link."""
        return self.underlay.ip + 1

    def port(self, name: str) -> PortSpec:
        """The front port of that name."""
        return next(port for port in self.ports if port.name == name)


@dataclass(frozen=True)
class HypervisorSpec:
    """A compute host: where it is plugged in, and how Mimic knows it (``system_id``)."""

    name: str
    leaf: str
    port: str
    interface: str
    mac: str
    bmc_mac: str
    address: IPv4Address
    system_id: int

    @property
    def short_name(self) -> str:
        """The name up to its first dot."""
        return self.name.split(".", 1)[0]


@dataclass(frozen=True)
class VmSpec:
    """A server in OpenStack.

    Attributes:
        name: display name; not unique.
        address: fixed address with the subnet's prefix length; None where it has no port.
        mac: MAC of its port; empty where it has none.
        hypervisor: FQDN of its hypervisor; None where Nova has placed it nowhere.
        uuid: server id.
        project_id: owning project.
        status: Nova's word.
        floating: floating address (known to Neutron; the lab does not translate it).
        fault: Nova's fault message.
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

    @property
    def running(self) -> bool:
        """Whether it has a link in the fabric."""
        return self.status == "ACTIVE" and self.hypervisor is not None and self.address is not None


@dataclass(frozen=True)
class BystanderSpec:
    """A machine on the other SVI, plugged straight into a leaf; no system lists it."""

    name: str
    leaf: str
    port: str
    mac: str
    address: IPv4Interface


@dataclass(frozen=True)
class ServiceSpec:
    """One web service of the site: where it listens, and what it is reached by."""

    name: str
    address: IPv4Address
    port: int
    path: str = "/"

    @property
    def url(self) -> str:
        """The address that a person would type."""
        port = "" if self.port == 80 else f":{self.port}"  # noqa: PLR2004 - HTTP's own
        return f"http://{self.address}{port}{self.path}"


@dataclass(frozen=True)
class ProjectSpec:
    """An OpenStack project."""

    id: str
    name: str


@dataclass(frozen=True)
class CloudSpec:
    """How the lab's OpenStack lets the operator in, and its one provider network."""

    region: str = "RegionOne"
    username: str = "vipkeeper"
    password: str = "lab-only"
    project: str = "admin"
    domain: str = "Default"
    network: str = "provider-453"
    network_id: str = str(uuid.uuid5(_UUID_SPACE, "network/provider-453"))
    subnet: str = "provider-453-v4"
    subnet_id: str = str(uuid.uuid5(_UUID_SPACE, "subnet/provider-453-v4"))


@dataclass(frozen=True)
class SeatSpec:
    """The operator's own machine: on the management and on the outside network only."""

    management: IPv4Interface = IPv4Interface("10.5.0.250/24")
    outside: IPv4Interface = IPv4Interface("198.51.100.250/24")


@dataclass(frozen=True)
class Topology:
    """A whole lab."""

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
    management_network: IPv4Network = field(default=IPv4Network("10.5.0.0/24"))

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"A lab cannot be called {self.name!r}."
            raise LabError(message, "Use 1 to 16 of a-z, 0-9 and -, starting with a letter.")
        leafs = {leaf.name for leaf in self.leafs}
        hosts = {hypervisor.name for hypervisor in self.hypervisors}
        for hypervisor in self.hypervisors:
            if hypervisor.leaf not in leafs:
                raise LabError(f"{hypervisor.name} hangs on an unknown leaf, {hypervisor.leaf}.")
        for vm in self.vms:
            if vm.hypervisor is not None and vm.hypervisor not in hosts:
                raise LabError(f"{vm.name} runs on an unknown hypervisor, {vm.hypervisor}.")
        self._check_unique("leaf", [leaf.name for leaf in self.leafs])
        self._check_unique("hypervisor", [hypervisor.name for hypervisor in self.hypervisors])
        self._check_unique("VM id", [vm.uuid for vm in self.vms])
        addresses = [str(vm.address.ip) for vm in self.vms if vm.address]
        addresses += [str(leaf.svi_address.ip) for leaf in self.leafs]
        self._check_unique("address", [*addresses, str(self.vip.ip), str(self.second_vip.ip)])
        ports = [f"{hv.leaf} {hv.port}" for hv in self.hypervisors]
        ports += [f"{host.leaf} {host.port}" for host in self.bystanders]
        self._check_unique("port", ports)

    @staticmethod
    def _check_unique(what: str, values: list[str]) -> None:
        doubled = sorted({value for value in values if values.count(value) > 1})
        if doubled:
            raise LabError(f"The lab's drawing uses one {what} twice: {', '.join(doubled)}.")

    def leaf(self, name: str) -> LeafSpec:
        """The leaf of that name; the name up to the first dot, or its number, is enough."""
        found = [x for x in self.leafs if name in (x.name, x.short_name)]
        found = found or [x for x in self.leafs if x.short_name.rsplit("-", 1)[-1] == name]
        if len(found) != 1:
            known = ", ".join(leaf.short_name for leaf in self.leafs)
            raise LabError(f"The lab has no leaf {name!r}.", f"It has {known}.")
        return found[0]

    def hypervisor(self, name: str) -> HypervisorSpec:
        """The hypervisor of that name, full or short."""
        for hypervisor in self.hypervisors:
            if name in (hypervisor.name, hypervisor.short_name):
                return hypervisor
        known = ", ".join(hypervisor.short_name for hypervisor in self.hypervisors)
        raise LabError(f"The lab has no hypervisor {name!r}.", f"It has {known}.")

    def vm(self, name: str) -> VmSpec:
        """The VM of that name, UUID or address."""
        found = [vm for vm in self.vms if name in (vm.name, vm.uuid)]
        found = found or [vm for vm in self.vms if vm.address and name == str(vm.address.ip)]
        if len(found) > 1:
            ids = " or ".join(vm.uuid for vm in found)
            raise LabError(f"The lab has {len(found)} VMs called {name!r}.", f"Say {ids}.")
        if not found:
            known = ", ".join(sorted({vm.name for vm in self.vms}))
            raise LabError(f"The lab has no VM {name!r}.", f"It has {known}.")
        return found[0]

    def leaf_of(self, vm: VmSpec) -> LeafSpec:
        """The leaf behind which a VM runs."""
        if vm.hypervisor is None:
            raise LabError(f"{vm.name} runs on no hypervisor, so it is behind no leaf.")
        return self.leaf(self.hypervisor(vm.hypervisor).leaf)

    def vms_behind(self, leaf: LeafSpec) -> tuple[VmSpec, ...]:
        """The running VMs whose hypervisor hangs on a leaf."""
        hosts = {hv.name for hv in self.hypervisors if hv.leaf == leaf.name}
        return tuple(vm for vm in self.vms if vm.running and vm.hypervisor in hosts)

    def service(self, name: str) -> ServiceSpec:
        """The web service of that name."""
        for service in self.services:
            if service.name == name:
                return service
        known = ", ".join(service.name for service in self.services)
        raise LabError(f"The lab has no web service {name!r}.", f"It has {known}.")

    def to_json(self) -> str:
        """The topology as JSON text."""
        return TypeAdapter(Topology).dump_json(self, indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Topology:
        """The topology that ``to_json`` wrote."""
        try:
            return TypeAdapter(Topology).validate_json(text)
        except ValidationError as error:
            raise LabError(f"This is not a lab's topology: {error}") from error


@dataclass(frozen=True)
class _Rack:
    """A leaf's number, place among the leafs, and the hypervisors and VMs that hang on it."""

    number: str
    address: str
    svi_file: str
    hypervisors: tuple[str, ...]
    vms: tuple[tuple[str, str, str], ...]  # name, hypervisor, last two octets of the address


_RACKS = (
    _Rack(
        number="03",
        address="10.5.0.43/24",
        svi_file="interfaces",
        hypervisors=("hv50", "hv51"),
        vms=(
            ("vm-a1", "hv50", "213.11"),
            ("vm-a2", "hv50", "213.12"),
            ("vm-b1", "hv51", "213.21"),
            ("vm-stopped", "hv51", "213.22"),
        ),
    ),
    _Rack(
        number="01",
        address="10.5.0.41/24",
        svi_file="interfaces.d/vlan453.intf",
        hypervisors=("hv60", "hv61"),
        vms=(
            ("vm-c1", "hv60", "213.31"),
            ("twin", "hv60", "213.41"),
            ("twin", "hv61", "213.42"),
        ),
    ),
)
_MAX_EXTRA_LEAFS = 40
_DOMAIN = "example.internal"


def default_topology(
    name: str = "vk", extra_leafs: int = 0, extra_stanzas: dict[str, int] | None = None
) -> Topology:
    """The lab that everything is rehearsed on.

    Args:
        name: the lab's name; labs of different names can be up at once.
        extra_leafs: further leafs (``swt-sn2100-11`` ...), each with one hypervisor and two VMs.
        extra_stanzas: number of further interface stanzas by a leaf's number (``{"03": 480}``).
    """
    if not 0 <= extra_leafs <= _MAX_EXTRA_LEAFS:
        message = f"{extra_leafs} extra leafs cannot be made: 0 to {_MAX_EXTRA_LEAFS} can."
        raise LabError(message)
    stanzas = extra_stanzas or {}
    racks = (*_RACKS, *(_extra_rack(index) for index in range(extra_leafs)))
    unknown = sorted(set(stanzas) - {rack.number for rack in racks})
    if unknown:
        raise LabError(f"Extra stanzas are asked for leafs that are not drawn: {unknown}.")
    projects = (
        ProjectSpec(_id("project", "admin").replace("-", ""), "admin"),
        ProjectSpec(_id("project", "physics").replace("-", ""), "physics"),
        ProjectSpec(_id("project", "chemistry").replace("-", ""), "chemistry"),
    )
    leafs = tuple(
        _leaf(rack, place, stanzas.get(rack.number, 0)) for place, rack in enumerate(racks, 1)
    )
    return Topology(
        name=name,
        leafs=leafs,
        hypervisors=tuple(_hypervisors(racks, leafs)),
        vms=tuple(_vms(racks, projects)),
        bystanders=tuple(
            BystanderSpec(
                name=f"vm-x{place}",
                leaf=leaf.name,
                port="swp2",
                mac=f"fa:16:3e:99:00:{place:02x}",
                address=IPv4Interface(f"10.99.0.{100 + place}/24"),
            )
            for place, leaf in enumerate(leafs, 1)
        ),
        projects=projects,
        services=(
            ServiceSpec("mimic", IPv4Address("10.5.0.10"), 80),
            ServiceSpec("subnet-page", IPv4Address("10.5.0.11"), 80, "/network/"),
            ServiceSpec("keystone", IPv4Address("10.5.0.12"), 5000, "/v3"),
            ServiceSpec("nova", IPv4Address("10.5.0.12"), 8774, "/v2.1"),
            ServiceSpec("neutron", IPv4Address("10.5.0.12"), 9696),
        ),
    )


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(_UUID_SPACE, f"{kind}/{name}"))


def _extra_rack(index: int) -> _Rack:
    host = f"hv{70 + index}"
    return _Rack(
        number=str(11 + index),
        address=f"10.5.0.{51 + index}/24",
        svi_file="interfaces",
        hypervisors=(host,),
        vms=(
            (f"vm-{host}-1", host, f"214.{10 + 2 * index}"),
            (f"vm-{host}-2", host, f"214.{11 + 2 * index}"),
        ),
    )


def _leaf(rack: _Rack, place: int, extra_stanzas: int) -> LeafSpec:
    ports = [
        PortSpec(f"swp1s{3 - lane}", f"24:8a:07:{place:02x}:01:{3 - lane:02x}", f"{host} uplink")
        for lane, host in enumerate(rack.hypervisors)
    ]
    ports += [
        PortSpec("swp2", f"24:8a:07:{place:02x}:02:00", "storage gateway"),
        PortSpec("swp10", f"24:8a:07:{place:02x}:0a:00", "core router"),
        PortSpec("swp51", f"24:8a:07:{place:02x}:33:00", "spine (underlay)"),
    ]
    return LeafSpec(
        name=f"swt-sn2100-{rack.number}.{_DOMAIN}",
        address=IPv4Interface(rack.address),
        mac=f"24:8a:07:{place:02x}:00:00",
        loopback=IPv4Address(f"10.0.0.{10 + place}"),
        svi_address=IPv4Interface(f"130.246.212.{1 + place}/22"),
        other_svi_address=IPv4Interface(f"10.99.0.{1 + place}/24"),
        underlay=IPv4Interface(f"10.254.0.{2 * place}/31"),
        outside=IPv4Interface(f"192.0.2.{2 * place}/31"),
        ports=tuple(ports),
        svi_file=rack.svi_file,
        extra_stanzas=extra_stanzas,
    )


def _hypervisors(racks: tuple[_Rack, ...], leafs: tuple[LeafSpec, ...]) -> list[HypervisorSpec]:
    found = []
    for rack, leaf in zip(racks, leafs, strict=True):
        for lane, host in enumerate(rack.hypervisors):
            number = int(host.removeprefix("hv"))
            found.append(
                HypervisorSpec(
                    name=f"{host}.nubes.{_DOMAIN}",
                    leaf=leaf.name,
                    port=leaf.ports[lane].name,
                    interface="eth0",
                    mac=f"0c:c4:7a:{number:02x}:00:01",
                    bmc_mac=f"0c:c4:7a:{number:02x}:00:ff",
                    address=IPv4Address(f"10.5.1.{number}"),
                    system_id=6400 + number,
                )
            )
    return found


def _vms(racks: tuple[_Rack, ...], projects: tuple[ProjectSpec, ...]) -> list[VmSpec]:
    admin, physics, chemistry = projects
    floating = {"vm-b1": IPv4Address("130.246.80.21")}
    found = []
    for rack in racks:
        for name, host, octets in rack.vms:
            owner = chemistry if (name, host) == ("twin", "hv61") else physics
            third, fourth = (int(octet) for octet in octets.split("."))
            found.append(
                VmSpec(
                    name=name,
                    address=IPv4Interface(f"130.246.{octets}/22"),
                    mac=f"fa:16:3e:d4:{third:02x}:{fourth:02x}",
                    hypervisor=f"{host}.nubes.{_DOMAIN}",
                    uuid=_id("server", f"{name}@{host}"),
                    project_id=owner.id,
                    status="SHUTOFF" if name == "vm-stopped" else "ACTIVE",
                    floating=floating.get(name),
                )
            )
    nowhere = VmSpec(
        name="vm-nohost",
        address=None,
        mac="",
        hypervisor=None,
        uuid=_id("server", "vm-nohost"),
        project_id=admin.id,
        status="ERROR",
        fault="No valid host was found. There are not enough hosts available.",
    )
    return [*found, nowhere]
