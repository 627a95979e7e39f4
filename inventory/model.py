"""The data about a site's VMs, cables and switches. All classes are immutable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from inventory.errors import SourceError
from inventory.names import IpAddress, IpInterface, short_host

T = TypeVar("T")
#: By Nova's ``host_status``: what is wrong with a compute service.
SERVICE_TROUBLES = {
    "UNKNOWN": "does not answer",
    "DOWN": "has been marked as down",
    "MAINTENANCE": "is disabled (maintenance)",
}


@dataclass(frozen=True)
class Answer(Generic[T]):
    """An answer of a source, and when it was given.

    Attributes:
        value: the answer itself.
        source: the name of the system that gave it, for a person (``OpenStack``, ``Mimic``).
        asked_at: when it was given (UTC, aware); old when it comes from the disk cache.
        cached: true when the source is failing and this is its last good answer.
        warning: why the answer deserves less trust (the source's failure); may be empty.
        failure: why a kept answer is used; None where the source gave it now.
        recorded: true for cables that somebody recorded (NetBox), where nothing was observed by
            LLDP.
    """

    value: T
    source: str
    asked_at: datetime
    cached: bool = False
    warning: str = ""
    recorded: bool = False
    failure: SourceError | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class VirtualMachine:
    """One OpenStack server, or an OpenNebula VM where a site still has them.

    Attributes:
        id: the server's UUID.
        name: display name; not unique.
        project_id: owning project.
        status: its state in Nova (``ACTIVE``, ``SHUTOFF``, ``ERROR``, ...).
        hypervisor: nova's ``hypervisor_hostname`` (usually an FQDN); empty when Nova has placed it
            on none.
        addresses: fixed addresses with the prefix length of their subnet.
        floating_addresses: addresses that reach its ports by NAT.
        macs: MAC addresses of its ports, lower case with colons.
        host_status: what Nova says of the hypervisor's compute service: ``UP``, ``UNKNOWN`` (it
            does not answer), ``DOWN`` (somebody has marked it so), ``MAINTENANCE`` (disabled), or
            empty.
        fault: nova's fault message when status is ERROR; else empty.
    """

    id: str
    name: str
    project_id: str
    status: str
    hypervisor: str
    addresses: tuple[IpInterface, ...] = ()
    floating_addresses: tuple[IpAddress, ...] = ()
    macs: tuple[str, ...] = ()
    host_status: str = ""
    fault: str = ""

    @property
    def host_trouble(self) -> str:
        """Return what is wrong with its hypervisor's compute service; empty when nothing is."""
        trouble = SERVICE_TROUBLES.get(self.host_status, "")
        return f"the compute service on {self.hypervisor} {trouble}" if trouble else ""


@dataclass(frozen=True)
class MacOwner:
    """The owner of a MAC.

    Attributes:
        mac: the MAC in lower case with colons.
        kind: neutron's ``device_owner`` (``compute:nova``, ``network:dhcp``); empty for a free
            port.
        vm: the VM, without its addresses; None where the owner is not a VM.
    """

    mac: str
    kind: str = ""
    vm: VirtualMachine | None = None


@dataclass(frozen=True)
class Segment:
    """The segment of a network that a VM is in.

    Attributes:
        kind: the network's type (``vlan``, ``vxlan``).
        number: its VLAN, or its VNI.
    """

    kind: str
    number: int


@dataclass(frozen=True)
class Uplink:
    """One cable from a hypervisor to a top-of-rack switch.

    Attributes:
        hypervisor: FQDN as the uplink source spells it.
        interface: the hypervisor's own interface (``eth0``).
        switch: LLDP system name of the switch, verbatim.
        port: the switch's port (``swp1s3``).
        observed: the date when LLDP last saw it; None for recorded cabling (NetBox), and where one
            date is drawn for several cables.
        source: the system it was read from (``Mimic/MagDB``, ``Mimic/NetBox``).
    """

    hypervisor: str
    interface: str
    switch: str
    port: str
    observed: date | None
    source: str


@dataclass(frozen=True)
class Switch:
    """A top-of-rack switch and its management address.

    Attributes:
        name: its name in the uplink source (an FQDN or a short name).
        address: management address.
        seen: the address source's own words (``Today``, ``Never``, ``3 days ago``).
        uplinks: the cables to its hypervisors, as far as they are known.
    """

    name: str
    address: IpAddress
    seen: str = ""
    uplinks: tuple[Uplink, ...] = field(default=())

    @property
    def short_name(self) -> str:
        """Return the name up to its first dot; the whole name where it is an address."""
        return short_host(self.name)


def age_days(uplink: Uplink, today: date) -> int | None:
    """Return the days since LLDP last saw a cable; None where nobody ever did.

    >>> from datetime import date
    >>> age_days(Uplink("hv", "eth0", "sw", "swp1", date(2018, 3, 11), "Mimic"), date(2018, 3, 13))
    2
    """
    return None if uplink.observed is None else max(0, (today - uplink.observed).days)


def date_notes(uplinks: Iterable[Uplink], today: date, stale_days: int) -> list[str]:
    """Return a note for each cable with an old date, and one for all without a date."""
    notes: list[str] = []
    undated: dict[tuple[str, str], list[str]] = defaultdict(list)
    for uplink in uplinks:
        where = f"{uplink.interface} on {uplink.switch} {uplink.port}".rstrip()
        days = age_days(uplink, today)
        if days is None:
            undated[uplink.hypervisor, uplink.source].append(where)
        elif days >= stale_days:
            observed = f"was last observed {days} days ago, on {uplink.observed}."
            notes.append(f"{uplink.hypervisor} {where} {observed}")
    for (hypervisor, source), places in undated.items():
        if len(places) == 1:
            notes.append(f"{hypervisor} {places[0]} has no LLDP date ({source}).")
        else:
            listed = ", ".join(places)
            notes.append(f"{hypervisor}: no cable has an LLDP date ({source}): {listed}.")
    return notes
