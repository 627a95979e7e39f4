"""Does the kernel of a switch hold what a gateway stanza asks for?

``ifreload``'s exit status is no proof, and ``ifquery -c`` sees neither a device that is down nor a
lost route: the kernel is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nornir.core.task import Result, Task

from tasks.addresses import IpInterface
from tasks.model import Boot, Verification
from tasks.shell import read, rows, understood

if TYPE_CHECKING:
    from tasks.model import Gateway

ADDRESSES = "ip -j addr show"
ROUTES = "ip -j -4 route show table all"
ROUTES6 = "ip -j -6 route show table all"
_Links = Mapping[Any, dict[str, Any]]
#: A container has the uptime of its host, so that the first process tells since when it runs.
BOOT = "cd /proc && cat sys/kernel/random/boot_id uptime 1/stat 2>/dev/null || :"
_TICKS = 100  # a second, wherever Linux runs
_STARTED = 19  # fields of /proc/1/stat after the name


def verify_gateway(task: Task, gateway: Gateway) -> Result:
    """Nornir task: a `Verification` of the gateway, from one round trip."""
    output = read(task, [ADDRESSES, ROUTES, ROUTES6, BOOT])
    return Result(host=task.host, result=judge(task.host.name, output, gateway))


def judge(switch: str, output: dict[str, str], gateway: Gateway) -> Verification:
    """Judge what the switch printed; pure.

    Raises:
        UnreadableAnswerError: it is not what these commands print.
    """
    with understood(switch, "its interfaces and routes"):
        return _judged(switch, output, gateway)


def _judged(switch: str, output: dict[str, str], gateway: Gateway) -> Verification:
    links = {row.get("ifname"): row for row in rows(output[ADDRESSES], ADDRESSES, switch)}
    routes = [
        row for command in (ROUTES, ROUTES6) for row in rows(output[command], command, switch)
    ]
    problems: list[str] = []
    absent: list[str] = []
    for device in gateway.devices:
        absent += _link_problems(device, links.get(device))
    problems += absent
    for own in gateway.own:
        problems += _address_problems(gateway.interface, links, own)
        problems += _connection_problems(gateway.interface, links, routes, own)
        problems += _local_problems(gateway.interface, links, routes, own)
    for virtual in gateway.virtual:
        device, vip = virtual.device, virtual.address
        gone = _address_problems(device, links, vip) + _local_problems(device, links, routes, vip)
        unconnected = _connection_problems(device, links, routes, vip)
        # Of several connected routes one is enough.
        if not any(_connected(each, routes, vip) for each in gateway.devices):
            gone += unconnected
        absent += gone
        problems += [*gone, *_mac_problems(device, links, virtual.mac), *unconnected]
    checked = [f"{own} on {gateway.interface}" for own in gateway.own]
    checked += [f"{v.address} on {v.device}" for v in gateway.virtual]
    return Verification(
        checked=tuple(checked),
        problems=tuple(dict.fromkeys(problems)),
        absent=tuple(dict.fromkeys(absent)),
        boot=boot_of(output.get(BOOT, "")),
    )


def boot_of(output: str) -> Boot | None:
    r"""Read what `BOOT` printed; None where it is not that.

    >>> boot_of("0e1c\n500.25 900.1\n1 (systemd) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 40025 0\n")
    Boot(id='0e1c', up_seconds=100.0)
    """
    try:
        name, uptime, process = output.splitlines()
        started = int(process.rpartition(")")[2].split()[_STARTED]) / _TICKS
        return Boot(name.strip(), max(0.0, round(float(uptime.split()[0]) - started, 2)))
    except (ValueError, IndexError):
        return None


def _link_problems(device: str, link: dict[str, Any] | None) -> list[str]:
    if link is None:
        return [f"{device} does not exist"]
    return [] if "UP" in link.get("flags", ()) else [f"{device} is down"]


def _address_problems(device: str, links: _Links, address: IpInterface) -> list[str]:
    if device not in links:
        return []
    held = [f"{a.get('local')}/{a.get('prefixlen')}" for a in links[device].get("addr_info", ())]
    if str(address) in held:
        return []
    return [f"{device} lacks {address} (it has {', '.join(held) or 'no address'})"]


def _mac_problems(device: str, links: _Links, mac: str) -> list[str]:
    if device not in links or not mac:
        return []
    actual = str(links[device].get("address", "")).lower()
    return [] if actual == mac else [f"{device} has the MAC {actual}, configured is {mac}"]


def _connection_problems(
    device: str, links: _Links, routes: list[dict[str, Any]], address: IpInterface
) -> list[str]:
    single = address.network.prefixlen == address.network.max_prefixlen
    if device not in links or single or _connected(device, routes, address):
        return []
    return [f"the connected route {address.network} dev {device} is missing"]


def _local_problems(
    device: str, links: _Links, routes: list[dict[str, Any]], address: IpInterface
) -> list[str]:
    ip = str(address.ip)
    if device not in links:
        return []
    if any(row.get("type") == "local" and row.get("dst") == ip for row in routes):
        return []
    return [f"{ip} is missing in the local routing table"]


def _connected(device: str, routes: list[dict[str, Any]], address: IpInterface) -> bool:
    return any(
        row.get("dst") == str(address.network)
        and row.get("dev") == device
        and row.get("protocol") == "kernel"
        and row.get("type", "unicast") == "unicast"
        for row in routes
    )
