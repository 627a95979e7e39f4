from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest

from inventory.given import Given
from inventory.model import Answer, Switch, VirtualMachine
from inventory.settings import MimicSettings, OpenStackSettings, SubnetPageSettings
from inventory.site import open_site
from inventory.sources.registry import SourceContext
from inventory.target import resolve
from lab.standins import Faults, StandIns
from lab.topology.large import large_cloud
from runbooks.incident import survey
from runbooks.incident.impact import Impact, Sample, Scope, conclude
from runbooks.incident.reachability import Probe
from runbooks.incident.survey import ImpactSurvey
from tests.unit.inventory.fakes import HV50, HV51, SW1, SW3, Fake, uplink, vm

ABROAD = "hv60.nubes.example.internal"


def at(name: str, address: str, hypervisor: str, **changes: Any) -> VirtualMachine:
    made = replace(vm(name, hypervisor), addresses=(ip_interface(f"{address}/22"),))
    return replace(made, **changes)


@pytest.fixture
def site() -> Fake:
    fake = Fake(
        vms=[
            vm("vm-a1"),
            at("vm-a2", "130.246.213.12", HV50),
            at("vm-b1", "130.246.213.21", HV51),
            at("vm-off", "130.246.213.22", HV51, status="SHUTOFF"),
            at("vm-c1", "130.246.213.31", ABROAD),
        ]
    )
    fake.uplinks[ABROAD] = (uplink(ABROAD, SW1),)
    return fake


@pytest.fixture
def pinged(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], set[str]]:
    """Which addresses are pinged, and which of them are silent."""
    asked: list[str] = []
    silent: set[str] = set()

    def probe_all(addresses: list[str], **_: Any) -> tuple[Probe, ...]:
        asked.extend(addresses)
        return tuple(Probe(a, 2, 0 if a in silent else 2) for a in addresses)

    monkeypatch.setattr(survey, "probe_all", probe_all)
    return asked, silent


def look(site: Fake, target: str = "vm-a1", sample: int = 4, **how: Any) -> Impact:
    chain = resolve(site.site(), target)
    heard = how.pop("heard", [HV50, HV51, "spine01", "-rf x"])
    return ImpactSurvey(site.site(), chain, sample).finish(["130.246.213.11"], heard, **how)


def test_the_groups_and_the_sentence(site: Fake, pinged: tuple[list[str], set[str]]) -> None:
    asked, silent = pinged
    silent.update({"130.246.213.12", "130.246.213.21"})
    found = look(site)
    assert found.scope is Scope.LEAF
    assert found.sentence == (
        "one leaf: 0 of 1 beside it on hv50, 0 of 1 on other hypervisors of swt-sn2100-03, "
        "1 of 1 on swt-sn2100-01 answer"
    )
    assert sorted(asked) == ["130.246.213.12", "130.246.213.21", "130.246.213.31"]
    assert found.beside.silent == ("vm-a2",)
    assert found.elsewhere[0].leaf == SW1
    assert found.elsewhere[0].answering == ("vm-c1",)


