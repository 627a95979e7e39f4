"""Reads what iproute2 and /proc say of the kernel's tables."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.output import text_of
from napalm_cumulus.result import CommandResult
from tasks.addresses import address, interface, network
from tasks.facts.bridging import ALL_VLANS, BondState, TunnelFact, VlanFact
from tasks.facts.model import (
    AddressFact,
    FdbFact,
    LinkFact,
    NeighbourFact,
    PortFact,
    RouteFact,
    RuleFact,
    Section,
)
from tasks.facts.section import Results, misread, section, unread
from tasks.model import Boot

_GONE_MEANWHILE = 2  # grep's exit status where a file could not be read
_TICKS = 100  # per second, on every Linux
_STARTED = 19  # index of the start time in /proc/1/stat, counted after the name
_VRR = re.compile(r"(.+)-v\d+")
#: Rows that the kernel makes by itself. They say nothing about gateways, and are most of the rows.
_DULL = {"broadcast", "multicast", "anycast"}


def links(result: CommandResult) -> Iterator[LinkFact]:
    """Yield the rows of ``ip -d link``.

    Raises:
        ValueError: there is none; every switch has at least ``lo``.
    """
    rows = iproute.LINKS.rows(result)
    if not rows:
        raise ValueError("no interface in it, not even lo")
    for row in rows:
        info = row.get("linkinfo") or {}
        data = info.get("info_data") or {}
        kind, name = str(info.get("info_kind", "")), str(row["ifname"])
        vrr = _VRR.fullmatch(name) if kind == "macvlan" else None
        number = data.get("id")
        external = kind == "vxlan" and bool(data.get("external"))
        yield LinkFact(
            name=name,
            index=int(row.get("ifindex", 0)),
            flags=frozenset(map(str, row["flags"])),
            mtu=int(row["mtu"]),
            mac=str(row.get("address", "")).lower(),
            kind=kind,
            master=str(row.get("master", "")),
            parent=str(row.get("link") or (vrr[1] if vrr else "")),
            protodown=bool(row.get("proto_down")),
            vni=int(number) if kind == "vxlan" and number is not None and not external else None,
            local=str(data.get("local") or data.get("local6", "")) if kind == "vxlan" else "",
            vlan=int(number) if kind == "vlan" and number is not None else None,
            table=int(data["table"]) if kind == "vrf" and "table" in data else None,
            external=external,
            vlan_filtering=bool(data["vlan_filtering"]) if "vlan_filtering" in data else None,
            bond=_bond(data) if kind == "bond" else None,
            aggregator=_aggregator(info),
            learning=_flag((info.get("info_slave_data") or {}).get("learning")),
            group=str(data.get("group") or data.get("group6", "")) if kind == "vxlan" else "",
        )


def _bond(data: Mapping[str, Any]) -> BondState:
    lacp = data.get("ad_info") or {}
    return BondState(
        mode=str(data.get("mode", "")),
        min_links=int(data.get("min_links") or 0),
        partner=str(lacp.get("partner_mac", "")).lower(),
        aggregator=int(lacp["aggregator"]) if "aggregator" in lacp else None,
    )


def _aggregator(info: Mapping[str, Any]) -> int | None:
    """Return the aggregator of a port of an LACP bond; None for another device."""
    data = info.get("info_slave_data") or {}
    number = data.get("ad_aggregator_id") if info.get("info_slave_kind") == "bond" else None
    return None if number is None else int(number)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def addresses(result: CommandResult) -> Iterator[AddressFact]:
    """Yield the rows of ``ip addr``, of every scope."""
    for row in iproute.ADDRESSES.rows(result):
        for info in row["addr_info"]:
            if local := info.get("local"):
                # iproute2 shows a peer's address in place of the prefix's.
                length = int(info["prefixlen"])
                yield AddressFact(str(row["ifname"]), interface(f"{local}/{length}"))


def routes(results: Results) -> Section[RouteFact]:
    """Return the routes of the families that were asked for; if one cannot be read, none is used.

    Those of IPv6 link-local networks, which every device has, are left out.
    """
    four = section(results, "routes", lambda result: _routes(result, 4, "0.0.0.0/0"))
    if "routes6" not in results:
        return four
    six = section(results, "routes6", lambda result: _routes(result, 6, "::/0"))
    if not (four.known and six.known):
        return Section(unread=four.unread or six.unread, absent=four.absent or six.absent)
    return Section(four.rows + six.rows)


def _routes(result: CommandResult, version: int, default: str) -> Iterator[RouteFact]:
    for row in iproute.ROUTES[version].rows(result):
        kind, destination = str(row.get("type", "unicast")), str(row["dst"])
        if kind in _DULL or destination.startswith(("fe80:", "ff00:")):
            continue
        prefix = network(default if destination == "default" else destination)
        for hop in row.get("nexthops") or (row,):
            via = hop.get("gateway") or (hop.get("via") or {}).get("host")
            yield RouteFact(
                destination=prefix,
                device=str(hop.get("dev", "")),
                via=address(str(via)) if via else None,
                kind=kind,
                protocol=str(row.get("protocol", "boot")),
                table=str(row.get("table", "main")),
                metric=int(row.get("metric") or 0),
            )


def rules(result: CommandResult) -> Iterator[RuleFact]:
    """Yield the rows of ``ip rule``."""
    for row in iproute.RULES.rows(result):
        selector = {
            key: _plain(value)
            for key, value in row.items()
            if key not in {"priority", "table", "protocol"} and (key, value) != ("src", "all")
        }
        action = "" if "table" in row else str(row.get("action", ""))
        yield RuleFact(int(row["priority"]), str(row.get("table", action)), selector)


def _plain(value: object) -> object:
    """Return the word or number of a rule's selector in ``ip rule``.

    Raises:
        TypeError: the value is a list or an object.
    """
    if isinstance(value, (list, dict)):
        raise TypeError(f"{value!r} is neither a word nor a number")
    return value


def neighbours(result: CommandResult) -> Iterator[NeighbourFact]:
    """Yield the rows of ``ip neigh``, without those of link-local addresses."""
    for row in iproute.NEIGHBOURS.rows(result):
        owner, states = row["dst"], row["state"]
        if not owner.startswith("fe80:"):
            yield NeighbourFact(
                address=address(owner),
                device=str(row["dev"]),
                mac=str(row.get("lladdr", "")).lower(),
                state=str(states[0]) if states else "",
                external="extern_learn" in row or row.get("protocol") == "zebra",
            )


def fdb(result: CommandResult) -> Iterator[FdbFact]:
    """Yield the rows of ``bridge fdb``, without the multicast groups that every device joins."""
    for row in iproute.FDB.rows(result):
        mac = row["mac"].lower()
        if mac.startswith(("33:33:", "01:")):
            continue
        remote = row.get("dst")
        yield FdbFact(
            mac=mac,
            port=str(row["ifname"]),
            bridge=str(row.get("master", "")),
            remote=str(remote) if remote else "",
            state=str(row["state"]),
            vlan=int(row["vlan"]) if "vlan" in row else None,
            external="extern_learn" in row["flags"],
            vni=next((int(row[key]) for key in ("src_vni", "vni") if key in row), None),
        )


def ports(result: CommandResult) -> Iterator[PortFact]:
    """Yield the rows of ``bridge link``."""
    for row in iproute.PORTS.rows(result):
        name = str(row["ifname"])
        if "master" in row:
            yield PortFact(name, str(row["master"]), str(row["state"]))


def bridge_vlans(result: CommandResult) -> Iterator[VlanFact]:
    """Yield the rows of ``bridge vlan show``; none where no bridge is VLAN-aware."""
    for row in iproute.VLANS.rows(result):
        for entry in row["vlans"]:
            (first, last), flags = _vlans_of(entry), entry.get("flags", ())
            yield VlanFact(
                port=str(row["ifname"]),
                first=first,
                last=last,
                pvid="PVID" in flags,
                untagged="Egress Untagged" in flags,
            )


def vlan_tunnels(result: CommandResult) -> Iterator[TunnelFact]:
    """Yield the rows of ``bridge vlan tunnelshow``."""
    for row in iproute.TUNNELS.rows(result):
        for entry in row["tunnels"]:
            first, last = _vlans_of(entry)
            yield TunnelFact(str(row["ifname"]), first, last, int(entry["tunid"]))


def _vlans_of(entry: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last VLAN of an entry.

    Raises:
        ValueError: they are no VLANs.
    """
    first = int(entry["vlan"])
    last = int(entry.get("vlanEnd", first))
    if not 0 <= first <= last < ALL_VLANS:
        raise ValueError(f"{first}-{last} are no VLANs")
    return first, last


