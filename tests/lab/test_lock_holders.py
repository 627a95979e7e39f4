"""Others who hold ifupdown2's lock: users, daemons, an ifupdown2 that hangs; and no lock at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from napalm_cumulus.commit import repair_steps as steps
from napalm_cumulus.commit import transaction
from tests.lab.switch import WELL, LeafUnderTest
from tests.lab.test_commit import commit_that_expires, toggled

LOCK = "/run/network/.lock"
#: Takes the lock whenever it can, on a handle for reading, and never gives it back.
_HOLDER = f"""
import fcntl, os, time
while True:
    try:
        handle = os.open("{LOCK}", os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        time.sleep(0.05)
        if os.stat("{LOCK}").st_ino != os.fstat(handle).st_ino:
            continue
        time.sleep(600)
    except OSError:
        time.sleep(0.01)
"""


@contextmanager
def running(leaf: LeafUnderTest, name: str, argv: str, user: str = "root") -> Iterator[None]:
    """A service on the leaf; killed at the end."""
    leaf.sh(f"systemd-run -q --collect --unit={name} -p User={user} -p KillMode=mixed {argv}")
    try:
        yield
    finally:
        leaf.sh(f"systemctl kill -s KILL {name} 2>/dev/null || :; systemctl stop {name} || :")


@contextmanager
def hostile(leaf: LeafUnderTest, count: int = 5) -> Iterator[None]:
    """Processes of an unprivileged user who wants no ifupdown2 to run."""
    leaf.sh(f"cat >/var/tmp/holder.py <<'END'\n{_HOLDER}END\nchmod 644 /var/tmp/holder.py")
    # As ifupdown2 itself leaves the file.
    leaf.sh(f"mkdir -p /run/network; rm -f {LOCK}; (umask 022; : >{LOCK}); chmod 755 {LOCK}")
    argv = f"sh -c 'for i in $(seq {count}); do python3 /var/tmp/holder.py & done; wait'"
    with running(leaf, "hostile", argv.replace("$", "$$"), user="nobody"):
        leaf.wait_until(lambda: is_held(leaf))
        yield
    leaf.sh("rm -f /var/tmp/holder.py")


def is_held(leaf: LeafUnderTest) -> bool:
    return leaf.sh(f"flock -n {LOCK} true || echo held") == "held\n"


def alive(leaf: LeafUnderTest, name: str) -> bool:
    return leaf.sh(f"systemctl is-active {name} || :") == "active\n"


def has_open(leaf: LeafUnderTest, name: str, path: str = LOCK) -> bool:
    """Whether a process of the service has it open."""
    script = (
        f"for pid in $(cat /sys/fs/cgroup/*/system.slice/{name}.service/cgroup.procs "
        f"/sys/fs/cgroup/system.slice/{name}.service/cgroup.procs 2>/dev/null); do "
        "readlink /proc/$pid/fd/*; done 2>/dev/null || :"
    )
    return path in leaf.sh(script).splitlines()


def function(leaf: LeafUnderTest, call: str) -> str:
    """Run one function of the on-switch program; gives what it prints."""
    program = transaction.program().decode().removesuffix('main "$@"\n')
    return leaf.sh(f"cat >/var/tmp/part.sh <<'END_OF_IT'\n{program}\nID=test\n{call}\nEND_OF_IT\n"
                   "sh /var/tmp/part.sh; rm -f /var/tmp/part.sh")  # fmt: skip


@pytest.mark.promise("T24")
@pytest.mark.parametrize("way", ["toggle", "rollback", "expiry", "recreate"])
def test_a_user_who_holds_the_lock_keeps_nothing_out(leaf: LeafUnderTest, way: str) -> None:
    driver = leaf.driver()
    with hostile(leaf):
        begin = time.monotonic()
        if way == "recreate":
            assert driver.repairs.carry_out([steps.recreate("vlan453-v0", "vlan453")]).applied_ok
        else:
            if way == "expiry":
                commit_that_expires(driver, toggled(leaf))
            else:
                driver.load_merge_candidate(config=toggled(leaf))
                driver.commit_config(revert_in=60, bounce=way == "toggle")
            if way == "rollback":
                driver.rollback()
            leaf.wait_until(lambda: leaf.addresses() == WELL)
        assert time.monotonic() - begin < 55, "the holder was waited for"
        assert leaf.addresses() == WELL
        assert leaf.sh(f"stat -c '%U %a' {LOCK}") == "root 600\n"
        assert alive(leaf, "hostile"), "nobody needs to be killed"


def test_without_its_directory_ifupdown2_would_be_busy_for_ever(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    leaf.sh("rm -rf /run/network")
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(revert_in=60, bounce=True)
    assert leaf.addresses() == WELL
    assert leaf.sh("stat -c '%U %a' /run/network") == "root 755\n"


def test_a_directory_that_others_may_write_is_taken_from_them(leaf: LeafUnderTest) -> None:
    leaf.sh("chown nobody /run/network; chmod 777 /run/network")
    function(leaf, "own_lock")
    assert leaf.sh(f"stat -c '%U %a' /run/network {LOCK}") == "root 755\nroot 600\n"


@pytest.mark.promise("T25")
def test_only_an_ifupdown2_of_roots_that_holds_the_lock_is_killed(leaf: LeafUnderTest) -> None:
    """Not a daemon that locks a file with the same inode number, nor who is no ifupdown2."""
    script = "import fcntl,sys,time; f = open(sys.argv[1]); fcntl.flock(f, 2); time.sleep(600)"
    leaf.sh(
        "mkdir -p /var/tmp/sbin /var/tmp/other; mount -t tmpfs other /var/tmp/other; "
        f"echo '{script}' | tee /var/tmp/sbin/ifreload >/var/tmp/sbin/innocent; "
        f"rm -f {LOCK}; (umask 022; : >{LOCK})"
    )
    twin = f"""
import os
wanted = os.stat("{LOCK}").st_ino
while True:
    handle = os.open("/var/tmp/other/twin", os.O_CREAT | os.O_RDWR)
    found = os.fstat(handle).st_ino
    if found == wanted:
        break
    assert found < wanted, "the numbers of this filesystem are beyond that of the lock"
    os.unlink("/var/tmp/other/twin")
    os.close(handle)
"""
    try:
        leaf.sh(f"python3 - <<'END'\n{twin}END")
        with (
            running(leaf, "stuck", f"python3 /var/tmp/sbin/ifreload {LOCK}"),
            running(leaf, "twin", "python3 /var/tmp/sbin/innocent /var/tmp/other/twin"),
        ):
            leaf.wait_until(lambda: is_held(leaf))
            leaf.wait_until(lambda: has_open(leaf, "twin", "/var/tmp/other/twin"))
            with (
                running(leaf, "reader", f"python3 /var/tmp/sbin/innocent {LOCK}"),
                running(leaf, "user", f"python3 /var/tmp/sbin/ifreload {LOCK}", user="nobody"),
            ):
                for name in ("reader", "user"):
                    leaf.wait_until(lambda name=name: has_open(leaf, name))  # type: ignore[misc]
                function(leaf, "kill_ifupdown2")
                leaf.wait_until(lambda: not alive(leaf, "stuck"))
                assert all(alive(leaf, name) for name in ("twin", "reader", "user"))
    finally:
        leaf.sh("umount -l /var/tmp/other; rm -rf /var/tmp/sbin /var/tmp/other")


@pytest.mark.promise("T26")
def test_several_that_hang_are_ended_at_once(
    leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not ifupdown2 is left alone, and holds nothing any more."""
    program = transaction.program().replace(b"\nHANG=30", b"\nHANG=2")
    monkeypatch.setattr(transaction, "program", lambda: program)
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(revert_in=60)
    # The real one, stopped while it holds the lock, and two who wait for it.
    leaf.sh(
        "mkdir -p /etc/network/if-up.d; f=/etc/network/if-up.d/stuck; "
        "echo '#!/bin/sh\nkill -STOP $PPID' >$f; chmod 755 $f"
    )
    try:
        with (
            running(leaf, "stuck", "ifup swp10"),
            running(leaf, "other", f"flock {LOCK} sleep 600"),
        ):
            leaf.wait_until(lambda: is_held(leaf))
            leaf.wait_until(lambda: has_open(leaf, "other"))
            leaf.sh("rm /etc/network/if-up.d/stuck")
            driver.rollback()
            assert leaf.addresses() == WELL
            assert not alive(leaf, "stuck")
            assert alive(leaf, "other")
    finally:
        leaf.sh("rm -f /etc/network/if-up.d/stuck")
