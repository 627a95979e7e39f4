"""Deleting wrong neighbour entries: without an outage, and only entries that did not change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napalm_cumulus.patterns import MAC
from tasks.cures.model import NeighbourEntry
from tasks.shell import address, interface_name, mac_address, read, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nornir.core.task import Task

_LLADDR = re.compile(rf"\blladdr ({MAC})\b")
_STATE = re.compile(r"\b([A-Z]{4,})\b")
_FORGOTTEN, _CHANGED = "forgotten", "changed"


def look_command(entry: tuple[str, str]) -> str:
    """Return the command that prints one neighbour entry, in a form that every iproute2 has."""
    where, device = entry
    return f"ip neigh show to {address(where)} dev {interface_name(device)}"


def forget_command(entry: NeighbourEntry) -> str:
    """Return the command that deletes an entry if it still has the MAC it had when it was judged.

    It prints ``forgotten`` or ``changed`` (with the present entry, which is left), and fails
    where ``ip`` does. An entry without a MAC must still have none.
    """
    where, device = address(entry.address), interface_name(entry.device)
    same = f'*" lladdr {mac_address(entry.mac)} "*' if entry.mac else '*" lladdr "*) false;; *'
    return (
        f"now=$(ip neigh show to {where} dev {device}) || exit; "
        f'case " $now " in {same}) true;; *) false;; esac '
        f"|| {{ echo {_CHANGED} $now; exit 0; }}; "
        f"ip neigh del {where} dev {device} && echo {_FORGOTTEN}"
    )


def look_at(task: Task, entries: Iterable[tuple[str, str]]) -> tuple[NeighbourEntry, ...]:
    """Return the entries as they are now; one that is gone is left out.

    Raises:
        UnreadableAnswerError: one could not be read.
    """
    commands = {look_command(entry): entry for entry in entries}
    if not commands:
        return ()
    results = read(task, list(commands))
    found = []
    for command, (where, device) in commands.items():
        if text := said(task.host.name, results[command]).strip():
            mac, state = _LLADDR.search(text), _STATE.search(text)
            found.append(
                NeighbourEntry(
                    where, device, mac[1].lower() if mac else "", state[1] if state else ""
                )
            )
    return tuple(found)


def still_wrong(
    entries: Iterable[NeighbourEntry], macs: Mapping[str, tuple[str, ...]]
) -> tuple[NeighbourEntry, ...]:
    """Return the entries that are still wrong, as far as the right MACs are known."""
    return tuple(e for e in entries if not (e.mac and e.mac in macs.get(e.address, ())))


def forget(
    task: Task, entries: Iterable[NeighbourEntry]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the entries; return, in words, which are gone, and which were left and why."""
    commands = {forget_command(entry): entry for entry in entries}
    if not commands:
        return (), ()
    results = read(task, list(commands))
    done: list[str] = []
    problems: list[str] = []
    for command, entry in commands.items():
        result = results[command]
        words = result.stdout.decode("utf-8", "replace").split()
        if result.exit_status != 0:
            problems.append(f"{entry} could not be deleted: {result.reason}")
        elif words[:1] == [_FORGOTTEN]:
            done.append(f"{entry} deleted")
        elif words == [_CHANGED]:
            done.append(f"{entry} had gone already")
        elif words[:1] == [_CHANGED]:
            problems.append(f"{entry} was left: it has changed meanwhile ({' '.join(words[1:])})")
        else:
            problems.append(f"whether {entry} was deleted is not told: {' '.join(words)!r}")
    return tuple(done), tuple(problems)
