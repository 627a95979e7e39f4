"""BGP in FRR: neighbours, their details, and the attributes of routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing.output import NOT_FOUND, json_of, reader, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

NEIGHBORS = "vtysh -c 'show bgp vrf all neighbors json'"
INSTANCES = "vtysh -c 'show bgp vrfs json'"
TABLES = {
    4: "vtysh -c 'show bgp vrf all ipv4 unicast json'",
    6: "vtysh -c 'show bgp vrf all ipv6 unicast json'",
}

#: NAPALM's name of the default VRF.
GLOBAL = "global"
_UNKNOWN = -1
_FAMILIES = {
    "ipv4Unicast": "ipv4",
    "ipv6Unicast": "ipv6",
    "ipv4Vpn": "vpnv4",
    "ipv6Vpn": "vpnv6",
    "l2VpnEvpn": "l2vpn evpn",
}
#: Keys of an instance that are not neighbours.
_INSTANCE_KEYS = {"vrfId", "vrfName"}
_ABSENT = (b"failed to connect to any daemons", b"bgpd is not running")
_NO_INSTANCE = (b"instance not found", b"No BGP process")


def frr_is_absent(result: CommandResult) -> bool:
    """Return whether FRR is not installed, or its daemons are not running."""
    said = result.stderr + result.stdout[:200]
    return result.exit_status == NOT_FOUND or any(
        words in said and not result.stdout.lstrip().startswith(b"{") for words in _ABSENT
    )


def _no_bgp(result: CommandResult) -> bool:
    """Return whether the switch runs no BGP: FRR is absent, or has no BGP instance."""
    return frr_is_absent(result) or any(words in result.stdout[:200] for words in _NO_INSTANCE)


def _vrf(name: str) -> str:
    return GLOBAL if name in {"default", "Default"} else name


def _instances(result: CommandResult) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Yield each instance as its VRF, and its neighbours by their configured names."""
    if _no_bgp(result):
        return
    document = json_of(result)
    if not isinstance(document, dict):
        raise unexpected(result, "BGP neighbours by VRF")
    for vrf, instance in document.items():
        if not isinstance(instance, dict) or not _INSTANCE_KEYS & instance.keys():
            raise unexpected(result, "BGP neighbours by VRF")
        yield (
            _vrf(vrf),
            {
                name: neighbor
                for name, neighbor in instance.items()
                if isinstance(neighbor, dict) and "bgpState" in neighbor
            },
        )


def _router_ids(result: CommandResult) -> dict[str, str]:
    if _no_bgp(result):
        return {}
    vrfs = json_of(result).get("vrfs", {})
    return {_vrf(name): str(one.get("routerId", "")) for name, one in vrfs.items()}


@getter(NEIGHBORS, INSTANCES)
@reader
def parse_bgp_neighbors(neighbors: CommandResult, instances: CommandResult) -> dict[str, Any]:
    """Return the BGP neighbours by VRF; "global" has no peers without FRR or BGP.

    The key of a neighbour is its configured name: an address, or an interface (unnumbered). FRR
    counts only accepted prefixes, and calls them received: both numbers are that count.
    """
    found: dict[str, Any] = {GLOBAL: {"router_id": "", "peers": {}}}
    for vrf, router_id in _router_ids(instances).items():
        found[vrf] = {"router_id": router_id, "peers": {}}
    for vrf, of_vrf in _instances(neighbors):
        entry = found.setdefault(vrf, {"router_id": "", "peers": {}})
        for name, neighbor in of_vrf.items():
            entry["router_id"] = entry["router_id"] or str(neighbor.get("localRouterId", ""))
            entry["peers"][name] = _peer(neighbor)
    return found


def _peer(neighbor: dict[str, Any]) -> models.BGPStateNeighborDict:
    is_up = neighbor["bgpState"] == "Established"
    families = neighbor.get("addressFamilyInfo", {})
    return {
        "local_as": int(neighbor.get("localAs", _UNKNOWN)),
        "remote_as": int(neighbor["remoteAs"]),
        "remote_id": str(neighbor.get("remoteRouterId", "")),
        "is_up": is_up,
        "is_enabled": not neighbor.get("adminShutDown", False),
        "description": str(neighbor.get("nbrDesc", "")),
        "uptime": int(neighbor.get("bgpTimerUpMsec", 0)) // 1000 if is_up else _UNKNOWN,
        "address_family": {
            _FAMILIES.get(name, name): {
                "received_prefixes": _prefixes(family, "acceptedPrefixCounter", is_up=is_up),
                "accepted_prefixes": _prefixes(family, "acceptedPrefixCounter", is_up=is_up),
                "sent_prefixes": _prefixes(family, "sentPrefixCounter", is_up=is_up),
            }
            for name, family in families.items()
        },
    }


def _prefixes(family: dict[str, Any], key: str, *, is_up: bool) -> int:
    return int(family.get(key, 0)) if is_up else _UNKNOWN


