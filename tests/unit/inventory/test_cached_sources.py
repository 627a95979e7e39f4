"""A kept answer is found by whatever the thing is called, and an empty one is no fact."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest

from inventory.cached_sources import CachedAddress, CachedCompute, CachedUplink
from inventory.disk_cache import NAMES, SWITCH, UPLINKS, VMS, Cache, checksum
from inventory.errors import SourceError, UnknownHypervisorError
from inventory.model import Answer, Switch, Uplink, VirtualMachine
from runbooks.run.explain import explain
from tests.unit.inventory.fakes import HV50, HV51, NOW, SW3, Fake, uplink, vm

ALL = {"find_vms", "vms_on", "list_hypervisors", "uplinks_of", "address_of"}
VM_ID = "6b0c5f3e-59d5-4b0e-8a52-0c4a3f0d9a11"


def a_vm(**changes: Any) -> VirtualMachine:
    one = replace(
        vm("vm-a1"),
        id=VM_ID,
        addresses=(ip_interface("130.246.213.11/22"), ip_interface("2001:db8::11/64")),
        floating_addresses=(ip_address("192.0.2.11"),),
    )
    return replace(one, **changes)


@pytest.fixture
def fake() -> Fake:
    return Fake(vms=[a_vm()])


@pytest.mark.parametrize("kept_as", ["hv50", "HV50", HV50, HV50.upper()])
@pytest.mark.parametrize("asked", ["hv50", "HV50", HV50, "Hv50.Nubes.Example.Internal"])
def test_a_host_is_found_by_every_form_of_its_name(
    tmp_path: Path, fake: Fake, kept_as: str, asked: str
) -> None:
    cables, compute = CachedUplink(fake, Cache(tmp_path)), CachedCompute(fake, Cache(tmp_path))
    cables.uplinks_of(kept_as)
    compute.vms_on(kept_as)
    fake.broken = ALL
    # Another run, with nothing in memory.
    cables, compute = CachedUplink(fake, Cache(tmp_path)), CachedCompute(fake, Cache(tmp_path))
    assert cables.uplinks_of(asked).value == (uplink(),)
    assert compute.vms_on(asked).value == (a_vm(),)
    assert cables.uplinks_of(asked).cached


@pytest.mark.parametrize("asked", [SW3, SW3.upper(), "swt-sn2100-03", "SWT-sn2100-03"])
def test_a_switch_is_found_by_every_form_of_its_name(
    tmp_path: Path, fake: Fake, asked: str
) -> None:
    addresses = CachedAddress(fake, Cache(tmp_path))
    addresses.address_of("SWT-SN2100-03")
    fake.broken = ALL
    assert addresses.address_of(asked).value.name == SW3


@pytest.mark.parametrize("kept_by", ["name", "list"])
@pytest.mark.parametrize(
    "asked",
    [
        "vm-a1",
        VM_ID,
        VM_ID.upper(),
        "130.246.213.11",
        "2001:DB8:0::11",
        "192.0.2.11",
    ],
)
def test_a_vm_is_found_by_its_name_its_id_and_its_addresses(
    tmp_path: Path, fake: Fake, kept_by: str, asked: str
) -> None:
    compute = CachedCompute(fake, Cache(tmp_path))
    compute.find_vms("vm-a1") if kept_by == "name" else compute.vms_on(HV50)
    fake.broken = ALL
    found = compute.find_vms(asked)
    assert found.value == (a_vm(),)
    assert found.cached
    assert "find_vms is down. This is its answer of" in found.warning


@pytest.mark.parametrize("asked", ["VM-A1", "130.246.213.12", "vm-a", HV50])
def test_another_vm_is_not_taken_for_it(tmp_path: Path, fake: Fake, asked: str) -> None:
    compute = CachedCompute(fake, Cache(tmp_path))
    compute.find_vms("vm-a1")
    fake.broken = ALL
    with pytest.raises(SourceError, match="find_vms is down"):
        compute.find_vms(asked)


def test_a_vm_called_like_an_address_is_not_found_by_it(tmp_path: Path, fake: Fake) -> None:
    fake.vms = [a_vm(name="130.246.213.99")]
    compute = CachedCompute(fake, Cache(tmp_path))
    compute.vms_on(HV50)
    fake.broken = ALL
    with pytest.raises(SourceError):
        compute.find_vms("130.246.213.99")
    assert compute.find_vms("130.246.213.11").value


class Moving(Fake):
    """A fake whose answers have the time that it is told."""

    at: datetime = NOW

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        return replace(super().find_vms(target), asked_at=self.at)

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._called("vms_on")
        found = tuple(v for v in self.vms if v.hypervisor == hypervisor)
        return Answer(found, "Fake", self.at)


def test_a_vm_is_where_it_was_seen_last(tmp_path: Path) -> None:
    fake = Moving(vms=[a_vm()])
    compute = CachedCompute(fake, Cache(tmp_path))
    compute.find_vms("vm-a1")
    fake.vms, fake.at = [a_vm(hypervisor=HV51)], NOW + timedelta(hours=1)
    compute.vms_on(HV51)
    fake.broken = ALL
    (found,) = compute.find_vms("vm-a1").value
    assert found.hypervisor == HV51


@pytest.mark.parametrize("asked", ["vm-a1", VM_ID, "130.246.213.11"])
def test_a_vm_that_a_newer_list_lacks_is_not_brought_back(tmp_path: Path, asked: str) -> None:
    fake = Moving(vms=[a_vm()])
    compute = CachedCompute(fake, Cache(tmp_path))
    compute.find_vms("vm-a1")
    fake.vms, fake.at = [], NOW + timedelta(hours=1)
    assert compute.vms_on(HV50).value == ()
    fake.broken = ALL
    with pytest.raises(SourceError, match="find_vms is down"):
        compute.find_vms(asked)


def test_an_empty_answer_is_never_served(tmp_path: Path) -> None:
    fake = Moving(vms=[])
    compute = CachedCompute(fake, Cache(tmp_path))
    assert compute.find_vms("vm-a1").value == ()
    assert compute.vms_on(HV50).value == ()
    fake.broken = ALL
    with pytest.raises(SourceError, match="find_vms is down"):
        compute.find_vms("vm-a1")
    with pytest.raises(SourceError, match="vms_on is down"):
        compute.vms_on(HV50)


def test_an_empty_list_is_never_served(tmp_path: Path) -> None:
    fake = Fake(broken=ALL)
    nobody: tuple[str, ...] = ()
    Cache(tmp_path).store("Fake here hypervisors", Answer(nobody, "Fake", NOW), NAMES)
    with pytest.raises(SourceError, match="list_hypervisors is down"):
        CachedUplink(fake, Cache(tmp_path)).list_hypervisors()


def test_two_hosts_of_one_short_name_are_not_mixed_up(tmp_path: Path) -> None:
    one, other = "hv50.a.example", "hv50.b.example"
    fake = Fake(uplinks={one: (uplink(one),), other: (uplink(other, port="swp9"),)})
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.uplinks_of(one)
    cables.uplinks_of(other)
    fake.broken = ALL
    assert cables.uplinks_of(other).value[0].port == "swp9"
    with pytest.raises(SourceError, match="uplinks_of is down") as failure:
        cables.uplinks_of("hv50")
    assert one in explain(failure.value).advice
    assert other in explain(failure.value).advice


def test_a_kept_list_serves_spelling(tmp_path: Path, fake: Fake) -> None:
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.list_hypervisors()
    fake.broken = ALL
    with pytest.raises(SourceError, match="uplinks_of is down") as failure:
        cables.uplinks_of("hv5O")
    said = explain(failure.value)
    assert said.exit_code == 4
    assert said.advice.startswith("Did you mean ")
    assert HV50 in said.advice
    assert said.advice.endswith(" Mend it.")
    with pytest.raises(SourceError) as failure:
        cables.uplinks_of(HV50)  # the list has that very name
    assert explain(failure.value).advice == "Mend it."
    with pytest.raises(SourceError) as failure:
        cables.uplinks_of("other")
    assert explain(failure.value).advice == "Mend it."


def test_a_source_without_its_list_is_asked_with_the_kept_spelling(tmp_path: Path) -> None:
    class WithoutList(Fake):
        """Like Mimic without Aquilon: it knows full names only, and no list of them."""

        def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
            if "list_hypervisors" in self.broken and hypervisor not in self.uplinks:
                raise SourceError("Fake", f"its list is down, and it does not know {hypervisor}.")
            return super().uplinks_of(hypervisor)

    fake = WithoutList()
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.list_hypervisors()
    fake.broken = {"list_hypervisors"}
    found = cables.uplinks_of("HV50")
    assert found.value == (uplink(),)
    assert not found.cached
    with pytest.raises(SourceError, match="hv99"):
        cables.uplinks_of("hv99")


def test_files_of_an_older_vipkeeper_go_on_working(tmp_path: Path, fake: Fake) -> None:
    """They are kept under the words that were typed, whatever these were."""
    cache = Cache(tmp_path)
    cache.store("Fake here uplinks HV50", Answer((uplink(),), "Fake", NOW), UPLINKS)
    cache.store(f"Fake here on {HV50}", Answer((a_vm(),), "Fake", NOW), VMS)
    empty: tuple[VirtualMachine, ...] = ()
    cache.store(f"Fake here on {HV51}", Answer(empty, "Fake", NOW), VMS)
    cache.store("Fake here find 130.246.213.11", Answer((a_vm(),), "Fake", NOW), VMS)
    cache.store("Fake here hypervisors", Answer((HV50, HV51), "Fake", NOW), NAMES)
    switch = Switch(SW3, ip_address("10.5.0.43"))
    cache.store("Fake here address swt-sn2100-03", Answer(switch, "Fake", NOW), SWITCH)
    fake.broken = ALL
    compute, cables = CachedCompute(fake, Cache(tmp_path)), CachedUplink(fake, Cache(tmp_path))
    assert compute.find_vms("vm-a1").value == (a_vm(),)
    assert compute.vms_on("hv50").value == (a_vm(),)
    assert cables.list_hypervisors().value == (HV50, HV51)
    assert cables.uplinks_of(HV50).value == (uplink(),)
    assert CachedAddress(fake, Cache(tmp_path)).address_of(SW3.upper()).value == switch
    with pytest.raises(SourceError):
        compute.vms_on(HV51)


def test_files_that_cannot_be_read_do_not_hide_the_others(tmp_path: Path, fake: Fake) -> None:
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.uplinks_of(HV50)
    cables.uplinks_of(HV51)
    bad = next(path for path in tmp_path.rglob("*.json") if "hv51" in path.name)
    content = json.loads(bad.read_text()) | {"schema_version": 1}
    bad.write_text(json.dumps(content | {"sha256": checksum(content)}))
    bad.with_name("Fake-here-uplinks-hv52.0.json").write_text("{")
    fake.broken = ALL
    assert cables.uplinks_of("hv50").value == (uplink(),)
    with pytest.raises(SourceError):
        cables.uplinks_of("hv51")


def test_a_sound_no_is_not_replaced_under_any_name(tmp_path: Path, fake: Fake) -> None:
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.uplinks_of(HV50)
    fake.uplinks.clear()
    with pytest.raises(UnknownHypervisorError):
        cables.uplinks_of("hv50")


def test_what_another_process_has_kept_is_seen(tmp_path: Path, fake: Fake) -> None:
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.uplinks_of(HV50)
    fake.broken = ALL
    with pytest.raises(SourceError):
        cables.uplinks_of(HV51)
    CachedUplink(Fake(), Cache(tmp_path)).uplinks_of(HV51)
    assert cables.uplinks_of("hv51").value


def test_a_vm_found_by_its_name_alone_is_kept_by_that(tmp_path: Path) -> None:
    fake = Fake(vms=[a_vm(name="10.0.0.1")])
    compute = CachedCompute(fake, Cache(tmp_path))
    assert compute.vms_named("10.0.0.1").value == tuple(fake.vms)
    assert compute.vms_named("10.0.0.9").value == ()
    fake.broken = {*ALL, "vms_named"}
    kept = compute.vms_named("10.0.0.1")
    assert (kept.value, kept.cached) == (tuple(fake.vms), True)
    for ask, text in ((compute.find_vms, "10.0.0.1"), (compute.vms_named, "10.0.0.9")):
        with pytest.raises(SourceError, match="is down"):
            ask(text)
