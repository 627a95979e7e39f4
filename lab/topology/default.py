"""The default topology of the lab, for both the fabric and the web stand-ins."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from lab.topology.cloud import CloudSpec, ProjectSpec, stable_id
from lab.topology.real import as_real
from lab.topology.shapes import Routing, Shape
from lab.topology.specs import (
    BystanderSpec,
    HypervisorSpec,
    LabError,
    LabUsageError,
    LeafSpec,
    PortSpec,
    SeatSpec,
    ServiceSpec,
    Topology,
    VmSpec,
)

__all__ = [
    "OBSERVIUM_PASSWORD",
    "OBSERVIUM_USER",
    "BystanderSpec",
    "CloudSpec",
    "HypervisorSpec",
    "LabError",
    "LabUsageError",
    "LeafSpec",
    "PortSpec",
    "ProjectSpec",
    "Routing",
    "SeatSpec",
    "ServiceSpec",
    "Shape",
    "Topology",
    "VmSpec",
    "default_topology",
]


@dataclass(frozen=True)
class _Rack:
    """A leaf's number, its position among the leafs, and its hypervisors and VMs."""

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
#: Only in the real shape.
_THIRD = _Rack(
    number="02",
    address="10.5.0.42/24",
    svi_file="interfaces",
    hypervisors=("hv62",),
    vms=(("vm-d1", "hv62", "213.51"), ("vm-d2", "hv62", "213.52")),
)
_MAX_EXTRA_LEAFS = 40
_DOMAIN = "example.internal"
#: The account of level 5 in the lab's Observium.
OBSERVIUM_USER = "noc"
OBSERVIUM_PASSWORD = "lab-observium"


def default_topology(
    name: str = "vk",
    extra_leafs: int = 0,
    extra_stanzas: dict[str, int] | None = None,
    *,
    shape: Shape = Shape.PLAIN,
    routing: Routing = Routing.SYMMETRIC,
) -> Topology:
    """Return the default topology.

    Args:
        name: the lab's name; labs of different names can be up at once.
        extra_leafs: further leafs (``swt-sn2100-11`` ...), each with one hypervisor and two VMs.
        extra_stanzas: number of further interface stanzas by a leaf's number (``{"03": 480}``).
        shape: how it is built.
        routing: how leafs route between segments; only the real shape has the choice.
    """
    if not 0 <= extra_leafs <= _MAX_EXTRA_LEAFS:
        message = f"{extra_leafs} extra leafs cannot be made: 0 to {_MAX_EXTRA_LEAFS} can."
        raise LabUsageError(message)
    stanzas = extra_stanzas or {}
    first = (*_RACKS, _THIRD) if shape is Shape.REAL else _RACKS
    racks = (*first, *(_extra_rack(index) for index in range(extra_leafs)))
    unknown = sorted(set(stanzas) - {rack.number for rack in racks})
    if unknown:
        raise LabError(f"Extra stanzas are asked for leafs that are not drawn: {unknown}.")
    projects = (
        ProjectSpec(stable_id("project", "admin").replace("-", ""), "admin"),
        ProjectSpec(stable_id("project", "physics").replace("-", ""), "physics"),
        ProjectSpec(stable_id("project", "chemistry").replace("-", ""), "chemistry"),
    )
    leafs = tuple(
        _leaf(rack, place, stanzas.get(rack.number, 0)) for place, rack in enumerate(racks, 1)
    )
    topology = Topology(
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
            ServiceSpec("observium", IPv4Address("10.5.0.13"), 80),
        ),
    )
    if shape is Shape.REAL:
        return as_real(topology, routing, single_vxlan=_THIRD.number)
    return topology


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
                    uuid=stable_id("server", f"{name}@{host}"),
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
        uuid=stable_id("server", "vm-nohost"),
        project_id=admin.id,
        status="ERROR",
        fault="No valid host was found. There are not enough hosts available.",
    )
    return [*found, nowhere]
