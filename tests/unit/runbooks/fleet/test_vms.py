"""``vip check --with-vms``: what OpenStack says of VMs is what their switch is judged by."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from inventory.errors import SourceError
from inventory.model import Answer, VirtualMachine
from inventory.site import Site
from runbooks.fleet.vms import HypervisorVms
from tasks.facts.model import Section, SwitchFacts
from tests.unit.inventory.fakes import NOW, Fake, uplink, vm
from tests.unit.runbooks.fleet_world import Leafs, leafs, name_of

__all__ = ["leafs"]

VM, VM_MAC, OTHER_MAC = "130.246.213.11", "fa:16:3e:d4:d5:0b", "fa:16:3e:00:00:99"
HV1 = "hv01.nubes.example.internal"


def hosted(mac: str = VM_MAC, **more: Any) -> VirtualMachine:
    return replace(vm("vm-a1", HV1), macs=(mac,), **more)


def found(leafs: Leafs, *words: str) -> dict[str, Any]:
    """What is found on leaf -01, by check."""
    result = leafs.world.vip("check", "-f", "json", "--with-vms", *words)
    switch = json.loads(result.stdout)["switches"][0]
    assert switch["switch"] == name_of(1)
    return {finding["check"]: finding for finding in switch["findings"]}


def behind_another_port(facts: SwitchFacts) -> SwitchFacts:
    rows = (replace(r, port="swp1s2") if r.mac == VM_MAC else r for r in facts.fdb.rows)
    return replace(facts, fdb=Section(tuple(rows)))


def test_a_vm_that_openstack_knows_by_another_mac_is_found(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.vms = [hosted()]
    assert found(leafs) == {}
    leafs.world.site.vms = [hosted(OTHER_MAC)]
    wrong = found(leafs)["neighbour-wrong"]
    assert wrong["subject"] == VM
    assert f"OpenStack knows it as {OTHER_MAC}" in wrong["evidence"]
    result = leafs.world.vip("check", "--with-vms")
    assert (result.exit_code, "neighbour-wrong" in result.stdout) == (11, True)
    nagios = leafs.world.vip("check", "--with-vms", "-f", "nagios")
    assert (nagios.exit_code, nagios.stderr) == (2, "")


def test_openstack_is_asked_only_when_it_is_asked_for_and_once_for_each(leafs: Leafs) -> None:
    leafs.add(1, 3)
    leafs.world.site.vms = [hosted(OTHER_MAC)]
    assert leafs.world.vip("check", "-f", "json").exit_code == 0
    assert "vms_on" not in leafs.world.site.calls
    found(leafs)
    assert leafs.world.site.calls.count("vms_on") == 2


@pytest.mark.parametrize("several", [False, True])
def test_a_vm_behind_another_port_than_its_hypervisor(leafs: Leafs, several: bool) -> None:
    leafs.add(1, 3)
    leafs.change(1, behind_another_port)
    leafs.world.site.vms = [hosted()]
    if several:  # it may well be behind the other switch
        cables = (uplink(HV1, name_of(n), port="swp1s3", observed=None) for n in (1, 3))
        leafs.world.site.uplinks[HV1] = tuple(cables)
    assert ("vm-mac-on-wrong-port" in found(leafs)) is not several


@pytest.mark.parametrize("status", ["SHUTOFF", "MIGRATING", "ERROR"])
def test_only_vms_that_run_are_expected(leafs: Leafs, status: str) -> None:
    leafs.add(1)
    leafs.world.site.vms = [hosted(OTHER_MAC, status=status)]
    assert found(leafs) == {}


def test_two_vms_of_one_address_are_both_right(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.vms = [hosted(OTHER_MAC), hosted(id="other")]
    assert found(leafs) == {}


def test_an_earlier_answer_of_openstack_is_shown_and_judges_nobody(
    leafs: Leafs, monkeypatch: pytest.MonkeyPatch
) -> None:
    leafs.add(1)
    kept = Answer((hosted(OTHER_MAC),), "OpenStack", NOW, cached=True, warning="it is down")
    monkeypatch.setattr(leafs.world.site, "vms_on", lambda _: kept, raising=False)
    assert found(leafs) == {}
    result = leafs.world.vip("check", "-f", "json", "--with-vms")
    switch = json.loads(result.stdout)["switches"][0]
    assert switch["hypervisors"][0]["vms"][0]["name"] == "vm-a1"
    assert "nothing is judged by them: it is down" in result.stderr


def test_what_is_missing_is_told_in_the_order_of_the_names() -> None:
    class Compute(Fake):
        last_is_asked = threading.Event()

        def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
            if hypervisor == "hv01":
                assert self.last_is_asked.wait(10)
                time.sleep(0.1)
                raise SourceError("Fake", "its cell is down.")
            self.last_is_asked.set()
            raise SourceError("Fake", "the record is broken.")

    fake = Compute()
    asked = HypervisorVms(Site(fake, fake, fake))
    asked.ask(["hv02", "hv01"])
    first, second = asked.problems
    assert "its cell is down" in first
    assert "the record is broken" in second


def test_without_openstack_the_rest_is_judged_and_that_is_said(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.broken = {"vms_on"}
    result = leafs.world.vip("check", "--with-vms")
    assert result.exit_code == 0
    assert "VMs are missing" in result.stderr
    assert "vms_on is down" in result.stderr


def test_a_fix_is_judged_by_the_same_before_and_after(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.vms = [hosted(OTHER_MAC)]
    result = leafs.world.vip("check", "--fix", "--yes", "--with-vms")
    assert "OpenStack knows it as" in result.stdout


def test_a_compute_service_that_does_not_answer_is_told(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.vms = [hosted(host_status="UNKNOWN"), hosted(id="b", host_status="UNKNOWN")]
    result = leafs.world.vip("check", "--with-vms")
    assert result.exit_code == 0
    told = "the compute service on hv01 does not answer: the states of its VMs may be old"
    assert result.stderr.count(told) == 1
    leafs.world.site.vms = [hosted(host_status="UP")]
    assert "compute service" not in leafs.world.vip("check", "--with-vms").stderr


def test_a_fix_tells_that_it_judges_without_vms(leafs: Leafs) -> None:
    leafs.add(1)
    leafs.world.site.broken = {"vms_on"}
    result = leafs.world.vip("check", "--fix", "--yes", "--with-vms")
    assert "VMs are missing" in result.stderr
