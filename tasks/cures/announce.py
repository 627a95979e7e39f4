"""The aftercare of a cure: announce the VIPs, and put back what ifupdown2 does not bring back."""

from __future__ import annotations

from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from tasks.cures import restore
from tasks.errors import RefusedError, UnreadableAnswerError
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
    """Announce the VIPs, and put back what is missing. This is a Nornir task.

    It may be run again: what is there already stays as it is.

    Args:
        task: the task on the switch.
        gateway: the gateway that was cured.
        before: the routes, addresses and neighbours on its devices before the cure.
        macs: known MACs by address; they tell a wrong permanent neighbour from a wanted one.
        wrong: addresses whose neighbour entry was diagnosed as wrong.

    Returns:
        A Result with an ``Aftercare``.
    """
    announced, notes = announce(task, gateway)
    restored, lost = _put_back(task, gateway, before, macs or {}, wrong)
    result = Aftercare(announced, restored, lost, notes)
    return Result(host=task.host, result=result, changed=True)


def announced_addresses(gateway: Gateway) -> tuple[VirtualAddress, ...]:
    """Return the VIPs to announce by ARP; the kernel announces those of IPv6 by itself."""
    return tuple(v for v in gateway.virtual if isinstance(v.address, IPv4Interface))


def announce_command(virtual: Iterable[VirtualAddress]) -> str:
    """Return the command that sends gratuitous ARP for VIPs out of their devices, for all at once.

    The toggle itself sends none, and without it VMs with a wrong ARP entry stay cut off. The
    command prints a line for each VIP: its device and the outcome.
    """
    each = "".join(
        f"announce {interface_name(v.device)} {address(str(v.address.ip))} & " for v in virtual
    )
    return (
        f"command -v arping >/dev/null || {{ echo {_ABSENT}; exit 0; }}; "
        # arping sends at once, then waits a second for an answer that never comes. timeout ends it
        # with 124; arpings that do not wait end with 0 or 1.
        "announce() { timeout 0.3 arping -q -U -c 1 -I $1 $2 >/dev/null 2>&1; "
        f'case $? in 0|1|124) echo "$1 {_SENT}";; *) echo "$1 failed";; esac; }}; '
        f"{each}wait"
    )


def announce(task: Task, gateway: Gateway) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Announce a gateway's VIPs.

    Return those announced (with their devices), and notes on others.
    """
    four = announced_addresses(gateway)
    if not four:
        return (), ()
    command = announce_command(four)
    result = read(task, [command])[command]
    said = result.stdout.decode("utf-8", "replace").splitlines()
    announced: list[str] = []
    notes: list[str] = []
    for virtual in four:
        if f"{virtual.device} {_SENT}" in said:
            announced.append(f"{virtual.address.ip} on {virtual.device}")
        else:
            failed = "failed" if result.exit_status == 0 else f"failed: {result.reason}"
            reason = "is not installed" if _ABSENT in said else failed
            notes.append(f"no gratuitous ARP for {virtual.address.ip}: arping {reason}")
    return tuple(announced), tuple(notes)


def read_hand_made_state(task: Task, gateway: Gateway) -> Result:
    """Return the ``HandMadeState`` of a gateway before a cure. This is a Nornir task.

    Raises:
        RefusedError: it could not be read.
    """
    return Result(host=task.host, result=record_before(task, gateway))


def record_before(task: Task, gateway: Gateway) -> HandMadeState:
    """Return the hand-made state of a gateway's devices, before a cure may destroy it.

    Raises:
        RefusedError: it could not be read, so that it could not be put back.
    """
    try:
        return hand_made(task, gateway)
    except UnreadableAnswerError as error:
        raise RefusedError(
            f"{error}; what a cure takes away with the devices of {gateway.interface} could not be "
            "recorded, and nothing was touched",
            error.advice,
        ) from error


def unread_notes(before: HandMadeState) -> tuple[str, ...]:
    """Return which tables could not be recorded, for a person who is about to agree to a cure."""
    return tuple(
        f"{name} that were added by hand are not put back: {why}"
        for name, why in before.unread.items()
    )


def hand_made(task: Task, gateway: Gateway) -> HandMadeState:
    """Return the hand-made state of a gateway's devices now.

    Raises:
        UnreadableAnswerError: it could not be read.
    """
    results = read(task, restore.recording_commands(gateway))
    return restore.record(task.host.name, results, gateway)


def _put_back(
    task: Task,
    gateway: Gateway,
    before: HandMadeState,
    macs: Mapping[str, tuple[str, ...]],
    wrong: Collection[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was put back, and what was not and why; a table that is unread stops nothing."""
    try:
        lost = restore.missing(before, hand_made(task, gateway))
    except UnreadableAnswerError as error:
        recorded = (*before.addresses, *before.routes, *before.neighbours)
        unread = f"look whether it is still there ({error})"
        return (), tuple(f"{name}: {unread}" for name in recorded) or (
            f"hand-made routes and neighbours of {gateway.interface}: {unread}",
        )
    commands, left = restore.split_suspects(lost, macs, wrong)
    if commands:
        results = read(task, list(commands.values()))
        for name, command in commands.items():
            if results[command].exit_status != 0:
                left[name] = f"putting it back failed: {results[command].reason}"
        gone, why = _still_gone(task, gateway, before)
        left |= {name: why for name in commands if name in gone and name not in left}
    restored = tuple(name for name in commands if name not in left)
    return restored, tuple(f"{name}: {reason}" for name, reason in left.items())


def _still_gone(task: Task, gateway: Gateway, before: HandMadeState) -> tuple[Collection[str], str]:
    """Return what is not there again, and why it is believed so."""
    try:
        still = restore.missing(before, hand_made(task, gateway))
    except UnreadableAnswerError as error:
        everything = (*before.routes, *before.neighbours, *before.addresses)
        return everything, f"put back; look whether it is there ({error})"
    return (*still.routes, *still.neighbours, *still.addresses), "putting it back failed"
