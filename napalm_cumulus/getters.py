"""NAPALM's getters: which commands to ask in one round trip, and who reads the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napalm.base import NetworkDriver
from napalm.base import constants as c

from napalm_cumulus import (
    getters_bridge,
    getters_interfaces,
    getters_neighbors,
    getters_routes,
    getters_system,
    reachability,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napalm.base import models

    from napalm_cumulus.transport import CommandResult

_PING_SLACK = 30.0


class CumulusGetters(NetworkDriver):
    """Everything that is read and nothing that is changed."""

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        raise NotImplementedError

    def get_facts(self) -> models.FactsDict:
        """Model, serial number, version, names, uptime, interfaces."""
        return getters_system.parse_facts(self._run_many(getters_system.FACTS))

    def get_users(self) -> dict[str, models.UsersDict]:
        """The users who can log in; reading the password hashes takes root's rights."""
        return getters_system.parse_users(self._run_many(getters_system.USERS))

    def get_environment(self) -> models.EnvironmentDict:
        """Sensors (where `smonctl` is installed), CPU and memory."""
        return getters_system.parse_environment(self._run_many(getters_system.ENVIRONMENT))

    def get_interfaces(self) -> dict[str, models.InterfaceDict]:
        """State, speed, MTU, MAC address and description of every interface."""
        links, speeds = self._run_many([getters_interfaces.LINKS, getters_interfaces.SPEEDS])
        return getters_interfaces.parse_interfaces(links, speeds)

    def get_interfaces_ip(self) -> dict[str, models.InterfacesIPDict]:
        """The addresses of every interface that has one."""
        (addresses,) = self._run_many([getters_interfaces.ADDRESSES])
        return getters_interfaces.parse_interfaces_ip(addresses)

    def get_interfaces_counters(self) -> dict[str, models.InterfaceCounterDict]:
        """Packets, octets, errors and drops of every interface."""
        statistics, hardware = self._run_many(
            [getters_interfaces.STATISTICS, getters_interfaces.HARDWARE_COUNTERS]
        )
        return getters_interfaces.parse_interfaces_counters(statistics, hardware)

    def get_network_instances(self, name: str = "") -> dict[str, models.NetworkInstanceDict]:
        """The VRFs and their interfaces; an unknown name gives an empty answer."""
        (links,) = self._run_many([getters_interfaces.LINKS])
        return getters_interfaces.parse_network_instances(links, name)

    def get_lldp_neighbors(self) -> dict[str, list[models.LLDPNeighborDict]]:
        """Who is at the other end of each cable; raises where lldpd is not installed."""
        (lldp,) = self._run_many([getters_neighbors.LLDP])
        return getters_neighbors.parse_lldp_neighbors(lldp)

    def get_lldp_neighbors_detail(
        self, interface: str = ""
    ) -> dict[str, list[models.LLDPNeighborDetailDict]]:
        """Everything the neighbours say of themselves; raises where lldpd is not installed."""
        (lldp,) = self._run_many([getters_neighbors.LLDP])
        return getters_neighbors.parse_lldp_neighbors_detail(lldp, interface)

    def get_arp_table(self, vrf: str = "") -> list[models.ARPTableDict]:
        """The IPv4 neighbours, of one VRF or of all; raises for a VRF that is not there."""
        arp, links = self._run_many([getters_neighbors.ARP, getters_interfaces.LINKS])
        wanted = (
            getters_interfaces.interfaces_of_vrf(getters_interfaces.named(links), vrf)
            if vrf
            else None
        )
        return getters_neighbors.parse_arp_table(arp, wanted)

    def get_ipv6_neighbors_table(self) -> list[models.IPV6NeighborDict]:
        """The IPv6 neighbours."""
        (neighbours,) = self._run_many([getters_neighbors.ND])
        return getters_neighbors.parse_ipv6_neighbors_table(neighbours)

    def get_mac_address_table(self) -> list[models.MACAdressTable]:
        """What the bridges know: learned, static and their own addresses."""
        (fdb,) = self._run_many([getters_bridge.FDB])
        return getters_bridge.parse_mac_address_table(fdb)

    def get_vlans(self) -> dict[int, models.VlanDict]:  # type: ignore[override]
        """The VLANs and their ports, keyed by number as NAPALM documents (and misannotates)."""
        vlans, links = self._run_many([getters_bridge.VLANS, getters_interfaces.LINKS])
        return getters_bridge.parse_vlans(vlans, links)

    def get_route_to(  # type: ignore[override]  # NAPALM's annotation forgets the list
        self, destination: str = "", protocol: str = "", longer: bool = False
    ) -> dict[str, list[models.RouteDict]]:
        """Routes from FRR; where it is not installed or not running, the kernel's.

        An address finds its most specific prefix in each VRF, a prefix is meant exactly.
        """
        wanted = getters_routes.parse_destination(destination)
        versions = [wanted.version] if wanted is not None else [4, 6]
        results = self._run_many(
            [
                commands[version]
                for version in versions
                for commands in (getters_routes.FRR_ROUTES, getters_routes.KERNEL_ROUTES)
            ]
        )
        routes: getters_routes.Routes = {}
        for position, version in enumerate(versions):
            frr, kernel = results[2 * position : 2 * position + 2]
            if getters_routes.frr_is_absent(frr):
                routes |= getters_routes.parse_kernel_routes(kernel, version)
            else:
                routes |= getters_routes.parse_frr_routes(frr)
        return getters_routes.select(routes, destination, protocol, longer=longer)

    def ping(  # noqa: PLR0917 - NAPALM's signature
        self,
        destination: str,
        source: str = c.PING_SOURCE,
        ttl: int = c.PING_TTL,
        timeout: int = c.PING_TIMEOUT,
        size: int = c.PING_SIZE,
        count: int = c.PING_COUNT,
        vrf: str = c.PING_VRF,
        source_interface: str = c.PING_SOURCE_INTERFACE,
    ) -> models.PingResultDict:
        """Ping from the switch; lost packets are a result, a ping that cannot start is an error."""
        command = reachability.ping_command(
            destination,
            source=source,
            ttl=ttl,
            timeout=timeout,
            size=size,
            count=count,
            vrf=vrf,
            source_interface=source_interface,
        )
        (result,) = self._run_many([command], timeout=count + timeout + _PING_SLACK)
        return reachability.parse_ping(result)
