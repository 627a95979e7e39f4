"""Checks of the neighbours of SVIs: their MACs, and the room for them."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.facts.model import NeighbourFact
from tasks.faults import ports
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View
from tasks.model import Gateway

_PERMANENT = "PERMANENT"
#: States in which the kernel uses the entry without asking anew.
_USED = {"REACHABLE", "STALE", "DELAY", "PROBE", _PERMANENT}
_JUST_HEARD = {"REACHABLE", _PERMANENT}
#: Wrong entries are few; more than this many unlearnt MACs at once are a bridge that has forgotten.
_FEW = 3
_MANY_FAILED = 10
_NEARLY_FULL = 0.9


def _entries(view: View, *, permanent: bool) -> Iterator[tuple[Gateway, NeighbourFact]]:
    for gateway in view.gateways:
        for entry in view.neighbours.get(gateway.interface, ()):
            wanted = entry.state == _PERMANENT if permanent else entry.state in _USED - {_PERMANENT}
            if wanted and entry.mac and not entry.external:
                yield gateway, entry


def _contradictions(view: View, entry: NeighbourFact) -> list[str]:
    """Who knows the address by another MAC."""
    ip = str(entry.address)
    known = {
        "EVPN": view.evpn_macs.get(entry.address, frozenset()),
        "OpenStack": set(view.expected.vms[ip].macs) if ip in view.expected.vms else set(),
        "ARP": {mac for probe in view.probes.get(("arp", ip), ()) for mac in probe.macs},
    }
    return [
        f"{source} knows it as {' or '.join(sorted(macs))}"
        for source, macs in known.items()
        if macs and entry.mac not in macs
    ]


def _wrong(view: View, *, permanent: bool) -> Iterator[Seen]:
    entries = list(_entries(view, permanent=permanent))
    unlearnt = _unlearnt(view) if entries else frozenset()
    for gateway, entry in entries:
        against = _contradictions(view, entry)
        certain = bool(against)
        if (gateway.interface, entry) in unlearnt:
            against.append(f"bridge fdb: that MAC is nowhere in the bridge of {gateway.interface}")
            if _is_silent(view, str(entry.address)):
                against.append("it does not answer pings")
        if against:
            yield Seen(
                str(entry.address),
                f"ip neigh: {entry.address} is {entry.mac} ({entry.state}); {'; '.join(against)}",
                f"ip neigh del {entry.address} dev {gateway.interface} costs nothing (vip heal "
                "does).",
                gateway.interface,
                None if certain else Status.WARNING,
            )


def _unlearnt(view: View) -> frozenset[tuple[str, NeighbourFact]]:
    """Entries of neighbours that were heard of just now, and that the bridge has never learnt.

    A bridge that has just lost a port forgets all that was learnt there, which says nothing about
    the entries: so it is where a port is known to be lost, and where there are many.
    """
    if not view.facts.fdb.known:
        return frozenset()
    found: set[tuple[str, NeighbourFact]] = set()
    for gateway in view.gateways:
        svi = gateway.interface
        rows = {
            (svi, entry)
            for entry in view.neighbours.get(svi, ())
            if entry.state in _JUST_HEARD and entry.mac and not entry.external
            if not view.places(svi, entry.mac)
        }
        found |= rows if len(rows) <= _FEW else set()
    if not found:
        return frozenset()
    disturbed = {seen.interface for seen in ports.disturbed(view)}
    return frozenset((svi, entry) for svi, entry in found if svi not in disturbed)


def _is_silent(view: View, address: str) -> bool:
    """Whether it was sent pings, and answered none."""
    pings = [probe.ok for probe in view.probes.get(("ping", address), ())]
    return bool(pings) and not any(pings)


def _neighbour_wrong(view: View) -> Iterator[Seen]:
    return _wrong(view, permanent=False)


def _permanent_wrong(view: View) -> Iterator[Seen]:
    return _wrong(view, permanent=True)


def _failed(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        entries = view.neighbours.get(gateway.interface, ())
        failed = sum(entry.state in {"FAILED", "INCOMPLETE"} for entry in entries)
        if failed >= _MANY_FAILED and failed * 2 > len(entries):
            yield Seen(
                gateway.interface,
                f"ip neigh: {failed} of {len(entries)} neighbours on {gateway.interface} do not "
                "answer ARP",
                "Somebody scans the subnet, or the SVI is cut off from its VMs: look at its bridge "
                "ports and vxlan device.",
                gateway.interface,
            )


def _table_full(view: View) -> Iterator[Seen]:
    most = view.facts.sysctls.get("neigh/default/gc_thresh3", "")
    used = sum(entry.address.version == 4 for entry in view.facts.neighbours.rows)  # noqa: PLR2004
    if most.isdigit() and int(most) > 0 and used >= int(most) * _NEARLY_FULL:
        yield Seen(
            "",
            f"ip neigh: {used} IPv4 neighbours, and room for {most} "
            "(net.ipv4.neigh.default.gc_thresh3)",
            "Raise gc_thresh1, 2 and 3, or find out who fills the table; a full one cuts new VMs "
            "off.",
        )


_NEIGHBOURS = ("gateways", "neighbours")

CHECKS = (
    Check(
        "neighbour-wrong",
        "Neighbours have the MACs that others know them by",
        Status.CRITICAL,
        _neighbour_wrong,
        _NEIGHBOURS,
    ),
    Check(
        "neighbour-wrong-permanent",
        "Permanent neighbours have the right MACs",
        Status.CRITICAL,
        _permanent_wrong,
        _NEIGHBOURS,
    ),
    Check(
        "neighbours-failed",
        "Most neighbours answer ARP",
        Status.WARNING,
        _failed,
        _NEIGHBOURS,
    ),
    Check(
        "neighbour-table-full",
        "The neighbour table has room",
        Status.WARNING,
        _table_full,
        ("neighbours", "sysctls"),
    ),
)
