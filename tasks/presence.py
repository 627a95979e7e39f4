"""Whether a hypervisor (a VM) is behind this switch, from the switch's own tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from inventory.names import first_few, is_address, same_host
from napalm_cumulus.patterns import normal_mac
from tasks.facts.collect import SILENT, collect_facts
from tasks.identity import require_same
from tasks.model import Evidence, Presence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tasks.facts.model import FdbFact, NeighbourFact, Section, SwitchFacts

#: The commands whose facts ``judge`` needs, and the tunnel addresses with them.
NEEDED = ("hostname", "lldp", "fdb", "neighbours", "links")


def check_presence(
    task: Task,
    hypervisor: str,
    ports: Sequence[str] = (),
    macs: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Result:
    """Verify the switch's name and judge its tables, in one round trip. This is a Nornir task.

    Args:
        task: the task on the switch.
        hypervisor: the name of the hypervisor, full or short; empty where it is not known.
        ports: its ports in the uplink source.
        macs: MAC addresses of its VMs.
        addresses: IP addresses of its VMs.

    Returns:
        A Result with a ``Presence``.

    Raises:
        WrongSwitchError: the switch that answers has another name.
    """
    facts: SwitchFacts = collect_facts(task, probes=SILENT, only=NEEDED).result
    require_same(task.host.name, facts.hostname, task.host.hostname or "")
    presence = judge(facts, hypervisor, ports=ports, macs=macs, addresses=addresses)
    return Result(host=task.host, result=presence)


def judge(
    facts: SwitchFacts,
    hypervisor: str,
    *,
    ports: Sequence[str] = (),
    macs: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Presence:
    """Judge a switch's tables; pure. One that was not read says nothing, for or against."""
    macs = [normal_mac(mac) or mac.lower() for mac in macs]
    seen = [row.port for row in facts.lldp.rows if hypervisor and same_host(row.name, hypervisor)]
    evidence = [_lldp_evidence(facts, hypervisor, seen)]
    where = learnt(facts, macs or macs_of(facts.neighbours, addresses))
    if macs:
        evidence.append(_fdb_evidence(facts.fdb, where, set(macs)))
    elif where.far and not where.near:
        # What a neighbour entry calls the VM's MAC is not known to be it: enough to stop here.
        text = f"learnt from another leaf: {first_few(_said(where.far, 'behind'))}"
        evidence.append(Evidence("FDB", supports=False, text=text))
    if addresses:
        evidence += _neighbour_evidence(facts.neighbours, set(macs), set(addresses))
    warnings = []
    ports = [port for port in ports if port]  # the uplink source does not know every port
    if seen and ports and not {*seen, *bonds_of(facts, seen)} & {*ports, *bonds_of(facts, ports)}:
        warnings.append(
            f"LLDP sees {hypervisor} on {', '.join(seen)}, the uplink source says "
            f"{', '.join(ports)}: the cabling record is behind"
        )
    return Presence(
        hostname=facts.hostname,
        hypervisor=hypervisor,
        port=", ".join(seen),
        evidence=tuple(evidence),
        warnings=tuple(warnings),
        heard=tuple(dict.fromkeys(row.name for row in facts.lldp.rows)),
        behind=() if where.near else where.vteps,
        vteps=vteps_of(facts),
    )


@dataclass(frozen=True)
class Places:
    """Where a switch has learnt MACs.

    Attributes:
        near: its own port by MAC.
        far: by MAC the VTEP behind which it is, or the tunnel's device where none is told.
    """

    near: Mapping[str, str]
    far: Mapping[str, str]

    @property
    def vteps(self) -> tuple[str, ...]:
        """Return the VTEPs of other leafs, each once."""
        return tuple(sorted({place for place in self.far.values() if is_address(place)}))


