from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from inventory.errors import SourceError, TargetError, UnknownHypervisorError, UnknownSwitchError
from inventory.model import age_days
from inventory.target import Kind, resolve
from tests.unit.inventory.fakes import HV50, SW1, SW3, TODAY, Fake, uplink, vm


def test_from_a_vm_to_its_switch() -> None:
    steps: list[str] = []
    chain = resolve(Fake().site(), "vm-a1", today=TODAY, on_step=lambda name, _: steps.append(name))
    assert chain.kind is Kind.VM
    assert chain.vm is not None
    assert chain.vm.value.name == "vm-a1"
    assert chain.hypervisor == HV50
    assert [s.value.name for s in chain.switches] == [SW3]
    assert str(chain.switches[0].value.address) == "10.5.0.43"
    assert chain.switches[0].value.uplinks == (uplink(),)
    assert chain.neighbours is not None
    assert len(chain.neighbours.value) == 2
    assert chain.warnings == ()
    assert steps == ["vm", "uplinks", "neighbours", "switch"]


@pytest.mark.parametrize("target", ["130.246.213.11", "vm:vm-a1"])
def test_a_vm_by_its_address_or_with_a_prefix(target: str) -> None:
    chain = resolve(Fake(vms=[vm("vm-a1")]).site(), target, today=TODAY)
    assert chain.target == target
    assert chain.vm is not None


@pytest.mark.parametrize("target", ["hv50", HV50, "HV50", "hypervisor:hv50"])
def test_a_hypervisor_by_its_full_or_short_name(target: str) -> None:
    chain = resolve(Fake().site(), target, today=TODAY)
    assert (chain.kind, chain.vm, chain.hypervisor) == (Kind.HYPERVISOR, None, HV50)
    assert len(chain.switches) == 1


@pytest.mark.parametrize("target", ["swt-sn2100-01", SW1, f"switch:{SW1}"])
def test_a_switch(target: str) -> None:
    fake = Fake()
    chain = resolve(fake.site(), target, today=TODAY)
    assert (chain.kind, chain.uplinks) == (Kind.SWITCH, None)
    assert [s.value.name for s in chain.switches] == [SW1]
    assert "uplinks_of" not in fake.calls


def test_nothing_of_that_name() -> None:
    with pytest.raises(TargetError, match=r"no VM .*no hypervisor .*no switch"):
        resolve(Fake().site(), "vm-zz")


def test_two_vms_of_one_name_are_listed() -> None:
    fake = Fake(vms=[vm("twin"), vm("twin", "", project="p2", status="ERROR")])
    with pytest.raises(TargetError) as caught:
        resolve(fake.site(), "twin")
    for part in ("id-twin-p1", "id-twin-p2", "project p2", "ERROR", HV50, "no hypervisor"):
        assert part in str(caught.value)
    assert "id" in caught.value.advice


def test_one_name_for_a_vm_and_a_hypervisor_has_to_be_told_apart() -> None:
    fake = Fake(vms=[vm("hv50")])
    with pytest.raises(TargetError, match="vm and of a hypervisor") as caught:
        resolve(fake.site(), "hv50")
    assert "vm:hv50" in caught.value.advice
    assert resolve(fake.site(), "vm:hv50").kind is Kind.VM


def test_a_vm_that_runs_nowhere_is_a_short_chain() -> None:
    chain = resolve(Fake(vms=[vm("vm-x", "", status="ERROR")]).site(), "vm-x")
    assert chain.vm is not None
    assert chain.vm.value.status == "ERROR"
    assert (chain.hypervisor, chain.uplinks, chain.switches) == ("", None, ())


def test_several_switches_each_with_their_own_uplinks() -> None:
    fake = Fake(uplinks={HV50: (uplink(), uplink(switch=SW1, interface="eth1"))})
    chain = resolve(fake.site(), "vm-a1", today=TODAY)
    assert [(s.value.name, len(s.value.uplinks)) for s in chain.switches] == [(SW3, 1), (SW1, 1)]


def test_old_and_missing_dates_lower_confidence() -> None:
    old, none = uplink(observed=date(2018, 3, 6)), uplink(interface="eth1", observed=None)
    chain = resolve(Fake(uplinks={HV50: (old, none)}).site(), "vm-a1", today=TODAY)
    assert "7 days ago" in chain.warnings[0]
    assert "no LLDP date" in chain.warnings[1]
    assert (age_days(old, TODAY), age_days(none, TODAY)) == (7, None)
    assert age_days(uplink(observed=date(2018, 3, 14)), TODAY) == 0


def test_one_note_for_all_cables_without_a_date() -> None:
    cables = (
        uplink(observed=None),
        uplink(switch=SW1, interface="eth1", observed=None, port=""),
    )
    chain = resolve(Fake(uplinks={HV50: cables}).site(), "vm-a1", today=TODAY)
    assert chain.warnings == (
        f"{HV50}: no cable has an LLDP date (Mimic/MagDB): eth0 on {SW3} swp1s3, eth1 on {SW1}.",
    )


