"""What is said of a fault: findings for ``vip check``, diagnoses for ``vip heal``. Immutable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tasks.addresses import IpAddress
from tasks.ladder import Cure


class Status(str, Enum):
    """How well something is, in the words and the order of Nagios plugins."""

    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"

    @property
    def code(self) -> int:
        """Return the exit status of a Nagios plugin: 0, 1, 2 or 3."""
        return list(Status).index(self)

    @property
    def weight(self) -> int:
        """Return its weight among others; a known outage outweighs something that is unknown."""
        return (Status.OK, Status.UNKNOWN, Status.WARNING, Status.CRITICAL).index(self)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status that outweighs the others; OK where there is none.

    >>> worst([Status.WARNING, Status.OK, Status.UNKNOWN]).value
    'WARNING'
    """
    return max(statuses, key=lambda status: status.weight, default=Status.OK)


@dataclass(frozen=True)
class Finding:
    """One finding of a check.

    Attributes:
        check: the check's id (``vrr-device-down``), a section of ``docs/checks.md``.
        status: how bad it is.
        switch: the switch; empty for a finding about the fleet.
        subject: a VIP (``130.246.212.1``), an interface, or an address; may be empty for the
            switch as a whole.
        evidence: what was seen, as part of a sentence that names the source (``ip link: ...``).
        remedy: what to do about it; empty where there is nothing to do.
        interface: the SVI, where the finding is about one.
    """

    check: str
    status: Status
    switch: str
    subject: str
    evidence: str
    remedy: str = ""
    interface: str = ""


@dataclass(frozen=True)
class Stranger:
    """A machine that answers for an address of somebody else.

    Attributes:
        mac: its MAC, in lower case with colons.
        address: the address it answers for.
        places: where the bridge knows it: ports, and for other leafs the tunnel and the VTEP; empty
            where the bridge does not know it.
    """

    mac: str
    address: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.mac} behind {', '.join(self.places)}" if self.places else self.mac


@dataclass(frozen=True)
class Diagnosis:
    """One fault that was recognised.

    Attributes:
        fault: its name, the same in ``vip lab faults``, in reports and in ``docs/diagnosis.md``
            (``vrr-device-deleted``).
        sentence: what is wrong, for a person.
        evidence: what was seen, each with its source.
        cure: the mildest cure.
        interface: the SVI concerned.
        devices: the devices that the cure works on (VRR devices, ports).
        neighbours: address and device of the entries to delete.
        certain: whether the evidence can have no other cause.
        latent: whether it harms nobody yet (one of several routes gone).
        remedy: what the cure will do; for ``Cure.NONE``, what a person should do.
        held_back: the cure that it would have without another fault that alone explains the outage
            and that no cure of this switch ends; None where nothing is held back.
        resists: cures that are known not to end it; they are never tried for it.
        returns: whether its cure only covers it for a time, since its cause is elsewhere.
        strangers: the machines that answer in the gateway's place.
    """

    fault: str
    sentence: str
    evidence: tuple[str, ...]
    cure: Cure
    interface: str = ""
    devices: tuple[str, ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()
    certain: bool = True
    latent: bool = False
    remedy: str = ""
    held_back: Cure | None = None
    resists: tuple[Cure, ...] = ()
    returns: bool = False
    strangers: tuple[Stranger, ...] = ()

    @property
    def foreign(self) -> bool:
        """Return whether it certainly harms now, and no cure of vipkeeper ends it."""
        return self.cure is Cure.NONE and self.certain and not self.latent and not self.held_back


@dataclass(frozen=True)
class SilentEndpoint:
    """An address that does not answer from outside, and what is known of its owner.

    Attributes:
        address: the fixed address of the VM.
        name: the VM's name, for sentences; may be empty.
        macs: its MACs in OpenStack; empty where they are not known.
        hypervisor: its hypervisor; may be empty.
        ports: the switch's ports of that hypervisor (from LLDP, or from the uplink source); empty
            where they are not known.
    """

    address: IpAddress
    name: str = ""
    macs: tuple[str, ...] = ()
    hypervisor: str = ""
    ports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.name else str(self.address)