def no_tunnels(result: CommandResult) -> bool:
    """Return whether iproute2 is too old (before 4.11) to know single VXLAN devices."""
    return b'"tunnelshow" is unknown' in result.stderr[:500]


def boot(result: CommandResult) -> Boot:
    r"""Return when the switch booted, from its boot id, its uptime, and ``/proc/1/stat``.

    >>> proc = b"0e1c\n500.25 900.1\n1 (systemd) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 40025 0\n"
    >>> boot(CommandResult("cat", 0, proc, b""))
    Boot(id='0e1c', up_seconds=100.0)
    """
    name, uptime, process = text_of(result).splitlines()
    started = int(process.rpartition(")")[2].split()[_STARTED]) / _TICKS
    up_seconds = max(0.0, round(float(uptime.split()[0]) - started, 2))
    if not math.isfinite(up_seconds):
        raise ValueError(f"{uptime!r} is no uptime")
    return Boot(name.strip(), up_seconds)


def sysctls(results: Results, devices: Container[str]) -> tuple[dict[str, str], str]:
    """Return ``path:value`` lines: the global settings, and those of the given devices."""
    result = results.get("sysctls")
    if result is None:
        return {}, "sysctls: the switch was not asked"
    found: dict[str, str] = {}
    try:
        # grep exits with 2 when a device disappeared meanwhile; the lines it printed are valid.
        partial = result.exit_status == _GONE_MEANWHILE and result.stdout
        text = result.stdout.decode() if partial else text_of(result)
        for line in text.splitlines():
            path, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"no setting in {line[:60]!r}")
            parts = path.split("/")
            if parts[0] != "conf" or parts[1] in {"all", "default"} or parts[1] in devices:
                found[path] = value.strip()
        if "conf/all/forwarding" not in found:
            raise ValueError("conf/all/forwarding is not among the settings")
    except misread() as error:
        return {}, unread(result, error)
    return found, ""
