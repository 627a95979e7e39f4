"""Whatever dies, and whenever: the VIP comes back and the disk is byte for byte as it was.

Every test kills something several times, at moments drawn from a seed that is printed: others in
every run, one in each part of the time. ``VIPKEEPER_KILLS`` asks for more rounds.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from napalm.base.exceptions import NapalmException

from napalm_cumulus import CumulusDriver
from tests.lab.switch import PATIENCE, WELL, LeafUnderTest
from tests.lab.test_commit import commit_that_expires, toggled

ROUNDS = int(os.environ.get("VIPKEEPER_KILLS", "3"))
#: Without waiting for the timer, which ends it after 60 seconds.
BY_ITSELF = 45.0
SEED = int(os.environ["VIPKEEPER_SEED"])
TOGGLE = ["vip", "toggle", "swt-sn2100-03.example.internal", "--vip", "130.246.212.1", "--yes"]


@pytest.fixture
def moments(record_property: Callable[[str, object], None]) -> random.Random:
    record_property("seed", SEED)
    print(f"VIPKEEPER_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    return random.Random(SEED)


def spread(moments: random.Random, low: float, high: float) -> list[float]:
    """A moment of each of as many equal parts of a time as there are rounds."""
    part = (high - low) / ROUNDS
    return [low + part * (number + moments.random()) for number in range(ROUNDS)]


def require_well_again(leaf: LeafUnderTest, disk: str, within: float = PATIENCE) -> float:
    """The state directory empty, the VIP up, the disk untouched, the timers gone."""
    seconds = leaf.wait_until(lambda: leaf.state() == set(), timeout=within)
    assert leaf.addresses() == WELL
    assert leaf.disk() == disk
    assert leaf.timers() == ""
    return seconds


def index_of(leaf: LeafUnderTest) -> str:
    """The VRR device's number in the kernel: a toggle makes the device anew."""
    return leaf.sh("cat /sys/class/net/vlan453-v0/ifindex 2>/dev/null || :").strip()


def at_work(leaf: LeafUnderTest, process: subprocess.Popen[bytes]) -> bool:
    """Whether the switch has begun what a command asks of it, or the command is over."""
    return leaf.state() != set() or process.poll() is not None


