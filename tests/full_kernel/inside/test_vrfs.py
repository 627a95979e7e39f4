"""Tenant VRFs of the real shape: two tenants with the same addresses, and sshd in ``mgmt``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.faults.inject import FaultInjector
from lab.faults.rules import VRF_FAULTS
from lab.lab import Lab
from tests.full_kernel.real_shape import LONG
from tests.lab.desk import Desk

LAB = ["--shape", "real"]

_ALL = os.environ.get("VIPKEEPER_FULL_KERNEL") == "all"
_CURED = [fault.name for fault in VRF_FAULTS]
#: The fault of the issue in every run: `ifup` and `ifquery -c` do not see it.
HEALED = _CURED if _ALL else _CURED[:1]
#: Both tenants have it.
_VIP = "130.246.212.1"


def vip(desk: Desk, *words: str) -> tuple[int, str]:
    """The exit code of ``vip`` at the seat, and what it says."""
    done = desk.vip(*words)
    return done.code, " ".join((done.out + done.err).split())


@contextmanager
def done_to_the_leaf(lab: Lab, make: str, mend: str) -> Iterator[str]:
    """Something done to the leaf of ``vm-a1``, and undone; gives the leaf's name."""
    name = lab.topology.leafs[0].name
    lab.exec_leaf(name, ["sh", "-c", make], check=True)
    try:
        yield name
    finally:
        lab.exec_leaf(name, ["sh", "-c", mend], check=True)


@pytest.mark.parametrize("fault", HEALED)
def test_a_device_in_a_wrong_vrf_is_named_healed_and_mended(fault: str, desk: Desk) -> None:
    assert not FaultInjector(desk.lab).inject(fault, vm="vm-a1").answers
    code, said = vip(desk, "heal", "vm-a1", "--yes")
    assert (code, f"{fault} was cured by reapply" in said) == (0, True), said
    assert all(report.answers for report in FaultInjector(desk.lab).mend())


def test_a_blackhole_of_one_tenant_hides_no_fault_of_the_other(desk: Desk) -> None:
    route = "blackhole 130.246.213.0/26 vrf tenant2"
    with done_to_the_leaf(desk.lab, f"ip route add {route}", f"ip route del {route}") as name:
        FaultInjector(desk.lab).inject("vip-local-route-lost", vm="vm-a1")
        code, said = vip(desk, "heal", "vm-a1", "--yes")
        assert (code, "vip-local-route-lost was cured by reapply" in said) == (0, True), said
        code, said = vip(desk, "check", name, "--deadline", f"{LONG:g}")
        assert (code, f"ip route del {route}" in said) == (11, True), said
        code, said = vip(desk, "check", name, "--vrf", "tenant1", "--deadline", f"{LONG:g}")
        assert (code, "blackhole" in said) == (0, False), said
        FaultInjector(desk.lab).mend()


def test_a_vip_of_two_tenants_needs_its_vrf_and_a_vm_does_not(desk: Desk) -> None:
    """OpenStack knows the VLAN of the VM's port."""
    name = desk.lab.topology.leafs[0].name
    code, said = vip(desk, "toggle", name, "--vip", _VIP, "--dry-run")
    assert (code, "--vrf tenant1 or --vrf tenant2" in said) == (3, True), said
    code, said = vip(desk, "toggle", name, "--vip", _VIP, "--vrf", "tenant2", "--dry-run")
    assert (code, f"nothing was touched: {_VIP}/22 would be toggled" in said) == (0, True), said
    code, said = vip(desk, "heal", "vm-a1", "--toggle", "--dry-run")
    assert (code, "in the vlan 453: vlan453 is its gateway" in said) == (0, True), said
