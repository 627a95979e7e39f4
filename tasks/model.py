"""What tasks find on a switch. All are immutable."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class VirtualAddress:
    """One address of an ``address-virtual`` line.

    Attributes:
        device: the VRR device that ifupdown2 makes for the line (``vlan453-v0``).
        mac: the virtual MAC; empty where the line gives none.
        address: the VIP with its prefix length.
        line: the line's number in its file.
    """

    device: str
    mac: str
    address: Interface
    line: int


@dataclass(frozen=True)
class Gateway:
    """The stanza of a switch's configuration that holds a gateway VIP.

    Attributes:
        interface: the SVI (``vlan453``).
        vip: the virtual address that was asked for.
        virtual: every virtual address of the stanza; all are toggled together.
        own: the SVI's own addresses.
        file: the file that the stanza stands in.
        first: the stanza's first line there.
        last: its last line.
        stanza: its text, as it stands.
        candidate: the same with every address line commented out.
    """

    interface: str
    vip: VirtualAddress
    virtual: tuple[VirtualAddress, ...]
    own: tuple[Interface, ...]
    file: str
    first: int
    last: int
    stanza: str
    candidate: str

    @property
    def place(self) -> str:
        """File and lines, as a person looks them up."""
        return f"{self.file}, lines {self.first}-{self.last}"

    @property
    def devices(self) -> tuple[str, ...]:
        """The SVI and its VRR devices, each once, in order."""
        return tuple(dict.fromkeys((self.interface, *(v.device for v in self.virtual))))


@dataclass(frozen=True)
class Evidence:
    """One thing that the switch says about where a hypervisor or VM is.

    Attributes:
        source: the table that says so (``LLDP``, ``FDB``, ``neighbours``).
        supports: whether it speaks for the hypervisor being behind this switch; None for neither.
        text: what it says, as a sentence part.
    """

    source: str
    supports: bool | None
    text: str


@dataclass(frozen=True)
class Presence:
    """Whether a hypervisor (a VM) is behind a switch, by the switch's own tables.

    Attributes:
        hostname: what the switch calls itself.
        hypervisor: who was looked for.
        port: where LLDP sees the hypervisor; empty when it does not.
        evidence: what each table says.
        warnings: what is odd and stops nothing.
    """

    hostname: str
    hypervisor: str
    port: str
    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """At least one table speaks for it, and none against it."""
        verdicts = {evidence.supports for evidence in self.evidence}
        return True in verdicts and False not in verdicts

    @property
    def explanation(self) -> str:
        """What the tables say, in one line."""
        return "; ".join(f"{e.source}: {e.text}" for e in self.evidence)


@dataclass(frozen=True)
class Verification:
    """Whether the kernel of a switch holds what a gateway stanza asks for.

    Attributes:
        checked: what was looked at, in words.
        problems: what is wrong, each with its evidence; empty when all is well.
    """

    checked: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class Toggled:
    """What a toggle did, or would do.

    Attributes:
        diff: the configuration difference that is applied for an instant.
        commit: the driver's own report; None in a dry run.
        restored: routes and neighbours that the toggle had removed and that were put back.
        lost: those that were not put back, each with the reason.
        announced: VIPs that were announced by gratuitous ARP.
        notes: what a person should know besides.
    """

    diff: str
    commit: object | None = None
    restored: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
