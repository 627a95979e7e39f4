"""Facts of the lab's leafs, and what the checks must find of each fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result
from nornir.plugins.runners import SerialRunner

from lab.faults.catalogue import Fault
from lab.lab import Lab
from napalm_cumulus.ssh.transport import SshTransport
from tasks.facts.collect import Probes, collect_facts
from tasks.facts.model import SwitchFacts
from tasks.faults.model import Finding
from tasks.faults.view import ExpectedFromSite, ExpectedVm
from tasks.health.judge import judge
from tests.lab.switch import LeafUnderTest

VM, VM_ADDRESS, VM_MAC = "vm-a1", "130.246.213.11", "fa:16:3e:d4:d5:0b"
OUTSIDE, VIP, SVI = "198.51.100.250", "130.246.212.1", "vlan453"
WRONG = "02:de:ad:be:ef:01"
HV = "hv50.nubes.example.internal"
NEIGHBOURS = ("vm-a1", "vm-a2", "vm-b1")


@dataclass(frozen=True)
class Seen:
    """What the checks must find of a fault, and what they may find besides."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()


def seen(*must: str, may: tuple[str, ...] = ()) -> Seen:
    return Seen(frozenset(must), frozenset(may))


#: Where the pings from the VIP find no way, that is found too. ifquery sees some faults.
_DEAF, _DRIFT = "vip-reaches-nobody", "configuration-drift"
_WAYS = (_DEAF, "no-way-in", "no-way-out")
EXPECTED = {
    "vrr-device-deleted": seen("vrr-device-deleted", _DRIFT),
    "vrr-device-down": seen("vrr-device-down", may=_WAYS),
    "svi-down": seen("svi-down", may=_WAYS),
    "vrr-protodown": seen("vrr-protodown", may=_WAYS),
    "vip-address-lost": seen("vip-address-lost", _DRIFT),
    "vip-on-wrong-device": seen("vip-on-wrong-device", _DRIFT),
    "svi-address-lost": seen("svi-address-lost", _DRIFT),
    "vip-prefix-wrong": seen("vip-prefix-wrong", _DRIFT),
    "virtual-mac-wrong": seen("virtual-mac-wrong", _DRIFT, may=("vip-answered-by-other", *_WAYS)),
    "connected-route-lost": seen("connected-route-lost"),
    "svi-routes-lost": seen("svi-routes-lost", may=_WAYS),
    "vip-local-route-lost": seen("vip-local-route-lost", may=_WAYS),
    "blackhole-route": seen("blackhole-route", may=_WAYS),
    "foreign-route": seen("foreign-route", may=_WAYS),
    "neighbour-wrong": seen("neighbour-wrong", may=_WAYS),
    "neighbour-wrong-permanent": seen("neighbour-wrong-permanent", may=_WAYS),
    # All is well on the switch: it is the VM that has a wrong entry.
    "vm-arp-wrong": seen(may=_WAYS),
    "vip-answered-by-other": seen("vip-answered-by-other", may=_WAYS),
    "virtual-mac-not-local": seen("virtual-mac-not-local", may=_WAYS),
    "vm-mac-on-wrong-port": seen("vm-mac-on-wrong-port", may=("mac-fixed", *_WAYS)),
    "forwarding-off": seen("forwarding-off", may=_WAYS),
    "vrr-forwarding-off": seen("vrr-forwarding-off", may=_WAYS),
    "svi-forwarding-off": seen("svi-forwarding-off"),
    "vrr-rp-filter": seen("vrr-rp-filter", may=_WAYS),
    "rp-filter-all": seen("rp-filter-all", may=_WAYS),
    "vrr-arp-ignore": seen("vrr-arp-ignore", may=_WAYS),
    "vrr-noarp": seen("vrr-noarp", may=_WAYS),
    "arp-ignore-all": seen("arp-ignore-all", may=_WAYS),
    "svi-answers-arp": seen("svi-answers-arp", may=_WAYS),
    "policy-rule-from": seen("policy-rule-from", may=_WAYS),
    "policy-rule-to": seen("policy-rule-to", may=_WAYS),
    "policy-rule-iif": seen("policy-rule-iif", may=_WAYS),
    "port-out-of-bridge": seen("port-out-of-bridge", _DRIFT, may=_WAYS),
    "port-down": seen("port-down", may=("port-without-carrier", *_WAYS)),
    "port-blocking": seen("port-blocking", may=_WAYS),
    "vrr-mtu-wrong": seen("vrr-mtu-wrong"),
    "svi-mtu-wrong": seen("svi-mtu-wrong", _DRIFT),
    "vip-not-auto": seen("vip-not-auto"),
    # Not of the switch.
    "vm-down": seen(may=_WAYS),
    "hypervisor-uplink-down": seen("hypervisor-unreachable", may=_WAYS),
}


