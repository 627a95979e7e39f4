"""The contents of MagDB and NetBox for the lab's machines, with the faults in them.

The rows of ``networkInterfaceLinks`` are drawn in their order. A switch is drawn once, with the
date of the last of its rows.
"""

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
_SWAPPED = timedelta(days=200)
#: What real ports are called in LLDP. Mimic turns an apostrophe into a back-tick.
_ODD_PORTS = ("{}`s`", "{} -> hv62", "Ethernet1/1 | uplink", "{} <uplink & trunk>")
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
    bond_details: str = ""

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
    hypervisors = [
        _with_odd_texts(_hypervisor(topology, host, faults, today), faults, place, today)
        for place, host in enumerate(topology.hypervisors)
    ]
    switches = [_switch(leaf, place) for place, leaf in enumerate(topology.leafs)]
    return [*hypervisors, *switches]


def _hypervisor(
    topology: Topology, host: HypervisorSpec, faults: frozenset[str], today: date
) -> SystemRecord:
    observed = today - _STALE if "old-links" in faults else today
    leaf = topology.leaf(host.leaf)
    first, second = _cables(topology, host, faults, today)
    bmc_links: tuple[LinkRow, ...] = ()
    if "bmc-cabled" in faults:
        domain = leaf.name.split(".", 1)[1]
        force10 = LinkRow(
            "00:01:e8:8b:15:02", "GigabitEthernet 0/12", f"swt-s60-11.{domain}", str(observed)
        )
        bmc_links = (force10,)
    interfaces = [
        InterfaceRow(host.interface, host.mac, boot=True, links=first),
        InterfaceRow("bmc0", host.bmc_mac, management=True, links=bmc_links),
    ]
    bond_macs: tuple[str, ...] = ()
    if second:
        eth1 = InterfaceRow("eth1", f"{host.mac[:-2]}02", links=second)
        interfaces.insert(0, eth1)  # MagDB lists interfaces by name, last letter first
        if faults & {"bond", "swapped-bond", "lag"}:
            bond_macs = (host.mac, eth1.mac)
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
        bond_details="bond0 802.3ad" if "bond-details" in faults else "",
    )
    return _with_poor_lldp(record, faults)


def _cables(
    topology: Topology, host: HypervisorSpec, faults: frozenset[str], today: date
) -> tuple[tuple[LinkRow, ...], tuple[LinkRow, ...]]:
    """Return the LLDP rows of the interface, and those of a second NIC where there is one."""
    observed = today - _STALE if "old-links" in faults else today
    leaf = topology.leaf(host.leaf)
    other = _another_leaf(topology, leaf)
    first = [_link(leaf, host.port, observed)]
    if "wrong-switch" in faults:
        first = [_link(other, other.ports[0].name, observed)]
    if "stale-second-link" in faults:
        first.append(_link(other, other.ports[-1].name, today - _STALE))
    second: list[LinkRow] = []
    if "bond" in faults:
        second.append(_link(other, other.ports[0].name, observed))
    if "swapped-bond" in faults:
        first.append(_link(other, other.ports[0].name, today - _SWAPPED))
        second += [
            _link(leaf, leaf.ports[-1].name, today - _SWAPPED),
            _link(other, other.ports[-1].name, observed),
        ]
    if "lag" in faults:
        second.append(_link(leaf, leaf.ports[-1].name, observed))
    if "stray-neighbour" in faults:
        stray = f"swt-stray-77.{leaf.name.split('.', 1)[1]}"
        second.append(LinkRow("00:01:e8:8b:15:03", "swp7", stray, str(observed)))
    return tuple(first), tuple(second)


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


def _with_odd_texts(
    record: SystemRecord, faults: frozenset[str], place: int, today: date
) -> SystemRecord:
    """Give ports and switches texts that real ones have, each hypervisor another port text."""

    def odd(link: LinkRow) -> LinkRow:
        port, name = link.remote_port, link.remote_host
        if "odd-port-texts" in faults:
            port = _ODD_PORTS[place % len(_ODD_PORTS)].format(port.split(" (", 1)[0])
        if "quoted-port" in faults:
            port += ' "uplink"'
        if "upper-case-switches" in faults:
            name = name.upper()
        if "trailing-dot" in faults:
            name += "."
        return replace(link, remote_port=port, remote_host=name)

    def odd_interface(interface: InterfaceRow) -> InterfaceRow:
        links = [odd(link) for link in interface.links]
        old = str(today - _STALE)
        if links and "short-beside-full" in faults:
            short = links[0].remote_host.split(".", 1)[0]
            links.append(replace(links[0], remote_host=short, observed=old))
        if links and "localhost-row" in faults:
            links.append(LinkRow("00:00:00:00:00:00", "eth0", "localhost (none)", old))
        return replace(interface, links=tuple(links))

    return replace(record, interfaces=tuple(odd_interface(row) for row in record.interfaces))


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
