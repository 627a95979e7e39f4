"""Whether the kernel of a switch holds what a gateway's stanza configures.

The exit status of ``ifreload`` is no proof, and ``ifquery -c`` does not see a device that is down
or a lost route. So the kernel is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from tasks.addresses import is_link_local
from tasks.facts.collect import SILENT, collect_facts
from tasks.facts.index import Index, in_words
from tasks.facts.section import require_read
from tasks.model import Verification

if TYPE_CHECKING:
    from tasks.addresses import IpInterface
    from tasks.facts.model import SwitchFacts
    from tasks.model import Gateway

#: The commands whose facts ``judge`` needs; a gateway with IPv6 needs its routes, too.
_NEEDED = ("links", "addresses", "routes", "boot")


def verify_gateway(task: Task, gateway: Gateway) -> Result:
    """Verify the gateway in the kernel, in one round trip. This is a Nornir task.

    Returns:
        A Result with a ``Verification``.

    Raises:
        UnreadableAnswerError: a table could not be read, so that nothing is known of the gateway.
    """
    has_ipv6 = any(each.version == 6 for each in gateway.addresses)  # noqa: PLR2004 - of IP
    needed = (*_NEEDED, "routes6") if has_ipv6 else _NEEDED
    facts: SwitchFacts = collect_facts(task, probes=SILENT, only=needed).result
    return Result(host=task.host, result=judge(facts, gateway))


def judge(facts: SwitchFacts, gateway: Gateway) -> Verification:
    """Judge what a switch's kernel holds in the gateway's VRF; pure.

    Link-local addresses of IPv6 are judged by themselves, without their routes.

    Raises:
        UnreadableAnswerError: a table was not read.
    """
    require_read(facts.switch, links=facts.links, addresses=facts.addresses, routes=facts.routes)
    kernel = Index(facts)
    problems: list[str] = []
    absent: list[str] = []
    for device in gateway.devices:
        absent += _link_problems(kernel, device)
    absent += _vrf_problems(kernel, gateway)
    problems += absent
    for own in gateway.own:
        problems += _address_problems(kernel, gateway.interface, own)
        problems += _connection_problems(kernel, gateway, gateway.interface, own)
        problems += _local_problems(kernel, gateway, gateway.interface, own)
    for virtual in gateway.virtual:
        device, vip = virtual.device, virtual.address
        gone = _address_problems(kernel, device, vip)
        gone += _local_problems(kernel, gateway, device, vip)
        unconnected = _connection_problems(kernel, gateway, device, vip)
        # Of several connected routes one is enough.
        if not any(_connected(kernel, gateway, each, vip) for each in gateway.devices):
            gone += unconnected
        absent += gone
        problems += [*gone, *_mac_problems(kernel, device, virtual.mac), *unconnected]
    checked = [f"{own} on {gateway.interface}" for own in gateway.own]
    checked += [f"{v.address} on {v.device}" for v in gateway.virtual]
    return Verification(
        checked=tuple(checked),
        problems=tuple(dict.fromkeys(problems)),
        absent=tuple(dict.fromkeys(absent)),
        boot=facts.boot,
    )


def _link_problems(kernel: Index, device: str) -> list[str]:
    link = kernel.links.get(device)
    if link is None:
        return [f"{device} does not exist"]
    return [] if link.up else [f"{device} is down"]


def _address_problems(kernel: Index, device: str, address: IpInterface) -> list[str]:
    if device not in kernel.links or address in kernel.addresses.get(device, ()):
        return []
    return [f"{device} lacks {address} (it has {kernel.held(device) or 'no address'})"]


def _mac_problems(kernel: Index, device: str, mac: str) -> list[str]:
    link = kernel.links.get(device)
    if link is None or not mac or link.mac == mac:
        return []
    return [f"{device} has the MAC {link.mac}, configured is {mac}"]


def _vrf_problems(kernel: Index, gateway: Gateway) -> list[str]:
    """Return which device is in another VRF than the stanza says: its VMs have no way out."""
    here = [device for device in gateway.devices if device in kernel.links]
    return [
        f"{device} is {in_words(found)}, and its stanza puts it {in_words(gateway.vrf)}"
        for device in here
        if (found := kernel.vrf_name(device)) != gateway.vrf
    ]


def _connection_problems(
    kernel: Index, gateway: Gateway, device: str, address: IpInterface
) -> list[str]:
    if address.network.prefixlen == address.network.max_prefixlen or is_link_local(address.ip):
        return []
    if device not in kernel.links or _connected(kernel, gateway, device, address):
        return []
    return [f"the connected route {address.network} dev {device} is missing{_in(kernel, gateway)}"]


def _local_problems(
    kernel: Index, gateway: Gateway, device: str, address: IpInterface
) -> list[str]:
    if device not in kernel.links or is_link_local(address.ip):
        return []
    if kernel.takes(gateway, address.ip):
        return []
    return [f"{address.ip} is missing in the local routing table{_in(kernel, gateway)}"]


def _in(kernel: Index, gateway: Gateway) -> str:
    vrf = kernel.vrf_name(gateway.interface)
    return f" of VRF {vrf}" if vrf else ""


def _connected(kernel: Index, gateway: Gateway, device: str, address: IpInterface) -> bool:
    tables = kernel.tables_of(gateway)
    return any(
        row.device == device
        and row.protocol == "kernel"
        and row.kind == "unicast"
        and row.table in tables
        for row in kernel.routes_to.get(address.network, ())
    )
