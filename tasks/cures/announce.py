"""After a cure: announce the VIPs, and put back what ifupdown2 does not bring back."""

from __future__ import annotations

from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from tasks.cures import restore
from tasks.model import Aftercare
from tasks.shell import address, interface_name, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tasks.model import Gateway, HandMadeState, VirtualAddress

_SENT = "sent"
_ABSENT = "absent"


def care_after_cure(
    task: Task,
    gateway: Gateway,
    before: HandMadeState,
    macs: Mapping[str, tuple[str, ...]] | None = None,
    wrong: Collection[str] = (),
) -> Result:
    """Nornir task: announce, and put back what is missing; gives an ``Aftercare``.

    It may be done again: what is there already stays as it is.

    Args:
        task: the task on the switch.
        gateway: what was touched.
        before: what hung on its devices before.
        macs: known MACs by address, to tell a wrong permanent neighbour from a wanted one.
        wrong: addresses whose neighbour entry was diagnosed as wrong.
    """
    announced, notes = announce(task, gateway)
    restored, lost = _put_back(task, gateway, before, macs or {}, wrong)
    result = Aftercare(announced, restored, lost, notes)
    return Result(host=task.host, result=result, changed=True)


def announced_addresses(gateway: Gateway) -> tuple[VirtualAddress, ...]:
    """Return the VIPs that are announced by ARP; the kernel announces IPv6 ones by itself."""
    return tuple(v for v in gateway.virtual if isinstance(v.address, IPv4Interface))


def announce_command(virtual: Iterable[VirtualAddress]) -> str:
    """Return the command that announces VIPs by gratuitous ARP out of their devices, all at once.

    The toggle itself sends none, and VMs whose ARP entry is wrong stay cut off without it. It
    prints a line for each: the device and what came of it.
    """
    each = "".join(
        f"announce {interface_name(v.device)} {address(str(v.address.ip))} & " for v in virtual
    )
    return (
        f"command -v arping >/dev/null || {{ echo {_ABSENT}; exit 0; }}; "
        # It sends at once and would then wait a second for an answer, which nobody gives: 124 is
        # timeout's word for that, 0 and 1 are those of arpings that do not wait.
        "announce() { timeout 0.3 arping -q -U -c 1 -I $1 $2 >/dev/null 2>&1; "
        f'case $? in 0|1|124) echo "$1 {_SENT}";; *) echo "$1 failed";; esac; }}; '
        f"{each}wait"
    )


def announce(task: Task, gateway: Gateway) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Announce a gateway's VIPs: which were (with their devices), and notes about the others."""
    four = announced_addresses(gateway)
    if not four:
        return (), ()
    command = announce_command(four)
    said = read(task, [command])[command].splitlines()
    announced: list[str] = []
    notes: list[str] = []
    for virtual in four:
        if f"{virtual.device} {_SENT}" in said:
            announced.append(f"{virtual.address.ip} on {virtual.device}")
        else:
            reason = "is not installed" if _ABSENT in said else "failed"
            notes.append(f"no gratuitous ARP for {virtual.address.ip}: arping {reason}")
    return tuple(announced), tuple(notes)


def read_hand_made_state(task: Task, gateway: Gateway) -> Result:
    """Nornir task: what hangs on a gateway's devices now, as ``HandMadeState``."""
    return Result(host=task.host, result=hand_made(task, gateway))


def hand_made(task: Task, gateway: Gateway) -> HandMadeState:
    """Return what hangs on a gateway's devices now."""
    output = read(task, restore.recording_commands(gateway))
    return restore.record(task.host.name, output, gateway)


def _put_back(
    task: Task,
    gateway: Gateway,
    before: HandMadeState,
    macs: Mapping[str, tuple[str, ...]],
    wrong: Collection[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lost = restore.missing(before, hand_made(task, gateway))
    commands, left = restore.split_suspects(lost, macs, wrong)
    if commands:
        read(task, list(commands.values()))
        still = restore.missing(before, hand_made(task, gateway))
        for name in commands:
            if name in {**still.routes, **still.neighbours, **still.addresses}:
                left[name] = "putting it back failed"
    restored = tuple(name for name in commands if name not in left)
    return restored, tuple(f"{name}: {reason}" for name, reason in left.items())
