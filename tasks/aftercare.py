"""After a toggle: announce the VIPs, and put back what ifupdown2 does not bring back."""

from __future__ import annotations

from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from tasks import preserve
from tasks.commands import address, interface_name, read
from tasks.model import Aftercare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.model import Belongings, Gateway, VirtualAddress

_SENT = "sent"
_ABSENT = "absent"


def care_after_toggle(
    task: Task,
    gateway: Gateway,
    before: Belongings,
    macs: Mapping[str, tuple[str, ...]] | None = None,
) -> Result:
    """Nornir task: gives an `Aftercare`.

    Args:
        task: the task on the switch.
        gateway: what was toggled.
        before: what hung on its devices before.
        macs: known MACs by address, to tell a wrong permanent neighbour from a wanted one.
    """
    notes: list[str] = []
    announced = _announce(task, gateway, notes)
    restored, lost = _put_back(task, gateway, before, macs or {})
    result = Aftercare(announced, restored, lost, tuple(notes))
    return Result(host=task.host, result=result, changed=True)


def announce_command(virtual: VirtualAddress) -> str:
    """The command that announces a VIP by gratuitous ARP out of its device.

    The toggle itself sends none, and VMs whose ARP entry is wrong stay cut off without it.
    """
    device, ip = interface_name(virtual.device), address(str(virtual.address.ip))
    return (
        f"command -v arping >/dev/null || {{ echo {_ABSENT}; exit 0; }}; "
        f"arping -q -U -c 1 -w 1 -I {device} {ip} >/dev/null 2>&1; "
        # iputils says 1 where no answer came, and nothing answers an announcement.
        f'[ "$?" -le 1 ] && echo {_SENT} || echo failed'
    )


def _announce(task: Task, gateway: Gateway, notes: list[str]) -> tuple[str, ...]:
    # IPv6 has no ARP; there the kernel announces a new address by itself.
    four = [v for v in gateway.virtual if isinstance(v.address, IPv4Interface)]
    wanted = {announce_command(virtual): virtual for virtual in four}
    announced = []
    for command, said in read(task, list(wanted)).items():
        virtual = wanted[command]
        if said.strip() == _SENT:
            announced.append(f"{virtual.address.ip} on {virtual.device}")
        else:
            reason = "is not installed" if said.strip() == _ABSENT else "failed"
            notes.append(f"no gratuitous ARP for {virtual.address.ip}: arping {reason}")
    return tuple(announced)


def _put_back(
    task: Task, gateway: Gateway, before: Belongings, macs: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lost = preserve.missing(before, _belongings(task, gateway))
    commands, left = preserve.split_suspects(lost, macs)
    if commands:
        read(task, list(commands.values()))
        still = preserve.missing(before, _belongings(task, gateway))
        for name in commands:
            if name in still.routes or name in still.neighbours:
                left[name] = "putting it back failed"
    restored = tuple(name for name in commands if name not in left)
    return restored, tuple(f"{name}: {reason}" for name, reason in left.items())


def _belongings(task: Task, gateway: Gateway) -> Belongings:
    output = read(task, preserve.recording_commands(gateway))
    return preserve.record(task.host.name, output, gateway)
