"""The questions that a site system must be able to answer.

A site with other systems writes a class with these methods and names it in an entry point; it
inherits nothing. Each answer is an ``inventory.model.Answer``. These rules hold for all of them:

* A failure is a ``inventory.errors.SourceError``, never an empty value.
* "I do not know that name", from a system that is well, is an error whose ``sound`` is True (or an
empty tuple from ``find_vms``).
* Names in answers have passed ``inventory.names.is_hostname``.
* Methods may be called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from inventory.model import Answer, MacOwner, Segment, Switch, Uplink, VirtualMachine


class Source(Protocol):
    """The properties of every source.

    Attributes:
        system: its name for a person (``Mimic``).
        location: its address without credentials; it separates the caches of two sites.
    """

    @property
    def system(self) -> str:
        """Return the system's name for a person."""

    @property
    def location(self) -> str:
        """Return its address, or the name of the cloud."""


class ComputeSource(Source, Protocol):
    """Knows the virtual machines: their hypervisors and their addresses."""

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return every VM whose id, fixed or floating address, or exact name is ``target``.

        Raises:
            TargetError: the text cannot name a VM, or the address belongs to something else.
            SourceError: the system failed, or may have hidden a VM from us.
        """

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return the VMs of a hypervisor; empty when it runs none.

        Raises:
            TargetError: there is no such hypervisor.
            SourceError: the system failed.
        """


@runtime_checkable
class NameSource(Protocol):
    """Finds VMs by their name alone; optional for a compute source."""

    def vms_named(self, name: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return every VM of exactly this name, even where it looks like an address or an id.

        Raises:
            TargetError: the text cannot name a VM.
            SourceError: the system failed, or may have hidden a VM from us.
        """


@runtime_checkable
class SegmentSource(Protocol):
    """Knows the segments of a VM's networks; optional for a compute source."""

    def segments_of(self, vm_id: str) -> Answer[Mapping[str, Segment]]:
        """Return the segment of each fixed address of a VM, as far as it is known.

        Raises:
            SourceError: the system failed.
        """


@runtime_checkable
class MacSource(Protocol):
    """Knows the owner of a MAC; optional for a compute source."""

    def owners_of(self, macs: Sequence[str]) -> Answer[tuple[MacOwner, ...]]:
        """Return every owner of one of the MACs; a MAC without an owner is left out.

        Raises:
            SourceError: the system failed, or may have hidden an owner from us.
        """


@runtime_checkable
class KeptNames(Protocol):
    """Has kept answers, and knows the names in them without asking anybody."""

    def known_names(self) -> tuple[str, ...]:
        """Return the names in the kept answers."""


class UplinkSource(Source, Protocol):
    """Knows the cables between hypervisors and top-of-rack switches."""

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        """Return every hypervisor's name as the system spells it, sorted.

        Raises:
            SourceError: the system failed; an empty list is a failure, too.
        """

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        """Return the newest known cables of a hypervisor; at least one.

        Raises:
            UnknownHypervisorError: the system is well and does not know the name.
            NoNeighbourError: it knows the hypervisor but no switch behind it.
            SourceError: the system failed.
        """


class AddressSource(Source, Protocol):
    """Knows the management addresses of switches."""

    def address_of(self, switch: str) -> Answer[Switch]:
        """Return the one management address of a switch, full or short name.

        Raises:
            UnknownSwitchError: the system is well and has no such name.
            AmbiguousSwitchError: two addresses for the name, or two names for the address.
            SourceError: the system failed.
        """
