"""Every getter as a question: the commands that answer it, and the parser of their outputs.

The functions are called as NAPALM calls the getters and take the same arguments, so that the
commands of any set of getters are known before any is run: that is how several getters cost one
round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from napalm_cumulus import (
    getters_bgp,
    getters_bgp_config,
    getters_bridge,
    getters_interfaces,
    getters_neighbors,
    getters_ntp,
    getters_optics,
    getters_routes,
    getters_snmp,
    getters_system,
)
from napalm_cumulus.transport import CommandResult

if TYPE_CHECKING:
    from napalm.base import models

Model = TypeVar("Model")


@dataclass(frozen=True)
class Question(Generic[Model]):
    """What to run, and who reads the results (given in the order of the commands)."""

    commands: tuple[str, ...]
    parse: Callable[[Sequence[CommandResult]], Model]


def get_facts() -> Question[models.FactsDict]:
    """Model, serial number, version, names, uptime, interfaces."""
    return Question(getters_system.FACTS, getters_system.parse_facts)


def get_users() -> Question[dict[str, models.UsersDict]]:
    """The users who can log in."""
    return Question(getters_system.USERS, getters_system.parse_users)


def get_environment() -> Question[models.EnvironmentDict]:
    """Sensors, CPU and memory."""
    return Question(getters_system.ENVIRONMENT, getters_system.parse_environment)


def get_interfaces() -> Question[dict[str, models.InterfaceDict]]:
    """State, speed, MTU, MAC address and description."""
    return Question(
        (getters_interfaces.LINKS, getters_interfaces.SPEEDS, getters_interfaces.FLAPS),
        lambda results: getters_interfaces.parse_interfaces(*results),
    )


def get_interfaces_ip() -> Question[dict[str, models.InterfacesIPDict]]:
    """Addresses."""
    return Question(
        (getters_interfaces.ADDRESSES,),
        lambda results: getters_interfaces.parse_interfaces_ip(*results),
    )


def get_interfaces_counters() -> Question[dict[str, models.InterfaceCounterDict]]:
    """Packets, octets, errors and drops."""
    return Question(
        (getters_interfaces.STATISTICS, getters_interfaces.HARDWARE_COUNTERS),
        lambda results: getters_interfaces.parse_interfaces_counters(*results),
    )


def get_network_instances(name: str = "") -> Question[dict[str, models.NetworkInstanceDict]]:
    """VRFs and their interfaces."""
    return Question(
        (getters_interfaces.LINKS,),
        lambda results: getters_interfaces.parse_network_instances(results[0], name),
    )


def get_lldp_neighbors() -> Question[dict[str, list[models.LLDPNeighborDict]]]:
    """Who is at the other end of each cable."""
    return Question(
        (getters_neighbors.LLDP,),
        lambda results: getters_neighbors.parse_lldp_neighbors(*results),
    )


def get_lldp_neighbors_detail(
    interface: str = "",
) -> Question[dict[str, list[models.LLDPNeighborDetailDict]]]:
    """Everything the neighbours say of themselves."""
    return Question(
        (getters_neighbors.LLDP,),
        lambda results: getters_neighbors.parse_lldp_neighbors_detail(results[0], interface),
    )


def get_arp_table(vrf: str = "") -> Question[list[models.ARPTableDict]]:
    """IPv4 neighbours, of one VRF or of all."""

    def parse(results: Sequence[CommandResult]) -> list[models.ARPTableDict]:
        arp, links = results
        rows = getters_interfaces.named(links)
        members = getters_interfaces.interfaces_of_vrf(rows, vrf) if vrf else None
        return getters_neighbors.parse_arp_table(arp, members)

    return Question((getters_neighbors.ARP, getters_interfaces.LINKS), parse)


def get_ipv6_neighbors_table() -> Question[list[models.IPV6NeighborDict]]:
    """IPv6 neighbours."""
    return Question(
        (getters_neighbors.ND,),
        lambda results: getters_neighbors.parse_ipv6_neighbors_table(*results),
    )


def get_mac_address_table() -> Question[list[models.MACAdressTable]]:
    """What the bridges know."""
    return Question(
        (getters_bridge.FDB,), lambda results: getters_bridge.parse_mac_address_table(*results)
    )


def get_vlans() -> Question[dict[int, models.VlanDict]]:
    """VLANs and their ports."""
    return Question(
        (getters_bridge.VLANS, getters_interfaces.LINKS),
        lambda results: getters_bridge.parse_vlans(*results),
    )


def get_route_to(
    destination: str = "", protocol: str = "", longer: bool = False
) -> Question[dict[str, list[models.RouteDict]]]:
    """Routes; the answer holds FRR's, and the kernel's in case there is no FRR."""
    wanted = getters_routes.parse_destination(destination)
    versions = [wanted.version] if wanted is not None else [4, 6]
    with_bgp = protocol.lower() in {"", "bgp"}
    sources: list[dict[int, str]] = [getters_routes.FRR_ROUTES, getters_routes.KERNEL_ROUTES]
    if with_bgp:
        sources.append(getters_bgp.TABLES)

    def parse(results: Sequence[CommandResult]) -> dict[str, list[models.RouteDict]]:
        routes = getters_routes.parse_routes(results, versions, with_bgp=with_bgp)
        return getters_routes.select(routes, destination, protocol, longer=longer)

    commands = [commands[version] for version in versions for commands in sources]
    return Question(tuple(commands), parse)


def get_bgp_neighbors() -> Question[dict[str, models.BGPStateNeighborsPerVRFDict]]:
    """BGP neighbours by VRF."""
    return Question((getters_bgp.NEIGHBORS, getters_bgp.INSTANCES), getters_bgp.parse_bgp_neighbors)


def get_bgp_neighbors_detail(
    neighbor_address: str = "",
) -> Question[dict[str, dict[int, list[models.PeerDetailsDict]]]]:
    """Everything FRR says of the BGP neighbours."""
    return Question(
        (getters_bgp.NEIGHBORS,),
        lambda results: getters_bgp.parse_bgp_neighbors_detail(results[0], neighbor_address),
    )


def get_bgp_config(
    group: str = "", neighbor: str = ""
) -> Question[dict[str, models.BGPConfigGroupDict]]:
    """How BGP is configured."""
    return Question(
        (getters_bgp_config.CONFIG,),
        lambda results: getters_bgp_config.parse_bgp_config(results[0], group, neighbor),
    )


def get_optics() -> Question[dict[str, Any]]:
    """Optical power and bias current."""
    return Question(
        (getters_optics.MODULES,), lambda results: getters_optics.parse_optics(*results)
    )


def get_ntp_servers() -> Question[dict[str, models.NTPServerDict]]:
    """Configured time servers."""
    return Question((getters_ntp.FILES,), lambda results: getters_ntp.parse_ntp_servers(*results))


def get_ntp_peers() -> Question[dict[str, models.NTPPeerDict]]:
    """Configured time peers."""
    return Question((getters_ntp.FILES,), lambda results: getters_ntp.parse_ntp_peers(*results))


def get_ntp_stats() -> Question[list[models.NTPStats]]:
    """What the time daemon says of its servers."""
    return Question(getters_ntp.STATS, getters_ntp.parse_ntp_stats)


def get_snmp_information() -> Question[models.SNMPDict]:
    """SNMP's communities, contact and location."""
    return Question(getters_snmp.SNMP, getters_snmp.parse_snmp_information)


_ALL: dict[str, Callable[..., Question[Any]]] = {
    name: function for name, function in list(globals().items()) if name.startswith("get_")
}


def ask(getter: str, /, **arguments: Any) -> Question[Any] | None:  # noqa: ANN401 - NAPALM's
    """The question behind one of NAPALM's getters; None if it is not one of these."""
    function = _ALL.get(getter)
    return function(**arguments) if function else None
