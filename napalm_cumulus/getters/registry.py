"""Every getter as a question: the commands that answer it, and the parser of their outputs.

The functions are called as NAPALM calls the getters and take the same arguments, so that the
commands of any set of getters are known before any is run: that is how several getters cost one
round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from napalm_cumulus.getters import (
    bgp,
    bgp_config,
    bridge,
    interfaces,
    neighbors,
    ntp,
    optics,
    routes,
    snmp,
    system,
)
from napalm_cumulus.result import CommandResult

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
    return Question(system.FACTS, system.parse_facts)


def get_users() -> Question[dict[str, models.UsersDict]]:
    """The users who can log in."""
    return Question(system.USERS, system.parse_users)


def get_environment() -> Question[models.EnvironmentDict]:
    """Sensors, CPU and memory."""
    return Question(system.ENVIRONMENT, system.parse_environment)


def get_interfaces() -> Question[dict[str, models.InterfaceDict]]:
    """State, speed, MTU, MAC address and description."""
    return Question(
        (interfaces.LINKS, interfaces.SPEEDS, interfaces.FLAPS),
        lambda results: interfaces.parse_interfaces(*results),
    )


def get_interfaces_ip() -> Question[dict[str, models.InterfacesIPDict]]:
    """Addresses."""
    return Question(
        (interfaces.ADDRESSES,),
        lambda results: interfaces.parse_interfaces_ip(*results),
    )


def get_interfaces_counters() -> Question[dict[str, models.InterfaceCounterDict]]:
    """Packets, octets, errors and drops."""
    return Question(
        (interfaces.STATISTICS, interfaces.HARDWARE_COUNTERS),
        lambda results: interfaces.parse_interfaces_counters(*results),
    )


def get_network_instances(name: str = "") -> Question[dict[str, models.NetworkInstanceDict]]:
    """VRFs and their interfaces."""
    return Question(
        (interfaces.LINKS,),
        lambda results: interfaces.parse_network_instances(results[0], name),
    )


def get_lldp_neighbors() -> Question[dict[str, list[models.LLDPNeighborDict]]]:
    """Who is at the other end of each cable."""
    return Question(
        (neighbors.LLDP,),
        lambda results: neighbors.parse_lldp_neighbors(*results),
    )


def get_lldp_neighbors_detail(
    interface: str = "",
) -> Question[dict[str, list[models.LLDPNeighborDetailDict]]]:
    """Everything the neighbours say of themselves."""
    return Question(
        (neighbors.LLDP,),
        lambda results: neighbors.parse_lldp_neighbors_detail(results[0], interface),
    )


def get_arp_table(vrf: str = "") -> Question[list[models.ARPTableDict]]:
    """IPv4 neighbours, of one VRF or of all."""

    def parse(results: Sequence[CommandResult]) -> list[models.ARPTableDict]:
        arp, links = results
        rows = interfaces.named(links)
        members = interfaces.interfaces_of_vrf(rows, vrf) if vrf else None
        return neighbors.parse_arp_table(arp, members)

    return Question((neighbors.ARP, interfaces.LINKS), parse)


def get_ipv6_neighbors_table() -> Question[list[models.IPV6NeighborDict]]:
    """IPv6 neighbours."""
    return Question(
        (neighbors.ND,),
        lambda results: neighbors.parse_ipv6_neighbors_table(*results),
    )


def get_mac_address_table() -> Question[list[models.MACAdressTable]]:
    """What the bridges know."""
    return Question((bridge.FDB,), lambda results: bridge.parse_mac_address_table(*results))


def get_vlans() -> Question[dict[int, models.VlanDict]]:
    """VLANs and their ports."""
    return Question(
        (bridge.VLANS, interfaces.LINKS),
        lambda results: bridge.parse_vlans(*results),
    )


def get_route_to(
    destination: str = "", protocol: str = "", longer: bool = False
) -> Question[dict[str, list[models.RouteDict]]]:
    """Routes; the answer holds FRR's, and the kernel's in case there is no FRR."""
    wanted = routes.parse_destination(destination)
    versions = [wanted.version] if wanted is not None else [4, 6]
    with_bgp = protocol.lower() in {"", "bgp"}
    sources: list[dict[int, str]] = [routes.FRR_ROUTES, routes.KERNEL_ROUTES]
    if with_bgp:
        sources.append(bgp.TABLES)

    def parse(results: Sequence[CommandResult]) -> dict[str, list[models.RouteDict]]:
        table = routes.parse_routes(results, versions, with_bgp=with_bgp)
        return routes.select(table, destination, protocol, longer=longer)

    commands = [commands[version] for version in versions for commands in sources]
    return Question(tuple(commands), parse)


def get_bgp_neighbors() -> Question[dict[str, models.BGPStateNeighborsPerVRFDict]]:
    """BGP neighbours by VRF."""
    return Question((bgp.NEIGHBORS, bgp.INSTANCES), bgp.parse_bgp_neighbors)


def get_bgp_neighbors_detail(
    neighbor_address: str = "",
) -> Question[dict[str, dict[int, list[models.PeerDetailsDict]]]]:
    """Everything FRR says of the BGP neighbours."""
    return Question(
        (bgp.NEIGHBORS,),
        lambda results: bgp.parse_bgp_neighbors_detail(results[0], neighbor_address),
    )


def get_bgp_config(
    group: str = "", neighbor: str = ""
) -> Question[dict[str, models.BGPConfigGroupDict]]:
    """How BGP is configured."""
    return Question(
        (bgp_config.CONFIG,),
        lambda results: bgp_config.parse_bgp_config(results[0], group, neighbor),
    )


def get_optics() -> Question[dict[str, Any]]:
    """Optical power and bias current."""
    return Question((optics.MODULES,), lambda results: optics.parse_optics(*results))


def get_ntp_servers() -> Question[dict[str, models.NTPServerDict]]:
    """Configured time servers."""
    return Question((ntp.FILES,), lambda results: ntp.parse_ntp_servers(*results))


def get_ntp_peers() -> Question[dict[str, models.NTPPeerDict]]:
    """Configured time peers."""
    return Question((ntp.FILES,), lambda results: ntp.parse_ntp_peers(*results))


def get_ntp_stats() -> Question[list[models.NTPStats]]:
    """What the time daemon says of its servers."""
    return Question(ntp.STATS, ntp.parse_ntp_stats)


def get_snmp_information() -> Question[models.SNMPDict]:
    """SNMP's communities, contact and location."""
    return Question(snmp.SNMP, snmp.parse_snmp_information)


_ALL: dict[str, Callable[..., Question[Any]]] = {
    name: function for name, function in list(globals().items()) if name.startswith("get_")
}


def ask(getter: str, /, **arguments: Any) -> Question[Any] | None:  # noqa: ANN401 - NAPALM's
    """The question behind one of NAPALM's getters; None if it is not one of these."""
    function = _ALL.get(getter)
    return function(**arguments) if function else None