def test_who_has_a_cable_to_the_leaf_of_the_target_is_not_elsewhere(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    _, silent = pinged
    silent.update({"130.246.213.12", "130.246.213.21"})
    site.uplinks[HV51] = (
        uplink(HV51, SW1),
        uplink(HV51, SW3.upper(), interface="eth1", port="swp1s2"),
    )
    site.uplinks[ABROAD] = (uplink(ABROAD, SW1.upper()),)
    found = look(site, heard=[])
    assert found.scope is Scope.LEAF
    assert found.leaf.silent == ("vm-b1",)
    assert [group.answering for group in found.elsewhere] == [("vm-c1",)]


def test_whom_the_leaf_hears_is_not_elsewhere_whatever_the_uplink_source_says(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    """Otherwise a Mimic that lies makes one leaf look like two."""
    _, silent = pinged
    silent.update({"130.246.213.12", "130.246.213.21"})
    site.uplinks |= {HV51: (uplink(HV51, SW1),), ABROAD: (uplink(ABROAD, SW3),)}
    given = Given(Switch(SW3, ip_address("10.5.0.43")))
    chain = resolve(site.site(), "vm-a1", given=given)
    found = ImpactSurvey(site.site(), chain, 4).finish(["130.246.213.11"], [HV50, "hv51"])
    assert found.leaf.silent == ("vm-b1",)
    assert found.elsewhere == ()


def test_a_leaf_that_is_named_by_its_address_is_no_other_leaf(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    """Otherwise one leaf that is cut off would look like two."""
    _, silent = pinged
    silent.update({"130.246.213.12", "130.246.213.21"})
    given = Given(Switch("10.5.0.43", ip_address("10.5.0.43")))
    chain = resolve(site.site(), "vm-a1", given=given)
    found = ImpactSurvey(site.site(), chain, 4).finish(
        ["130.246.213.11"], [HV50, HV51], hostnames={"10.5.0.43": "swt-sn2100-03"}
    )
    assert found.scope is Scope.LEAF
    assert found.leaf.leaf == "swt-sn2100-03"
    assert [group.leaf for group in found.elsewhere] == [SW1]


def test_lldp_tells_who_is_near_and_strangers_are_not_asked_for(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    found = look(site, heard=["hv51"])
    assert found.leaf.answering == ("vm-b1",)
    found = look(site, heard=["x; reboot"])
    assert found.leaf.answering == ("vm-b1",), "the uplink source knows it, too"
    assert not any("reboot" in text for text in found.warnings)


def test_a_spine_that_lldp_hears_is_no_warning_to_stop_for(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    found = look(site, heard=[f"spine{number:02}" for number in range(9)] + [HV51])
    assert found.leaf.answering == ("vm-b1",)
    assert found.warnings == ()


@pytest.mark.parametrize("broken", ["list_hypervisors", "vms_on", "uplinks_of"])
def test_a_source_that_fails_is_a_warning(
    site: Fake, pinged: tuple[list[str], set[str]], broken: str
) -> None:
    chain = resolve(site.site(), "vm-a1")
    site.broken = {broken}
    found = ImpactSurvey(site.site(), chain, 4).finish(["130.246.213.11"], [HV51])
    assert any("is down" in text for text in found.warnings)
    assert found.beside.answering == ("vm-a2",), "what is known already is pinged all the same"


def test_a_source_that_hangs_is_left_behind(
    site: Fake, pinged: tuple[list[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_PATIENCE", 0.2)
    chain = resolve(site.site(), "vm-a1")
    forever = threading.Event()

    def hang(_: str) -> Answer[tuple[VirtualMachine, ...]]:
        forever.wait(20)
        raise AssertionError

    monkeypatch.setattr(site, "vms_on", hang)
    began = time.monotonic()
    found = ImpactSurvey(site.site(), chain, 4).finish(["130.246.213.11"], [HV51])
    assert time.monotonic() - began < 15
    forever.set()
    assert any("took too long" in text for text in found.warnings)


def test_an_error_that_nobody_foresaw_is_a_warning(
    site: Fake, pinged: tuple[list[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = resolve(site.site(), "vm-a1")
    monkeypatch.setattr(site, "list_hypervisors", lambda: 1 / 0)
    found = ImpactSurvey(site.site(), chain, 4).finish([], [])
    assert "ZeroDivisionError" in found.warnings[0]


def test_only_addresses_that_the_same_way_leads_to_are_compared(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    asked, _ = pinged
    private = ip_interface("192.168.7.5/24")
    site.vms[1] = replace(site.vms[1], addresses=(private,))
    floating = (ip_address("130.246.80.21"),)
    site.vms[2] = replace(site.vms[2], addresses=(private,), floating_addresses=floating)
    look(site)
    assert "192.168.7.5" not in asked
    assert "130.246.80.21" in asked


def test_a_sample_is_a_sample(site: Fake, pinged: tuple[list[str], set[str]]) -> None:
    asked, _ = pinged
    for number in range(60):
        name = f"hv{100 + number}.nubes.example.internal"
        site.uplinks[name] = (uplink(name, f"swt-sn2100-{number}.example.internal"),)
        site.vms.append(at(f"vm-{number}", f"130.246.214.{number + 1}", name))
    site.calls.clear()
    look(site, sample=2)
    assert site.calls.count("uplinks_of") <= 1 + 4
    assert len(asked) <= 2 + 4 + 4 * 2


def test_that_the_target_answers_says_nothing_about_others(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    _, silent = pinged
    assert look(site, answers=True).sentence == (
        "nobody: the target answers, and so do 1 of 1 beside it on hv50, "
        "1 of 1 on other hypervisors of swt-sn2100-03, 1 of 1 on swt-sn2100-01"
    )
    silent.update({"130.246.213.12"})
    assert look(site, answers=True).sentence == (
        "not the target, which answers; of the others, 0 of 1 beside it on hv50, "
        "1 of 1 on other hypervisors of swt-sn2100-03, 1 of 1 on swt-sn2100-01 answer"
    )
    site.vms = [vm("vm-a1")]
    site.uplinks = {HV50: (uplink(),)}
    assert look(site, answers=True, heard=[]).sentence == (
        "not the target, which answers; there is nobody to compare with"
    )


def test_nobody_to_compare_with_and_nobody_who_could_be_asked(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    site.vms = [vm("vm-a1")]
    site.uplinks = {HV50: (uplink(),)}
    assert look(site, heard=[]).sentence == "cannot say: there is nobody to compare with"
    site.broken = {"vms_on"}
    found = look(site)
    assert found.sentence == "cannot say: nobody was found to compare with"
    assert "the VMs beside it are not compared with: they are not known" in found.warnings
    none = look(Fake(), sample=0)
    assert none.sentence == "cannot say: nobody was found to compare with"
    assert none.warnings == ("heal.blast_sample is 0: no other VM is pinged",)


def test_vms_of_a_compute_service_in_trouble_are_the_last_to_be_compared_with(
    site: Fake, pinged: tuple[list[str], set[str]]
) -> None:
    asked, _ = pinged
    site.vms += [at(f"vm-d{n}", f"130.246.214.{n}", ABROAD) for n in (1, 2)]
    site.vms[4] = replace(site.vms[4], host_status="UNKNOWN")
    look(site)
    assert {"130.246.214.1", "130.246.214.2"} < set(asked)
    assert "130.246.213.31" not in asked


def test_that_vms_are_those_of_a_kept_answer_is_told_once(
    site: Fake, pinged: tuple[list[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(site).warnings == ()
    asked = site.vms_on
    monkeypatch.setattr(site, "vms_on", lambda name: replace(asked(name), cached=True))
    assert look(site, heard=[HV51]).warnings == (
        "VMs are compared with as they were when their source last answered",
    )


def test_the_survey_of_a_large_cloud(
    tmp_path: Path, pinged: tuple[list[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_PATIENCE", 60)  # what is counted is requests, not time
    topology = large_cloud(16, 400)
    target = topology.vms[0]
    with StandIns(topology, Faults(), local=True, quiet=True) as served:
        clouds = tmp_path / "clouds.yaml"
        clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
        context = SourceContext(
            sections=(
                OpenStackSettings(cloud="lab", clouds_file=clouds),
                MimicSettings(url=served.mimic_url),
                SubnetPageSettings(url=served.subnet_page_url),
            )
        )
        large = open_site(context, None)
        chain = resolve(large, target.name)
        before = sum(served.asked[name] for name in ("keystone", "nova", "neutron"))
        heard = [host.name for host in topology.hypervisors[:4]]
        found = ImpactSurvey(large, chain, 4).finish([str(target.address)], heard)
        asked = sum(served.asked[name] for name in ("keystone", "nova", "neutron")) - before
    assert found.warnings == ()
    assert found.scope is Scope.VM
    assert (found.beside.size, found.leaf.size, len(found.elsewhere)) == (4, 8, 3)
    # Eight hypervisors elsewhere, and three beside the target's: two requests for each.
    assert asked <= 2 * (8 + 3)


def group(answering: int, silent: int) -> Sample:
    return Sample("x", ("a",) * answering, ("b",) * silent)


NONE, SILENT, WELL, SOME = group(0, 0), group(0, 2), group(2, 0), group(1, 2)


@pytest.mark.parametrize(
    ("beside", "leaf", "elsewhere", "scope"),
    [
        (WELL, SILENT, [WELL], Scope.VM),
        (SOME, SILENT, [WELL], Scope.VM),
        (SILENT, WELL, [WELL], Scope.HYPERVISOR),
        (NONE, WELL, [WELL], Scope.VM),
        (SILENT, SILENT, [WELL], Scope.LEAF),
        (NONE, SILENT, [WELL], Scope.LEAF),
        (SILENT, SILENT, [SILENT], Scope.FLEET),
        (SILENT, SILENT, [SILENT, WELL], Scope.LEAF),
        (SILENT, SILENT, [SILENT, SILENT, WELL], Scope.FLEET),
        (SILENT, SILENT, [], Scope.LEAF),
        (SILENT, NONE, [WELL], Scope.HYPERVISOR),
        (SILENT, NONE, [], Scope.UNKNOWN),
        (NONE, NONE, [WELL], Scope.UNKNOWN),
        (NONE, NONE, [SILENT], Scope.FLEET),
        (NONE, NONE, [], Scope.UNKNOWN),
    ],
)
def test_the_conclusion(
    beside: Sample, leaf: Sample, elsewhere: list[Sample], scope: Scope
) -> None:
    assert conclude(beside, leaf, elsewhere) is scope
    assert conclude(beside, leaf, elsewhere, answers=True) is Scope.NOBODY


def test_a_whole_hypervisor_is_more_than_one_vm() -> None:
    assert conclude(NONE, WELL, [WELL], several=True) is Scope.HYPERVISOR
    assert conclude(NONE, NONE, [WELL], several=True) is Scope.HYPERVISOR
