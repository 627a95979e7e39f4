"""Neighbours: LLDP from lldpd, ARP and IPv6 neighbour discovery from the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.interfaces import LINKS, bond_of_ports, interfaces_of_vrf, named
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing import iproute, lldp_text
from napalm_cumulus.parsing.output import json_of, mac_address, reader, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

LLDP = lldp_text.COMMAND
ARP = iproute.AGES[4].command()
ND = iproute.AGES[6].command()

_CAPABILITIES = {
    "Other": "other",
    "Repeater": "repeater",
    "Bridge": "bridge",
    "Wlan": "wlan-access-point",
    "Router": "router",
    "Tel": "telephone",
    "Docsis": "docsis-cable-device",
    "Station": "station",
}


@getter(LLDP)
@reader
def parse_lldp_neighbors(lldp: CommandResult) -> dict[str, list[models.LLDPNeighborDict]]:
    """Return the LLDP neighbours; one that sends no name has its chassis id.

    If the port id of a host is a MAC address, the port's description is shown instead: it is the
    name of the interface.
    """
    found: dict[str, list[models.LLDPNeighborDict]] = {}
    for interface, name, chassis, port in _neighbors(lldp):
        id_type, port_id = _identity(port)
        description = _text(port.get("descr"))
        found.setdefault(interface, []).append(
            {
                "hostname": name or _identity(chassis)[1],
                "port": description if id_type == "mac" and description else port_id,
            }
        )
    return found


@getter(LLDP, LINKS)
@reader
def parse_lldp_neighbors_detail(
    lldp: CommandResult, links: CommandResult, interface: str = ""
) -> dict[str, list[models.LLDPNeighborDetailDict]]:
    """Return the LLDP neighbours in detail, of one interface or (with "") of all.

    The parent interface is the bond of a port: lldpd speaks on each port of a bond.
    """
    bonds = bond_of_ports(named(links))
    found: dict[str, list[models.LLDPNeighborDetailDict]] = {}
    for local, name, chassis, port in _neighbors(lldp):
        if interface in {"", local}:
            capabilities = [
                entry for entry in _list(chassis.get("capability")) if isinstance(entry, dict)
            ]
            found.setdefault(local, []).append(
                {
                    "parent_interface": bonds.get(local, ""),
                    "remote_port": _identity(port)[1],
                    "remote_chassis_id": _identity(chassis)[1],
                    "remote_port_description": _text(port.get("descr")),
                    "remote_system_name": name,
                    "remote_system_description": _text(chassis.get("descr")),
                    "remote_system_capab": [_capability(entry) for entry in capabilities],
                    "remote_system_enable_capab": [
                        _capability(entry) for entry in capabilities if entry.get("enabled")
                    ],
                }
            )
    return found


def _capability(entry: dict[str, Any]) -> str:
    name = str(entry.get("type", ""))
    return _CAPABILITIES.get(name, name.lower())


def _neighbors(
    result: CommandResult,
) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Yield (local interface, system name, chassis, port) of any of lldpctl's JSON forms.

    One neighbour is an object keyed by interface, several are a list of such objects, and
    ``json0`` is a list of objects that contain their names.
    """
    if result.stdout.startswith(b"lldp."):
        document = lldp_text.document(text_of(result))
    else:
        document = json_of(result)
    if not isinstance(document, dict) or "lldp" not in document:
        raise unexpected(result, "LLDP neighbours")
    for top in _list(document["lldp"]):
        if not isinstance(top, dict):
            raise unexpected(result, "LLDP neighbours")
        for item in _list(top.get("interface")):
            if not isinstance(item, dict):
                raise unexpected(result, "LLDP neighbours")
            regular = isinstance(item.get("name"), str)
            pairs = [(item["name"], item)] if regular else list(item.items())
            for local, entry in pairs:
                yield (str(local), *_one(result, entry))


def _one(result: CommandResult, entry: object) -> tuple[str, dict[str, Any], dict[str, Any]]:
    if not isinstance(entry, dict):
        raise unexpected(result, "LLDP neighbours")
    chassis, port = _first(entry.get("chassis")), _first(entry.get("port"))
    if not isinstance(chassis, dict) or not isinstance(port, dict):
        raise unexpected(result, "LLDP neighbours with chassis and port")
    name = _text(chassis.get("name"))
    if "id" not in chassis and len(chassis) == 1:
        ((name, chassis),) = chassis.items()  # the system's name is the key
        if not isinstance(chassis, dict):
            raise unexpected(result, "LLDP neighbours with chassis and port")
    return name, chassis, port


def _identity(thing: dict[str, Any]) -> tuple[str, str]:
    identity = _first(thing.get("id"))
    if not isinstance(identity, dict):
        return "", ""
    return str(identity.get("type", "")), str(identity.get("value", ""))


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: object) -> object:
    items = _list(value)
    return items[0] if items else None


def _text(value: object) -> str:
    first = _first(value)
    if isinstance(first, dict):
        first = first.get("value")
    return "" if first is None else str(first)


@getter(ARP, LINKS)
@reader
def parse_arp_table(
    neighbours: CommandResult, links: CommandResult, vrf: str = ""
) -> list[models.ARPTableDict]:
    """Return the ARP entries with an address, of one VRF or (with "") of all.

    The age is the seconds since the entry was last confirmed; -1.0 where the kernel does not keep
    it.

    Raises:
        CommandErrorException: the switch has no such VRF.
    """
    interfaces = interfaces_of_vrf(named(links), vrf) if vrf else None
    return [
        {
            "interface": row["dev"],
            "mac": mac_address(row["lladdr"]),
            "ip": row["dst"],
            "age": _age(row),
        }
        for row in _resolved(neighbours)
        if interfaces is None or row["dev"] in interfaces
    ]


@getter(ND)
@reader
def parse_ipv6_neighbors_table(neighbours: CommandResult) -> list[models.IPV6NeighborDict]:
    """Return the IPv6 neighbour entries with an address, each with the kernel's state."""
    return [
        {
            "interface": row["dev"],
            "mac": mac_address(row["lladdr"]),
            "ip": row["dst"],
            "age": _age(row),
            "state": "|".join(row.get("state", [])),
        }
        for row in _resolved(neighbours)
    ]


def _resolved(result: CommandResult) -> list[dict[str, Any]]:
    rows = iproute.AGES[4].rows(result)
    if any("dst" not in row or "dev" not in row for row in rows):
        raise unexpected(result, "neighbours with dst and dev")
    return [row for row in rows if "lladdr" in row and "FAILED" not in row.get("state", [])]


def _age(row: dict[str, Any]) -> float:
    return float(row.get("confirmed", -1.0))
