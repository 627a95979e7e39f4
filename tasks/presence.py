"""Is a hypervisor (a VM) behind this switch? The switch's own tables answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nornir.core.task import Result, Task

from inventory.names import same_host
from tasks.errors import UnreadableAnswerError
from tasks.identity import HOSTNAME, require_same
from tasks.model import Evidence, Presence
from tasks.shell import read, rows, understood

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LLDP = "lldpctl -f json0"
FDB = "bridge -j fdb show"
NEIGHBOURS = "ip -j neigh show"


def check_presence(
    task: Task,
    hypervisor: str,
    ports: Sequence[str] = (),
    macs: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Result:
    """Nornir task: make sure of the switch's identity and judge its tables, in one round trip.

    Args:
        task: the task on the switch.
        hypervisor: name of the hypervisor, full or short.
        ports: where the uplink source says it is plugged in.
        macs: MAC addresses of VMs that should be on it.
        addresses: their addresses.

    Raises:
        WrongSwitchError: the switch that answers has another name.
    """
    output = read(task, [HOSTNAME, LLDP, FDB, NEIGHBOURS])
    require_same(task.host.name, output[HOSTNAME].strip(), task.host.hostname or "")
    return Result(
        host=task.host,
        result=judge(
            task.host.name, output, hypervisor, ports=ports, macs=macs, addresses=addresses
        ),
    )


def judge(
    switch: str,
    output: dict[str, str],
    hypervisor: str,
    *,
    ports: Sequence[str] = (),
    macs: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Presence:
    """Judge what the switch printed; pure.

    Raises:
        UnreadableAnswerError: it is not what these commands print.
    """
    with understood(switch, "its neighbours"):
        return _judged(output, switch, hypervisor, macs=macs, ports=ports, addresses=addresses)


def _judged(
    output: dict[str, str],
    switch: str,
    hypervisor: str,
    *,
    macs: Sequence[str],
    ports: Sequence[str],
    addresses: Sequence[str],
) -> Presence:
    neighbours_heard = lldp_neighbours(output[LLDP], switch)
    seen = [port for port, name in neighbours_heard if same_host(name, hypervisor)]
    evidence = [_lldp_evidence(output[LLDP], hypervisor, seen)]
    if macs:
        evidence.append(_fdb_evidence(rows(output[FDB], FDB, switch), macs))
    neighbours = _neighbour_evidence(rows(output[NEIGHBOURS], NEIGHBOURS, switch), macs, addresses)
    warnings = []
    if seen and ports and not set(seen) & set(ports):
        warnings.append(
            f"LLDP sees {hypervisor} on {', '.join(seen)}, the uplink source says "
            f"{', '.join(ports)}: the cabling record is behind"
        )
    return Presence(
        hostname=output[HOSTNAME].strip(),
        hypervisor=hypervisor,
        port=", ".join(seen),
        evidence=tuple(evidence + neighbours),
        warnings=tuple(warnings),
        heard=tuple(dict.fromkeys(name for _, name in neighbours_heard)),
    )


def lldp_neighbours(output: str, switch: str) -> list[tuple[str, str]]:
    """Port and system name of every LLDP neighbour in ``lldpctl -f json0``'s words.

    Raises:
        UnreadableAnswerError: the words are others.
    """
    if not output.strip():
        return []
    try:
        parsed = json.loads(output)
        return [
            (_text(interface["name"]), _text(name["value"]))
            for group in parsed["lldp"]
            for interface in group.get("interface", ())
            for chassis in interface.get("chassis", ())
            for name in chassis.get("name", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableAnswerError(
            f"{switch}: '{LLDP}' did not answer as lldpd does: {output.strip()[:80]!r}",
            "Try the command on the switch.",
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no name")
    return value


def _lldp_evidence(output: str, hypervisor: str, seen: list[str]) -> Evidence:
    if seen:
        return Evidence("LLDP", supports=True, text=f"{hypervisor} is on {', '.join(seen)}")
    if not output.strip():
        return Evidence("LLDP", supports=None, text="lldpctl gave no answer")
    return Evidence("LLDP", supports=None, text=f"no neighbour is called {hypervisor}")


def _fdb_evidence(fdb: list[dict[str, Any]], macs: Sequence[str]) -> Evidence:
    """Where VM MACs are learnt: on a local port, or behind the VXLAN (another leaf)."""
    wanted = {mac.lower() for mac in macs}
    tunnels = {row.get("ifname") for row in fdb if "dst" in row}
    learnt = [
        (row["mac"].lower(), str(row.get("ifname", "")), row)
        for row in fdb
        if str(row.get("mac", "")).lower() in wanted and row.get("state") != "permanent"
    ]
    local = sorted({f"{mac} on {port}" for mac, port, _ in learnt if port not in tunnels})
    remote = sorted(
        {f"{mac} behind {row['dst']}" for mac, _, row in learnt if "dst" in row}
        or {f"{mac} behind {port}" for mac, port, _ in learnt if port in tunnels}
    )
    if local:
        return Evidence("FDB", supports=True, text=f"learnt {_few(local)}")
    if remote:
        return Evidence("FDB", supports=False, text=f"learnt from another leaf: {_few(remote)}")
    return Evidence("FDB", supports=None, text=f"{_few(sorted(wanted))} not learnt")


def _neighbour_evidence(
    neighbours: list[dict[str, Any]], macs: Sequence[str], addresses: Sequence[str]
) -> list[Evidence]:
    """The neighbour entries of the VMs; a strange MAC speaks of the fault, not of the place."""
    return [
        Evidence("neighbours", supports=None, text=text)
        for text in _neighbour_texts(neighbours, {mac.lower() for mac in macs}, set(addresses))
    ]


def _neighbour_texts(
    neighbours: list[dict[str, Any]], macs: set[str], addresses: set[str]
) -> Iterator[str]:
    for row in neighbours:
        if row.get("dst") not in addresses:
            continue
        state = "/".join(row.get("state", ()))
        mac = str(row.get("lladdr", "")).lower()
        odd = ", which is none of its MACs" if mac and macs and mac not in macs else ""
        yield f"{row['dst']} is {mac or 'unresolved'}{odd} on {row.get('dev')} ({state})"


def _few(items: list[str], most: int = 3) -> str:
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")
