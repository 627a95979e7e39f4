"""Does the kernel of a switch hold what a gateway stanza asks for?

``ifreload``'s exit status is no proof, and ``ifquery -c`` sees neither a device that is down nor a
lost route: the kernel is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nornir.core.task import Result, Task

from tasks.commands import read, rows
from tasks.model import Verification

if TYPE_CHECKING:
    from tasks.model import Gateway, Interface

ADDRESSES = "ip -j addr show"
ROUTES = "ip -j -4 route show table all"
ROUTES6 = "ip -j -6 route show table all"


def verify_gateway(task: Task, gateway: Gateway) -> Result:
    """Nornir task: a `Verification` of the gateway, from one round trip."""
    output = read(task, [ADDRESSES, ROUTES, ROUTES6])
    return Result(host=task.host, result=judge(task.host.name, output, gateway))


def judge(switch: str, output: dict[str, str], gateway: Gateway) -> Verification:
    """Judge what the switch printed; pure."""
    links = {row.get("ifname"): row for row in rows(output[ADDRESSES], ADDRESSES, switch)}
    routes = [
        row for command in (ROUTES, ROUTES6) for row in rows(output[command], command, switch)
    ]
    wanted = [(gateway.interface, "", own) for own in gateway.own]
    wanted += [(v.device, v.mac, v.address) for v in gateway.virtual]
    problems: list[str] = []
    for device in gateway.devices:
        problems += _link_problems(device, links.get(device))
    for device, mac, address in wanted:
        if device in links:
            problems += _address_problems(device, links[device], mac, address)
            problems += _route_problems(device, routes, address)
    checked = tuple(f"{address} on {device}" for device, _, address in wanted)
    return Verification(checked=checked, problems=tuple(dict.fromkeys(problems)))


def _link_problems(device: str, link: dict[str, Any] | None) -> list[str]:
    if link is None:
        return [f"{device} does not exist"]
    return [] if "UP" in link.get("flags", ()) else [f"{device} is down"]


def _address_problems(device: str, link: dict[str, Any], mac: str, address: Interface) -> list[str]:
    problems = []
    held = [f"{a.get('local')}/{a.get('prefixlen')}" for a in link.get("addr_info", ())]
    if str(address) not in held:
        problems.append(f"{device} lacks {address} (it has {', '.join(held) or 'no address'})")
    actual = str(link.get("address", "")).lower()
    if mac and actual != mac:
        problems.append(f"{device} has the MAC {actual}, configured is {mac}")
    return problems


def _route_problems(device: str, routes: list[dict[str, Any]], address: Interface) -> list[str]:
    network, ip = str(address.network), str(address.ip)
    problems = []
    single = address.network.prefixlen == address.network.max_prefixlen
    connected = any(
        row.get("dst") == network
        and row.get("dev") == device
        and row.get("protocol") == "kernel"
        and row.get("type", "unicast") == "unicast"
        for row in routes
    )
    if not connected and not single:
        problems.append(f"the connected route {network} dev {device} is missing")
    local = any(row.get("type") == "local" and row.get("dst") == ip for row in routes)
    if not local:
        problems.append(f"{ip} is missing in the local routing table")
    return problems
