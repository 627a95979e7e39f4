"""Routes: FRR's where FRR runs, the kernel's where it does not."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

from napalm_cumulus import errors
from napalm_cumulus.getters.bgp import TABLES, frr_is_absent, parse_bgp_attributes
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.output import reader, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

FRR_ROUTES = {
    4: "vtysh -c 'show ip route vrf all json'",
    6: "vtysh -c 'show ipv6 route vrf all json'",
}
KERNEL_ROUTES = {version: table.command() for version, table in iproute.UNICAST.items()}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Routes = dict[str, "list[models.RouteDict]"]

_UNKNOWN_AGE = -1
_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_MAIN_TABLES = {"main", "254", ""}
#: Flags of a next hop that cannot be used.
_UNUSABLE = frozenset({"dead", "linkdown"})


def parse_destination(text: str) -> Network | None:
    """Return the prefix that is asked for; None for all.

    Raises:
        CommandErrorException: it is neither an address nor a prefix.
    """
    if not text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise errors.CommandErrorException(
            f"{text!r} is not an address or prefix. Write it as 130.246.212.1 or 130.246.212.0/22."
        ) from None


def _commands(destination: str = "", protocol: str = "", longer: bool = False) -> list[str]:
    """Return the commands for FRR's routes, the kernel's and BGP's tables, by IP version."""
    del longer
    sources: list[dict[int, str]] = [FRR_ROUTES, KERNEL_ROUTES]
    if _with_bgp(protocol):
        sources.append(TABLES)
    return [commands[version] for version in _versions(destination) for commands in sources]


@getter(chosen=_commands)
def parse_route_to(
    *results: CommandResult, destination: str = "", protocol: str = "", longer: bool = False
) -> Routes:
    """Return FRR's routes, or the kernel's where FRR is not running.

    An address matches the most specific prefix in each VRF; a prefix matches exactly.
    """
    table = parse_routes(results, _versions(destination), with_bgp=_with_bgp(protocol))
    return select(table, destination, protocol, longer=longer)


def _versions(destination: str) -> list[int]:
    wanted = parse_destination(destination)
    return [4, 6] if wanted is None else [wanted.version]


def _with_bgp(protocol: str) -> bool:
    return protocol.lower() in {"", "bgp"}


@reader
def parse_routes(
    results: Sequence[CommandResult], versions: Sequence[int], *, with_bgp: bool
) -> Routes:
    """Return all routes: FRR's where it runs, with BGP's attributes, else the kernel's.

    Args:
        results: for each IP version FRR's routes, the kernel's, and (``with_bgp``) BGP's tables.
        versions: the IP versions.
        with_bgp: whether BGP's tables are among the results.
    """
    found: Routes = {}
    each = 3 if with_bgp else 2
    for position, version in enumerate(versions):
        frr, kernel, *bgp = results[each * position : each * (position + 1)]
        if frr_is_absent(frr):
            found |= parse_kernel_routes(kernel, version)
        else:
            found |= parse_frr_routes(frr)
        for table in bgp:
            _add_attributes(found, parse_bgp_attributes(table))
    return found


def _add_attributes(
    routes: Routes, attributes: Mapping[tuple[str, str, str], dict[str, Any]]
) -> None:
    for prefix, entries in routes.items():
        for entry in entries:
            if entry["protocol"] == "bgp":
                key = entry["routing_table"], prefix, entry["next_hop"]
                entry["protocol_attributes"].update(attributes.get(key, {}))


@reader
def parse_frr_routes(result: CommandResult) -> Routes:
    """Return all of FRR's routes by prefix, those of several VRFs under one prefix.

    FRR prints one JSON document for each VRF, one after another, or (from 9) one with the VRFs as
    keys.
    """
    found: Routes = {}
    for prefix, routes in _frr_prefixes(result):
        for route in routes:
            for hop in route.get("nexthops") or [{}]:
                found.setdefault(prefix, []).append(_frr_route(route, hop))
    return found


def _frr_prefixes(result: CommandResult) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for document in _documents(result):
        tables = [document]
        if document and all(isinstance(value, dict) for value in document.values()):
            tables = list(document.values())
        for table in tables:
            for prefix, routes in table.items():
                if not isinstance(routes, list):
                    raise unexpected(result, "routes by prefix")
                yield prefix, routes


def _documents(result: CommandResult) -> list[dict[str, Any]]:
    text = text_of(result).strip()
    decoder = json.JSONDecoder()
    documents: list[dict[str, Any]] = []
    while text:
        try:
            document, end = decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            raise unexpected(result, "whole JSON documents") from error
        if not isinstance(document, dict):
            raise unexpected(result, "routes by prefix")
        documents.append(document)
        text = text[end:].lstrip()
    if not documents:
        raise unexpected(result, "routes by prefix")
    return documents


