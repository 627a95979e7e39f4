"""What is told of a cure that something comes between: it follows from what is seen at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.faults.inject import FaultInjector
from tests.lab.desk import SWITCH, VIP, Desk, Said
from tests.lab.switch import LeafUnderTest

VRR = "vlan453-v0"
A1 = "130.246.213.11"
BY_HAND = ("10.77.0.0/16", "130.246.213.240 dev vlan453-v0 lladdr fa:16:3e:00:00:97 PERMANENT")
_BEGAN = "/run/ifup-began"
_IFUP = "/usr/local/sbin/ifup"
_STOP = "/run/stop-deleting"


@contextmanager
def slow_ifup(leaf: LeafUnderTest, seconds: int) -> Iterator[None]:
    """The next ``ifup`` on the leaf takes its time: something can come between."""
    text = f'#!/bin/sh\\nrm -f {_IFUP}\\ntouch {_BEGAN}\\nsleep {seconds}\\nexec /sbin/ifup "$@"\\n'
    leaf.sh(f"rm -f {_BEGAN}; printf '{text}' >{_IFUP}; chmod 755 {_IFUP}")
    try:
        yield
    finally:
        leaf.sh(f"rm -f {_IFUP} {_BEGAN}")


@contextmanager
def vip_deleted_again_and_again(leaf: LeafUnderTest) -> Iterator[None]:
    """Somebody on the switch takes the VIP away as often as it comes."""
    loop = f"while [ ! -e {_STOP} ]; do ip addr del {VIP}/22 dev {VRR}; sleep 0.02; done"
    leaf.sh(f"rm -f {_STOP}; setsid sh -c '{loop}' >/dev/null 2>&1 </dev/null &")
    try:
        leaf.wait_until(lambda: f"{VRR} {VIP}/22" not in leaf.addresses())
        yield
    finally:
        leaf.sh(f"touch {_STOP}; sleep 0.2; ifup vlan453 2>/dev/null || :")


@contextmanager
def healing(desk: Desk, leaf: LeafUnderTest, *options: str) -> Iterator[list[Said]]:
    """Run ``vip heal`` until the switch is in the middle of ``ifup``; what it said is given."""
    said: list[Said] = []
    with desk.running("heal", "vm-a1", "--yes", *options) as process:
        leaf.wait_until(lambda: leaf.sh(f"ls {_BEGAN} 2>/dev/null || :") != "")
        yield said
        # The one in the middle may have sent it a signal.
        if said:
            process.send_signal(signal.SIGINT)
            said.clear()
        out, err = process.communicate(timeout=120)
        said.append(desk.checked(Said(process.poll() or 0, out, err)))


@pytest.mark.parametrize(
    "command",
    [("toggle", SWITCH, "--vip", VIP), ("heal", "vm-a1", "--toggle")],
    ids=["toggle", "heal"],
)
def test_a_vip_that_is_not_there_at_the_end_is_not_told_to_be_back(
    desk: Desk, leaf: LeafUnderTest, command: tuple[str, ...]
) -> None:
    with vip_deleted_again_and_again(leaf):
        said = desk.vip(*command, "--yes", env={"VIPKEEPER_HEAL__SETTLE": "3"})
    assert said.code in {7, 8}, said
    assert "is back" not in said.out
    assert "HEALED: " not in said.out.replace("NOT HEALED: ", "")
    assert f"{VRR} lacks {VIP}/22" in said.out + said.err
    assert desk.report()["verdict"] in {"not-healed", "rolled-back"}


@pytest.mark.promise("T33")
def test_a_reboot_during_a_repair_is_told_as_one(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    switch = desk.lab.leaf(leaf.name)
    with slow_ifup(leaf, 60), healing(desk, leaf) as ended:
        switch.power_cut()
        switch.boot()
    (said,) = ended
    assert "was cured by" not in said.out
    assert "cut nobody off" not in said.out
    assert f"{SWITCH} rebooted at " in said.out
    (attempt,) = desk.report()["attempts"]
    assert attempt["rebooted_at"] > desk.report()["started"][:16]
    assert attempt["outage_seconds"] is None
    assert said.code == 0, said  # the boot has brought all of it back
    assert desk.lab.answers(A1)
    assert f"HEALED: vm-a1 answers again: {SWITCH} rebooted at " in said.out


def test_a_lost_session_is_not_told_as_no_outage_and_gets_its_aftercare(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    leaf.sh(f"ip route add {BY_HAND[0]} via {A1} dev {VRR}; ip neigh replace {BY_HAND[1].lower()}"
            .replace("permanent", "nud permanent"))  # fmt: skip
    try:
        FaultInjector(desk.lab).inject("vrr-forwarding-off")
        with slow_ifup(leaf, 3), healing(desk, leaf) as ended:
            leaf.sh("pkill -KILL -f '^sshd: [r]oot' || :")
        (said,) = ended
        assert said.code == 0, said
        routes, neighbours = leaf.sh("ip route show"), leaf.sh("ip neigh show nud permanent")
    finally:
        leaf.sh(f"ip route del {BY_HAND[0]}; ip neigh del 130.246.213.240 dev {VRR}; true")
    assert "cut nobody off" not in said.out
    assert "the gateway was away for up to " in said.out
    assert "not measured" in said.out
    assert BY_HAND[0] in routes, said
    assert BY_HAND[1] in neighbours, said
    (attempt,) = desk.report()["attempts"]
    assert attempt["lost_session"]
    assert attempt["outage_seconds"] is None
    assert attempt["unmeasured_seconds"] >= 1
    assert len(attempt["aftercare"]["restored"]) >= 2
    assert attempt["aftercare"]["announced"]


def test_ctrl_c_during_a_repair_says_that_it_goes_on_to_its_end(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    FaultInjector(desk.lab).inject("svi-routes-lost")
    with slow_ifup(leaf, 6), healing(desk, leaf) as ended:
        ended.append(Said(0, "", ""))  # asks for the signal
    (said,) = ended
    assert said.code == 9, said
    assert "old configuration" not in said.err
    assert "completes the repair" in said.err
    leaf.wait_until(lambda: leaf.state() == set())
    assert "130.246.212.0/22" in leaf.sh("ip -4 route show table main"), "it did not go on"
    assert desk.lab.answers(A1)
    (attempt,) = desk.report()["attempts"]
    assert not attempt["ended"]
