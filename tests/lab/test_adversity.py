"""Full and read-only disks, a busy or hanging ifupdown2, a restarted sshd, other managers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from napalm.base.exceptions import CommitError, LockError, NapalmException

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import transaction
from napalm_cumulus.errors import CommitRefusedError
from tests.lab.switch import WELL, LeafUnderTest
from tests.lab.test_commit import (
    commit_extra,
    commit_that_expires,
    has_extra,
    stanza,
    toggled,
    with_extra,
)

MAIN = "/etc/network/interfaces"


@contextmanager
def full_run(leaf: LeafUnderTest) -> Iterator[None]:
    """Not a byte is free on /run."""
    leaf.sh("mount -o remount,size=16m /run; head -c 100m /dev/zero >/run/fill 2>/dev/null || :")
    try:
        yield
    finally:
        leaf.sh("rm -f /run/fill")


@contextmanager
def own_disk(leaf: LeafUnderTest) -> Iterator[None]:
    """/etc/network on a small filesystem of its own, which can be filled or made read-only."""
    leaf.sh(
        "rm -rf /tmp/n; cp -a /etc/network /tmp/n; "
        "mount -t tmpfs -o size=512k,mode=755 tmpfs /etc/network; cp -a /tmp/n/. /etc/network/"
    )
    try:
        yield
    finally:
        leaf.sh("umount /etc/network")


@pytest.mark.promise("T23")
def test_a_full_run_stops_a_commit_before_it_begins(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    with full_run(leaf), pytest.raises(CommitRefusedError, match="No space left"):
        driver.commit_config(revert_in=30)
    assert leaf.addresses() == WELL
    assert leaf.state() == set()


@pytest.mark.promise("T1")
def test_no_change_without_a_timer_that_is_proven_to_run(leaf: LeafUnderTest) -> None:
    """A systemd-run that says yes and starts nothing."""
    liar = "/usr/local/sbin/systemd-run"
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    leaf.sh(f"printf '#!/bin/sh\\nexit 0\\n' >{liar}; chmod 755 {liar}")
    try:
        with pytest.raises(CommitRefusedError, match=r"Nothing was changed\.$"):
            driver.commit_config(revert_in=30)
    finally:
        leaf.sh(f"rm {liar}")
    assert leaf.addresses() == WELL
    assert leaf.state() == set()


@pytest.mark.promise("T23")
@pytest.mark.parametrize("way", ["rollback", "expiry"])
def test_run_filled_while_pending(leaf: LeafUnderTest, way: str) -> None:
    driver = leaf.driver()
    if way == "expiry":
        commit_that_expires(driver, toggled(leaf), seconds=4)
    else:
        driver.load_merge_candidate(config=toggled(leaf))
        driver.commit_config(revert_in=300)
    assert leaf.addresses() == set()
    with full_run(leaf):
        if way == "rollback":
            driver.rollback()
        leaf.wait_until(lambda: leaf.addresses() == WELL)
        leaf.wait_until(lambda: leaf.state() == set())


@pytest.mark.promise("T19")
def test_a_full_disk_stops_the_confirm_and_nothing_is_half_written(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    with own_disk(leaf):
        leaf.sh("cat /dev/zero >/etc/network/fill 2>/dev/null || :")
        disk = leaf.disk()
        commit_extra(leaf, driver, revert_in=60)
        with pytest.raises(CommitRefusedError, match="No space left"):
            driver.confirm_commit()
        assert driver.has_pending_commit()
        assert leaf.disk() == disk
        driver.rollback()
        with pytest.raises(CommitError, match=r"No space left.*rolled back at once"):
            commit_extra(leaf, driver, revert_in=None)
        assert not driver.has_pending_commit()
        assert not has_extra(leaf)
        assert leaf.disk() == disk


@pytest.mark.promise("T19")
@pytest.mark.parametrize("where", ["/etc/network", "/var/lib"])
def test_a_read_only_disk_stops_the_confirm(leaf: LeafUnderTest, where: str) -> None:
    driver = leaf.driver()
    with own_disk(leaf):
        disk = leaf.disk()
        undo = "mount -o remount,rw /etc/network"
        if where == "/etc/network":
            leaf.sh("mount -o remount,ro /etc/network")
        else:
            leaf.sh("mkdir -p /tmp/ro && mount --bind -o ro /tmp/ro /var/lib")
            leaf.sh("mount -o remount,bind,ro /var/lib")
            undo = "umount /var/lib"
        try:
            commit_extra(leaf, driver, revert_in=60)
            assert has_extra(leaf)
            with pytest.raises(CommitRefusedError, match="Read-only file system"):
                driver.confirm_commit()
            assert leaf.disk() == disk
            driver.rollback()
            assert not has_extra(leaf)
        finally:
            leaf.sh(undo)


def test_another_reload_at_the_deadline_is_waited_for(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    commit_that_expires(driver, toggled(leaf))
    leaf.sh("systemd-run -q flock /run/network/.lock sleep 6; sleep 0.3")
    seconds = leaf.wait_until(lambda: leaf.addresses() == WELL)
    assert seconds > 4


def test_a_hanging_holder_at_the_deadline_is_waited_for_no_longer_than_it_says(
    leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``test_lock_holders.py`` has a hanging ifupdown2, which is killed."""
    program = transaction.program().replace(b"\nHANG=30", b"\nHANG=3")
    monkeypatch.setattr(transaction, "program", lambda: program)
    driver = leaf.driver()
    commit_that_expires(driver, toggled(leaf))
    leaf.sh("systemd-run -q --unit=hanging flock /run/network/.lock sleep 1000; sleep 0.3")
    leaf.wait_until(lambda: leaf.addresses() == WELL)
    leaf.sh("systemctl kill -s KILL hanging 2>/dev/null || :")


