"""Another machine answers for the VIP, alone and beside another fault, on a real leaf."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from tests.lab.desk import SWITCH, VIP, Desk, ifindex
from tests.lab.switch import LeafUnderTest

ROGUE, HYPERVISOR = "vm-b1", "hv51.nubes.example.internal"
#: Answers each announcement of an address by another machine with one of its own, as RFC 5227
#: allows; ARGV: interface, address, and how often it does so before it gives up.
_DEFENDER = """
import socket, sys, time
name, address, most = sys.argv[1], socket.inet_aton(sys.argv[2]), int(sys.argv[3])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
wire.bind((name, 0x0806))
own = wire.getsockname()[4]
head = b"\\xff" * 6 + own + b"\\x08\\x06\\x00\\x01\\x08\\x00\\x06\\x04\\x00\\x01"
print("ready", flush=True)
last = 0.0
while True:
    frame = wire.recv(2048)
    sender, said, asked = frame[22:28], frame[28:32], frame[38:42]
    if sender == own or said != address or asked != address:
        continue
    if time.monotonic() - last > 1.5:  # not one more of the same announcement
        most -= 1
    last = time.monotonic()
    if most < 0:
        break
    time.sleep(0.05)
    wire.send(head + own + address + b"\\xff" * 6 + address)
"""


@contextmanager
def defended(lab: Lab, times: int) -> Iterator[None]:
    """The rogue defends the VIP against so many announcements."""
    argv = ["ip", "netns", "exec", lab.vm_ns(ROGUE), sys.executable, "-c", _DEFENDER]
    process = subprocess.Popen(
        [*argv, "eth0", VIP, str(times)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


def named(lab: Lab) -> str:
    """What is said of the rogue."""
    spec = lab.topology.vm(ROGUE)
    return (
        f"vip-answered-by-other is still there: {VIP} is answered by {spec.mac}, seen on swp1s2 of "
        f"{SWITCH.split('.', 1)[0]}: the VM {ROGUE} ({spec.uuid}) on {HYPERVISOR}"
    )


def test_without_openstack_the_rogue_is_named_by_mac_and_port(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    assert desk.vip("trace", "vm-a1", "--no-probe").code == 0  # the way is known from now on
    FaultInjector(desk.lab).inject("vip-answered-by-other")
    with desk.web_fault("openstack", "neutron-down"):
        said = desk.vip("heal", "vm-a1", "--yes")
    assert said.code == 13, said
    mac = desk.lab.topology.vm(ROGUE).mac
    assert f"{VIP} is answered by {mac}, seen on swp1s2 of " in said.out
    assert "its owner is not known (OpenStack: it was asked for the ports with the MAC" in said.out


def test_two_faults_that_mask_each_other_are_cured_without_a_toggle(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    lab, before = desk.lab, ifindex(leaf)
    FaultInjector(lab).inject("svi-routes-lost")
    FaultInjector(lab).inject("vip-answered-by-other")
    # It defends itself against the first announcement and the one that follows the repair.
    with defended(lab, 2):
        said = desk.vip("heal", "vm-a1", "--yes")
    assert said.code == 13, said
    report = desk.report()
    assert (report["verdict"], report["exit_code"]) == ("healed-for-now", 13)
    done = [(each["cure"], each["helped"]) for each in report["attempts"]]
    assert done == [("announce", False), ("reapply", False), ("announce", True)]
    cured = "svi-routes-lost was cured by reapply; announce helped; the cures cut nobody off"
    assert f"HEALED FOR NOW: vm-a1 answers again: {cured}" in said.out
    assert named(lab) in said.out
    assert report["rogues"][0]["vms"][0]["name"] == ROGUE
    assert lab.answers("130.246.213.11")
    assert ifindex(leaf) == before, "the VRR device was made anew"


def test_a_rogue_that_never_gives_up_costs_nobody_a_toggle(desk: Desk, leaf: LeafUnderTest) -> None:
    lab, before = desk.lab, ifindex(leaf)
    FaultInjector(lab).inject("vip-answered-by-other")
    with defended(lab, 99):
        said = desk.vip("heal", "vm-a1", "--yes", env={"VIPKEEPER_HEAL__SETTLE": "4"})
    assert said.code == 8, said
    assert [each["cure"] for each in desk.report()["attempts"]] == ["announce"]
    assert named(lab) in said.out
    assert "--toggle" not in said.out
    assert ifindex(leaf) == before, "the VRR device was made anew"


def test_many_leafs_are_told_the_same(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("vip-answered-by-other")
    # Both leafs hear it: it is in the VLAN that they share.
    said = desk.vip("heal", "--all-unhealthy", "--yes", "--force")
    assert said.code == 13, said
    assert "HEALED FOR NOW: 0 of " in said.out
    assert named(desk.lab) in said.out
    assert desk.lab.answers("130.246.213.11")
    assert {line["verdict"] for line in desk.audited() if line["event"] == "end"} == {
        "healed-for-now"
    }