@getter(NEIGHBORS)
@reader
def parse_bgp_neighbors_detail(
    neighbors: CommandResult, neighbor_address: str = ""
) -> dict[str, dict[int, list[models.PeerDetailsDict]]]:
    """Return BGP neighbours in detail, by VRF and remote AS: one or (with "") all."""
    found: dict[str, dict[int, list[models.PeerDetailsDict]]] = {}
    for vrf, of_vrf in _instances(neighbors):
        for name, neighbor in of_vrf.items():
            if neighbor_address in {
                "",
                name,
                neighbor.get("bgpNeighborAddr"),
                neighbor.get("hostForeign"),
            }:
                of_as = found.setdefault(vrf, {}).setdefault(int(neighbor["remoteAs"]), [])
                of_as.append(_details(vrf, name, neighbor))
    return found


def _details(vrf: str, name: str, neighbor: dict[str, Any]) -> models.PeerDetailsDict:
    is_up = neighbor["bgpState"] == "Established"
    messages = neighbor.get("messageStats", {})
    families = list(neighbor.get("addressFamilyInfo", {}).values())

    def total(key: str) -> int:
        return sum(int(family.get(key, 0)) for family in families)

    def first(key: str) -> str:
        return next((str(family[key]) for family in families if key in family), "")

    def seconds(key: str) -> int:
        return int(neighbor.get(key, 0)) // 1000

    def host(key: str) -> str:
        address = str(neighbor.get(key, ""))
        return "" if address == "Unknown" else address

    hops = neighbor.get("externalBgpNbrMaxHopsAway", neighbor.get("internalBgpNbrMaxHopsAway", 1))
    return {
        "up": is_up,
        "local_as": int(neighbor.get("localAs", _UNKNOWN)),
        "remote_as": int(neighbor["remoteAs"]),
        "router_id": str(neighbor.get("localRouterId", "")),
        "local_address": host("hostLocal"),
        "routing_table": vrf,
        "local_address_configured": "updateSource" in neighbor,
        "local_port": int(neighbor.get("portLocal", _UNKNOWN)),
        "remote_address": host("hostForeign") or str(neighbor.get("bgpNeighborAddr", name)),
        "remote_port": int(neighbor.get("portForeign", _UNKNOWN)),
        "multihop": bool(neighbor.get("nbrExternalLink")) and int(hops) > 1,
        "multipath": False,
        "remove_private_as": any(
            key.startswith("privateAsNums") for family in families for key in family
        ),
        "import_policy": first("routeMapForIncomingAdvertisements"),
        "export_policy": first("routeMapForOutgoingAdvertisements"),
        "input_messages": int(messages.get("totalRecv", 0)),
        "output_messages": int(messages.get("totalSent", 0)),
        "input_updates": int(messages.get("updatesRecv", 0)),
        "output_updates": int(messages.get("updatesSent", 0)),
        "messages_queued_out": int(messages.get("depthOutq", 0)),
        "connection_state": str(neighbor["bgpState"]),
        "previous_connection_state": "",
        "last_event": str(neighbor.get("lastResetDueTo", "")),
        "suppress_4byte_as": bool(neighbor.get("dontCapabilityNegotiate", False)),
        "local_as_prepend": "localAsNoPrepend" not in neighbor
        and bool(neighbor.get("changeLocalAs")),
        "holdtime": seconds("bgpTimerHoldTimeMsecs"),
        "configured_holdtime": seconds("bgpTimerConfiguredHoldTimeMsecs"),
        "keepalive": seconds("bgpTimerKeepAliveIntervalMsecs"),
        "configured_keepalive": seconds("bgpTimerConfiguredKeepAliveIntervalMsecs"),
        "active_prefix_count": _UNKNOWN,
        "received_prefix_count": total("acceptedPrefixCounter"),
        "accepted_prefix_count": total("acceptedPrefixCounter"),
        "suppressed_prefix_count": _UNKNOWN,
        "advertised_prefix_count": total("sentPrefixCounter"),
        "flap_count": int(neighbor.get("connectionsDropped", 0)),
    }


@reader
def parse_bgp_attributes(result: CommandResult) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the attributes of BGP's paths by (VRF, prefix, next hop), for ``get_route_to``."""
    if _no_bgp(result):
        return {}
    document = json_of(result)
    if not isinstance(document, dict):
        raise unexpected(result, "BGP tables by VRF")
    tables = {"default": document} if "routes" in document else document
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for vrf, table in tables.items():
        for prefix, paths in table.get("routes", {}).items():
            for path in paths:
                for hop in path.get("nexthops", []):
                    found[vrf, prefix, str(hop.get("ip", ""))] = _attributes(table, path)
    return found


def _attributes(table: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    as_path = str(path.get("path", ""))
    last = as_path.split()[:1]
    return {
        "local_as": int(table.get("localAS", _UNKNOWN)),
        "remote_as": int(last[0]) if last and last[0].isdigit() else _UNKNOWN,
        "remote_address": str(path.get("peerId", "")),
        "as_path": as_path,
        "local_preference": int(path.get("locPrf", table.get("defaultLocPrf", _UNKNOWN))),
        "preference2": int(path.get("locPrf", table.get("defaultLocPrf", _UNKNOWN))),
        "metric": int(path.get("metric", path.get("med", 0))),
        "metric2": _UNKNOWN,
    }
