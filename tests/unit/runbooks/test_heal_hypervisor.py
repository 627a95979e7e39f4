"""``vip heal HYPERVISOR``, and hypervisors with several uplinks."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_interface

from tests.unit.inventory.fakes import SW1, uplink, vm
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import lldp


def test_a_hypervisor_is_healed_when_none_of_its_vms_answers(world: World) -> None:
    world.site.vms = [vm("vm-a1"), vm("vm-stopped", status="SHUTOFF")]
    world.cut_off()
    result = world.vip("heal", "hv50", "--toggle", "--yes")
    assert result.exit_code == 0, result.output
    assert world.committed


def test_a_hypervisor_of_which_one_vm_answers_is_left_alone(world: World) -> None:
    other = dataclasses.replace(vm("vm-a2"), addresses=(ip_interface("130.246.213.12/22"),))
    world.site.vms.append(other)
    world.silent = {"130.246.213.12"}
    result = world.vip("heal", "hv50", "--yes")
    assert result.exit_code == 0
    assert "130.246.213.12 did not answer" in result.output
    assert not world.committed


def test_of_two_uplinks_the_switch_that_sees_it_is_toggled(world: World) -> None:
    hypervisor = "hv50.nubes.example.internal"
    cables = (uplink(switch=SW1, interface="eth1"), uplink())
    world.site.uplinks[hypervisor] = cables
    world.switches["10.5.0.41"].lldp = lldp()
    world.cut_off()
    assert world.vip("heal", "vm-a1", "--toggle", "--yes").exit_code == 0
    assert not any(e.startswith("commit") for e in world.switches["10.5.0.41"].events)
