"""The view of a switch's facts in which faults are looked for: indexes by name and object."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from itertools import chain, islice

from tasks.addresses import IpAddress, IpNetwork
from tasks.facts.bridging import ALL_VLANS, ConfiguredPort, VlanFact
from tasks.facts.index import Index
from tasks.facts.model import DriftFact, FdbFact, LinkFact, ProbeFact
from tasks.model import Gateway


@dataclass(frozen=True)
class ExpectedVm:
    """A VM in OpenStack: its MACs (lower case) and its hypervisor's name."""

    macs: tuple[str, ...] = ()
    hypervisor: str = ""


@dataclass(frozen=True)
class ExpectedFromSite:
    """What other systems expect behind a switch.

    Attributes:
        hypervisors: the ports of each hypervisor in the uplink source, by its name; no port where
            the source names none.
        vms: the VMs by address.
    """

    hypervisors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vms: Mapping[str, ExpectedVm] = field(default_factory=dict)


_GLOB = re.compile(r"[*?\[{]|^(glob|regex|none|all)$")
_VNI_MAP = "bridge-vlan-vni-map"
#: So many devices can be stacked below a bridge (port, bond, bridge).
_DEEP = 4


@dataclass(frozen=True)
class FactsView(Index):
    """Facts, what is expected, and indexes over both."""

    expected: ExpectedFromSite = field(default_factory=ExpectedFromSite)

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """Return every stanza with VIPs."""
        return self.facts.gateways

    def works(self, device: str) -> bool:
        """Return whether a device is there and up, and so are the devices below it."""
        link = self.links.get(device)
        return link is not None and link.up and (not link.parent or self._works_below(link.parent))

    def _works_below(self, name: str) -> bool:
        """Return whether a device below is up; True for one that is not among the links."""
        parent = self.links.get(name)
        return parent is None or parent.up

    # --- bridges and ports

    @cached_property
    def fdb(self) -> Mapping[tuple[str, str, int | None], tuple[FdbFact, ...]]:
        """Return a bridge's entries by bridge, MAC and VLAN."""
        found: dict[tuple[str, str, int | None], list[FdbFact]] = defaultdict(list)
        for row in self.facts.fdb.rows:
            if row.bridge:
                found[row.bridge, row.mac, row.vlan].append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def fdb_by_mac(self) -> Mapping[str, tuple[FdbFact, ...]]:
        """Return the entries of bridges and devices by MAC."""
        found: dict[str, list[FdbFact]] = defaultdict(list)
        for row in self.facts.fdb.rows:
            found[row.mac].append(row)
        return {mac: tuple(rows) for mac, rows in found.items()}

    @cached_property
    def evpn_macs(self) -> Mapping[tuple[int, IpAddress], frozenset[str]]:
        """Return the MACs of each address in EVPN, by VNI: another tenant may have it, too."""
        found: dict[tuple[int, IpAddress], set[str]] = defaultdict(set)
        for row in self.facts.evpn_macs.rows:
            if row.address is not None and row.mac:
                found[row.vni, row.address].add(row.mac)
        return {key: frozenset(macs) for key, macs in found.items()}

    @cached_property
    def probes(self) -> Mapping[tuple[str, str], tuple[ProbeFact, ...]]:
        """Return the probes, by kind and target."""
        found: dict[tuple[str, str], list[ProbeFact]] = defaultdict(list)
        for row in self.facts.probes.rows:
            found[row.kind, row.target].append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def svi_on(self) -> Mapping[str, str]:
        """Return a gateway's SVI by its bridge; the first one where there are several."""
        found: dict[str, str] = {}
        for gateway in self.gateways:
            found.setdefault(self.bridge_of(gateway.interface)[0], gateway.interface)
        return found

    def bridge_of(self, svi: str) -> tuple[str, int | None]:
        """Return the bridge of an SVI, and the SVI's VLAN on it.

        An SVI is a bridge itself, or a VLAN device on a VLAN-aware bridge.
        """
        link = self.links.get(svi)
        if link is not None and link.kind == "vlan" and link.parent:
            return link.parent, link.vlan
        return svi, None

    def places(self, svi: str, mac: str) -> tuple[FdbFact, ...]:
        """Return the entries of the SVI's bridge for a MAC."""
        bridge, vlan = self.bridge_of(svi)
        found = self.fdb.get((bridge, mac, vlan), ())
        return found if vlan is None else (*found, *self.fdb.get((bridge, mac, None), ()))

    @cached_property
    def bridge_ports(self) -> Mapping[str, str]:
        """Return the bridge of each bridge port."""
        return {row.name: row.bridge for row in self.facts.ports.rows}

    def bond_of(self, port: str) -> str:
        """Return the bond of a port, or else the one it should be in; empty for none."""
        link = self.links.get(port)
        master = self.links.get(link.master) if link else None
        if master is not None and master.kind == "bond":
            return master.name
        return self._meant_bond.get(port, "")

    @cached_property
    def _meant_bond(self) -> Mapping[str, str]:
        """Return the bond of each port in the configuration, where the kernel has that bond."""
        return {
            port: bond.name
            for bond in self.facts.bridging.bonds.values()
            if bond.name in self.links
            for port in bond.ports
        }

    @cached_property
    def bond_ports(self) -> Mapping[str, tuple[str, ...]]:
        """Return the ports of each bond: those it has, and those that it should have."""
        found: dict[str, dict[str, None]] = {}
        for link in self.facts.links.rows:
            if link.kind == "bond":
                found.setdefault(link.name, {})
            if bond := self.bond_of(link.name):
                found.setdefault(bond, {})[link.name] = None
        return {bond: tuple(ports) for bond, ports in found.items()}

    def beside(self, port: str) -> tuple[str, ...]:
        """Return the port and the others of its bond; of a bond, its ports."""
        return self.bond_ports.get(port) or self.bond_ports.get(self.bond_of(port)) or (port,)

    def top(self, port: str) -> str:
        """Return the bridge of a port (or of its bond); empty where there is none."""
        for _ in range(_DEEP):
            link = self.links.get(port)
            if link is None or not link.master:
                return ""
            master = self.links.get(link.master)
            if master is None or master.kind != "bond":
                return link.master
            port = master.name
        return ""

    def vxlan_of(self, svi: str) -> LinkFact | None:
        """Return the vxlan device of an SVI: the port of its bridge with the VLAN."""
        if svi not in self._vxlans:  # asked for every neighbour
            self._vxlans[svi] = self._find_vxlan(svi)
        return self._vxlans[svi]

    @cached_property
    def _vxlans(self) -> dict[str, LinkFact | None]:
        return {}

    @cached_property
    def _tunnels(self) -> Mapping[str, Sequence[LinkFact]]:
        """Return the vxlan devices of each bridge."""
        found: dict[str, list[LinkFact]] = defaultdict(list)
        for link in self.facts.links.rows:
            if link.kind == "vxlan":
                found[link.master].append(link)
        return found

    def _find_vxlan(self, svi: str) -> LinkFact | None:
        bridge, vlan = self.bridge_of(svi)
        found = self._tunnels.get(bridge, ())
        if vlan is None:
            return found[0] if found else None
        # A VLAN that is missing on the port is a fault of its own, and no other VNI.
        judged = {port.name for port in self.meant_ports(svi) if port.judged}
        meant = (x for x in found if x.name in judged)
        having = (x for x in found if self.vlan_on(x.name, vlan) or (x.name, vlan) in self._carried)
        return next(chain(meant, having), None)

    def vni_of(self, svi: str) -> int | None:
        """Return the VNI of an SVI: its vxlan device's, or what that one has for its VLAN."""
        link, (_, vlan) = self.vxlan_of(svi), self.bridge_of(svi)
        if link is None or not link.external:
            return link.vni if link else None
        port = self.facts.bridging.ports.get(link.name)
        meant = port.vnis.get(vlan) if port and vlan is not None else None
        return meant if meant is not None else self.mapped_vni(link.name, vlan)

    def mapped_vni(self, port: str, vlan: int | None) -> int | None:
        """Return the VNI that a single VXLAN device has for a VLAN; None where it has none."""
        return None if vlan is None else self.vni_on.get((port, vlan))

    @cached_property
    def vni_on(self) -> Mapping[tuple[str, int], int]:
        """Return the VNI of each VLAN of a single VXLAN device, by the device and the VLAN."""
        found: dict[tuple[str, int], int] = {}
        for row in self.facts.vlan_tunnels.rows:
            for vlan in range(row.first, row.last + 1):
                found.setdefault((row.port, vlan), row.vni + vlan - row.first)
        return found

    def vnis_of(self, link: LinkFact) -> tuple[int, ...]:
        """Return the VNIs of a vxlan device."""
        if not link.external:
            return () if link.vni is None else (link.vni,)
        rows = (row for row in self.facts.vlan_tunnels.rows if row.port == link.name)
        every = (vni for r in rows for vni in range(r.vni, r.vni + r.last - r.first + 1))
        return tuple(islice(every, ALL_VLANS))

    @cached_property
    def _carried(self) -> frozenset[tuple[str, int | None]]:
        """Return the VLANs of each port of a VLAN-aware bridge, as far as entries show them."""
        return frozenset((row.port, row.vlan) for row in self.facts.fdb.rows if row.bridge)

    @cached_property
    def _vlan_on(self) -> Mapping[tuple[str, int], VlanFact]:
        found: dict[tuple[str, int], VlanFact] = {}
        for row in self.facts.bridge_vlans.rows:
            for vlan in range(row.first, row.last + 1):
                found.setdefault((row.port, vlan), row)
        return found

    @cached_property
    def _vlans(self) -> Mapping[str, tuple[VlanFact, ...]]:
        found: dict[str, list[VlanFact]] = defaultdict(list)
        for row in self.facts.bridge_vlans.rows:
            found[row.port].append(row)
        return {port: tuple(rows) for port, rows in found.items()}

    def vlan_on(self, port: str, vlan: int) -> VlanFact | None:
        """Return how a VLAN passes a port of a VLAN-aware bridge; None where it does not."""
        return self._vlan_on.get((port, vlan))

    def pvid_on(self, port: str) -> int | None:
        """Return the VLAN of frames without a tag at a port; None where they are dropped."""
        return next((row.first for row in self._vlans.get(port, ()) if row.pvid), None)

    def passes(self, port: str, bridge: str, vlan: int | None) -> bool | None:
        """Return whether a VLAN passes a port of a bridge, or the bridge itself.

        Without VLAN filtering everything passes. None where the VLANs could not be read.
        """
        if vlan is None or not self.filters(bridge):
            return True
        return self.vlan_on(port, vlan) is not None if "bridge_vlans" in self.known else None

    def filters(self, bridge: str) -> bool:
        """Return whether a bridge is VLAN-aware; an iproute2 before 4.6 does not tell."""
        link = self.links.get(bridge)
        told = link.vlan_filtering if link else None
        return told if told is not None else bridge in self._meant_aware

    @cached_property
    def _meant_aware(self) -> frozenset[str]:
        return frozenset(port.bridge for port in self.facts.bridging.ports.values())

    def meant_ports(self, svi: str) -> tuple[ConfiguredPort, ...]:
        """Return the ports of an SVI's VLAN-aware bridge that are to carry its VLAN."""
        bridge, vlan = self.bridge_of(svi)
        return () if vlan is None else tuple(self._meant_on.get((bridge, vlan), ()))

    @cached_property
    def _meant_on(self) -> Mapping[tuple[str, int], Sequence[ConfiguredPort]]:
        found: dict[tuple[str, int], list[ConfiguredPort]] = defaultdict(list)
        for port in self.facts.bridging.ports.values():
            ranges = (range(first, min(last + 1, ALL_VLANS)) for first, last in port.vlans)
            for vlan in {vlan for each in ranges for vlan in each}:
                found[port.bridge, vlan].append(port)
        return found

    @cached_property
    def vms_of(self) -> Mapping[str, Sequence[ExpectedVm]]:
        """Return the expected VMs by the only SVI whose VIPs' networks have their address."""
        svis: dict[IpNetwork, set[str]] = defaultdict(set)
        for gateway in self.gateways:
            for virtual in gateway.virtual:
                svis[virtual.address.network].add(gateway.interface)
        lengths = {(network.version, network.prefixlen) for network in svis}
        found: dict[str, list[ExpectedVm]] = defaultdict(list)
        for text, vm in self.expected.vms.items():
            ip = ip_address(text)
            near = [ip_network((ip, bits), strict=False) for v, bits in lengths if v == ip.version]
            here = {svi for network in near for svi in svis.get(network, ())}
            if len(here) == 1:
                found[here.pop()].append(vm)
        return found

    @cached_property
    def drift(self) -> tuple[DriftFact, ...]:
        """Return what fails ``ifquery -c``, as far as the kernel's own tables do not contradict.

        ifupdown2 3.0.0 fails every ``bridge-vlan-vni-map``, whatever the kernel has.
        """
        return tuple(
            row
            for row in self.facts.drift.rows
            if row.attribute != _VNI_MAP or not self._is_mapped(row.interface)
        )

    def _is_mapped(self, port: str) -> bool:
        """Return whether a single VXLAN device has every VNI that the configuration gives it."""
        meant = self.facts.bridging.ports.get(port)
        return (
            meant is not None
            and "vlan_tunnels" in self.known
            and all(self.mapped_vni(port, vlan) == vni for vlan, vni in meant.vnis.items())
        )

    @cached_property
    def plugged(self) -> tuple[tuple[str, str], ...]:
        """Return each hypervisor and its port: from LLDP, or else from the records."""
        return tuple(self._plugged())

    def _plugged(self) -> Iterator[tuple[str, str]]:
        for name, ports in self.expected.hypervisors.items():
            here = self.lldp_port(name)
            for port in (here,) if here else ports:
                if port in self.links:
                    yield name, port

    @cached_property
    def stanza_of(self) -> Mapping[str, str]:
        """Return the SVI whose stanza names a port, by port."""
        found: dict[str, str] = {}
        for gateway in self.gateways:
            link = self.links.get(gateway.interface)
            if link is not None and link.kind == "bridge":
                for port in configured_ports(gateway):
                    found.setdefault(port, gateway.interface)
        return found

    @cached_property
    def port_of(self) -> Mapping[str, str]:
        """Return the port of each LLDP neighbour, by its names in lower case."""
        found: dict[str, str] = {}
        for row in self.facts.lldp.rows:
            name = row.name.casefold()
            found.setdefault(name, row.port)
            found.setdefault(name.split(".", 1)[0], row.port)
        return found

    def lldp_ports(self, name: str) -> tuple[str, ...]:
        """Return every port where LLDP sees a host."""
        short = name.casefold().split(".", 1)[0]
        return tuple(
            row.port
            for row in self.facts.lldp.rows
            if short and row.name.casefold().split(".", 1)[0] == short
        )

    def lldp_port(self, name: str) -> str:
        """Return the port where LLDP sees a host; empty where it does not."""
        folded = name.casefold()
        return self.port_of.get(folded) or self.port_of.get(folded.split(".", 1)[0], "")


def configured_ports(gateway: Gateway) -> tuple[str, ...]:
    """Return the bridge ports that the stanza names one by one."""
    found = gateway.values("bridge-ports")
    words = found[-1].split() if found else []
    return () if any(map(_GLOB.search, words)) else tuple(words)
