"""The hand-made state of a gateway's devices: recorded before a cure, and put back after it.

Cures delete addresses and VRR devices, and take devices down. That also deletes routes through
them that somebody added by hand, permanent neighbours, and sysctls of the devices. ``ifup`` deletes
addresses that are not in the configuration. ifupdown2 brings none of this back. Routes of routing
daemons and of the kernel come back by themselves.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.iproute_text import Row
from napalm_cumulus.parsing.output import text_of
from napalm_cumulus.result import CommandResult
from tasks.addresses import is_link_local
from tasks.facts.collect import SYSCTLS
from tasks.facts.model import Section
from tasks.facts.section import require_read, section
from tasks.model import HandMadeState
from tasks.shell import address, interface_name, mac_address, prefix, token, understood

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tasks.model import Gateway

ROUTES, ROUTES6 = (iproute.ROUTES[version].command() for version in (4, 6))
NEIGHBOURS, NEIGHBOURS6 = (iproute.PERMANENT[version].command() for version in (4, 6))
ADDRESSES = iproute.ADDRESSES.command()

#: What ``ip`` calls routes that an administrator added; it omits ``boot``.
_BY_HAND = {None, "boot", "static"}
#: Metrics of a route that ``ip`` prints as it takes them.
_NUMBERS = {
    *("mtu", "window", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit", "initcwnd"),
    *("initrwnd", "quickack"),
}


def sysctl_command(gateway: Gateway) -> str:
    """Return the command that prints ``device/name=value`` for each sysctl of the devices."""
    devices = " ".join(interface_name(device) for device in gateway.devices)
    return (
        f"cd /proc/sys/net/ipv4/conf && for d in {devices}; do for k in {' '.join(SYSCTLS)}; do "
        '[ ! -r "$d/$k" ] || echo "$d/$k=$(cat "$d/$k")"; done; done'
    )


def recording_commands(gateway: Gateway) -> list[str]:
    """Return the commands whose output ``record`` reads."""
    return [ROUTES, ROUTES6, NEIGHBOURS, NEIGHBOURS6, ADDRESSES, sysctl_command(gateway)]


def record(switch: str, results: Mapping[str, CommandResult], gateway: Gateway) -> HandMadeState:
    """Read what ``recording_commands`` left behind; pure.

    A switch without IPv6 has no IPv6 tables. Where the gateway has no IPv6 address either, they are
    marked as unread, and the other tables are used.

    Raises:
        UnreadableAnswerError: another table could not be read.
    """
    sysctls = sysctl_command(gateway)
    tables = {
        "addresses": section(results, ADDRESSES, iproute.ADDRESSES.rows),
        "IPv4 routes": section(results, ROUTES, iproute.ROUTES[4].rows),
        "IPv6 routes": section(results, ROUTES6, iproute.ROUTES[6].rows),
        "IPv4 neighbours": section(results, NEIGHBOURS, iproute.PERMANENT[4].rows),
        "IPv6 neighbours": section(results, NEIGHBOURS6, iproute.PERMANENT[6].rows),
    }
    settings = section(results, sysctls, lambda result: text_of(result).splitlines())
    has_ipv6 = any(each.version == 6 for each in gateway.addresses)  # noqa: PLR2004 - of IP
    unread = {
        name: table.unread or "'ip' is not installed"
        for name, table in tables.items()
        if name.startswith("IPv6") and not has_ipv6 and not table.known
    }
    needed = {name: table for name, table in tables.items() if name not in unread}
    require_read(switch, **needed, sysctls=settings)
    with understood(switch, "its addresses, routes and neighbours"):
        return _recorded(tables, settings.rows, gateway, unread)


def _recorded(
    tables: Mapping[str, Section[Row]],
    sysctls: Iterable[str],
    gateway: Gateway,
    unread: Mapping[str, str],
) -> HandMadeState:
    unclear: list[str] = []
    routes = [
        *_routes(tables["IPv4 routes"].rows, "0.0.0.0/0", gateway, unclear),
        *_routes(tables["IPv6 routes"].rows, "::/0", gateway, unclear),
    ]
    permanent = (*tables["IPv4 neighbours"].rows, *tables["IPv6 neighbours"].rows)
    neighbours = dict(_neighbours(permanent, gateway, unclear))
    lines = (line.partition("=") for line in sysctls)
    return HandMadeState(
        routes={f"route {text}": text for text in routes},
        neighbours={f"neighbour {text}": text for text in neighbours},
        owners={f"neighbour {text}": owner for text, owner in neighbours.items()},
        sysctls={path: value for path, _, value in lines if value.isdigit()},
        addresses={
            f"address {text}": f"{text} nodad" if ":" in text else text
            for text in _addresses(tables["addresses"].rows, gateway, unclear)
        },
        unclear=tuple(unclear),
        unread=unread,
    )


def missing(before: HandMadeState, after: HandMadeState) -> HandMadeState:
    """Return what was there before and is missing after."""
    return HandMadeState(
        routes={k: v for k, v in before.routes.items() if k not in after.routes},
        neighbours={k: v for k, v in before.neighbours.items() if k not in after.neighbours},
        owners=before.owners,
        sysctls={k: v for k, v in before.sysctls.items() if after.sysctls.get(k, v) != v},
        unclear=before.unclear,
        addresses={k: v for k, v in before.addresses.items() if k not in after.addresses},
        unread=before.unread,
    )


def split_suspects(
    lost: HandMadeState,
    macs: Mapping[str, tuple[str, ...]],
    wrong: Collection[str] = (),
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what to put back, and what not to put back, with the reason.

    A permanent neighbour is a fault that the cure has ended if OpenStack knows another MAC for its
    address, or if it was diagnosed as wrong. A sysctl of a VRR device that was set by hand may be a
    fault. Both are reported and not put back.

    Args:
        lost: what the cure deleted.
        macs: the known MACs of VMs, by address.
        wrong: addresses whose neighbour entry was diagnosed as wrong.

    Returns:
        Two dicts: the command to run by the name of what it puts back, in an order that works; and
        the reason by the name of what is not put back.
    """
    commands = {name: f"ip addr replace {arguments}" for name, arguments in lost.addresses.items()}
    left: dict[str, str] = {}
    for name, arguments in lost.routes.items():
        family = "-6 " if ":" in arguments else ""
        commands[name] = f"ip {family}route replace {arguments}"
    for name, arguments in lost.neighbours.items():
        ip, mac = lost.owners[name].split()
        if ip in wrong:
            left[name] = "this entry was the fault"
        elif macs.get(ip) and mac not in macs[ip]:
            left[name] = f"OpenStack knows {ip} as {' or '.join(macs[ip])}: the entry was wrong"
        else:
            commands[name] = f"ip neigh replace {arguments}"
    for path, value in lost.sysctls.items():
        left[f"sysctl {path} = {value}"] = "set by hand on a device that is new now"
    for name in lost.unclear:
        left[name] = "not understood; look whether it is still there"
    for name, why in lost.unread.items():
        left[name] = f"not recorded before, look whether any by hand are missing ({why})"
    return commands, left


