"""The view of a switch's facts in which faults are looked for: indexes by name and object."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tasks.addresses import IpAddress
from tasks.facts.index import Index
from tasks.facts.model import FdbFact, LinkFact, ProbeFact
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

    def vrf_of(self, device: str) -> LinkFact | None:
        """Return the VRF of a device; None for the default one."""
        link = self.links.get(device)
        master = self.links.get(link.master) if link else None
        return master if master is not None and master.kind == "vrf" else None

    @cached_property
    def taken_in(self) -> Mapping[IpAddress, frozenset[str]]:
        """Return the tables in which each address is the switch's own."""
        found: dict[IpAddress, set[str]] = defaultdict(set)
        for row in self.facts.routes.rows:
            if row.kind == "local" and row.destination.prefixlen == row.destination.max_prefixlen:
                found[row.destination.network_address].add(row.table)
        return {address: frozenset(tables) for address, tables in found.items()}

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
    def evpn_macs(self) -> Mapping[IpAddress, frozenset[str]]:
        """Return the MACs of each address in EVPN."""
        found: dict[IpAddress, set[str]] = defaultdict(set)
        for row in self.facts.evpn_macs.rows:
            if row.address is not None and row.mac:
                found[row.address].add(row.mac)
        return {address: frozenset(macs) for address, macs in found.items()}

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
        """Return the bond of a port; empty where it is in none."""
        link = self.links.get(port)
        master = self.links.get(link.master) if link else None
        return master.name if master is not None and master.kind == "bond" else ""

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
        """Return the vxlan device of an SVI: the port of its bridge with the VNI."""
        bridge, vlan = self.bridge_of(svi)
        found = [x for x in self.facts.links.rows if x.kind == "vxlan" and x.master == bridge]
        if vlan is not None:
            found = [x for x in found if (x.name, vlan) in self._carried]
        return found[0] if found else None

    @cached_property
    def _carried(self) -> frozenset[tuple[str, int | None]]:
        """Return the VLANs of each port of a VLAN-aware bridge, as far as entries show them."""
        return frozenset((row.port, row.vlan) for row in self.facts.fdb.rows if row.bridge)

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

    def lldp_port(self, name: str) -> str:
        """Return the port where LLDP sees a host; empty where it does not."""
        folded = name.casefold()
        return self.port_of.get(folded) or self.port_of.get(folded.split(".", 1)[0], "")


def configured_ports(gateway: Gateway) -> tuple[str, ...]:
    """Return the bridge ports that the stanza names one by one."""
    found = gateway.values("bridge-ports")
    words = found[-1].split() if found else []
    return () if any(map(_GLOB.search, words)) else tuple(words)