@pytest.mark.promise("T26")
def test_our_own_run_hanging_is_ended_by_the_timer(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    text = with_extra(leaf) + "    post-up sleep 600\n"
    driver.load_merge_candidate(config=text)
    said: list[str] = []

    def commit() -> None:
        try:
            driver.commit_config(revert_in=3)
        except NapalmException as error:
            said.append(str(error))

    begin = time.monotonic()
    thread = threading.Thread(target=commit)
    thread.start()
    leaf.wait_until(lambda: has_extra(leaf))
    leaf.wait_until(lambda: not has_extra(leaf))
    assert time.monotonic() - begin < 60, "it was waited for"
    thread.join(60)
    assert said, "the client was told that its commit succeeded"
    assert "rolled back" in said[0]


def test_a_restart_of_sshd_does_not_matter(leaf: LeafUnderTest) -> None:
    commit_extra(leaf, leaf.driver(owner="alice@noc"), revert_in=60)
    leaf.sh("systemctl restart ssh; pkill -KILL -f '^sshd: [r]oot' || :")
    driver = leaf.driver()
    pending = driver.pending
    assert pending is not None
    assert (pending.owner, pending.armed) == ("alice@noc", True)
    driver.rollback()


@pytest.mark.promise("T22")
def test_the_deadline_is_not_a_time_of_day(leaf: LeafUnderTest) -> None:
    """A stepped clock neither fires nor delays it: the timer is a monotonic one."""
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=100_000)  # longer than a day, to the second
    pending = driver.pending
    assert pending is not None
    assert 99_990 < pending.remaining <= 100_000
    shown = leaf.sh(
        f"systemctl show vipkeeper-revert-{pending.id}.timer "
        "-p NextElapseUSecMonotonic -p NextElapseUSecRealtime -p TimersCalendar"
    )
    assert "NextElapseUSecMonotonic=0" not in shown
    assert "NextElapseUSecMonotonic=" in shown
    assert "NextElapseUSecRealtime=\n" in shown
    assert "TimersCalendar=\n" in f"{shown}TimersCalendar=\n"
    driver.rollback()


