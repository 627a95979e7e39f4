"""The contents of MagDB and NetBox for the lab's machines, with the faults in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from lab.topology.default import HypervisorSpec, LeafSpec, Topology

_VENDORS = {
    "24:8a:07": "Mellanox Technologies, Inc.",
    "0c:c4:7a": "Super Micro Computer, Inc.",
    "00:1b:21": "Intel Corporate",
    "00:01:e8": "Force10 Networks, Inc.",
}
_STALE = timedelta(days=60)
_SWITCH_SYSTEM_IDS = 2100
_NETBOX_DEVICE_IDS = 30000


@dataclass(frozen=True)
class LinkRow:
    """One LLDP neighbour that a host has reported; ``observed`` may be empty."""

    remote_mac: str
    remote_port: str
    remote_host: str
    observed: str


@dataclass(frozen=True)
class InterfaceRow:
    """One interface of a system, and the neighbours it has seen."""

    name: str
    mac: str
    boot: bool = False
    management: bool = False
    links: tuple[LinkRow, ...] = ()

    @property
    def vendor(self) -> str:
        """Return the vendor of the first half of the MAC."""
        return vendor_of(self.mac)


@dataclass(frozen=True)
class AddressRow:
    """One registered address, with its MAC, its name and when it last answered."""

    mac: str
    address: str
    prefix: int
    fqdn: str
    seen: str = "Last Seen Today"


@dataclass(frozen=True)
class SystemRecord:
    """One machine, as MagDB and NetBox know it."""

    system_id: int
    netbox_id: int
    name: str
    interfaces: tuple[InterfaceRow, ...]
    addresses: tuple[AddressRow, ...]
    bond: str = ""
    bond_macs: tuple[str, ...] = ()

    def address_of(self, name: str) -> str | None:
        """Return the address registered under ``name``, which is compared exactly."""
        return next((row.address for row in self.addresses if row.fqdn == name), None)


def vendor_of(mac: str) -> str:
    """Return the vendor of a MAC address; empty when the list does not have it."""
    return _VENDORS.get(mac[:8].lower(), "")


def bmc_name(topology: Topology, system_id: int) -> str:
    """Return the name of a system's BMC: the one public example is ``system6453.<domain>``."""
    domain = topology.leafs[0].name.split(".", 1)[1]
    return f"system{system_id}.{domain}"


def records(topology: Topology, faults: frozenset[str], today: date) -> list[SystemRecord]:
    """Return every system: the hypervisors with what they have reported, then the switches."""
    hypervisors = [_hypervisor(topology, host, faults, today) for host in topology.hypervisors]
    switches = [_switch(leaf, place) for place, leaf in enumerate(topology.leafs)]
    return [*hypervisors, *switches]


def _hypervisor(
    topology: Topology, host: HypervisorSpec, faults: frozenset[str], today: date
) -> SystemRecord:
    observed = today - _STALE if "old-links" in faults else today
    leaf = topology.leaf(host.leaf)
    other = _another_leaf(topology, leaf)
    link = _link(leaf, host.port, observed)
    if "wrong-switch" in faults:
        link = _link(other, other.ports[0].name, observed)
    links = [link]
    if "stale-second-link" in faults:
        links.append(_link(other, other.ports[-1].name, today - _STALE))
    bmc_links: tuple[LinkRow, ...] = ()
    if "bmc-cabled" in faults:
        domain = leaf.name.split(".", 1)[1]
        force10 = LinkRow(
            "00:01:e8:8b:15:02", "GigabitEthernet 0/12", f"swt-s60-11.{domain}", str(observed)
        )
        bmc_links = (force10,)
    interfaces = [
        InterfaceRow(host.interface, host.mac, boot=True, links=tuple(links)),
        InterfaceRow("bmc0", host.bmc_mac, management=True, links=bmc_links),
    ]
    bond_macs: tuple[str, ...] = ()
    if "bond" in faults:
        second = InterfaceRow(
            "eth1", f"{host.mac[:-2]}02", links=(_link(other, other.ports[0].name, observed),)
        )
        interfaces.insert(0, second)  # MagDB lists interfaces by name, last letter first
        bond_macs = (host.mac, second.mac)
    addresses = [
        AddressRow(host.mac, str(host.address), 24, host.name),
        AddressRow(
            host.bmc_mac,
            f"10.6.{host.system_id >> 8 & 255}.{host.system_id & 255}",
            16,
            bmc_name(topology, host.system_id),
            "Never Seen",
        ),
    ]
    if "many-addresses" in faults:
        base = host.name.split(".", 1)
        addresses += [
            AddressRow(
                host.mac,
                f"10.7.{number}.{host.system_id & 255}",
                16,
                f"{base[0]}-alias{number}.{base[1]}",
                "Last Seen 3.0 days ago",
            )
            for number in range(1, 5)
        ]
    record = SystemRecord(
        system_id=host.system_id,
        netbox_id=_NETBOX_DEVICE_IDS + host.system_id,
        name=host.name,
        interfaces=tuple(interfaces),
        addresses=tuple(addresses),
        bond="bond0" if bond_macs else "",
        bond_macs=bond_macs,
    )
    return _with_poor_lldp(record, faults)


def _with_poor_lldp(record: SystemRecord, faults: frozenset[str]) -> SystemRecord:
    """Empty the columns that the faults say were never filled."""

    def poor(link: LinkRow) -> LinkRow:
        return LinkRow(
            link.remote_mac,
            "" if "no-port-text" in faults else link.remote_port,
            "" if "no-lldp-name" in faults else link.remote_host,
            "" if "no-date" in faults else link.observed,
        )

    def poor_interface(interface: InterfaceRow) -> InterfaceRow:
        if "links-table-missing" in faults:
            return replace(interface, links=())
        return replace(interface, links=tuple(poor(link) for link in interface.links))

    return replace(record, interfaces=tuple(poor_interface(row) for row in record.interfaces))


def _switch(leaf: LeafSpec, place: int) -> SystemRecord:
    system_id = _SWITCH_SYSTEM_IDS + place
    return SystemRecord(
        system_id=system_id,
        netbox_id=_NETBOX_DEVICE_IDS + system_id,
        name=leaf.name,
        interfaces=(InterfaceRow("eth0", leaf.mac),),
        addresses=(
            AddressRow(leaf.mac, str(leaf.address.ip), leaf.address.network.prefixlen, leaf.name),
        ),
    )


def _another_leaf(topology: Topology, leaf: LeafSpec) -> LeafSpec:
    others = [other for other in topology.leafs if other.name != leaf.name]
    if others:
        return others[0]
    domain = leaf.name.split(".", 1)[1]
    ports = tuple(replace(port, mac=f"24:8a:07:fe{port.mac[11:]}") for port in leaf.ports)
    return replace(leaf, name=f"swt-sn2100-99.{domain}", mac="24:8a:07:fe:00:00", ports=ports)


def _link(leaf: LeafSpec, port: str, observed: date) -> LinkRow:
    return LinkRow(leaf.port(port).mac, f"{port} ({port})", leaf.name, str(observed))
