"""MAC addresses and VLANs of bridges, VLAN-aware and traditional ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.interfaces import LINKS, kind, named
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.output import mac_address, reader, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

FDB = iproute.FDB.command()
VLANS = iproute.VLANS.command()

_MAX_VLAN = 4094
#: A traditional bridge has one VLAN, which only its name may tell.
_VLAN_NAME = re.compile(r"(?:vlan|br|bridge)[-_.]?(\d{1,4})")


def vlan_of_bridge(name: str) -> int:
    """Return the VLAN in the name of a traditional bridge, 0 if there is none.

    >>> vlan_of_bridge("vlan453"), vlan_of_bridge("bridge"), vlan_of_bridge("vlan9999")
    (453, 0, 0)
    """
    match = _VLAN_NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    return number if number <= _MAX_VLAN else 0


@getter(FDB)
@reader
def parse_mac_address_table(fdb: CommandResult) -> list[models.MACAdressTable]:
    """Return the MAC addresses that the bridges have learnt, and their own.

    Entries of single devices are left out ("self": multicast groups, VXLAN's second copy). The
    kernel does not count moves: -1. An unknown VLAN is 0.
    """
    found: dict[tuple[str, str, int], models.MACAdressTable] = {}
    for row in iproute.FDB.rows(fdb):
        mac, interface = mac_address(row["mac"]), str(row["ifname"])
        if "master" not in row:
            continue
        vlan = int(row.get("vlan") or vlan_of_bridge(str(row["master"])))
        flags = row.get("flags", [])
        found[mac, interface, vlan] = {
            "mac": mac,
            "interface": interface,
            "vlan": vlan,
            "static": row.get("state") in {"permanent", "static"} or "sticky" in flags,
            "active": row.get("state") != "stale",
            "moves": -1,
            "last_move": -1.0,
        }
    return list(found.values())


@getter(VLANS, LINKS)
@reader
def parse_vlans(vlans: CommandResult, links: CommandResult) -> dict[int, models.VlanDict]:
    """Return the VLANs of VLAN-aware bridges, and from the names of traditional ones."""
    devices = named(links)
    bridges = {link["ifname"]: link for link in devices if kind(link) == "bridge"}
    ports: dict[int, set[str]] = {}
    for interface, entry in _port_vlans(vlans):
        numbers = _numbers(vlans, entry)
        for number in numbers:
            members = ports.setdefault(number, set())
            if interface not in bridges:
                members.add(interface)
    tagged = {name for number, members in ports.items() if number > 1 for name in members}
    for name, bridge in bridges.items():
        members = {link["ifname"] for link in devices if link.get("master") == name}
        number = vlan_of_bridge(name)
        if number and members and not _vlan_aware(bridge, members & tagged):
            ports.setdefault(number, set()).update(members)
    return {
        number: {"name": f"vlan{number}", "interfaces": sorted(members)}
        for number, members in sorted(ports.items())
    }


def _vlan_aware(bridge: dict[str, Any], tagged: set[str]) -> bool:
    """Return whether a bridge tells VLANs apart.

    An iproute2 before 4.6 does not say: then it is one whose ports have other VLANs than 1.
    """
    told = bridge["linkinfo"].get("info_data", {}).get("vlan_filtering")
    return bool(tagged if told is None else told)


def _port_vlans(result: CommandResult) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield (interface, VLAN entry) of each port."""
    for row in iproute.VLANS.rows(result):
        name, entries = row.get("ifname"), row.get("vlans")
        if not isinstance(name, str) or not isinstance(entries, list):
            raise unexpected(result, "VLANs of ports")
        for entry in entries:
            yield name, entry


def _numbers(result: CommandResult, entry: dict[str, Any]) -> range:
    try:
        first = int(entry["vlan"])
        return range(first, int(entry.get("vlanEnd", first)) + 1)
    except (KeyError, TypeError, ValueError):
        raise unexpected(result, "VLAN numbers") from None
