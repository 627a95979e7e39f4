"""Interfaces, their addresses, counters and VRFs, from ``ip -j`` and sysfs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napalm_cumulus import errors
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.output import loads, mac_address, reader, text_of, unexpected

if TYPE_CHECKING:
    from napalm.base import models

    from napalm_cumulus.result import CommandResult

LINKS = iproute.LINKS.command()
ADDRESSES = iproute.ADDRESSES.command()
STATISTICS = iproute.STATISTICS.command()
#: Reading the speed of a port that is down fails; that is no error. One process for all ports.
SPEEDS = "grep -H . /sys/class/net/*/speed 2>/dev/null; true"
#: The switching chip counts unicast, multicast and broadcast; virtual ports have no such counters.
HARDWARE_COUNTERS = (
    'for d in /sys/class/net/swp*/; do [ -e "$d" ] || continue; d=${d%/}; i=${d##*/}; '
    'printf \'%s\\n\' "= $i"; ethtool -S "$i" 2>/dev/null | grep HwIf; done; true'
)

#: Only FRR keeps the time of a link's last change; without FRR it is not known.
FLAPS = "date '+%Y/%m/%d %H:%M:%S' && vtysh -c 'show interface vrf all json' 2>/dev/null; true"

DEFAULT_VRF = "default"
_DATE = "%Y/%m/%d %H:%M:%S"
_UNKNOWN = -1
_HARDWARE_NAMES = {
    "HwIfInUcastPkts": "rx_unicast_packets",
    "HwIfInMcastPkts": "rx_multicast_packets",
    "HwIfInBcastPkts": "rx_broadcast_packets",
    "HwIfOutUcastPkts": "tx_unicast_packets",
    "HwIfOutMcastPkts": "tx_multicast_packets",
    "HwIfOutBcastPkts": "tx_broadcast_packets",
}
_COUNTER = re.compile(r"\s*(\w+): (\d+)")


@getter(LINKS, SPEEDS, FLAPS)
@reader
def parse_interfaces(
    links: CommandResult, speeds: CommandResult, flaps: CommandResult
) -> dict[str, models.InterfaceDict]:
    """Return the interfaces; an unknown speed or time of the last flap is -1.0."""
    known, flapped = _speeds(text_of(speeds)), _flaps(text_of(flaps))
    found: dict[str, models.InterfaceDict] = {}
    for link in named(links):
        flags = link.get("flags", [])
        state = link.get("operstate")
        found[link["ifname"]] = {
            "is_enabled": "UP" in flags,
            # lo and VXLAN devices have no operational state of their own.
            "is_up": state == "UP" or (state == "UNKNOWN" and "LOWER_UP" in flags),
            "description": str(link.get("ifalias", "")),
            "last_flapped": flapped.get(link["ifname"], -1.0),
            "mtu": int(link.get("mtu", 0)),
            "speed": known.get(link["ifname"], -1.0),
            "mac_address": mac_address(link.get("address")),
        }
    return found


def _flaps(text: str) -> dict[str, float]:
    """Return the seconds since each link's last change, from FRR and by the switch's own clock."""
    date, _, answer = text.partition("\n")
    if not answer.lstrip().startswith("{"):  # no FRR, or a version without JSON
        return {}
    now = datetime.strptime(date.strip(), _DATE)  # noqa: DTZ007 - both times are local ones
    found: dict[str, float] = {}
    for name, interface in loads(answer).items():
        times = [interface.get("lastLinkUp"), interface.get("lastLinkDown")]
        seen = [datetime.strptime(one[:19], _DATE) for one in times if one]  # noqa: DTZ007
        if seen:
            found[name] = max(0.0, (now - max(seen)).total_seconds())
    return found


def _speeds(text: str) -> dict[str, float]:
    found = re.finditer(r"^/sys/class/net/(.+)/speed:(\d+)$", text, re.MULTILINE)
    return {match[1]: float(match[2]) for match in found}


@getter(ADDRESSES)
@reader
def parse_interfaces_ip(result: CommandResult) -> dict[str, models.InterfacesIPDict]:
    """Return the addresses of the interfaces that have addresses."""
    families = {"inet": "ipv4", "inet6": "ipv6"}
    found: dict[str, Any] = {}
    for link in named(result, iproute.ADDRESSES):
        for address in link.get("addr_info", []):
            family = families.get(address.get("family", ""))
            if family and "local" in address:
                entry = {"prefix_length": int(address["prefixlen"])}
                of_interface = found.setdefault(link["ifname"], {})
                of_interface.setdefault(family, {})[address["local"]] = entry
    return found


@getter(STATISTICS, HARDWARE_COUNTERS)
@reader
def parse_interfaces_counters(
    statistics: CommandResult, hardware: CommandResult
) -> dict[str, models.InterfaceCounterDict]:
    """Return the chip's counters where it has them, else the kernel's.

    The kernel does not tell broadcast from unicast. Without the chip, ``rx_unicast_packets`` is
    everything that is not multicast, ``tx_unicast_packets`` is everything, and unknown numbers are
    -1.
    """
    of_chip = _hardware(text_of(hardware))
    found: dict[str, models.InterfaceCounterDict] = {}
    for link in named(statistics, iproute.STATISTICS):
        stats = link.get("stats64") or link.get("stats")
        if not isinstance(stats, dict) or "rx" not in stats or "tx" not in stats:
            raise unexpected(statistics, f"counters for {link['ifname']}")
        received, sent = stats["rx"], stats["tx"]
        multicast = int(received.get("multicast", 0))
        counters: dict[str, int] = {
            "tx_errors": int(sent["errors"]),
            "rx_errors": int(received["errors"]),
            "tx_discards": int(sent["dropped"]),
            "rx_discards": int(received["dropped"]),
            "tx_octets": int(sent["bytes"]),
            "rx_octets": int(received["bytes"]),
            "tx_unicast_packets": int(sent["packets"]),
            "rx_unicast_packets": int(received["packets"]) - multicast,
            "tx_multicast_packets": _UNKNOWN,
            "rx_multicast_packets": multicast,
            "tx_broadcast_packets": _UNKNOWN,
            "rx_broadcast_packets": _UNKNOWN,
        }
        counters |= of_chip.get(link["ifname"], {})
        found[link["ifname"]] = counters  # type: ignore[assignment]  # built by name, tested whole
    return found


def _hardware(text: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("= "):
            name = line[2:]
        elif (match := _COUNTER.match(line)) and match[1] in _HARDWARE_NAMES:
            found.setdefault(name, {})[_HARDWARE_NAMES[match[1]]] = int(match[2])
    return found


@reader
def named(result: CommandResult, table: iproute.Table = iproute.LINKS) -> list[dict[str, Any]]:
    """Return the rows of a table, each of which must name its interface.

    Raises:
        CommandErrorException: a row has no name; or there is no row in a table of links, where
            every switch has at least ``lo``.
    """
    rows = table.rows(result)
    if not rows and table is not iproute.ADDRESSES:
        raise unexpected(result, "interfaces, lo at least")
    if any(not isinstance(row.get("ifname"), str) for row in rows):
        raise unexpected(result, "interfaces with names")
    return rows


def kind(link: dict[str, Any]) -> str:
    """Return the kind of a device ("bridge", "vrf", "vxlan"...); "" for a plain port."""
    return str(link.get("linkinfo", {}).get("info_kind", ""))


def bond_of_ports(links: list[dict[str, Any]]) -> dict[str, str]:
    """Return the bond of each port of a bond."""
    bonds = {link["ifname"] for link in links if kind(link) == "bond"}
    return {link["ifname"]: link["master"] for link in links if link.get("master") in bonds}


def vrf_members(links: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return the interfaces of each VRF; those in no VRF belong to the default one."""
    vrfs = {link["ifname"] for link in links if kind(link) == "vrf"}
    members: dict[str, set[str]] = {DEFAULT_VRF: set(), **{name: set() for name in vrfs}}
    masters = {link["ifname"]: str(link.get("master", "")) for link in links}
    bonds = bond_of_ports(links)
    for link in links:
        if link["ifname"] not in vrfs:
            master = masters.get(bonds.get(link["ifname"], ""), masters[link["ifname"]])
            members[master if master in vrfs else DEFAULT_VRF].add(link["ifname"])
    return members


def interfaces_of_vrf(links: list[dict[str, Any]], vrf: str) -> set[str]:
    """Return the interfaces of one VRF ("default" and "global" mean the default one).

    Raises:
        CommandErrorException: the switch has no such VRF.
    """
    members = vrf_members(links)
    name = DEFAULT_VRF if vrf == "global" else vrf
    if name not in members:
        raise errors.CommandErrorException(
            f"The switch has no VRF {vrf!r}. It has: {', '.join(sorted(members))}."
        )
    return members[name]


@getter(LINKS)
@reader
def parse_network_instances(
    links: CommandResult, name: str = ""
) -> dict[str, models.NetworkInstanceDict]:
    """Return the VRFs.

    FRR has the route distinguishers, which stay "".
    """
    found: dict[str, models.NetworkInstanceDict] = {}
    for vrf, members in sorted(vrf_members(named(links)).items()):
        if name in {"", vrf} or (name == "global" and vrf == DEFAULT_VRF):
            found[vrf] = {
                "name": vrf,
                "type": "DEFAULT_INSTANCE" if vrf == DEFAULT_VRF else "L3VRF",
                "state": {"route_distinguisher": ""},
                "interfaces": {"interface": {member: {} for member in sorted(members)}},
            }
    return found
