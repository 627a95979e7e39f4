"""What a toggle destroys and ifupdown2 does not bring back: recorded before, put back after.

Deleting addresses and VRR devices takes along the IPv4 routes through the SVI that somebody added
by hand, permanent IPv4 neighbours, and per-device sysctls. Routes of routing daemons and of the
kernel come back by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.commands import address, interface_name, mac_address, prefix, rows, token
from tasks.model import Belongings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.model import Gateway

ROUTES = "ip -j -4 route show table all"
NEIGHBOURS = "ip -j -4 neigh show nud permanent"

#: What ``ip`` calls routes that an administrator added; it does not print ``boot`` by itself.
_BY_HAND = {None, "boot", "static"}
_SYSCTLS = ("forwarding", "rp_filter", "arp_ignore", "arp_announce", "arp_filter", "proxy_arp")


def sysctl_command(gateway: Gateway) -> str:
    """The command that prints ``device/name=value`` for each sysctl of the gateway's devices."""
    devices = " ".join(interface_name(device) for device in gateway.devices)
    return (
        f"cd /proc/sys/net/ipv4/conf && for d in {devices}; do for k in {' '.join(_SYSCTLS)}; do "
        '[ -r "$d/$k" ] && echo "$d/$k=$(cat "$d/$k")"; done; done'
    )


def recording_commands(gateway: Gateway) -> list[str]:
    """The commands whose output `record` reads."""
    return [ROUTES, NEIGHBOURS, sysctl_command(gateway)]


def record(switch: str, output: dict[str, str], gateway: Gateway) -> Belongings:
    """Read what `recording_commands` printed; pure."""
    routes: dict[str, str] = {}
    neighbours: dict[str, str] = {}
    owners: dict[str, str] = {}
    unclear: list[str] = []
    for row in rows(output[ROUTES], ROUTES, switch):
        if row.get("dev") in gateway.devices and _by_hand(row):
            try:
                arguments = _route_arguments(row)
            except (ValueError, TypeError):
                unclear.append(f"route {row.get('dst')} dev {row.get('dev')}")
            else:
                routes[f"route {arguments}"] = arguments
    for row in rows(output[NEIGHBOURS], NEIGHBOURS, switch):
        if row.get("dev") in gateway.devices and "protocol" not in row and row.get("lladdr"):
            try:
                ip, mac = address(row["dst"]), mac_address(row["lladdr"])
                arguments = f"{ip} lladdr {mac} dev {interface_name(row['dev'])} nud permanent"
            except (ValueError, TypeError):
                unclear.append(f"neighbour {row.get('dst')} dev {row.get('dev')}")
            else:
                neighbours[f"neighbour {arguments}"] = arguments
                owners[f"neighbour {arguments}"] = f"{ip} {mac}"
    lines = (line.partition("=") for line in output[sysctl_command(gateway)].splitlines())
    sysctls = {path: value for path, _, value in lines if value.isdigit()}
    return Belongings(routes, neighbours, owners, sysctls, tuple(unclear))


def missing(before: Belongings, after: Belongings) -> Belongings:
    """What was there before and is not there after."""
    return Belongings(
        routes={k: v for k, v in before.routes.items() if k not in after.routes},
        neighbours={k: v for k, v in before.neighbours.items() if k not in after.neighbours},
        owners=before.owners,
        sysctls={k: v for k, v in before.sysctls.items() if after.sysctls.get(k, v) != v},
        unclear=before.unclear,
    )


def split_suspects(
    lost: Belongings, macs: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, str], dict[str, str]]:
    """What to put back, and what not and why.

    A permanent neighbour that contradicts the MAC which OpenStack knows for its address is a
    fault that the toggle has cured, and a sysctl of a VRR device set by hand may be one: they
    are reported and left.

    Args:
        lost: what the toggle took.
        macs: the known MACs of VMs, by address.

    Returns:
        Commands to run by what each puts back; reasons by what is not put back.
    """
    commands = {name: f"ip route replace {arguments}" for name, arguments in lost.routes.items()}
    left: dict[str, str] = {}
    for name, arguments in lost.neighbours.items():
        ip, mac = lost.owners[name].split()
        if macs.get(ip) and mac not in macs[ip]:
            left[name] = f"OpenStack knows {ip} as {' or '.join(macs[ip])}: the entry was wrong"
        else:
            commands[name] = f"ip neigh replace {arguments}"
    for path, value in lost.sysctls.items():
        left[f"sysctl {path} = {value}"] = "set by hand on a device that is new now"
    for name in lost.unclear:
        left[name] = "not understood; look whether it is still there"
    return commands, left


def _by_hand(row: dict[str, Any]) -> bool:
    unicast = row.get("type", "unicast") == "unicast"
    return unicast and row.get("protocol") in _BY_HAND and "nhid" not in row


def _route_arguments(row: dict[str, Any]) -> str:
    if "nexthops" in row or "encap" in row:
        raise ValueError("a route with several ways, or encapsulated")
    words = [prefix(row["dst"])]
    via = row.get("gateway") or (row.get("via") or {}).get("host")
    if via:
        words += ["via", address(via)]
    words += ["dev", interface_name(row["dev"])]
    if "prefsrc" in row:
        words += ["src", address(row["prefsrc"])]
    for key, word in (("metric", "metric"), ("table", "table"), ("protocol", "proto")):
        if row.get(key) is not None:
            words += [word, token(row[key])]
    if row.get("scope") and not via:
        words += ["scope", token(row["scope"])]
    if "onlink" in row.get("flags", ()):
        words.append("onlink")
    return " ".join(words)
