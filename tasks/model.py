"""The results of tasks on a switch. All classes are immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from inventory.names import IpInterface
from napalm_cumulus.config.interfaces_file import InterfacesFile

#: The name of the default VRF on the command line; in a stanza and in facts it has none.
DEFAULT_VRF = "default"


@dataclass(frozen=True)
class VirtualAddress:
    """One address of an ``address-virtual`` line.

    Attributes:
        device: the VRR device that ifupdown2 makes for the line (``vlan453-v0``).
        mac: the virtual MAC; empty where the line gives none.
        address: the VIP with its prefix length.
        line: the line's number in its file; 0 where it is made by a template.
    """

    device: str
    mac: str
    address: IpInterface
    line: int


@dataclass(frozen=True)
class Gateway:
    """The stanza of a switch's configuration that holds a gateway VIP.

    Attributes:
        interface: the SVI (``vlan453``).
        vip: the virtual address that was asked for.
        virtual: every virtual address of the stanza; all are toggled together.
        own: the SVI's own addresses.
        file: the file of the stanza.
        first: the stanza's first line there.
        last: its last line.
        stanza: its text.
        candidate: the same text with every address line commented out; empty where it is not to be
            toggled.
        rejected: lines anywhere in the files that ifupdown2 rejects, each with its place.
        uneditable: why the stanza's lines cannot be commented out, as a clause; empty where they
            can. ``first`` and ``last`` are 0 where it has no lines of its own.
        auto: whether ``ifreload -a`` and the next boot bring it up.
    """

    interface: str
    vip: VirtualAddress
    virtual: tuple[VirtualAddress, ...]
    own: tuple[IpInterface, ...]
    file: str
    first: int
    last: int
    stanza: str
    candidate: str
    rejected: tuple[str, ...] = ()
    uneditable: str = ""
    auto: bool = True

    @property
    def place(self) -> str:
        """Return file and lines, for a person who looks them up."""
        return f"{self.file}, lines {self.first}-{self.last}" if self.first else self.file

    @property
    def addresses(self) -> tuple[IpInterface, ...]:
        """Return every address of the stanza: the SVI's own, then the virtual ones."""
        return (*self.own, *(v.address for v in self.virtual))

    @cached_property
    def vrf(self) -> str:
        """Return the VRF that the stanza names; empty for the default one."""
        found = self.values("vrf")
        return found[-1] if found and found[-1] != DEFAULT_VRF else ""

    def values(self, attribute: str) -> tuple[str, ...]:
        """Return the values of every line of an attribute, as ifupdown2 reads them."""
        return tuple(value for name, value in self._attributes if name == attribute)

    @cached_property
    def _attributes(self) -> tuple[tuple[str, str], ...]:
        stanzas = InterfacesFile.parse(self.stanza).stanzas
        return tuple((line.name, line.value) for each in stanzas for line in each.attributes)

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """Return the SVI and its VRR devices, each once, in order."""
        return tuple(dict.fromkeys((self.interface, *(v.device for v in self.virtual))))


@dataclass(frozen=True)
class Evidence:
    """What one table of the switch says about the place of a hypervisor or VM.

    Attributes:
        source: the table (``LLDP``, ``FDB``, ``neighbours``).
        supports: True if it says that the hypervisor is behind this switch, False if it says
            otherwise, None for neither.
        text: what it says, as part of a sentence; for an unread table, the reason.
        unread: whether the table could not be read, or does not exist on the switch.
    """

    source: str
    supports: bool | None
    text: str
    unread: bool = False


@dataclass(frozen=True)
class Presence:
    """Whether a hypervisor (a VM) is behind a switch, according to the switch's own tables.

    Attributes:
        hostname: the switch's own name for itself.
        hypervisor: the hypervisor that was looked for.
        port: where LLDP sees the hypervisor; empty when it does not.
        evidence: what each table says.
        warnings: what is odd but stops nothing.
        heard: names of all LLDP neighbours; untrusted, as everything that comes from the network.
        behind: the VTEPs of other leafs behind which the VMs were learnt; empty where one is here.
        vteps: the switch's own tunnel addresses.
    """

    hostname: str
    hypervisor: str
    port: str
    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    vteps: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Return whether a table says that it is behind this switch, and none says otherwise."""
        verdicts = {evidence.supports for evidence in self.evidence}
        return True in verdicts and False not in verdicts

    @property
    def contradicted(self) -> bool:
        """Return whether a table says that the hypervisor is somewhere else."""
        return any(evidence.supports is False for evidence in self.evidence)

    @property
    def unknown(self) -> bool:
        """Return whether it is not known: no table says yes or no, and one was not read."""
        undecided = all(evidence.supports is None for evidence in self.evidence)
        return undecided and any(evidence.unread for evidence in self.evidence)

    @property
    def explanation(self) -> str:
        """Return what the tables say, in one line."""
        sources = dict.fromkeys(e.source for e in self.evidence)
        said = {s: ", ".join(e.text for e in self.evidence if e.source == s) for s in sources}
        return "; ".join(f"{source}: {text}" for source, text in said.items())


@dataclass(frozen=True)
class Boot:
    """When a switch booted.

    Attributes:
        id: the kernel's id of this boot; each boot has another one.
        up_seconds: the uptime in seconds, by the switch's own clock.
    """

    id: str
    up_seconds: float


@dataclass(frozen=True)
class Verification:
    """Whether the kernel of a switch holds what a gateway's stanza configures.

    Attributes:
        checked: what was checked, in words.
        problems: what is wrong, each with its evidence; empty when all is well.
        absent: the problems that mean that a VIP is not served: it has no address, no device that
            is up, or no route.
        boot: when the switch booted; None where it does not say.
    """

    checked: tuple[str, ...]
    problems: tuple[str, ...]
    absent: tuple[str, ...] = ()
    boot: Boot | None = None

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class HandMadeState:
    """The state of a gateway's devices that is not in the configuration, and is lost with them.

    Attributes:
        routes: the arguments for ``ip route replace``, by the name of the route for a person.
        addresses: the arguments for ``ip addr replace``, for addresses not in the configuration.
        neighbours: the arguments for ``ip neigh replace``.
        owners: address and MAC of each permanent neighbour, by the same name.
        sysctls: value by path below ``/proc/sys/net/ipv4/conf``.
        unclear: what was seen and not understood.
        unread: why a table could not be read, by what a person calls it; only tables that the
            gateway has nothing in.
    """

    routes: Mapping[str, str] = field(default_factory=dict)
    neighbours: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Toggled:
    """The result, or the preview, of a toggle.

    Attributes:
        diff: the difference of the configuration that is applied for an instant.
        base: a digest of the whole configuration that it was made from.
        commit: the driver's ``CommitReport``; None in a preview.
        before: the hand-made state of the gateway's devices before.
    """

    diff: str
    base: str = ""
    commit: Any = None
    before: HandMadeState = field(default_factory=HandMadeState)


@dataclass(frozen=True)
class Aftercare:
    """What was done after a cure, beyond what ifupdown2 brings back.

    Attributes:
        announced: VIPs that were announced by gratuitous ARP, with their device.
        restored: deleted routes, neighbours and addresses that were put back.
        lost: those that were not put back, each with the reason.
        notes: what else the operator should know.
    """

    announced: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