def test_a_neighbour_without_an_address_hides_no_other() -> None:
    stray = uplink(switch="swt-stray-77.example.internal", interface="eth1")
    chain = resolve(Fake(uplinks={HV50: (stray, uplink())}).site(), "vm-a1", today=TODAY)
    assert [found.value.name for found in chain.switches] == [SW3]
    (warning,) = chain.warnings
    assert warning.startswith(f"The neighbour {stray.switch} of {HV50} eth1 is left out. Fake: ")


def test_names_of_one_switch_are_one_switch() -> None:
    short = uplink(switch="SWT-SN2100-03", interface="eth1", port="swp9")
    chain = resolve(Fake(uplinks={HV50: (short, uplink())}).site(), "vm-a1", today=TODAY)
    (found,) = chain.switches
    assert (found.value.name, found.value.uplinks) == (SW3, (short, uplink()))


def test_a_source_that_is_down_does_not_make_a_name_unknown() -> None:
    for broken in ("find_vms", "list_hypervisors", "address_of"):
        with pytest.raises(SourceError, match=f"{broken} is down"):
            resolve(Fake(broken={broken}).site(), "vm-zz")


def test_an_unknown_name_says_who_could_not_be_asked() -> None:
    with pytest.raises(SourceError) as caught:
        resolve(Fake(broken={"find_vms"}).site(), "vm-zz")
    assert str(caught.value) == (
        'Fake: it could not be asked whether there is a VM called "vm-zz": find_vms is down.'
    )
    with pytest.raises(SourceError, match=r'a VM or a hypervisor called "vm-zz": find_vms is down'):
        resolve(Fake(broken={"find_vms", "list_hypervisors"}).site(), "vm-zz")


@pytest.mark.parametrize("name", ["130.246.213.99", "00000000-0000-0000-0000-000000000000"])
def test_a_name_that_looks_like_an_address_or_an_id(name: str) -> None:
    fake = Fake(vms=[vm(name)])
    for target in (name, f"vm:{name}"):
        with pytest.raises(TargetError, match=rf'has no VM with the (address|id) "{name}"') as no:
            resolve(fake.site(), target)
        assert f"name:{name}" in no.value.advice
    chain = resolve(fake.site(), f"name:{name}", today=TODAY)
    assert (chain.kind, chain.target) == (Kind.VM, f"name:{name}")
    assert chain.vm is not None
    assert chain.vm.value.name == name
    with pytest.raises(TargetError, match=r'has no VM with the name "10\.0\.0\.1"') as caught:
        resolve(fake.site(), "name:10.0.0.1")
    assert "name:" not in caught.value.advice


def test_a_name_with_a_colon_or_of_a_hypervisor() -> None:
    fake = Fake(vms=[vm("vm:x"), vm("hv50")])
    for name in ("vm:x", "hv50"):
        chain = resolve(fake.site(), f"name:{name}", today=TODAY)
        assert chain.vm is not None
        assert chain.vm.value.name == name
    for text in ("name:", "name:a\nb"):
        with pytest.raises(TargetError, match="cannot be the name of a VM"):
            resolve(fake.site(), text)


def test_a_source_that_is_not_needed_may_be_down() -> None:
    chain = resolve(Fake(broken={"vms_on", "list_hypervisors"}).site(), "vm-a1", today=TODAY)
    assert len(chain.switches) == 1
    assert chain.neighbours is None
    assert any("vms_on is down" in text for text in chain.warnings)


def test_a_step_that_fails_fails_the_chain_after_telling_how_far_it_came() -> None:
    steps: list[str] = []
    with pytest.raises(SourceError, match="uplinks_of is down"):
        resolve(Fake(broken={"uplinks_of"}).site(), "vm-a1", on_step=lambda n, _: steps.append(n))
    assert steps == ["vm"]


def test_unknown_to_the_uplink_or_address_source() -> None:
    with pytest.raises(UnknownHypervisorError):
        resolve(Fake(vms=[vm("vm-a1", "hv99.example")]).site(), "vm-a1")
    with pytest.raises(UnknownSwitchError):
        resolve(Fake(switches={}).site(), "vm-a1")


@pytest.mark.parametrize(
    "target", ["", "a\nb", "\x1b[31m", "switch:-oX", "hypervisor:a b", "x" * 300]
)
def test_text_that_can_be_no_name(target: str) -> None:
    fake = Fake()
    with pytest.raises(TargetError):
        resolve(fake.site(), target)
    assert fake.calls == []


def test_a_compute_service_that_does_not_answer_is_a_warning() -> None:
    vms = [replace(vm(name), host_status="UNKNOWN") for name in ("vm-a1", "vm-a2")]
    for target in ("vm-a1", "hv50"):
        chain = resolve(Fake(vms=vms).site(), target, today=TODAY)
        (warning,) = chain.warnings
        assert warning.startswith(f"Fake: the compute service on {HV50} does not answer: its VMs'")
    vms[0] = replace(vms[0], host_status="MAINTENANCE")
    warnings = resolve(Fake(vms=vms[:1]).site(), "vm-a1", today=TODAY).warnings
    assert "is disabled (maintenance)" in warnings[0]