def learnt(facts: SwitchFacts, macs: Collection[str] | None) -> Places:
    """Return where the switch has learnt MACs: on its own ports, or from another leaf.

    Args:
        facts: its tables.
        macs: the MACs to look for; None for all.
    """
    tunnels = {row.port for row in facts.fdb.rows if row.remote}
    tunnels |= {row.name for row in facts.links.rows if row.kind == "vxlan"}
    near: dict[str, str] = {}
    remote: dict[str, str] = {}
    tunnel: dict[str, str] = {}
    for row in facts.fdb.rows:
        if (macs is None or row.mac in macs) and row.state != "permanent":
            if row.port not in tunnels:
                near[row.mac] = row.port
            elif row.remote:
                remote[row.mac] = row.remote
            else:
                tunnel[row.mac] = row.port
    return Places(near, {**tunnel, **remote})


def macs_of(neighbours: Section[NeighbourFact], addresses: Collection[str]) -> frozenset[str]:
    """Return the MACs that the neighbour table has for addresses."""
    return frozenset(r.mac for r in neighbours.rows if r.mac and str(r.address) in addresses)


def bonds_of(facts: SwitchFacts, ports: Collection[str]) -> frozenset[str]:
    """Return the bonds of ports; LLDP speaks on the ports of a bond, not on the bond."""
    bonds = {row.name for row in facts.links.rows if row.kind == "bond"}
    masters = (row.master for row in facts.links.rows if row.name in ports)
    return frozenset(master for master in masters if master in bonds)


def vteps_of(facts: SwitchFacts) -> tuple[str, ...]:
    """Return the switch's own tunnel addresses (``vxlan-local-tunnelip``)."""
    return tuple(sorted({row.local for row in facts.links.rows if row.local}))


def _lldp_evidence(facts: SwitchFacts, hypervisor: str, seen: list[str]) -> Evidence:
    if facts.lldp.absent:
        text = "lldpd is not installed or not running"
        return Evidence("LLDP", supports=None, text=text, unread=True)
    if facts.lldp.unread:
        return Evidence("LLDP", supports=None, text=facts.lldp.unread, unread=True)
    if not hypervisor:
        return Evidence("LLDP", supports=None, text="no hypervisor is known to look for")
    if seen:
        return Evidence("LLDP", supports=True, text=f"{hypervisor} is on {', '.join(seen)}")
    return Evidence("LLDP", supports=None, text=f"no neighbour is called {hypervisor}")


def _said(found: Mapping[str, str], preposition: str) -> list[str]:
    return sorted(f"{mac} {preposition} {place}" for mac, place in found.items())


def _fdb_evidence(fdb: Section[FdbFact], where: Places, wanted: set[str]) -> Evidence:
    """Return where VM MACs are learnt: on a local port, or behind the VXLAN (another leaf)."""
    if not fdb.known:
        return Evidence("FDB", supports=None, text=_why(fdb, "bridge"), unread=True)
    local, remote = _said(where.near, "on"), _said(where.far, "behind")
    if local:
        return Evidence("FDB", supports=True, text=f"learnt {first_few(local)}")
    if remote:
        return Evidence(
            "FDB", supports=False, text=f"learnt from another leaf: {first_few(remote)}"
        )
    return Evidence("FDB", supports=None, text=f"{first_few(sorted(wanted))} not learnt")


def _neighbour_evidence(
    neighbours: Section[NeighbourFact], macs: set[str], addresses: set[str]
) -> Iterator[Evidence]:
    """Yield the neighbour entries of the VMs.

    An unknown MAC is evidence of a fault, not of a place.
    """
    if not neighbours.known:
        yield Evidence("neighbours", supports=None, text=_why(neighbours, "ip"), unread=True)
    for row in neighbours.rows:
        if str(row.address) in addresses:
            strange = row.mac and macs and row.mac not in macs
            odd = ", which is none of its MACs" if strange else ""
            mac = row.mac or "unresolved"
            text = f"{row.address} is {mac}{odd} on {row.device} ({row.state})"
            yield Evidence("neighbours", supports=None, text=text)


def _why(section: Section[FdbFact] | Section[NeighbourFact], program: str) -> str:
    return section.unread or f"{program} is not installed"
