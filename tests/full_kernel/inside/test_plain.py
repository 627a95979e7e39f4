"""The plain lab on a kernel with VLANs: the first minute of everybody who has such a kernel."""

from __future__ import annotations

import json

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.kernel import has_vlans


def test_the_kernel_is_full_and_the_bridge_is_vlan_aware(well: Lab) -> None:
    assert has_vlans()
    for leaf in well.leafs():
        said = leaf.exec(["ip", "-j", "-d", "link", "show", "dev", "bridge"], check=True).stdout
        (bridge,) = json.loads(said)
        assert bridge["linkinfo"]["info_data"]["vlan_filtering"] == 1
        (svi,) = json.loads(leaf.exec(["ip", "-j", "-d", "link", "show", "vlan453"]).stdout)
        assert svi["linkinfo"]["info_kind"] == "vlan"


def test_no_alarm_on_a_healthy_lab(well: Lab) -> None:
    done = well.exec_seat(["vip", "check"], timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fault", ["svi-routes-lost", "vrr-device-deleted"])
def test_a_fault_is_named_healed_and_mended(fault: str, well: Lab) -> None:
    report = FaultInjector(well).inject(fault, vm="vm-a1")
    assert not report.answers
    healed = well.exec_seat(["vip", "heal", "vm-a1", "--yes"], timeout=120)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert f"HEALED: vm-a1 answers again: {fault} was cured" in healed.stdout
    assert all(report.answers for report in FaultInjector(well).mend())