@pytest.mark.promise("T4")
def test_vip_killed_at_a_random_moment_of_a_toggle(
    leaf: LeafUnderTest, moments: random.Random
) -> None:
    disk = leaf.disk()
    seat = leaf.lab.seat
    begin = time.monotonic()
    done = leaf.lab.exec_seat(TOGGLE)
    assert done.returncode == 0, done.stderr
    whole = time.monotonic() - begin
    toggled_rounds = 0
    # Once while the way is looked for, then in each part of the second in which the switch is at
    # work, counted from when it begins.
    early = [(moments.uniform(0.0, whole), False)]
    begun = [(moment, True) for moment in spread(moments, 0.0, 1.2)]
    for moment, wait in [*early, *begun]:
        before = index_of(leaf)
        process = subprocess.Popen(
            seat.command(TOGGLE),
            env=seat.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if wait:
            leaf.wait_until(partial(at_work, leaf, process))
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        require_well_again(leaf, disk, within=BY_ITSELF)
        toggled_rounds += index_of(leaf) != before
    # A test whose kills all came too early or too late would prove nothing.
    assert toggled_rounds > 0, "no kill came after the toggle had begun"


@pytest.mark.promise("T4")
@pytest.mark.parametrize("bounce", [True, False], ids=["bounce", "pending"])
def test_ssh_cut_at_a_random_moment_of_a_commit(
    leaf: LeafUnderTest, moments: random.Random, *, bounce: bool
) -> None:
    disk = leaf.disk()
    candidate = toggled(leaf)
    cut = 0
    for moment in spread(moments, 0.0, 0.9 if bounce else 0.6):
        driver = leaf.driver(keepalive=1)
        driver.load_merge_candidate(config=candidate)
        outcome: list[Exception | None] = []

        def commit(
            driver: CumulusDriver = driver, outcome: list[Exception | None] = outcome
        ) -> None:
            try:
                driver.commit_config(message="cut me", revert_in=3, bounce=bounce)
            except NapalmException as error:
                outcome.append(error)
            else:
                outcome.append(None)

        thread = threading.Thread(target=commit)
        thread.start()
        time.sleep(moment)
        leaf.sh("pkill -KILL -f '^sshd: root' || :")
        thread.join(30)
        assert not thread.is_alive(), "the client did not notice that its session is gone"
        cut += isinstance(outcome[0], NapalmException)
        require_well_again(leaf, disk)
    assert cut > 0, "no cut came before the end of the commit"


@pytest.mark.promise("T4")
def test_the_operators_network_lost_while_a_commit_is_pending(leaf: LeafUnderTest) -> None:
    """A lost VPN: no packet arrives any more, nobody closes anything."""
    disk = leaf.disk()
    driver = leaf.driver(command_timeout=5)
    commit_that_expires(driver, toggled(leaf), seconds=3)
    assert leaf.addresses() == set()
    seat = leaf.lab.seat.netns
    device = (
        subprocess.run(
            ["ip", "-n", seat, "-o", "route", "get", "10.5.0.43"],
            check=True,
            capture_output=True,
            text=True,
        )
        .stdout.split(" dev ")[1]
        .split()[0]
    )
    subprocess.run(["ip", "-n", seat, "link", "set", device, "down"], check=True)
    try:
        require_well_again(leaf, disk)
    finally:
        subprocess.run(["ip", "-n", seat, "link", "set", device, "up"], check=True)


def seconds_of_a_reload(leaf: LeafUnderTest) -> float:
    begin = time.monotonic()
    leaf.sh("ifreload -a")
    return time.monotonic() - begin


@pytest.mark.promise("T3")
def test_the_timer_brings_the_vip_back_when_nobody_confirms(
    leaf: LeafUnderTest, record_property: Callable[[str, object], None]
) -> None:
    disk = leaf.disk()
    driver = leaf.driver()
    candidate = toggled(leaf)
    one_reload = seconds_of_a_reload(leaf)
    revert_in = 2 + round(3 * one_reload)  # on a busy machine the candidate has to get there, too
    late: list[float] = []
    for _ in range(ROUNDS):
        driver.load_merge_candidate(config=candidate)
        driver.commit_config(revert_in=revert_in)
        assert leaf.addresses() == set(), "the candidate is not applied"
        assert leaf.disk() == disk
        require_well_again(leaf, disk)
        progress = leaf.sh("cat /run/vipkeeper/last/progress").splitlines()
        steps = {line.split()[1]: float(line.split()[0]) for line in progress}
        late.append(steps["reverted"] - steps["armed"] - revert_in)
        assert leaf.sh("cat /run/vipkeeper/last/result").startswith("reverted not confirmed")
    # By the switch's own clock, and measured again: a busy machine reloads more slowly.
    slowest = max(one_reload, seconds_of_a_reload(leaf))
    assert max(late) < 2 + 2 * slowest, late
    record_property("seconds_after_the_deadline", f"{min(late):.2f} to {max(late):.2f}")


@pytest.mark.parametrize("verb", ["run", "rollback"])
def test_the_on_switch_program_killed(
    leaf: LeafUnderTest, moments: random.Random, verb: str
) -> None:
    """The timer is armed before anything and disarmed after everything: it finishes the job."""
    disk = leaf.disk()
    candidate = toggled(leaf)
    unit = f"vipkeeper-{verb}-"
    for _ in range(max(2, ROUNDS // 2)):
        driver = leaf.driver()
        driver.load_merge_candidate(config=candidate)

        def work(driver: CumulusDriver = driver) -> None:
            with suppress(NapalmException):
                driver.commit_config(revert_in=3)
                if verb == "rollback":
                    driver.rollback()

        thread = threading.Thread(target=work)
        thread.start()
        leaf.wait_until(lambda: unit in leaf.timers())
        time.sleep(moments.uniform(0.0, 0.3))
        leaf.sh(
            f"for unit in $(systemctl list-units --plain --no-legend '{unit}*' | cut -d' ' -f1); "
            'do systemctl kill -s KILL "$unit" || :; done'
        )
        thread.join(40)
        assert not thread.is_alive()
        require_well_again(leaf, disk)


@pytest.mark.promise("T5")
def test_a_reboot_while_pending_is_the_rollback(leaf: LeafUnderTest) -> None:
    disk = leaf.disk()
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(revert_in=600)
    assert leaf.addresses() == set()
    switch = leaf.lab.leaf(leaf.name)
    switch.power_cut()
    switch.boot()
    leaf.wait_until(lambda: leaf.addresses() == WELL)
    require_well_again(leaf, disk, within=1)


def test_ctrl_c_leaves_the_switch_well(leaf: LeafUnderTest, moments: random.Random) -> None:
    disk = leaf.disk()
    seat = leaf.lab.seat
    begin = time.monotonic()
    leaf.lab.exec_seat(["vip", "--version"], check=True)
    start = time.monotonic() - begin  # longer than nothing on a busy machine
    # From Python's imports to the end of the toggle.
    for moment in spread(moments, 0.15, 3.0 + start):
        process = subprocess.Popen(
            seat.command(TOGGLE),
            env=seat.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        # On a busy machine the first signal may find Python before it has come to vip's own code.
        if "Fatal Python error: init_" not in said:
            if ", in main" in said or process.returncode != -signal.SIGINT:
                assert "Traceback" not in said, said
            assert process.returncode in {0, 9, -signal.SIGINT}, said
        if process.returncode == 9:
            assert "vip: stopped" in said
        require_well_again(leaf, disk, within=BY_ITSELF)
