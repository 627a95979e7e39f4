"""A connection to OpenStack for the length of one question."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING, Any

from inventory.errors import SourceError
from inventory.model import VirtualMachine
from inventory.names import is_hostname, is_mac, one_line
from inventory.sources.openstack.errors import SYSTEM, not_admin
from inventory.sources.openstack.records import Port, Server, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from openstack.connection import Connection

    from inventory.names import IpAddress
    from inventory.sources.openstack.subnets import Subnets

#: From 2.88 on Nova asks every compute host that is up for its uptime before it answers, one after
#: the other: a single one that hangs makes the list fail, for as long as it counts as up.
_BEFORE_UPTIMES = "2.87"
#: The newest that was tried; older clouds are asked with their own newest one.
_SERVERS_AT = "2.93"
#: Ids in one request; Neutron takes addresses of at most 8 kB, and 47 bytes are one id's.
_IDS = 100


class Cloud:
    """A connection for the length of one question."""

    def __init__(self, connection: Connection, asked: str, subnets: Subnets) -> None:
        self.compute: Any = connection.compute
        self.network: Any = connection.network
        self.asked = asked
        self._subnets = subnets

    def hypervisors(self) -> list[Any]:
        """Return all hypervisors; that proves that we are administrator and all cells are up."""
        from openstack.exceptions import ForbiddenException  # noqa: PLC0415  # slow to import
        from openstack.utils import maximum_supported_microversion  # noqa: PLC0415

        try:
            version = maximum_supported_microversion(self.compute, _BEFORE_UPTIMES) or "2.1"
            found = list(self.compute.hypervisors(details=True, microversion=version))
        except ForbiddenException:
            raise not_admin(self.asked) from None
        if not found:
            raise SourceError(SYSTEM, f"it was asked for {self.asked} and has no hypervisors.")
        return found

    def servers_on(self, **where: str) -> list[Server]:
        """Return the servers of all projects that Nova's filter leaves."""
        from openstack.utils import maximum_supported_microversion  # noqa: PLC0415  # as above

        version = maximum_supported_microversion(self.compute, _SERVERS_AT)
        found = records(
            self.compute,
            "servers",
            {"all_tenants": "True", **where},
            path="/servers/detail",
            microversion=version,
        )
        return [Server.of(record) for record in found]

    def partial(self, what: str) -> SourceError:
        """Return the error for an answer that lacks something."""
        return SourceError(
            SYSTEM,
            f"it was asked for {self.asked} and gave a partial answer: {what}.",
            "A cell's database or Neutron may be down: ask who runs it.",
        )

    def server(self, server_id: str) -> Any | None:  # noqa: ANN401  # the SDK's Server
        """Return a server by its id; None only when Nova says that it does not exist."""
        from openstack.exceptions import NotFoundException  # noqa: PLC0415

        try:
            return self.compute.get_server(server_id)
        except NotFoundException:
            return None

    def host_of(self, server: Any) -> str:  # noqa: ANN401  # the SDK's Server
        """Return the hypervisor.

        Empty only when Nova has none for it and we are allowed to see that.
        """
        name = str(server.hypervisor_hostname or "")
        if name and not is_hostname(name):
            raise self.partial(f'the hypervisor of {server.id} is given as "{one_line(name, 60)}"')
        if not name and server.host_status is None:
            self.hypervisors()
        return name

    def vm(self, server: Any) -> VirtualMachine:  # noqa: ANN401  # the SDK's Server
        """Return the data in Nova's record of a server, without its ports."""
        if not server.name or not server.id:
            why = ", because its cell's database is down" if server.status == "UNKNOWN" else ""
            raise self.partial(f"the record of {server.id or 'a VM'} has no name{why}")
        return VirtualMachine(
            id=str(server.id),
            name=str(server.name),
            project_id=str(server.project_id or ""),
            status=str(server.status or "UNKNOWN"),
            hypervisor=self.host_of(server),
            host_status=str(server.host_status or ""),
            fault=one_line((server.fault or {}).get("message", "")),
        )

    def vms(self, servers: Sequence[Any], *, ask_for_floating: bool) -> list[VirtualMachine]:
        """Return VMs with their addresses: a few requests for all of them together.

        Args:
            servers: Nova's records.
            ask_for_floating: ask Neutron for the floating addresses; else Nova's own record of them
                is enough.
        """
        bare = [self.vm(server) for server in servers]
        ports = self._ports([vm.id for vm in bare])
        every = [port for found in ports.values() for port in found]
        try:
            prefixes = self._subnets.prefixes(
                self.network, [f["subnet_id"] for port in every for f in port.fixed_ips]
            )
        except ValueError as error:
            raise self.partial(str(error)) from None
        floating: Mapping[str, set[IpAddress]] = (
            self._floating([port.id for port in every])
            if ask_for_floating
            else {vm.id: _floating_in(s.addresses) for vm, s in zip(bare, servers, strict=True)}
        )
        return [
            _with_ports(
                vm,
                ports.get(vm.id, ()),
                prefixes,
                {
                    address
                    for key in (vm.id, *(port.id for port in ports.get(vm.id, ())))
                    for address in floating.get(key, ())
                },
            )
            for vm in bare
        ]

    def _ports(self, server_ids: Sequence[str]) -> dict[str, list[Port]]:
        found: dict[str, list[Port]] = defaultdict(list)
        for some in _some(server_ids):
            for port in map(Port.of, records(self.network, "ports", {"device_id": some})):
                if port.device_id in some:  # releases ignore a filter that they do not know
                    found[port.device_id].append(port)
        return found

    def _floating(self, port_ids: Sequence[str]) -> dict[str, set[IpAddress]]:
        found: dict[str, set[IpAddress]] = defaultdict(set)
        for some in _some(port_ids):
            for floating in self.network.ips(port_id=some):
                if floating.port_id in some:
                    found[str(floating.port_id)].add(ip_address(floating.floating_ip_address))
        return found


def _some(ids: Sequence[str]) -> Iterator[list[str]]:
    """Yield ids, as many as fit into one request."""
    for start in range(0, len(ids), _IDS):
        yield list(ids[start : start + _IDS])


def _with_ports(
    vm: VirtualMachine,
    ports: Sequence[Port],
    prefixes: Mapping[str, int],
    floating: set[IpAddress],
) -> VirtualMachine:
    addresses = {
        ip_interface(f"{fixed['ip_address']}/{prefixes[fixed['subnet_id']]}")
        for port in ports
        for fixed in port.fixed_ips
    }
    macs = {port.mac_address.lower() for port in ports}
    return replace(
        vm,
        addresses=tuple(sorted(addresses, key=lambda a: (a.version, int(a.ip)))),
        floating_addresses=tuple(sorted(floating, key=lambda a: (a.version, int(a)))),
        macs=tuple(sorted(mac for mac in macs if is_mac(mac))),
    )


def _floating_in(networks: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> set[IpAddress]:
    """Return the floating addresses in Nova's record of a server."""
    return {
        ip_address(entry["addr"])
        for entries in (networks or {}).values()
        for entry in entries
        if entry.get("OS-EXT-IPS:type") == "floating"
    }
