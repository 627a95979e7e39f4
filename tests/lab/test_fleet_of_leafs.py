"""``vip heal --all-unhealthy`` on four real leafs that share their VIPs, three of them ill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.topology.default import default_topology
from tests.lab.desk import Desk, ifindex, untouched
from tests.lab.ready_vip import ReadyVip
from tests.lab.switch import LeafUnderTest
from tests.lab.vip_watcher import VipWatcher, numbers

#: Faults with one cure, which takes the VIP away: the VRR device is made anew.
ILL = {"01": "vrr-forwarding-off", "03": "vrr-arp-ignore", "11": "vrr-noarp"}
SOUND = "12"
FIRST, SECOND, THIRD = (f"swt-sn2100-{number}.example.internal" for number in ILL)
#: Three of four are more than the half that is held to be the leafs' own fault.
MOST = {"VIPKEEPER_HEAL__MAX_UNHEALTHY": "0.75"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of its own, with two more leafs than the one that all other tests share."""
    lab = Lab(f"four-{os.getpid()}")
    lab.up(default_topology(lab.name, extra_leafs=2))
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="module")
def ready_vip(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadyVip]:
    """A process at the seat of that lab."""
    ready = ReadyVip(lab, tmp_path_factory.mktemp("ready"))
    yield ready
    ready.close()


@pytest.fixture
def leafs(well: Lab) -> Iterator[dict[str, LeafUnderTest]]:
    """All leafs by number, proven after the test to hold what they held before it."""
    with ExitStack() as stack:
        leafs = {name: LeafUnderTest(well, stack, name) for name in numbers(well)}
        before = {name: (leaf.disk(), leaf.addresses()) for name, leaf in leafs.items()}
        yield leafs
        for name, leaf in leafs.items():
            leaf.wait_until(lambda leaf=leaf: leaf.state() == set())
            assert (leaf.disk(), leaf.addresses()) == before[name]


@pytest.fixture
def ill(desk: Desk, leafs: dict[str, LeafUnderTest]) -> Desk:
    """The desk, after three of the four leafs have fallen ill."""
    assert set(leafs) == {*ILL, SOUND}
    for number, fault in ILL.items():
        assert FaultInjector(desk.lab).inject(fault, leaf=number).as_declared
    return desk


def events(desk: Desk) -> list[tuple[str, str]]:
    """The audit log: what happened, to whom."""
    return [(line["event"], line["target"]) for line in desk.audited()]


def verdicts(desk: Desk) -> list[tuple[str, str]]:
    """What the whole run's report says of each leaf, in its order."""
    reports = [json.loads(p.read_text()) for p in desk.records() if p.suffix == ".json"]
    (whole,) = [report for report in reports if report["target"] == "all-unhealthy"]
    return [(leaf["switch"], leaf["verdict"]) for leaf in whole["leafs"]]


def test_three_leafs_are_healed_one_after_the_other(
    ill: Desk, leafs: dict[str, LeafUnderTest]
) -> None:
    before = {name: ifindex(leaf) for name, leaf in leafs.items()}
    watcher = VipWatcher(ill.lab, tuple(leafs))
    with watcher.looking(), untouched(leafs[SOUND]):
        said = ill.vip("heal", "--all-unhealthy", "--yes", env=MOST)
    print(said.out, watcher.told())  # noqa: T201 - pytest -rP shows what was seen
    assert said.code == 0, said
    assert f"3 of 3 leafs healed ({FIRST}, {SECOND}, {THIRD})" in said.out

    # Each lost the VIP, in the order of the plan, and never two at a time.
    assert watcher.most == 1, watcher.told()
    assert watcher.in_order() == list(ILL)
    assert watcher.looks > 1000
    for number in ILL:
        assert ifindex(leafs[number]) != before[number], "the device was not made anew"

    # The canary goes first and alone: it has ended when another is begun, and is said to.
    one_by_one = [(event, leaf) for leaf in (FIRST, SECOND, THIRD) for event in ("begin", "end")]
    assert events(ill) == [*one_by_one, ("end", "all-unhealthy")]
    steps = [line.split()[1] for line in said.out.splitlines()]
    told = [step for step in steps if step in {"canary", "next", "healed"}]
    assert told == ["canary", "healed", "next", "healed", "healed"]
    assert verdicts(ill) == [(leaf, "healed") for leaf in (FIRST, SECOND, THIRD)]

    # All are cured: the faults are gone, and whoever was cut off answers.
    again = ill.vip("heal", "--all-unhealthy", "--yes")
    assert again.code == 0, again
    assert "have no fault to cure" in again.out
    for number in leafs:
        for vm in ill.lab.topology.vms_behind(ill.lab.topology.leaf(number)):
            assert ill.lab.answers(ill.lab.address_of(vm)), vm.name


def test_a_cure_that_fails_on_the_second_leaf_leaves_the_third_alone(
    ill: Desk, leafs: dict[str, LeafUnderTest]
) -> None:
    broken = "/usr/local/sbin/ifup"
    second = leafs["03"]
    second.sh(f"printf '#!/bin/sh\\nexit 1\\n' >{broken}; chmod 755 {broken}")
    watcher = VipWatcher(ill.lab, tuple(leafs))
    try:
        with watcher.looking(), untouched(leafs["11"]), untouched(leafs[SOUND]):
            said = ill.vip("heal", "--all-unhealthy", "--yes", env=MOST)
    finally:
        second.sh(f"rm {broken}")
    print(said.out, said.err, watcher.told())  # noqa: T201 - as above
    assert said.code == 7, said  # gone back
    assert f"1 of 3 leafs healed ({FIRST}); not started: {THIRD}; " in said.err
    assert "has restored the configuration on its disk" in said.err
    assert watcher.most == 1, watcher.told()
    assert watcher.in_order() == ["01", "03"]
    assert verdicts(ill) == [(FIRST, "healed"), (SECOND, "failed"), (THIRD, "not started")]
    assert THIRD not in {target for _, target in events(ill)}


def test_three_of_four_are_too_many_to_be_the_leafs_own_fault(
    ill: Desk, leafs: dict[str, LeafUnderTest]
) -> None:
    with ExitStack() as stack:
        for leaf in leafs.values():
            stack.enter_context(untouched(leaf))
        said = ill.vip("heal", "--all-unhealthy", "--yes")
    assert said.code == 6, said
    assert "3 of 4 leafs have faults at once" in said.err
    assert ill.begun() == 0
