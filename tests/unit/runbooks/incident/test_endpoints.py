from __future__ import annotations

from dataclasses import replace

from inventory.model import Answer
from inventory.target import Kind, TargetPath
from runbooks.incident.endpoints import known_macs
from tests.unit.inventory.fakes import HV50, NOW, vm

MINE, THEIRS = "fa:16:3e:00:00:01", "fa:16:3e:00:00:02"


def test_of_two_tenants_vms_with_one_address_either_may_be_right() -> None:
    mine, theirs = vm("vm-a1"), replace(vm("vm-t1", project="p2"), macs=(THEIRS.upper(),))
    beside = Answer((mine, theirs), "OpenStack", NOW)
    host = TargetPath(HV50, Kind.HYPERVISOR, hypervisor=HV50, neighbours=beside)
    assert known_macs(host) == {"130.246.213.11": (MINE, THEIRS)}
    target = replace(host, vm=Answer(mine, "OpenStack", NOW))
    assert known_macs(target) == {"130.246.213.11": (MINE,)}