def _frr_route(route: dict[str, Any], hop: dict[str, Any]) -> models.RouteDict:
    active = bool(route.get("selected") and (hop.get("active") or hop.get("fib")))
    return {
        "protocol": str(route.get("protocol", "")),
        "current_active": active,
        "last_active": active,
        "age": parse_age(str(route.get("uptime", ""))),
        "next_hop": str(hop.get("ip", "")),
        "outgoing_interface": str(hop.get("interfaceName", "")),
        "selected_next_hop": active and bool(hop.get("fib")),
        "preference": int(route.get("distance", 0)),
        "inactive_reason": "" if active else "not selected",
        "routing_table": str(route.get("vrfName", "default")),
        "protocol_attributes": {},
    }


def parse_age(text: str) -> int:
    """Return the age of a route in seconds from FRR's text, -1 if there is none.

    >>> parse_age("01:59:24"), parse_age("2d03h12m"), parse_age("01w2d03h"), parse_age("")
    (7164, 184320, 788400, -1)
    """
    if re.fullmatch(r"\d+:\d\d:\d\d", text):
        hours, minutes, seconds = map(int, text.split(":"))
        return hours * 3600 + minutes * 60 + seconds
    parts = re.findall(r"(\d+)([ywdhms])", text)
    return sum(int(number) * _UNITS[unit] for number, unit in parts) if parts else _UNKNOWN_AGE


@reader
def parse_kernel_routes(result: CommandResult, version: int) -> Routes:
    """Return all unicast routes of the kernel by prefix; the kernel keeps no ages: -1.

    Of several to one prefix in one table the kernel takes one with the lowest metric that works: a
    VRR device's own route has a higher one than its SVI's.
    """
    everything = "0.0.0.0/0" if version == 4 else "::/0"  # noqa: PLR2004 - IPv4
    bits = 32 if version == 4 else 128  # noqa: PLR2004 - IPv4
    found: Routes = {}
    for row in iproute.UNICAST[version].rows(result):
        if "dst" not in row:
            raise unexpected(result, "routes with dst")
        prefix = everything if row["dst"] == "default" else str(row["dst"])
        prefix = prefix if "/" in prefix else f"{prefix}/{bits}"
        table = str(row.get("table", ""))
        for hop in row.get("nexthops") or [row]:
            gateway = hop.get("gateway") or hop.get("via", {}).get("host", "")
            active = _UNUSABLE.isdisjoint(hop.get("flags", []))
            found.setdefault(prefix, []).append(
                {
                    "protocol": str(row.get("protocol", "")),
                    "current_active": active,
                    "last_active": active,
                    "age": _UNKNOWN_AGE,
                    "next_hop": str(gateway),
                    "outgoing_interface": str(hop.get("dev", "")),
                    "selected_next_hop": active,
                    "preference": int(row.get("metric", 0)),
                    "inactive_reason": "" if active else "link down",
                    "routing_table": "default" if table in _MAIN_TABLES else table,
                    "protocol_attributes": {},
                }
            )
    for entries in found.values():
        _leave_the_best(entries)
    return found


def _leave_the_best(entries: list[models.RouteDict]) -> None:
    """Mark as inactive what has a higher metric than another route of the same prefix and table."""
    best: dict[str, int] = {}
    for entry in entries:
        if entry["current_active"]:
            table = entry["routing_table"]
            best[table] = min(best.get(table, entry["preference"]), entry["preference"])
    for entry in entries:
        if entry["current_active"] and entry["preference"] > best[entry["routing_table"]]:
            entry["current_active"] = entry["last_active"] = entry["selected_next_hop"] = False
            entry["inactive_reason"] = "not selected"


def select(routes: Routes, text: str, protocol: str, *, longer: bool) -> Routes:
    """Return the routes to one destination.

    An address matches the most specific prefixes that contain it. A prefix matches exactly, or with
    ``longer`` all prefixes within it.
    """
    wanted = parse_destination(text)
    kept: Routes = {}
    for prefix, entries in routes.items():
        entries_kept = [
            entry for entry in entries if protocol.lower() in {"", entry["protocol"].lower()}
        ]
        if entries_kept:
            kept[prefix] = entries_kept
    if wanted is None:
        return kept
    networks = {prefix: ipaddress.ip_network(prefix, strict=False) for prefix in kept}
    if longer:
        return {prefix: kept[prefix] for prefix in kept if _within(networks[prefix], wanted)}
    if "/" in text:
        return {prefix: kept[prefix] for prefix in kept if networks[prefix] == wanted}
    return _most_specific(kept, networks, wanted)


def _most_specific(kept: Routes, networks: dict[str, Network], wanted: Network) -> Routes:
    """Return the longest prefix of each routing table that contains the address."""
    best: dict[str, int] = {}
    holding = [prefix for prefix in kept if _within(wanted, networks[prefix])]
    for prefix in holding:
        for table in _tables(kept[prefix]):
            best[table] = max(best.get(table, -1), networks[prefix].prefixlen)
    found: Routes = {}
    for prefix in holding:
        entries = [
            entry
            for entry in kept[prefix]
            if best[entry["routing_table"]] == networks[prefix].prefixlen
        ]
        if entries:
            found[prefix] = entries
    return found


def _tables(entries: Iterable[models.RouteDict]) -> set[str]:
    return {entry["routing_table"] for entry in entries}


def _within(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )
