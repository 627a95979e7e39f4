"""The way back when the way there was cut off, and when something on the switch is in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from napalm.base.exceptions import (
    CommitConfirmException,
    CommitError,
    NapalmException,
    SessionLockedException,
)

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import transaction
from napalm_cumulus.commit.report import PendingCommit
from napalm_cumulus.errors import CommitRefusedError
from tasks.facts.collect import SILENT, commands
from tests.lab.switch import WELL, LeafUnderTest
from tests.lab.test_adversity import old_systemd
from tests.lab.test_commit import (
    commit_extra,
    commit_that_expires,
    has_extra,
    stanza,
    toggled,
    with_extra,
)

NEW = 6


def left_over(leaf: LeafUnderTest) -> str:
    """What `vip check` is told of pending commits."""
    return leaf.sh(commands(SILENT)["left_over"])


def new_svi(index: int) -> str:
    return (
        f"auto br-n{index}\niface br-n{index}\n    bridge-ports none\n"
        f"    address 198.18.{index}.2/24\n"
        f"    address-virtual 00:00:5e:00:01:0{index} 198.18.{index}.1/24\n"
        "    post-up sleep 1\n\n"
    )


def new_svis() -> str:
    """Bridges with an address and a VIP, each of which takes its time."""
    return "".join(new_svi(index) for index in range(NEW))


def made(leaf: LeafUnderTest) -> set[str]:
    """Which devices of theirs there are."""
    return set(leaf.sh("ls /sys/class/net | grep '^br-n' || :").split())


def kernel(leaf: LeafUnderTest) -> list[str]:
    """Devices with their flags, and addresses; without what differs after an ordinary toggle."""
    script = (
        "for n in /sys/class/net/*/flags; do echo $n $(cat $n); done; "
        "ip -o addr show scope global | awk '{print $2, $4}' | sort"
    )
    return leaf.sh(script).splitlines()


@contextmanager
def in_background(driver: CumulusDriver, revert_in: int) -> Iterator[list[str]]:
    """A commit whose client waits elsewhere; gives what it is told at last."""
    said: list[str] = []

    def client() -> None:
        try:
            driver.commit_config(revert_in=revert_in)
        except NapalmException as error:
            said.append(str(error))

    thread = threading.Thread(target=client)
    thread.start()
    yield said
    thread.join(60)
    assert not thread.is_alive()


def kill_run(leaf: LeafUnderTest) -> None:
    """SIGKILL of the process group that applies, and of all that it has started."""
    leaf.sh(
        "for pid in $(pgrep -f '[p]rogram[.].* run '); do kill -KILL -$pid; done; "
        "pkill -KILL -f '[i]freload -a' || :"
    )


@pytest.mark.promise("T16")
@pytest.mark.parametrize("cut", ["the timer", "a kill"])
@pytest.mark.parametrize("systemd", [True, False])
def test_what_a_cut_ifreload_has_made_is_taken_away(
    leaf: LeafUnderTest, cut: str, *, systemd: bool
) -> None:
    before = kernel(leaf)
    driver = leaf.driver()
    driver.load_merge_candidate(config=new_svis())
    with suppress_systemd(leaf, systemd=systemd):
        with in_background(driver, 60 if cut == "a kill" else 5) as said:
            leaf.wait_until(lambda: len(made(leaf)) >= 2)
            if cut == "a kill":
                kill_run(leaf)
        assert said
        assert "rolled back" in said[0]
        leaf.wait_until(lambda: leaf.state() == set())
    assert leaf.sh("cat /run/vipkeeper/last/result").startswith("reverted ")
    assert kernel(leaf) == before
    leaf.sh("ifreload -a")
    assert kernel(leaf) == before


@contextmanager
def suppress_systemd(leaf: LeafUnderTest, *, systemd: bool) -> Iterator[None]:
    if systemd:
        yield
        return
    with old_systemd(leaf):
        yield


def test_a_stanza_that_a_cut_ifreload_has_removed_comes_back(leaf: LeafUnderTest) -> None:
    """A port loses its stanza, a new SVI comes; it is cut between the two and the end."""
    before = kernel(leaf)
    driver = leaf.driver()
    text = driver.get_config()["startup"]
    port = stanza(leaf, "swp10")
    assert port in text
    driver.load_replace_candidate(
        config=text.replace("auto swp10\n", "").replace(port, new_svi(0) + new_svi(1))
    )
    with in_background(driver, 60):
        leaf.wait_until(lambda: "br-n0" in made(leaf))
        kill_run(leaf)
    leaf.wait_until(lambda: leaf.state() == set())
    assert leaf.sh("cat /run/vipkeeper/last/result").startswith("reverted ")
    assert kernel(leaf) == before


@pytest.mark.promise("T16")
def test_what_stays_in_the_kernel_is_told(leaf: LeafUnderTest) -> None:
    """A command of the candidate makes a device that its lines do not name as one of theirs."""
    driver = leaf.driver()
    leaf.sh("printf '#!/bin/sh\\nip link add left type veth peer name left-too\\n' >/var/tmp/make")
    driver.load_merge_candidate(config=new_svi(0) + "    post-up sh /var/tmp/make\n")
    driver.commit_config(revert_in=60)
    try:
        with pytest.raises(CommitError, match="left over device left"):
            driver.rollback()
        assert leaf.sh("cat /run/vipkeeper/last/result").startswith("incomplete ")
        assert made(leaf) == set()
    finally:
        leaf.sh("ip link delete left; rm /var/tmp/make")


@pytest.mark.promise("T17")
def test_what_others_make_meanwhile_is_left_alone(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=new_svi(0))
    driver.commit_config(revert_in=60)
    leaf.sh("ip link add other type bridge; ip addr add 198.19.0.1/24 dev other")
    try:
        driver.rollback()
        assert made(leaf) == set()
        assert leaf.addresses("other") == {"other 198.19.0.1/24"}
    finally:
        leaf.sh("ip link delete other")


@pytest.mark.promise("T13")
def test_a_timer_too_short_for_the_change_is_refused(leaf: LeafUnderTest) -> None:
    before = kernel(leaf)
    driver = leaf.driver()
    many = "".join(
        f"auto br-m{i}\niface br-m{i}\n    address 198.18.{i}.2/24\n\n" for i in range(120)
    )
    driver.load_merge_candidate(config=many)
    with pytest.raises(CommitRefusedError, match=r"of which 120 change.* needs at least \d+ s"):
        driver.commit_config(revert_in=5)
    assert leaf.state() == set()
    assert leaf.timers() == ""
    assert kernel(leaf) == before


# --- a timer that is dead -------------------------------------------------------------------------


@pytest.mark.promise("T28")
def test_isolate_leaves_the_timer_alone(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=10)
    leaf.sh("systemctl isolate multi-user.target")
    assert has_extra(leaf)
    leaf.wait_until(lambda: not has_extra(leaf))
    leaf.wait_until(lambda: leaf.state() == set())


@pytest.mark.promise("T28")
@pytest.mark.parametrize("systemd", [True, False])
def test_a_dead_timer_is_told_and_can_be_ended(leaf: LeafUnderTest, *, systemd: bool) -> None:
    with suppress_systemd(leaf, systemd=systemd):
        driver, other = leaf.driver(), leaf.driver()
        commit_extra(leaf, driver, revert_in=300)
        pending = driver.pending
        assert pending is not None
        assert pending.armed
        assert "|yes|pending\n" in left_over(leaf)
        if systemd:
            leaf.sh(f"systemctl stop vipkeeper-revert-{pending.id}.timer")
        else:
            leaf.sh("kill -KILL $(cat /run/vipkeeper/pending/sleeper)")
        _is_told_dead(driver.pending)
        # Nobody waits for five minutes: the deadline is moved into the past.
        leaf.sh(
            "read -r up _ </proc/uptime; echo $((${up%%.*} - 5)) >/run/vipkeeper/pending/deadline"
        )
        _is_told_dead(driver.pending)
        with pytest.raises(CommitConfirmException, match="its time was over"):
            driver.confirm_commit()
        with pytest.raises(SessionLockedException, match="its timer is dead: run vip rollback"):
            commit_extra(leaf, other, revert_in=30)
        assert has_extra(leaf)
        told = left_over(leaf)
        assert told.startswith(f"pending|pending|{pending.id}|")
        assert "|no|pending\n" in told
        driver.rollback()
        assert not has_extra(leaf)


def _is_told_dead(pending: PendingCommit | None) -> None:
    assert pending is not None
    assert pending.armed is False
    assert str(pending).endswith(
        "does not end by itself, because its timer is dead: run vip rollback"
    )


@pytest.mark.promise("T28")
@pytest.mark.parametrize("systemd", [True, False])
def test_a_commit_without_its_mark_of_arming_is_told_the_same_way_by_both(
    leaf: LeafUnderTest, *, systemd: bool
) -> None:
    with suppress_systemd(leaf, systemd=systemd):
        driver = leaf.driver()
        commit_extra(leaf, driver, revert_in=300)
        leaf.sh("rm /run/vipkeeper/pending/armed")
        pending = driver.pending
        told = left_over(leaf)
        driver.rollback()
    assert pending is not None
    assert pending.armed is False
    assert "|no|pending\n" in told


@pytest.mark.promise("T7", "T28")
def test_a_look_across_the_deadline_tells_of_no_dead_timer(
    leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, looker = leaf.driver(), leaf.driver()
    commit_that_expires(driver, with_extra(leaf), seconds=3)
    line = b"    printf '== armed"
    slow = transaction.program().replace(line, b"    sleep 0.3\n" + line)
    monkeypatch.setattr(transaction, "program", lambda: slow)
    seen = []
    while (pending := looker.pending) is not None:
        seen.append(pending)
    assert {(p.id, p.armed) for p in seen} == {(seen[0].id, True)}, [str(p) for p in seen]


@pytest.mark.promise("T25")
def test_who_has_got_the_number_of_a_dead_timer_is_left_alone(leaf: LeafUnderTest) -> None:
    with suppress_systemd(leaf, systemd=False):
        driver = leaf.driver()
        commit_extra(leaf, driver, revert_in=300)
        leaf.sh(
            "cd /run/vipkeeper/pending; kill -KILL $(cat sleeper); "
            "setsid sleep 301 >/dev/null 2>&1 </dev/null & echo $! >/run/vipkeeper/pending/sleeper"
        )
        driver.rollback()
        assert leaf.sh("pkill -KILL -xf 'sleep 301' && echo alive || :") == "alive\n"
        assert not has_extra(leaf)


# --- machinery in the way -------------------------------------------------------------------------


@pytest.mark.promise("T27")
def test_an_expiry_that_is_stopped_is_ended_by_a_rollback(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    # ifup takes a while, so that the expiry is caught with the lock in its hand.
    commit_that_expires(driver, toggled(leaf))
    leaf.sh("systemd-run -q --unit=slow flock /run/network/.lock sleep 4")
    leaf.wait_until(lambda: "claimed.revert" in leaf.state())
    progress = "cat /run/vipkeeper/claimed.revert/progress 2>/dev/null || :"
    leaf.wait_until(lambda: " reverting" in leaf.sh(progress))
    leaf.sh("kill -STOP $(pgrep -f '[p]rogram[.].* expire ')")
    id_ = leaf.sh("cat /run/vipkeeper/claimed.revert/id").strip()
    driver.rollback()
    leaf.wait_until(lambda: leaf.state() == set())
    assert leaf.addresses() == WELL
    begun = leaf.sh(
        f"journalctl --no-pager -o cat | grep -c 'Started vipkeeper-rollback-{id_}' || :"
    )
    assert int(begun) == 1, "the rollback killed itself"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program with short limits, so that the test need not wait for the long ones."""
    program = transaction.program()
    for long, short in ((b"ASKING=10", b"ASKING=2"), (b"LIMIT=60 TRIES=1", b"LIMIT=4 TRIES=1")):
        assert program.count(long) == 1
        program = program.replace(long, short)
    monkeypatch.setattr("napalm_cumulus.commit.transaction.program", lambda: program)


@contextmanager
def hanging(leaf: LeafUnderTest, tool: str) -> Iterator[None]:
    """A command that never ends, for whoever looks for it where the program looks first."""
    fake = f"/usr/local/sbin/{tool}"
    leaf.sh(f"printf '#!/bin/sh\\nsleep 1000\\n' >{fake} && chmod +x {fake}")
    try:
        yield
    finally:
        leaf.sh(f"rm -f {fake}; pkill -KILL -f 'sleep 100[0]' || :")


@pytest.mark.promise("T27")
@pytest.mark.usefixtures("impatient")
def test_a_hanging_ip_does_not_keep_the_rollback(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(revert_in=60)
    with hanging(leaf, "ip"), pytest.raises(CommitError, match="unknown: ip did not tell"):
        driver.rollback()
    assert leaf.addresses() == WELL
    assert leaf.sh("cat /run/vipkeeper/last/result").startswith("incomplete ")


@pytest.mark.usefixtures("impatient")
def test_a_hanging_ip_stops_a_commit_before_it_is_applied(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    with hanging(leaf, "ip"), pytest.raises(CommitError, match="nothing was applied"):
        driver.commit_config(revert_in=100)
    assert leaf.addresses() == WELL


def test_a_hanging_logger_delays_nothing_for_long(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    with hanging(leaf, "logger"):
        commit_extra(leaf, driver, revert_in=60)
        driver.rollback()
    assert not has_extra(leaf)


@pytest.mark.promise("T27", "T28")
@pytest.mark.usefixtures("impatient")
def test_a_hanging_systemctl_makes_the_timer_unknown_and_keeps_no_rollback(
    leaf: LeafUnderTest,
) -> None:
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=100)
    with hanging(leaf, "systemctl"):
        pending = driver.pending
        assert pending is not None
        assert pending.armed is None
        assert str(pending).endswith("s (if its timer is alive, which the switch does not tell)")
        driver.rollback()
        assert not has_extra(leaf)
    leaf.sh(f"systemctl stop vipkeeper-revert-{pending.id}.timer")


@pytest.mark.promise("T28")
def test_a_systemd_that_does_not_know_the_property_gets_a_timer_without_it(
    leaf: LeafUnderTest,
) -> None:
    fake = "/usr/local/sbin/systemd-run"
    leaf.sh(
        "printf '#!/bin/sh\ncase $* in *IgnoreOnIsolate*) echo Unknown assignment >&2; exit 1 ;; "
        f'esac\nexec /usr/bin/systemd-run "$@"\n\' >{fake} && chmod +x {fake}'
    )
    try:
        driver = leaf.driver()
        commit_extra(leaf, driver, revert_in=60)
        pending = driver.pending
        assert pending is not None
        assert pending.armed
        assert has_extra(leaf)
        driver.rollback()
    finally:
        leaf.sh(f"rm {fake}")


def test_times_are_told_without_a_date_that_knows_nanoseconds(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    fake = "/usr/local/sbin/date"
    leaf.sh(
        'printf \'#!/bin/sh\\nexec /bin/date "$(printf %%s "$1" | sed s/%%N/%%%%N/)"\\n\' '
        f">{fake} && chmod +x {fake} && [ $({fake} +%s.%N | tail -c 3) = %N ]"
    )
    try:
        with suppress(NapalmException):
            driver.commit_config(revert_in=60, bounce=True)
    finally:
        leaf.sh(f"rm {fake}")
    assert driver.last_commit is not None
    assert 0 < driver.last_commit.seconds_applied < 30
    assert 0 < driver.last_commit.outage_seconds < 30
