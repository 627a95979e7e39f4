"""NAPALM's getters: each asks its question, and any set of them can share one round trip."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napalm.base import NetworkDriver, validate
from napalm.base import constants as c

from napalm_cumulus.config import snapshot
from napalm_cumulus.getters import ping, registry
from napalm_cumulus.getters.registry import Model, Question
from napalm_cumulus.prefetched import Answering
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.transport import Transport

if TYPE_CHECKING:
    from napalm.base import models

_PING_SLACK = 30.0
#: traceroute sends 16 probes at a time and three to each hop.
_PROBES_AT_ONCE = 16
_PROBES = 3
_NO_ANSWERS: Mapping[str, CommandResult] = MappingProxyType({})


class CumulusGetters(NetworkDriver):
    """Everything that is read and nothing that is changed."""

    #: What was asked beforehand for the getters of a `_one_round_trip` block.
    _answers: Mapping[str, CommandResult] = _NO_ANSWERS

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        raise NotImplementedError

    def _ask(self, question: Question[Model]) -> Model:
        """Run the question's commands, unless they are answered already, and read them."""
        if all(command in self._answers for command in question.commands):
            return question.parse([self._answers[command] for command in question.commands])
        return question.parse(self._run_many(question.commands))

    @contextlib.contextmanager
    def _one_round_trip(self, calls: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[None]:
        """Ask everything that these getters need at once; in the block they read those answers.

        A getter that is not known here, or called otherwise than announced, asks for itself. So
        the block may hold anything that calls getters: nornir_napalm's `napalm_get`, NAPALM's
        validation. It must hold nothing that changes the switch.

        Args:
            calls: Names and arguments of the getters, as `("get_arp_table", {"vrf": "mgmt"})`.
        """
        commands: dict[str, None] = {}
        for name, arguments in calls:
            if name == "get_config":
                commands[snapshot.READ] = None
            elif (question := registry.ask(name, **arguments)) is not None:
                commands.update(dict.fromkeys(question.commands))
        if not commands:
            yield
            return
        results = self._run_many(list(commands))
        self._answers = MappingProxyType(dict(zip(commands, results, strict=True)))
        try:
            yield
        finally:
            self._answers = _NO_ANSWERS

    def _get_many(self, calls: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Several getters in one round trip: `{"get_facts": {}, "get_arp_table": {"vrf": "a"}}`."""
        with self._one_round_trip(calls.items()):
            return {name: getattr(self, name)(**arguments) for name, arguments in calls.items()}

    def _answering(self, transport: Transport) -> Transport:
        """The session, which within a `_one_round_trip` block knows some answers already."""
        return Answering(transport, self._answers) if self._answers else transport

    def compliance_report(
        self,
        validation_file: str | None = None,
        validation_source: str | None = None,
    ) -> models.ReportResult:
        """NAPALM's validation, with all its getters in one round trip."""
        with self._one_round_trip(_announced(validation_file, validation_source)):
            return super().compliance_report(validation_file, validation_source)

    def get_facts(self) -> models.FactsDict:
        """Model, serial number, version, names, uptime, interfaces."""
        return self._ask(registry.get_facts())

    def get_users(self) -> dict[str, models.UsersDict]:
        """The users who can log in; reading the password hashes takes root's rights."""
        return self._ask(registry.get_users())

    def get_environment(self) -> models.EnvironmentDict:
        """Sensors (where `smonctl` is installed), CPU and memory."""
        return self._ask(registry.get_environment())

    def get_interfaces(self) -> dict[str, models.InterfaceDict]:
        """State, speed, MTU, MAC address and description of every interface."""
        return self._ask(registry.get_interfaces())

    def get_interfaces_ip(self) -> dict[str, models.InterfacesIPDict]:
        """The addresses of every interface that has one."""
        return self._ask(registry.get_interfaces_ip())

    def get_interfaces_counters(self) -> dict[str, models.InterfaceCounterDict]:
        """Packets, octets, errors and drops of every interface."""
        return self._ask(registry.get_interfaces_counters())

    def get_network_instances(self, name: str = "") -> dict[str, models.NetworkInstanceDict]:
        """The VRFs and their interfaces; an unknown name gives an empty answer."""
        return self._ask(registry.get_network_instances(name))

    def get_lldp_neighbors(self) -> dict[str, list[models.LLDPNeighborDict]]:
        """Who is at the other end of each cable; raises where lldpd is not installed."""
        return self._ask(registry.get_lldp_neighbors())

    def get_lldp_neighbors_detail(
        self, interface: str = ""
    ) -> dict[str, list[models.LLDPNeighborDetailDict]]:
        """Everything the neighbours say of themselves; raises where lldpd is not installed."""
        return self._ask(registry.get_lldp_neighbors_detail(interface))

    def get_arp_table(self, vrf: str = "") -> list[models.ARPTableDict]:
        """The IPv4 neighbours, of one VRF or of all; raises for a VRF that is not there."""
        return self._ask(registry.get_arp_table(vrf))

    def get_ipv6_neighbors_table(self) -> list[models.IPV6NeighborDict]:
        """The IPv6 neighbours."""
        return self._ask(registry.get_ipv6_neighbors_table())

    def get_mac_address_table(self) -> list[models.MACAdressTable]:
        """What the bridges know: learned, static and their own addresses."""
        return self._ask(registry.get_mac_address_table())

    def get_vlans(self) -> dict[int, models.VlanDict]:  # type: ignore[override]
        """The VLANs and their ports, keyed by number as NAPALM documents (and misannotates)."""
        return self._ask(registry.get_vlans())

    def get_route_to(  # type: ignore[override]  # NAPALM's annotation forgets the list
        self, destination: str = "", protocol: str = "", longer: bool = False
    ) -> dict[str, list[models.RouteDict]]:
        """Routes from FRR; where it is not installed or not running, the kernel's.

        An address finds its most specific prefix in each VRF, a prefix is meant exactly.
        """
        return self._ask(registry.get_route_to(destination, protocol, longer))

    def get_bgp_neighbors(self) -> dict[str, models.BGPStateNeighborsPerVRFDict]:
        """BGP neighbours by VRF; without FRR or BGP, "global" has none."""
        return self._ask(registry.get_bgp_neighbors())

    def get_bgp_neighbors_detail(  # type: ignore[override]  # NAPALM's annotation forgets the VRF
        self, neighbor_address: str = ""
    ) -> dict[str, dict[int, list[models.PeerDetailsDict]]]:
        """Everything FRR says of its BGP neighbours, of one or of all; {} without any."""
        return self._ask(registry.get_bgp_neighbors_detail(neighbor_address))

    def get_bgp_config(  # type: ignore[override]  # NAPALM's annotation forgets the groups
        self, group: str = "", neighbor: str = ""
    ) -> dict[str, models.BGPConfigGroupDict]:
        """Peer groups and neighbours from FRR's running configuration; {} without BGP."""
        return self._ask(registry.get_bgp_config(group, neighbor))

    def get_optics(self) -> dict[str, Any]:
        """Optical power and bias current of the modules that measure them."""
        return self._ask(registry.get_optics())

    def get_ntp_servers(self) -> dict[str, models.NTPServerDict]:
        """The time servers and pools in ntpd's, chrony's or systemd-timesyncd's files."""
        return self._ask(registry.get_ntp_servers())

    def get_ntp_peers(self) -> dict[str, models.NTPPeerDict]:
        """The time peers in ntpd's or chrony's files."""
        return self._ask(registry.get_ntp_peers())

    def get_ntp_stats(self) -> list[models.NTPStats]:
        """What the running time daemon says of its servers; [] where none is installed."""
        return self._ask(registry.get_ntp_stats())

    def get_snmp_information(self) -> models.SNMPDict:
        """Communities, contact and location from snmpd's files."""
        return self._ask(registry.get_snmp_information())

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
        command = ping.ping_command(
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
        return ping.parse_ping(result)

    def traceroute(
        self,
        destination: str,
        source: str = c.TRACEROUTE_SOURCE,
        ttl: int = c.TRACEROUTE_TTL,
        timeout: int = c.TRACEROUTE_TIMEOUT,
        vrf: str = c.TRACEROUTE_VRF,
    ) -> models.TracerouteResultDict:
        """The way to a destination; needs the program of that name on the switch."""
        command = ping.traceroute_command(
            destination, source=source, ttl=ttl, timeout=timeout, vrf=vrf
        )
        longest = ttl * _PROBES / _PROBES_AT_ONCE * timeout
        (result,) = self._run_many([command], timeout=longest + _PING_SLACK)
        return ping.parse_traceroute(result)


def _announced(file: str | None, source: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The getters that a validation names; what is wrong with it is for NAPALM to say."""
    if file:
        source = validate._get_validation_file(file)  # noqa: SLF001 - read exactly as NAPALM does
    for check in source if isinstance(source, list) else ():
        for name, rules in check.items() if isinstance(check, dict) else ():
            arguments = rules.get("_kwargs", {}) if isinstance(rules, dict) else {}
            if name != "get_config":  # NAPALM's validation leaves it out
                yield str(name), arguments
