"""One switch of a search: its tables are read in one round trip, and what is not wanted dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nornir.core.task import Result, Task

from inventory.names import same_host
from nornir_config.connection import drop_connection
from tasks.facts.collect import SILENT, collect_facts
from tasks.facts.index import Index
from tasks.identity import require_same
from tasks.model import DEFAULT_VRF
from tasks.presence import NEEDED, Places, bonds_of, learnt, vteps_of

if TYPE_CHECKING:
    from runbooks.search.wanted import Wanted
    from tasks.facts.model import NeighbourFact, Section, SwitchFacts


@dataclass(frozen=True)
class Sighting:
    """What a switch knows of what is looked for.

    Attributes:
        switch: its name in the inventory.
        address: its management address.
        hostname: what it calls itself.
        ports: the ports on which LLDP sees the hypervisor.
        places: where it has learnt MACs: those that are looked for, or all where none is known.
        neighbours: its neighbour entries of the addresses or MACs.
        beside: the names of all LLDP neighbours by port.
        vteps: its own tunnel addresses.
        unread: why a table says nothing, a sentence each.
    """

    switch: str
    address: str
    hostname: str = ""
    ports: tuple[str, ...] = ()
    places: Places = field(default_factory=lambda: Places({}, {}))
    neighbours: tuple[NeighbourFact, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    vteps: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def look(task: Task, wanted: Wanted, vrf: str = "") -> Result:
    """Ask the switch, and return its ``Sighting``. This is a Nornir task.

    Raises:
        NapalmException: the switch could not be asked.
        WrongSwitchError: another switch answers.
    """
    host = task.host
    try:
        facts: SwitchFacts = collect_facts(task, probes=SILENT, only=NEEDED).result
    finally:
        drop_connection(host)
    require_same(host.name, facts.hostname, host.hostname or "")
    found = seen(facts, wanted, host.name, host.hostname or "", vrf)
    return Result(host, result=found)


def seen(facts: SwitchFacts, wanted: Wanted, switch: str, address: str, vrf: str = "") -> Sighting:
    """Return what a switch's tables say of what is looked for; pure.

    Args:
        facts: the tables.
        wanted: what is looked for.
        switch: the switch's name.
        address: its management address.
        vrf: the only VRF whose neighbours count (``default`` for the default one); empty for all.
    """
    kernel = Index(facts)
    tables: dict[str, Section[Any]] = {
        "LLDP": facts.lldp,
        "FDB": facts.fdb,
        "neighbours": facts.neighbours,
    }
    name = wanted.hypervisor
    entries = (
        row
        for row in facts.neighbours.rows
        if not vrf or (kernel.vrf_name(row.device) or DEFAULT_VRF) == vrf
        if str(row.address) in wanted.addresses or (row.mac and row.mac in wanted.macs)
    )
    return Sighting(
        switch,
        address,
        facts.hostname,
        tuple(row.port for row in facts.lldp.rows if name and same_host(row.name, name)),
        # An address alone has its MAC on any switch: which one, is known once all have answered.
        learnt(facts, None if wanted.addresses and not wanted.macs else wanted.macs),
        tuple(entries),
        # A bridge learns on the bond, and LLDP hears the other end on the bond's ports.
        {
            port: row.name
            for row in facts.lldp.rows
            for port in (*bonds_of(facts, (row.port,)), row.port)
        },
        vteps_of(facts),
        tuple(
            f"{table}: {section.unread or 'not there'}"
            for table, section in tables.items()
            if not section.known
        ),
    )
