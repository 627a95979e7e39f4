"""``vip heal --all-unhealthy`` and ``vip check --fix`` on two real leafs that share their VIPs.

One of two signals is drawn by the seed; with ``VIPKEEPER_KILLS`` both are sent.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab.faults.inject import FaultInjector
from tests.lab.desk import OTHER_SWITCH, SWITCH, VIP, Desk, ifindex, untouched
from tests.lab.switch import PATIENCE, LeafUnderTest
from tests.lab.vip_watcher import VipWatcher, numbers

MODEL = "routing-model"
#: A fault whose cure takes the VIP away for a moment: the VRR device is made anew.
DISRUPTIVE = "vrr-forwarding-off"


@pytest.fixture
def other(desk: Desk) -> Iterator[LeafUnderTest]:
    with ExitStack() as stack:
        yield LeafUnderTest(desk.lab, stack, "01")


def test_an_unhealthy_leaf_is_healed_by_the_mildest_cure(desk: Desk, leaf: LeafUnderTest) -> None:
    disk = leaf.disk()
    assert not FaultInjector(desk.lab).inject("svi-routes-lost").answers
    said = desk.vip("check", "--fix", "--yes", "--skip", MODEL)
    assert said.code == 0, said
    assert desk.lab.answers("130.246.213.11", count=2)
    assert leaf.disk() == disk
    for word in ("svi-routes-lost -> ", "canary", "HEALED: 1 of 1 leafs healed", "2 switches OK"):
        assert word in said.out, said.out
    begun = [line for line in desk.audited() if line["event"] == "begin"]
    assert [line["switches"] for line in begun] == [[SWITCH]]
    assert [(line["cure"], line["fault"]) for line in begun] == [("reapply", "svi-routes-lost")]
    reports = [json.loads(p.read_text()) for p in desk.records() if p.suffix == ".json"]
    (whole,) = [report for report in reports if report["target"] == "all-unhealthy"]
    (own,) = [report for report in reports if report["target"] == SWITCH]
    assert whole["leafs"][0]["report"].endswith(f"heal-{SWITCH}.json")
    assert own["verdict"] == "healed"


def test_a_vip_is_never_away_on_both_leafs(
    desk: Desk, leaf: LeafUnderTest, other: LeafUnderTest
) -> None:
    before = ifindex(leaf), ifindex(other)
    for name in ("swt-sn2100-01", "swt-sn2100-03"):
        FaultInjector(desk.lab).inject(DISRUPTIVE, leaf=name)
    watcher = VipWatcher(desk.lab, numbers(desk.lab))
    with watcher.looking():
        said = desk.vip("heal", "--all-unhealthy", "--yes", "--force")
    assert said.code == 0, said
    assert f"2 of 2 leafs healed ({OTHER_SWITCH}, {SWITCH})" in said.out
    assert ifindex(leaf) != before[0], "the device was not made anew"
    assert ifindex(other) != before[1]
    print(watcher.told())  # noqa: T201 - pytest -rP shows what was seen
    assert watcher.looks > 1000
    assert watcher.most == 1, watcher.told()
    assert watcher.in_order() == ["01", "03"]
    # One after the other: the first one's end comes before the second one's beginning.
    lines = [(line["event"], line["target"]) for line in desk.audited()]
    assert lines == [
        ("begin", OTHER_SWITCH),
        ("end", OTHER_SWITCH),
        ("begin", SWITCH),
        ("end", SWITCH),
        ("end", "all-unhealthy"),
    ]


def test_when_all_leafs_are_ill_none_is_touched(
    desk: Desk, leaf: LeafUnderTest, other: LeafUnderTest
) -> None:
    for name in ("swt-sn2100-01", "swt-sn2100-03"):
        FaultInjector(desk.lab).inject(DISRUPTIVE, leaf=name)
    with untouched(leaf), untouched(other):
        said = desk.vip("heal", "--all-unhealthy", "--yes")
    assert said.code == 6
    assert "2 of 2 leafs have faults at once" in said.err
    assert desk.begun() == 0


def test_what_no_cure_ends_is_named_and_not_touched(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject("forwarding-off")
    with untouched(leaf):
        said = desk.vip("heal", "--all-unhealthy", "--yes")
    assert said.code == 8, said
    assert "forwarding-off" in said.out
    assert desk.begun() == 0


def test_a_dry_run_and_nobody_to_ask_touch_nothing(desk: Desk, leaf: LeafUnderTest) -> None:
    FaultInjector(desk.lab).inject(DISRUPTIVE)
    with untouched(leaf):
        assert desk.vip("heal", "--all-unhealthy", "--dry-run").code == 0
        assert desk.vip("heal", "--all-unhealthy").code == 2
    assert desk.begun() == 0


def test_a_commit_that_waits_on_the_other_leaf_stops_it(
    desk: Desk, leaf: LeafUnderTest, other: LeafUnderTest
) -> None:
    driver = other.driver()
    driver.load_merge_candidate(config=_with_mtu(other, "vlan999", 1400))
    driver.commit_config(message="smaller MTU", revert_in=60)
    try:
        FaultInjector(desk.lab).inject(DISRUPTIVE)
        with untouched(leaf):
            said = desk.vip("heal", "--all-unhealthy", "--yes")
    finally:
        driver.rollback()
    assert said.code == 6, said
    assert f"a commit is pending on {OTHER_SWITCH}" in said.out
    assert "0 of 1 leafs healed" in said.err
    assert f"a commit is pending on {OTHER_SWITCH}" in said.err
    assert desk.begun() == 0
    reports = [json.loads(p.read_text()) for p in desk.records() if p.suffix == ".json"]
    (whole,) = [report for report in reports if report["target"] == "all-unhealthy"]
    (leaf_of_all,) = whole["leafs"]
    assert leaf_of_all["verdict"] == "failed"
    own = json.loads(Path(leaf_of_all["report"]).read_text())
    assert (own["target"], own["verdict"]) == (SWITCH, "refused")


def _with_mtu(leaf: LeafUnderTest, interface: str, mtu: int) -> str:
    text = leaf.sh(f"sed -n '/^iface {interface}$/,/^$/p' /etc/network/interfaces")
    return f"auto {interface}\n{text.rstrip()}\n    mtu {mtu}\n"


def test_the_partner_that_does_not_answer_stops_it_before_anything(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    """The partner answers the check, and is gone when the leaf is to be cured."""
    FaultInjector(desk.lab).inject(DISRUPTIVE)
    argv, env = ("heal", "--all-unhealthy", "--yes"), {"VIPKEEPER_SSH__CONNECT_TIMEOUT": "3"}
    with untouched(leaf), desk.running(*argv, env=env) as process:
        _wait_for(process, "canary")
        desk.lab.leaf("01").power_cut()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6, (out, err)
    assert f"{OTHER_SWITCH} could not be asked" in out
    assert desk.begun() == 0


def signals() -> list[signal.Signals]:
    """What ends the run before its time."""
    both = [signal.SIGINT, signal.SIGTERM]
    if "VIPKEEPER_KILLS" in os.environ:
        return both
    return random.Random(f"{os.environ['VIPKEEPER_SEED']} signals").sample(both, 1)


@pytest.mark.parametrize("number", signals())
def test_a_signal_lets_the_canary_finish_and_begins_no_other(
    desk: Desk, leaf: LeafUnderTest, other: LeafUnderTest, number: int
) -> None:
    for name in ("swt-sn2100-01", "swt-sn2100-03"):
        FaultInjector(desk.lab).inject(DISRUPTIVE, leaf=name)
    argv = ("heal", "--all-unhealthy", "--yes", "--force")
    with untouched(leaf), desk.running(*argv) as process:
        _wait_for(process, "cure")  # the leaf is logged in to, and about to be cured
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 9, (out, err)
    assert "Traceback" not in out + err
    assert "waiting for swt-sn2100-01" in out
    assert f"1 of 2 leafs healed ({OTHER_SWITCH}); not started: {SWITCH}" in err
    assert desk.audited()[-1]["verdict"] == "cancelled"
    assert other.state() == set()
    assert f"vlan453-v0 {VIP}/22" in other.addresses()


def test_a_second_ctrl_c_leaves_it_to_the_switch_and_loses_no_vip(
    desk: Desk, leaf: LeafUnderTest, other: LeafUnderTest
) -> None:
    for name in ("swt-sn2100-01", "swt-sn2100-03"):
        FaultInjector(desk.lab).inject(DISRUPTIVE, leaf=name)
    with desk.running("heal", "--all-unhealthy", "--yes", "--force") as process:
        _wait_for(process, "others")  # the cure itself comes next
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 9, (out, err)
    assert "Traceback" not in out + err
    other.wait_until(lambda: other.state() == set())
    assert f"vlan453-v0 {VIP}/22" in other.addresses()


def _wait_for(process: Any, word: str) -> None:
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"it ended before it said {word!r}: {process.stderr.read()}")
