"""The health of a switch and of a fleet, as checks find it. All classes are immutable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tasks.faults.model import Finding, Status, worst
from tasks.health.fabric_model import FabricRecord


@dataclass(frozen=True)
class VipRecord:
    """One VIP of one switch, with what is compared with other switches' records.

    Attributes:
        switch: its name.
        interface: the SVI (``vlan453``).
        device: the VRR device (``vlan453-v0``).
        vip: the address without prefix length.
        prefix_length: the VIP's prefix length.
        mac: the configured virtual MAC in lower case; empty where the line has none.
        actual_mac: the device's MAC in the kernel; empty where there is no device.
        vlan: the SVI's VLAN id; None where it has none.
        vni: the L2VNI of its VLAN; None where there is none.
        own: the SVI's own addresses, with prefix length.
        present: whether the kernel holds the VIP on its device now.
        vrf: the tenant VRF of the SVI.
        evpn: whether FRR knows the L2VNI.
        frr: whether FRR is running; None where it could not be asked.
        l3vni: the VRF's L3VNI as FRR knows it; None where it has none.
        l3vni_vxlan: the L3VNI's vxlan device; empty where it has none.
        l3vni_svi: the L3VNI's SVI; empty where it has none.
        l3vni_up: whether FRR calls the L3VNI up.
    """

    switch: str
    interface: str
    device: str
    vip: str
    prefix_length: int
    mac: str = ""
    actual_mac: str = ""
    vlan: int | None = None
    vni: int | None = None
    own: tuple[str, ...] = ()
    present: bool = False
    vrf: str = "default"
    evpn: bool = False
    frr: bool | None = None
    l3vni: int | None = None
    l3vni_vxlan: str = ""
    l3vni_svi: str = ""
    l3vni_up: bool = False


@dataclass(frozen=True)
class SwitchHealth:
    """The outcome of a check of one switch.

    Attributes:
        switch: its name in the inventory.
        address: its management address.
        findings: its findings, with one UNKNOWN for each thing that could not be found out.
        vips: its VIPs; empty when it could not be asked.
        hostname: its own name for itself; empty when it could not be asked.
        hypervisors: port by name, of each LLDP neighbour that is in the inventory.
        rack: its rack, where the inventory knows it.
        model: its model, where the inventory knows it.
        seconds: how long the collection took.
        checked: number of checks that were judged.
        judged: their ids; without checks whose facts could not be read.
        vnis: the VNIs of its vxlan devices.
        fabric: what else is compared with other switches.
    """

    switch: str
    address: str
    findings: tuple[Finding, ...] = ()
    vips: tuple[VipRecord, ...] = ()
    hostname: str = ""
    hypervisors: dict[str, str] = field(default_factory=dict)
    rack: str = ""
    model: str = ""
    seconds: float = 0.0
    checked: int = 0
    judged: tuple[str, ...] = ()
    vnis: tuple[int, ...] = ()
    fabric: FabricRecord = field(default_factory=FabricRecord)

    @property
    def status(self) -> Status:
        """Return the worst status of its findings."""
        return worst(finding.status for finding in self.findings)


@dataclass(frozen=True)
class FleetHealth:
    """The outcome of one check of many switches.

    Attributes:
        at: when it began (UTC, aware).
        switches: each switch that was to be checked, sorted by name; none is left out.
        findings: findings about several switches (inconsistencies, foreign owners, routing model).
        seconds: how long the whole check took.
        notes: what is worth knowing and no fault, such as how the fleet routes by design. They
            count for no status and no number.
    """

    at: datetime
    switches: tuple[SwitchHealth, ...]
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    notes: tuple[Finding, ...] = ()

    @property
    def status(self) -> Status:
        """Return the worst status of all findings."""
        return worst(
            [*(switch.status for switch in self.switches), *(f.status for f in self.findings)]
        )

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Return the findings of the fleet and of every switch, the gravest first."""
        found = [*self.findings, *(f for switch in self.switches for f in switch.findings)]
        return tuple(sorted(found, key=lambda f: (-f.status.weight, f.switch, f.check, f.subject)))

    @property
    def counts(self) -> dict[Status, int]:
        """Return the number of switches by status; every status is a key."""
        counted = Counter(switch.status for switch in self.switches)
        return {status: counted[status] for status in Status}
