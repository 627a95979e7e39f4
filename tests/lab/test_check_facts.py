"""Facts collected from real leafs, and what the checks make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner

from lab.faults import FAULTS
from lab.lab import Lab
from napalm_cumulus.transport import SshTransport
from tasks.health.assess import assess
from tasks.health.checks import Expected, ExpectedVm, judge
from tasks.health.collect import SILENT, Probes, collect_facts
from tasks.health.facts import SwitchFacts
from tasks.health.fleet import judge_fleet
from tasks.health.model import Finding, Status
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
    "vrr-device-deleted": seen("vrr-device-missing", _DRIFT),
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
    "vrr-forwarding-off": seen("device-forwarding-off", may=_WAYS),
    "vrr-rp-filter": seen("vrr-rp-filter", may=_WAYS),
    "rp-filter-all": seen("rp-filter-all", may=_WAYS),
    "vrr-arp-ignore": seen("vrr-arp-ignore", may=_WAYS),
    "vrr-noarp": seen("vrr-noarp", may=_WAYS),
    "arp-ignore-all": seen("arp-ignore-all", may=_WAYS),
    "policy-rule-from": seen("policy-rule", may=_WAYS),
    "policy-rule-to": seen("policy-rule", may=_WAYS),
    "policy-rule-iif": seen("policy-rule", may=_WAYS),
    "port-out-of-bridge": seen("port-out-of-bridge", _DRIFT, may=_WAYS),
    "port-down": seen("port-down", may=("port-without-carrier", *_WAYS)),
    "port-blocking": seen("port-blocking", may=_WAYS),
    "vrr-mtu-wrong": seen("vrr-mtu"),
    "svi-mtu-wrong": seen("svi-mtu", _DRIFT),
    # Not of the switch.
    "vm-down": seen(may=_WAYS),
    "hypervisor-uplink-down": seen("port-without-carrier", may=_WAYS),
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

    def facts(self, number: str = "03", **probes: Any) -> SwitchFacts:
        nornir = self.nornirs.get(number) or self._nornir(number)
        name = self.lab.topology.leaf(number).name
        self.channels.clear()
        wanted = Probes(**probes)
        (result,) = nornir.run(task=collect_facts, raise_on_error=True, probes=wanted)[name]
        facts: SwitchFacts = result.result
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


@pytest.fixture
def looker(well: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looker]:
    channels: list[str] = []
    whole = SshTransport.open_channel

    def counted(transport: SshTransport, timeout: float) -> Any:
        channels.append(transport.options.address)
        return whole(transport, timeout)

    monkeypatch.setattr(SshTransport, "open_channel", counted)
    for vm in NEIGHBOURS:
        well.answers(VIP, source=vm)
    with ExitStack() as stack:
        yield Looker(well, stack, channels)


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.check} {f.status.value}: {f.evidence}" for f in findings]


def test_healthy_leafs_give_no_finding_in_one_round_trip_each(looker: Looker) -> None:
    healths = []
    for number in ("03", "01"):
        facts = looker.facts(number)
        assert len(looker.channels) == 1
        assert told(judge(facts)) == []
        assert {v.vip for v in assess(facts).vips} == {VIP, "130.246.215.254", "10.99.0.1"}
        assert {row.name.split(".")[0] for row in facts.lldp.rows} >= (
            {"hv50", "hv51"} if number == "03" else {"hv60", "hv61"}
        )
        healths.append(assess(facts))
    (finding,) = judge_fleet(healths)
    assert (finding.check, finding.status) == ("routing-model", Status.WARNING)
    assert "VRF default is asymmetric on" in finding.evidence
    assert "a tenant VRF with vlan453 in it, an L3VNI" in finding.remedy


def test_a_target_is_looked_for_in_the_same_round_trip(looker: Looker) -> None:
    facts = looker.facts(targets=(VM_ADDRESS, "130.246.213.99"), outside=OUTSIDE)
    assert len(looker.channels) == 1
    found = {
        (p.kind, p.source if p.kind == "route-out" else p.target): p for p in facts.probes.rows
    }
    assert found["ping", VM_ADDRESS].ok
    assert found["arp", VM_ADDRESS].macs == (VM_MAC,)
    assert found["route-in", VM_ADDRESS].ok
    assert found["route-out", VM_ADDRESS].ok
    assert not found["ping", "130.246.213.99"].ok
    assert not found["arp", "130.246.213.99"].ok
    assert found["route-in", "130.246.213.99"].ok


def test_nothing_is_sent_when_nothing_is_to_be_tried(looker: Looker) -> None:
    facts = looker.facts(per_vip=SILENT.per_vip, total=SILENT.total)
    assert facts.probes.rows == ()
    assert facts.probes.known


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_of_the_lab_is_seen_and_nothing_else(looker: Looker, fault: Any) -> None:
    looker.facts()  # the session stands before anything is broken
    for vm in NEIGHBOURS:
        looker.lab.answers(VIP, source=vm)
    looker.lab.break_(fault.name, vm=VM)
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert len(looker.channels) == 1
    here = Expected({HV: ("swp1s3",)}, {VM_ADDRESS: ExpectedVm((VM_MAC,), HV)})
    findings = judge(facts, here)
    wanted = EXPECTED[fault.name]
    found = {finding.check for finding in findings}
    print(fault.id, fault.name, sorted(found))  # noqa: T201 - pytest -rP shows the table
    assert wanted.must <= found, told(findings)
    assert found <= wanted.must | wanted.may, told(findings)


def test_looking_does_not_cure_the_switchs_own_neighbour_entry(looker: Looker) -> None:
    leaf = looker.leaf()
    leaf.sh(f"ip neigh replace {VM_ADDRESS} lladdr {WRONG} dev {SVI} nud reachable")
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert WRONG in leaf.sh(f"ip neigh show {VM_ADDRESS} dev {SVI}")
    (finding,) = [f for f in judge(facts) if f.check == "neighbour-wrong"]
    assert f"ARP knows it as {VM_MAC}" in finding.evidence
    assert finding.status is Status.CRITICAL
    leaf.sh(f"ip neigh del {VM_ADDRESS} dev {SVI}")


def test_looking_does_not_cure_a_vms_own_entry_of_the_vip(looker: Looker) -> None:
    def entry() -> str:
        shown = looker.lab.exec_vm(VM, ["ip", "neigh", "show", VIP]).stdout
        return str(shown)

    looker.facts()
    looker.lab.exec_vm(VM, ["ip", "neigh", "replace", VIP, "lladdr", WRONG, "dev", "eth0"])
    facts = looker.facts(targets=(VM_ADDRESS,), outside=OUTSIDE)
    assert WRONG in entry()
    found = {(p.kind, p.target): p.ok for p in facts.probes.rows if p.source in {"", VIP}}
    assert not found["ping", VM_ADDRESS]
    assert found["arp", VM_ADDRESS]  # it lives, and cannot answer: its own entry is at fault
    looker.lab.exec_vm(VM, ["ip", "neigh", "del", VIP, "dev", "eth0"])


@pytest.fixture
def no_lldpd(looker: Looker) -> Iterator[Callable[[], None]]:
    leaf = looker.leaf()
    stop = "systemctl stop lldpd 2>/dev/null || pkill lldpd"

    def now() -> None:
        leaf.sh(f"{stop}; true")

    yield now
    leaf.sh("systemctl start lldpd 2>/dev/null || lldpd; lldpcli update; true")
    leaf.wait_until(lambda: "hv50" in leaf.sh("lldpctl 2>/dev/null; true"), timeout=90)


def test_a_switch_without_lldpd(looker: Looker, no_lldpd: Callable[[], None]) -> None:
    no_lldpd()
    facts = looker.facts()
    assert facts.lldp.absent
    assert [f.check for f in judge(facts)] == ["lldp-absent"]
