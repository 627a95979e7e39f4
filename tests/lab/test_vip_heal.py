"""``vip heal`` from "it does not answer" to "it answers again", on real switches.

Two of the faults that a toggle cures are drawn by the seed; ``VIPKEEPER_CURES=all`` takes each.
"""

from __future__ import annotations

import os
import random
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.tree import NOPASSWD_USER, PASSWORD, PASSWORD_USER
from tests.lab.desk import OTHER_SWITCH, SWITCH, VIP, Desk, ifindex, untouched
from tests.lab.switch import LeafUnderTest

FAULTS = ["vrr-device-deleted", "vip-address-lost", "svi-routes-lost", "neighbour-wrong"]
A1 = "130.246.213.11"
OUTSIDE = "198.51.100.250"


def toggled() -> list[str]:
    """The faults that the toggle is to cure."""
    if os.environ.get("VIPKEEPER_CURES") == "all":
        return FAULTS
    return random.Random(f"{os.environ['VIPKEEPER_SEED']} toggles").sample(FAULTS, 2)


@pytest.mark.parametrize("fault", toggled())
def test_the_toggle_cures_a_fault_and_leaves_the_proof(
    desk: Desk, leaf: LeafUnderTest, fault: str
) -> None:
    lab = desk.lab
    disk, before = leaf.disk(), ifindex(leaf)
    assert not FaultInjector(lab).inject(fault).answers, "the fault does not cut the VM off"
    with lab.start_pinger("vm-x1", OUTSIDE) as bystander:
        said = desk.vip("heal", "vm-a1", "--toggle", "--yes")
    assert said.code == 0, said
    assert said.err == ""
    assert lab.answers(A1, count=2)
    assert leaf.disk() == disk
    assert leaf.state() == set()
    assert ifindex(leaf) not in {"", before}, "the gateway was not toggled"
    assert bystander.report is not None
    assert bystander.report.sent > 100
    assert bystander.report.lost == 0, "traffic on another VLAN was hurt"
    # What a person reads.
    assert f"{SWITCH.split('.')[0]} LLDP: hv50.nubes.example.internal is on swp1s3" in said.out
    for part in ("OpenStack", "Mimic", "Subnet page", f"{A1} does not answer", "HEALED: vm-a1"):
        assert part in said.out, part
    check_records(desk, said.out, fault)


def check_records(desk: Desk, told: str, fault: str) -> None:
    """The report and the audit lines of a healing."""
    report = desk.report()
    assert report["schema"] == "vipkeeper/heal-run/2"
    assert (report["verdict"], report["exit_code"]) == ("healed", 0)
    assert (report["command"], report["target"]) == ("heal", "vm-a1")
    now = datetime.now(timezone.utc)
    finished = datetime.fromisoformat(report["finished"])
    assert now - timedelta(minutes=5) < datetime.fromisoformat(report["started"]) < finished <= now
    steps = report["way"]["steps"]
    assert {"OpenStack", "Mimic", "Subnet page"} == {step["source"] for step in steps}
    assert all(0 <= step["age_seconds"] < 300 and not step["cached"] for step in steps)
    assert [probe["received"] for probe in report["pings"]["before"]] == [0]
    assert all(probe["received"] for probe in report["pings"]["after"])
    assert report["kernel"][-1]["kernel"]["problems"] == []
    assert bool(report["attempts"][0]["before"]["problems"]) == (fault != "neighbour-wrong")
    assert report["presence"][SWITCH]["port"] == "swp1s3"
    assert report["attempts"][0]["gateway"]["file"] == "/etc/network/interfaces"
    assert f"-\taddress-virtual 00:00:5e:00:01:c5 {VIP}/22" in report["attempts"][0]["diff"]
    commit = report["attempts"][0]["commit"]
    assert (commit["mode"], commit["result"]) == ("targeted", "reverted")
    assert 0 < commit["outage_seconds"] < 60
    assert report["timeline"]
    (path, audit) = desk.records()
    assert str(path) in told
    for record in (path, audit):
        assert stat.S_IMODE(record.stat().st_mode) == 0o600
    begin, end = desk.audited()
    assert (begin["event"], end["event"]) == ("begin", "end")
    assert begin["run"] == end["run"] == report["id"]
    assert begin["switches"] == [SWITCH]
    assert begin["diff"] == report["attempts"][0]["diff"]
    assert (end["verdict"], end["report"]) == ("healed", str(path))


def test_a_target_that_answers_is_left_alone(desk: Desk, leaf: LeafUnderTest) -> None:
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--yes")
    assert said.code == 0, said
    assert "nothing to do" in said.out
    assert desk.begun() == 0
    assert desk.report()["verdict"] == "healthy"


