"""A connection to OpenStack for the length of one question."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from inventory.errors import SourceError
from inventory.model import VirtualMachine
from inventory.names import is_hostname, one_line
from inventory.sources.openstack.errors import SYSTEM, not_admin

if TYPE_CHECKING:
    from openstack.connection import Connection


class Cloud:
    """A connection for the length of one question."""

    def __init__(self, connection: Connection, asked: str) -> None:
        self.compute: Any = connection.compute
        self.network: Any = connection.network
        self.asked = asked
        self._prefixes: dict[str, int] = {}

    def hypervisors(self) -> list[Any]:
        """Return all hypervisors; that proves that we are administrator and all cells are up."""
        from openstack.exceptions import ForbiddenException  # noqa: PLC0415

        try:
            found = list(self.compute.hypervisors(details=True))
        except ForbiddenException:
            raise not_admin(self.asked) from None
        if not found:
            raise SourceError(SYSTEM, f"it was asked for {self.asked} and has no hypervisors.")
        return found

    def prefix(self, subnet_id: str) -> int:
        """Return the prefix length of a subnet; each subnet is asked for once."""
        if subnet_id not in self._prefixes:
            cidr = self.network.get_subnet(subnet_id).cidr
            try:
                self._prefixes[subnet_id] = ip_network(str(cidr)).prefixlen
            except ValueError:
                raise self.partial(f"the subnet {subnet_id} has no address range") from None
        return self._prefixes[subnet_id]

    def partial(self, what: str) -> SourceError:
        """Return the error for an answer that lacks something."""
        return SourceError(
            SYSTEM,
            f"it was asked for {self.asked} and gave a partial answer: {what}.",
            "A cell's database or neutron may be down: ask who runs it.",
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
            raise self.partial(f"the record of {server.id or 'a VM'} has no name")
        return VirtualMachine(
            id=str(server.id),
            name=str(server.name),
            project_id=str(server.project_id or ""),
            status=str(server.status or "UNKNOWN"),
            hypervisor=self.host_of(server),
            host_status=str(server.host_status or ""),
            fault=one_line((server.fault or {}).get("message", "")),
        )
