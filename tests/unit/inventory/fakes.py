"""Sources that answer from tables, and fail when told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from ipaddress import ip_address, ip_interface

from inventory.errors import SourceError, TargetError, UnknownHypervisorError, UnknownSwitchError
from inventory.model import Answer, MacOwner, Segment, Switch, Uplink, VirtualMachine
from inventory.names import same_host
from inventory.site import Site
from inventory.sources.openstack.source import classify

NOW = datetime(2018, 3, 13, 9, 0, tzinfo=timezone.utc)
TODAY = NOW.date()
HV50, HV51 = "hv50.nubes.example.internal", "hv51.nubes.example.internal"
SW1, SW3 = "swt-sn2100-01.example.internal", "swt-sn2100-03.example.internal"


def vm(
    name: str, hypervisor: str = HV50, *, project: str = "p1", status: str = "ACTIVE"
) -> VirtualMachine:
    return VirtualMachine(
        id=f"id-{name}-{project}",
        name=name,
        project_id=project,
        status=status,
        hypervisor=hypervisor,
        addresses=(ip_interface("130.246.213.11/22"),),
        macs=("fa:16:3e:00:00:01",),
    )


def uplink(
    hypervisor: str = HV50,
    switch: str = SW3,
    *,
    interface: str = "eth0",
    port: str = "swp1s3",
    observed: date | None = date(2018, 3, 11),
) -> Uplink:
    return Uplink(hypervisor, interface, switch, port, observed, "Mimic/MagDB")


@dataclass
class Fake:
    """All three sources in one; ``broken`` holds the names of methods that fail."""

    vms: list[VirtualMachine] = field(default_factory=lambda: [vm("vm-a1"), vm("vm-a2")])
    uplinks: dict[str, tuple[Uplink, ...] | SourceError] = field(
        default_factory=lambda: {HV50: (uplink(),), HV51: (uplink(HV51, port="swp1s2"),)}
    )
    switches: dict[str, str] = field(default_factory=lambda: {SW1: "10.5.0.41", SW3: "10.5.0.43"})
    segments: dict[str, Segment] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    system: str = "Fake"
    location: str = "here"

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.broken:
            raise SourceError("Fake", f"{name} is down.", "Mend it.")

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._called("find_vms")
        plain = isinstance(classify(target), str)
        texts = (
            (v, {v.id, *(str(a.ip) for a in v.addresses), *([v.name] if plain else [])})
            for v in self.vms
        )
        return Answer(tuple(v for v, known in texts if target in known), "Fake", NOW)

    def vms_named(self, name: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._called("vms_named")
        return Answer(tuple(v for v in self.vms if v.name == name), "Fake", NOW)

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._called("vms_on")
        found = tuple(v for v in self.vms if same_host(v.hypervisor or "-", hypervisor))
        if not found:
            raise TargetError("Fake: no such hypervisor.")
        return Answer(found, "Fake", NOW)

    def known_names(self) -> tuple[str, ...]:
        """As the kept answers of the real sources have them."""
        return tuple(sorted({v.name for v in self.vms} | set(self.switches)))

    def owners_of(self, macs: Sequence[str]) -> Answer[tuple[MacOwner, ...]]:
        self._called("owners_of")
        found = [
            MacOwner(mac, "compute:nova", v) for v in self.vms for mac in v.macs if mac in macs
        ]
        return Answer(tuple(found), "Fake", NOW)

    def segments_of(self, vm_id: str) -> Answer[Mapping[str, Segment]]:
        self._called("segments_of")
        known = vm_id in {v.id for v in self.vms}
        return Answer(self.segments if known else {}, "Fake", NOW)

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        self._called("list_hypervisors")
        return Answer(tuple(sorted(self.uplinks)), "Fake", NOW)

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        self._called("uplinks_of")
        for name, found in self.uplinks.items():
            if same_host(name, hypervisor):
                if isinstance(found, SourceError):
                    raise found
                return Answer(found, "Fake", NOW)
        raise UnknownHypervisorError("Fake", f"it does not know {hypervisor}.")

    def address_of(self, switch: str) -> Answer[Switch]:
        self._called("address_of")
        for name, address in self.switches.items():
            if same_host(name, switch):
                return Answer(Switch(name, ip_address(address), "Today"), "Fake", NOW)
        unknown = UnknownSwitchError("Fake", f"it does not know {switch}.")
        raise unknown.naming(switch, tuple(self.switches))

    def site(self) -> Site:
        pattern = r"^swt-(?P<model>[a-z]+[0-9]+[a-z0-9]*)-"
        return Site(self, self, self, stale_days=7, name="ral", name_pattern=pattern)