@dataclass
class Looker:
    """Collects facts of the lab's leafs over sessions that stand, as ``vip watch`` does."""

    lab: Lab
    stack: ExitStack
    channels: list[str]
    nornirs: dict[str, Nornir] = field(default_factory=dict)

    def leaf(self, number: str = "03") -> LeafUnderTest:
        return LeafUnderTest(self.lab, self.stack, number)

    def connect(self, number: str = "03") -> Nornir:
        """Give the session to a leaf, opened where there is none yet."""
        return self.nornirs.get(number) or self._nornir(number)

    def run(self, task: Callable[..., Result], number: str = "03", **arguments: Any) -> Any:
        """Give a task's result on a leaf."""
        name = self.lab.topology.leaf(number).name
        (result,) = self.connect(number).run(task=task, raise_on_error=True, **arguments)[name]
        return result.result

    def facts(self, number: str = "03", **probes: Any) -> SwitchFacts:
        self.connect(number)
        self.channels.clear()
        facts: SwitchFacts = self.run(collect_facts, number, probes=Probes(**probes))
        return facts

    def _nornir(self, number: str) -> Nornir:
        spec = self.lab.topology.leaf(number)
        driver = self.leaf(number).driver()
        host = Host(name=spec.name, hostname=str(spec.address.ip), platform="cumulus")
        # All that is used of a connection plugin.
        plugin: Any = SimpleNamespace(connection=driver, close=driver.close)
        host.connections["napalm"] = plugin
        inventory = Inventory(Hosts({host.name: host}), Groups(), Defaults())
        self.nornirs[number] = Nornir(inventory=inventory, runner=SerialRunner())
        return self.nornirs[number]


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.check} {f.status.value}: {f.evidence}" for f in findings]


@contextmanager
def looking(well: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looker]:
    """A looker at leafs that know their VMs."""
    channels: list[str] = []
    whole = SshTransport.open_channel

    def counted(transport: SshTransport, timeout: float) -> Any:
        channels.append(transport.options.address)
        return whole(transport, timeout)

    monkeypatch.setattr(SshTransport, "open_channel", counted)
    # What a fault before this test took is learnt again within seconds.
    well.wait_evpn()
    well.wait_lldp()
    for vm in NEIGHBOURS:
        well.answers(VIP, source=vm)
    with ExitStack() as stack:
        yield Looker(well, stack, channels)


def require_found(looker: Looker, fault: Fault) -> None:
    """What the checks must find of a fault that is there, in one round trip, and nothing else."""
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert len(looker.channels) == 1
    here = ExpectedFromSite({HV: ("swp1s3",)}, {VM_ADDRESS: ExpectedVm((VM_MAC,), HV)})
    findings = judge(facts, here)
    wanted = EXPECTED[fault.name]
    found = {finding.check for finding in findings}
    print(fault.id, fault.name, sorted(found))  # noqa: T201 - pytest -rP shows the table
    assert wanted.must <= found, told(findings)
    assert found <= wanted.must | wanted.may, told(findings)
