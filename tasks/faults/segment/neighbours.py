"""Faults of the neighbours of SVIs: wrong MACs, and a full table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napalm_cumulus.patterns import normal_mac
from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Diagnosis, Status
from tasks.faults.segment import ports, vlans
from tasks.ladder import Cure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.addresses import IpAddress
    from tasks.facts.model import NeighbourFact
    from tasks.faults.gateway_view import GatewayView, SwitchView

_PERMANENT = "PERMANENT"
_JUST_HEARD = frozenset({"REACHABLE", _PERMANENT})
#: Wrong entries are few. With more unlearnt MACs at once the bridge has probably lost its entries.
_FEW = 3
_MANY_FAILED = 10
_NEARLY_FULL = 0.9


def _entries(view: GatewayView, *, permanent: bool) -> Iterator[NeighbourFact]:
    """Yield the entries in use; those of FRR (EVPN) only for silent endpoints."""
    silent = {each.address for each in view.silent}
    for device in view.gateway.devices:
        for row in view.switch.neighbours.get(device, ()):
            if not row.mac or row.unresolved:
                continue
            if (row.address not in silent) if silent else row.external:
                continue
            if (row.state == _PERMANENT and not row.external) == permanent:
                yield row


def _known_macs(view: GatewayView, address: IpAddress) -> Mapping[str, frozenset[str]]:
    """Return the MACs of an address by who knows them, the surest source first."""
    text = str(address)
    told = [mac for s in view.silent if s.address == address for mac in s.macs]
    vm = view.switch.expected.vms.get(text)
    told += vm.macs if vm else ()
    answers = (mac for probe in view.probes("arp", text) for mac in probe.macs)
    found = {
        "OpenStack": frozenset(normal_mac(mac) or mac.lower() for mac in told),
        "ARP": frozenset(answers),
        "EVPN": _in_evpn(view, address),
    }
    return {source: macs for source, macs in found.items() if macs}


def _in_evpn(view: GatewayView, address: IpAddress) -> frozenset[str]:
    vni = view.switch.vni_of(view.svi)
    return view.switch.evpn_macs.get((vni, address), frozenset()) if vni else frozenset()


def _wrong(permanent: bool, view: GatewayView) -> Iterator[Sighting]:
    """Find entries whose MAC differs from that of the surest source that knows the address.

    EVPN may be behind. A VM may have a MAC that OpenStack does not know, if the bridge sees it.
    """
    entries = list(_entries(view, permanent=permanent))
    unlearnt = _unlearnt(view) if entries else frozenset()
    for entry in entries:
        known = _known_macs(view, entry.address)
        surest = next(iter(known), "")
        against: list[str] = []
        certain = False
        if surest and entry.mac not in known[surest]:
            against = [
                f"{source} knows it as {' or '.join(sorted(macs))}"
                for source, macs in known.items()
                if entry.mac not in macs
            ]
            chosen = bool(view.learnt(entry.mac)) and not view.silent
            certain = surest == "ARP" or (surest == "OpenStack" and not chosen)
        told = bool(against)
        if (not surest or told) and entry in unlearnt:
            against.append(f"bridge fdb: that MAC is nowhere in the bridge of {view.svi}")
            if view.failed("ping", str(entry.address)):
                against.append("it does not answer pings")
        if against:
            yield Sighting(
                str(entry.address),
                f"ip neigh: {entry.address} dev {entry.device} is {entry.mac} ({entry.state}); "
                f"{'; '.join(against)}",
                f"ip neigh del {entry.address} dev {entry.device} costs nothing.",
                view.svi,
                None if told else Status.WARNING,
                certain=certain,
                latent=not told,
                about=(entry, known.get(surest, frozenset())),
            )


def _unlearnt(view: GatewayView) -> frozenset[NeighbourFact]:
    """Return entries of recently active neighbours whose MAC the bridge has never learnt.

    A bridge that has just lost a port forgets everything it learnt there, which says nothing about
    the entries. So nothing is returned where a port is known to be lost, or where there are many.
    """
    if not view.facts.fdb.known:
        return frozenset()
    found = frozenset(
        entry
        for entry in view.switch.neighbours.get(view.svi, ())
        if entry.state in _JUST_HEARD and entry.mac and not entry.external
        if not view.switch.places(view.svi, entry.mac)
    )
    lost = len(found) > _FEW or (found and (ports.disturbed(view) or vlans.disturbed(view)))
    return frozenset() if lost else found


def _sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    words = []
    for entry, right in (each.about for each in seen):
        name = next((str(s) for s in view.silent if s.address == entry.address), str(entry.address))
        known = " or ".join(sorted(right))
        truth = f"it is {known}" if known else "the bridge does not know that MAC"
        words.append(f"the switch takes {name} for {entry.mac}; {truth}")
    return ", ".join(words)


def _to_forget(found: Diagnosis, _: GatewayView, seen: Sequence[Sighting]) -> Diagnosis:
    entries = (entry for entry, _ in (each.about for each in seen))
    return replace(found, neighbours=tuple((str(e.address), e.device) for e in entries))


def _failed(view: GatewayView) -> Iterator[Sighting]:
    entries = view.switch.neighbours.get(view.svi, ())
    failed = sum(entry.unresolved for entry in entries)
    if failed >= _MANY_FAILED and failed * 2 > len(entries):
        yield Sighting(
            view.svi,
            f"ip neigh: {failed} of {len(entries)} neighbours on {view.svi} do not answer ARP",
            "Somebody scans the subnet, or the SVI is cut off from its VMs: look at its bridge "
            "ports and vxlan device.",
            view.svi,
        )


def _table_full(view: SwitchView) -> Iterator[Sighting]:
    most = view.facts.sysctls.get("neigh/default/gc_thresh3", "")
    used = sum(entry.address.version == 4 for entry in view.facts.neighbours.rows)  # noqa: PLR2004
    if most.isdigit() and int(most) > 0 and used >= int(most) * _NEARLY_FULL:
        yield Sighting(
            "",
            f"ip neigh: {used} IPv4 neighbours, and room for {most} "
            "(net.ipv4.neigh.default.gc_thresh3)",
            "Raise gc_thresh1, 2 and 3, or find out who fills the table; a full one cuts new VMs "
            "off.",
        )


_ENTRY_GONE = "the wrong entry is deleted; the switch asks the VM by its next packet"

FAULTS = (
    *(
        Fault(
            name,
            title,
            Status.CRITICAL,
            needs=("neighbours",),
            find=partial(_wrong, permanent),
            cure=Cure.FORGET,
            sentence=_sentence,
            remedy=_ENTRY_GONE,
            refine=_to_forget,
            resists=(Cure.REAPPLY, Cure.FLAP, Cure.RECREATE),
            layer=Layer.VM,
        )
        for name, title, permanent in (
            ("neighbour-wrong", "Neighbours have the right MACs", False),
            ("neighbour-wrong-permanent", "Permanent neighbours have the right MACs", True),
        )
    ),
    Fault(
        "neighbours-failed",
        "Most neighbours answer ARP",
        Status.WARNING,
        needs=("neighbours",),
        find=_failed,
    ),
    Fault(
        "neighbour-table-full",
        "The neighbour table has room",
        Status.WARNING,
        scope="switch",
        needs=("neighbours", "sysctls"),
        find_on_switch=_table_full,
    ),
)