def test_toggle_toggles_a_target_that_answers(desk: Desk, leaf: LeafUnderTest) -> None:
    before = ifindex(leaf)
    said = desk.vip("heal", "vm-a1", "--toggle", "--yes")
    assert said.code == 0, said
    assert ifindex(leaf) != before
    assert desk.begun() == 1


def test_dry_run_shows_the_diagnosis_and_changes_nothing(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--dry-run", "--yes")
    assert said.code == 0, said
    for part in (
        "svi-routes-lost: every connected route of 130.246.212.0/22 is missing",
        "one leaf: 0 of 1 beside it on hv50, 0 of 1 on other hypervisors",
        "which cuts nobody off",
        "it would be reapply",
    ):
        assert part in said.out, part
    assert desk.begun() == 0
    report = desk.report()
    assert report["verdict"] == "dry-run"
    assert report["impact"]["scope"] == "one leaf"
    assert [found["fault"] for found in report["diagnosis"][SWITCH]] == ["svi-routes-lost"]
    assert not desk.lab.answers(A1)


def test_dry_run_loads_no_driver_of_another_vendor(desk: Desk, leaf: LeafUnderTest) -> None:
    """NAPALM with all its vendors' drivers is for the change; it is a third of a dry run."""
    FaultInjector(desk.lab).inject("svi-routes-lost")
    loaded = desk.imported("heal", "vm-a1", "--dry-run")
    assert desk.report()["verdict"] == "dry-run"
    assert {"paramiko.transport", "openstack"} <= loaded
    assert not loaded & {"napalm", "netmiko", "nornir_napalm", "pyeapi"}


def test_dry_run_of_the_toggle_shows_the_difference(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--toggle", "--dry-run", "--yes")
    assert said.code == 0, said
    assert f"-   address-virtual 00:00:5e:00:01:c5 {VIP}/22" in said.out.replace("\t", "   ")
    assert "+   #address-virtual" in said.out.replace("\t", "   ")
    assert desk.begun() == 0
    assert desk.report()["verdict"] == "dry-run"
    assert not desk.lab.answers(A1)


def test_without_yes_and_without_a_terminal_nothing_is_changed(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    said = desk.refused(
        leaf, 2, "nobody to ask", "--yes", "nothing on the switch", command=("heal", "vm-a1")
    )
    assert "plan" in said.out


@contextmanager
def floating_address(lab: Lab) -> Iterator[str]:
    """Give vm-b1 its floating address by a tunnel between the core and its fixed address.

    It stands for Neutron's router: the address answers only while the VM's own gateway works.
    """
    spec = lab.topology.vm("vm-b1")
    assert spec.floating is not None
    assert spec.address is not None
    floating, core, vm = str(spec.floating), lab.fabric.ns("core"), lab.vm_ns("vm-b1")
    near, far = lab.topology.core_outside.ip, spec.address.ip
    seat = lab.fabric.ns("seat")
    undo = [(seat, f"route del {floating}"), (core, "link del fip"), (vm, "link del fip")]
    for namespace, command in (
        (core, f"link add fip type vxlan id 80 local {near} remote {far} dstport 4789"),
        (core, "addr add 169.254.80.1/30 dev fip"),
        (core, "link set fip up"),
        (vm, f"link add fip type vxlan id 80 local {far} remote {near} dstport 4789"),
        (vm, "addr add 169.254.80.2/30 dev fip"),
        (vm, f"addr add {floating}/32 dev fip"),
        (vm, "link set fip up"),
        (core, f"route add {floating} via 169.254.80.2"),
        (seat, f"route add {floating} via {near}"),
    ):
        subprocess.run(["ip", "-n", namespace, *command.split()], check=True)
    try:
        assert lab.answers(floating, count=2), "the floating address does not answer"
        yield floating
    finally:
        for namespace, command in undo:
            subprocess.run(["ip", "-n", namespace, *command.split()], check=False)


def test_heal_by_floating_address(desk: Desk, leaf: LeafUnderTest) -> None:
    with floating_address(desk.lab) as floating:
        FaultInjector(desk.lab).inject("svi-routes-lost")
        said = desk.vip("heal", floating, "--yes")
        assert said.code == 0, said
        assert "vm-b1 (130.246.213.21)" in said.out
        assert f"HEALED: {floating} answers again" in said.out
        assert desk.lab.answers(floating)


NAMES = ("id", "fixed address", "hypervisor", "short hypervisor")
#: By this one it is healed, by the others the cure is planned.
HEALED_BY = random.Random(f"{os.environ['VIPKEEPER_SEED']} names").choice(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_heal_by_whatever_names_it(desk: Desk, leaf: LeafUnderTest, name: str) -> None:
    target = {
        "id": desk.lab.topology.vm("vm-a1").uuid,
        "fixed address": A1,
        "hypervisor": "hv50.nubes.example.internal",
        "short hypervisor": "hv50",
    }[name]
    FaultInjector(desk.lab).inject("svi-routes-lost")
    if name != HEALED_BY:
        said = desk.vip("heal", target, "--dry-run")
        assert (said.code, desk.report()["verdict"]) == (0, "dry-run"), said
        assert "ifup vlan453, devices up" in said.out
        return
    said = desk.vip("heal", target, "--yes")
    assert said.code == 0, said
    assert f"HEALED: {target} answers again" in said.out
    assert desk.lab.answers(A1)


def test_a_stanza_in_a_sourced_file_is_cured_there(desk: Desk, leaf: LeafUnderTest) -> None:
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    disk, addresses = other.disk(), other.addresses()
    FaultInjector(desk.lab).inject("svi-routes-lost", vm="vm-c1")
    with untouched(leaf):
        said = desk.vip("heal", "vm-c1", "--toggle", "--yes")
    assert said.code == 0, said
    assert (
        desk.report()["attempts"][0]["gateway"]["file"] == "/etc/network/interfaces.d/vlan453.intf"
    )
    assert "--- /etc/network/interfaces.d/vlan453.intf" in said.out
    assert (other.disk(), other.addresses()) == (disk, addresses)
    assert desk.lab.answers("130.246.213.31")


def test_what_the_toggle_does_not_cure_is_not_called_healed(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    vm = desk.lab.vm_ns("vm-a1")
    subprocess.run(["ip", "-n", vm, "link", "set", "eth0", "down"], check=True)
    try:
        settle = {"VIPKEEPER_HEAL__SETTLE": "2"}
        said = desk.vip("heal", "vm-a1", "--toggle", "--yes", env=settle)
    finally:
        subprocess.run(["ip", "-n", vm, "link", "set", "eth0", "up"], check=True)
        route = ["route", "replace", "default", "via", VIP]
        subprocess.run(["ip", "-n", vm, *route], check=True)
    assert said.code == 8, said
    assert "still does not answer" in said.out
    assert "console" in said.out
    assert desk.report()["verdict"] == "not-healed"


# --- operators who are not root, or not near


def test_an_operator_whose_sudo_asks_nothing(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    login = {"VIPKEEPER_SSH__USERNAME": NOPASSWD_USER, "VIPKEEPER_SSH__SUDO": "true"}
    said = desk.vip("heal", "vm-a1", "--yes", env=login)
    assert said.code == 0, said
    assert desk.lab.answers(A1)


def test_an_operator_with_passwords_for_login_and_sudo(
    desk: Desk, leaf: LeafUnderTest, tmp_path: Path
) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    said = desk.vip("heal", "vm-a1", "--yes", env=with_password(PASSWORD))
    assert said.code == 0, said
    assert desk.lab.answers(A1)
    assert PASSWORD not in leaf.sh(
        "cat /run/vipkeeper/last/* 2>/dev/null; journalctl -q --no-pager"
    )


def with_password(password: str) -> dict[str, str]:
    """The settings of somebody who logs in by password; the environment holds it."""
    return {
        "VIPKEEPER_SSH__USERNAME": PASSWORD_USER,
        "VIPKEEPER_SSH__SUDO": "true",
        "VIPKEEPER_SSH_PASSWORD": password,
        "VIPKEEPER_SUDO_PASSWORD": PASSWORD,
    }


def test_through_a_jump_host(desk: Desk, leaf: LeafUnderTest) -> None:
    """Leaf -03 lets nobody in but from leaf -01."""
    lab = desk.lab
    FaultInjector(lab).inject("svi-routes-lost")
    seat = lab.topology.seat.management.ip
    leaf.sh(f"ip route add prohibit {seat}/32")
    try:
        direct = desk.refused(leaf, 5, "10.5.0.43", env={"VIPKEEPER_SSH__CONNECT_TIMEOUT": "3"})
        assert SWITCH in direct.out + direct.err
        jump = {"VIPKEEPER_SSH__PROXY_JUMP": "root@10.5.0.41"}
        said = desk.vip("heal", "vm-a1", "--yes", env=jump)
    finally:
        leaf.sh(f"ip route del prohibit {seat}/32")
    assert said.code == 0, said
    assert lab.answers(A1)
    assert OTHER_SWITCH not in said.out