@pytest.mark.promise("T11")
def test_nclu_with_pending_changes_is_left_alone(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    leaf.sh(
        "mkdir -p /etc/nclu; printf '#!/bin/sh\\necho \"+ mtu 9000\"\\n' >/usr/local/bin/net; "
        "chmod +x /usr/local/bin/net"
    )
    try:
        driver.load_merge_candidate(config=with_extra(leaf))
        with pytest.raises(LockError, match="NCLU has pending changes"):
            driver.commit_config(revert_in=30)
    finally:
        leaf.sh("rm -r /etc/nclu /usr/local/bin/net")
    assert not has_extra(leaf)


def test_a_switch_without_a_needed_tool_is_refused(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    leaf.sh("mv /usr/bin/unshare /usr/bin/unshare.away")
    try:
        driver.load_merge_candidate(config=with_extra(leaf))
        with pytest.raises(CommitRefusedError, match="has no 'unshare'"):
            driver.commit_config(revert_in=30)
    finally:
        leaf.sh("mv /usr/bin/unshare.away /usr/bin/unshare")


@contextmanager
def old_systemd(leaf: LeafUnderTest) -> Iterator[None]:
    """Cumulus 3: systemd 215 has no timers for us, so the program looks after itself."""
    fake = "/usr/local/sbin/systemctl"
    leaf.sh(f"printf '#!/bin/sh\\necho systemd 215\\n' >{fake} && chmod +x {fake}")
    try:
        yield
    finally:
        leaf.sh(f"rm {fake}")


@pytest.mark.promise("T29")
def test_everything_works_without_systemds_help(leaf: LeafUnderTest) -> None:
    disk = leaf.disk()
    with old_systemd(leaf):
        driver = leaf.driver()
        driver.load_merge_candidate(config=toggled(leaf))
        driver.commit_config(revert_in=30, bounce=True)
        assert driver.last_commit is not None
        assert driver.last_commit.reverted_ok
        assert leaf.addresses() == WELL
        commit_extra(leaf, driver, revert_in=60)
        pending = driver.pending
        assert pending is not None
        assert pending.armed
        assert leaf.sh("pgrep -f '[v]ipkeeper-revert' || :"), "no sleeper is waiting"
        driver.rollback()
        assert not has_extra(leaf)
        commit_extra(leaf, driver, revert_in=None)
        assert has_extra(leaf)
        driver.rollback()
        assert leaf.disk() == disk
        assert leaf.state() == set()
        assert leaf.sh("pgrep -f '[v]ipkeeper-revert' || :") == "", "a sleeper is left"


@pytest.mark.parametrize("cut", ["nothing", "ssh", "runner"])
def test_the_sleeper_brings_it_back_without_systemds_help(leaf: LeafUnderTest, cut: str) -> None:
    with old_systemd(leaf):
        driver = leaf.driver(keepalive=1)
        driver.load_merge_candidate(config=toggled(leaf))
        if cut == "runner":
            thread = threading.Thread(target=_commit_unheard, args=(driver,))
            thread.start()
            leaf.wait_until(lambda: leaf.addresses() == set())
            leaf.sh("pkill -KILL -f '[p]rogram.* run ' || :")
            thread.join(30)
        else:
            commit_that_expires(driver, toggled(leaf), seconds=3)
            assert leaf.addresses() == set()
        if cut == "ssh":
            leaf.sh("pkill -KILL -f '^sshd: [r]oot' || :")
        leaf.wait_until(lambda: leaf.addresses() == WELL)
        leaf.wait_until(lambda: leaf.state() == set())


def _commit_unheard(driver: CumulusDriver) -> None:
    with suppress(NapalmException):
        driver.commit_config(revert_in=3)


def test_what_a_dead_program_staged_is_swept_away(leaf: LeafUnderTest) -> None:
    leaf.sh(
        "mkdir -p /run/vipkeeper/.incoming.dead /run/vipkeeper/.incoming.sent; "
        "echo 999999 >/run/vipkeeper/.incoming.dead/pid.front"
    )
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=30)
    left = {name for name in leaf.state() if name.startswith(".incoming")}
    assert left == {".incoming.sent"}, "what may still be on its way is not swept away"
    driver.rollback()
    leaf.sh("rmdir /run/vipkeeper/.incoming.sent")


@pytest.mark.parametrize("begun", [True, False])
def test_the_next_commit_ends_a_confirm_that_no_boot_has_ended(
    leaf: LeafUnderTest, *, begun: bool
) -> None:
    """On a switch without systemd a power cut leaves the journal of a confirm of several files."""
    old = leaf.disk()
    journal = "/var/lib/vipkeeper/confirm"
    fresh = f"{Path(MAIN).parent}/.interfaces.vipkeeper.0123456789ab"
    leaf.sh(
        f"rm -rf {journal}; mkdir -p {journal} /var/lib/vipkeeper/previous.new; cd {journal}; "
        "echo 0123456789ab >id; echo alice@noc >owner; : >removed; : >absent; "
        "sha256sum /etc/network/interfaces >manifest; "
        f"echo /etc/network/interfaces >changed; cp -p /etc/network/interfaces {fresh}; "
        f"ln {MAIN} {fresh}.was; echo '# new' >>{fresh}; "
        f"printf '%s  {MAIN}\\n' $(sha256sum <{fresh} | cut -d' ' -f1) >written"
        + ("; echo forward >direction" if begun else "")
    )
    leaf.sh("cp -p /etc/network/interfaces /tmp/kept")
    driver = leaf.driver()
    driver.load_merge_candidate(config=with_extra(leaf))
    if begun:
        with pytest.raises(LockError, match="changed by somebody else"):
            driver.commit_config(revert_in=30)
        assert leaf.sh("tail -n 1 /etc/network/interfaces") == "# new\n"
        leaf.sh("cp -p /tmp/kept /etc/network/interfaces")
    else:
        driver.commit_config(revert_in=30)
        driver.rollback()
    assert leaf.disk() == old
    assert leaf.sh("ls /var/lib/vipkeeper").split() in ([], ["previous"])


@pytest.mark.promise("T8")
def test_a_busy_leaf_answers_every_session(leaf: LeafUnderTest) -> None:
    """Eight sessions ask and try to commit at once: one commit wins, seven are told whose it is."""
    drivers: list[CumulusDriver] = [leaf.driver(owner=f"op{i}@noc") for i in range(8)]
    text = with_extra(leaf)
    outcomes: list[str] = []

    def race(driver: CumulusDriver) -> None:
        driver.load_merge_candidate(config=text)
        try:
            driver.commit_config(revert_in=30)
            outcomes.append("won")
        except NapalmException as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=race, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("won") == 1, outcomes
    assert all("Another commit is pending" in said for said in outcomes if said != "won"), outcomes
    drivers[0].rollback()
    with suppress(NapalmException):
        assert stanza(leaf, "swp10")