def _routes(
    rows: Iterable[Row], everything: str, gateway: Gateway, unclear: list[str]
) -> Iterator[str]:
    for row in rows:
        if row.get("dev") in gateway.devices and _by_hand(row):
            try:
                yield _route_arguments(row, everything)
            except (ValueError, TypeError, KeyError):
                unclear.append(f"route {row.get('dst')} dev {row.get('dev')}")


def _by_hand(row: Row) -> bool:
    unicast = row.get("type", "unicast") == "unicast"
    return unicast and row.get("protocol") in _BY_HAND and "nhid" not in row


def _neighbours(
    rows: Iterable[Row], gateway: Gateway, unclear: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments for ``ip neigh replace``, and the owner's address and MAC."""
    for row in rows:
        daemons = bool({"protocol", "extern_learn"} & row.keys())
        if row.get("dev") not in gateway.devices or daemons or not row.get("lladdr"):
            continue
        try:
            ip, mac = address(row["dst"]), mac_address(row["lladdr"])
            device = interface_name(row["dev"])
        except (ValueError, TypeError, KeyError):
            unclear.append(f"neighbour {row.get('dst')} dev {row.get('dev')}")
        else:
            yield f"{ip} lladdr {mac} dev {device} nud permanent", f"{ip} {mac}"


def _addresses(rows: Iterable[Row], gateway: Gateway, unclear: list[str]) -> Iterator[str]:
    for device, info in _foreign_addresses(rows, gateway):
        try:
            length = int(info["prefixlen"])
            yield f"{address(info['local'])}/{length} dev {interface_name(device)}"
        except (ValueError, TypeError, KeyError):  # noqa: PERF203 - a row is not to spoil the rest
            unclear.append(f"address {info.get('local')} dev {device}")


def _foreign_addresses(rows: Iterable[Row], gateway: Gateway) -> Iterator[tuple[str, Row]]:
    """Yield lasting addresses on the gateway's devices that are not in its stanza."""
    configured = {each.ip for each in gateway.addresses}
    for row in rows:
        if row.get("ifname") not in gateway.devices:
            continue
        for info in row.get("addr_info", ()):
            try:
                ip = ip_address(info.get("local"))
            except ValueError:
                continue  # an interface without the family
            # Link-local addresses of IPv6 are the kernel's own, dynamic ones come from router
            # advertisements.
            if not is_link_local(ip) and not info.get("dynamic") and ip not in configured:
                yield row["ifname"], info


def _route_arguments(row: Row, everything: str) -> str:
    if "nexthops" in row or "encap" in row:
        raise ValueError("a route with several ways, or encapsulated")
    words = [everything if row["dst"] == "default" else prefix(row["dst"])]
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
    for metrics in row.get("metrics", ()):
        words += _metric_arguments(metrics)
    return " ".join(words)


def _metric_arguments(metrics: Row) -> Iterator[str]:
    locked = metrics.get("locked", ())
    for name, value in metrics.items():
        if name == "ecn":
            yield from ("features", "ecn")
        elif name != "locked":
            yield name
            if name in locked:
                yield "lock"
            if name == "congctl":
                yield token(value)
            elif name in _NUMBERS:
                yield str(int(value))
            elif name == "rto_min":
                yield f"{int(value)}ms"
            else:
                raise ValueError(f"a route with {name}")
