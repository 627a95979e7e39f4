"""The state directory made by somebody else, damaged state, output without an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from napalm.base.exceptions import CommandErrorException, CommitError, LockError, NapalmException

from napalm_cumulus.commit import transaction
from napalm_cumulus.errors import CommitRefusedError
from tests.lab.switch import WELL, LeafUnderTest
from tests.lab.test_adversity import full_run
from tests.lab.test_commit import EXTRA, commit_extra, has_extra, toggled, with_extra

D = "/run/vipkeeper"


@pytest.fixture
def foreign(leaf: LeafUnderTest) -> Iterator[LeafUnderTest]:
    """A state directory that another user has made, whose names lead to a file of root's."""
    leaf.sh(
        f"rm -rf {D} /tmp/shadow; echo secret >/tmp/shadow; mkdir {D}; chmod 777 {D}; "
        f"ln -s /tmp/shadow {D}/lock; ln -s /tmp/shadow {D}/program.0123456789ab; "
        f"chown -h nobody {D} {D}/*"
    )
    yield leaf
    leaf.sh(f"rm -rf {D} /tmp/shadow")


@pytest.mark.promise("T41")
def test_a_state_directory_that_somebody_else_made_is_not_touched(foreign: LeafUnderTest) -> None:
    driver = foreign.driver()
    words = f"{D} was not made by this program .*nobody|{D} was not made by this program"
    listing = f"ls -lAn {D} /tmp/shadow; cat /tmp/shadow"
    before = foreign.sh(listing)
    with pytest.raises(LockError, match=words):
        commit_extra(foreign, driver, revert_in=60)
    with pytest.raises(CommandErrorException, match=words):
        _ = driver.pending
    with pytest.raises(NapalmException, match=words):
        driver.rollback()
    assert foreign.sh(listing) == before
    assert not has_extra(foreign)


@pytest.mark.parametrize("kind", ["link", "writable", "file"])
def test_a_state_directory_that_is_none_of_ours_is_refused(leaf: LeafUnderTest, kind: str) -> None:
    make = {
        "link": f"mkdir -p /tmp/theirs; ln -s /tmp/theirs {D}",
        "writable": f"mkdir {D}; chmod 1777 {D}",
        "file": f"echo secret >{D}",
    }[kind]
    leaf.sh(f"rm -rf {D}; {make}")
    try:
        with pytest.raises(LockError, match=f"{D} was not made by this program"):
            commit_extra(leaf, leaf.driver(), revert_in=60)
        assert leaf.sh("ls /tmp/theirs 2>/dev/null || :") == ""
    finally:
        leaf.sh(f"rm -rf {D} /tmp/theirs")
    assert not has_extra(leaf)


def test_a_directory_of_ours_that_others_can_read_is_closed(leaf: LeafUnderTest) -> None:
    leaf.sh(f"mkdir -p {D}; chmod 755 {D}")
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=60)
    assert leaf.sh(f"stat -c %a {D}") == "700\n"
    driver.rollback()


@pytest.mark.parametrize("revert_in", [0, -1, 10**12, 7 * 86400 + 1, 3.5, True])
def test_a_revert_in_that_is_no_time_is_refused(leaf: LeafUnderTest, revert_in: int) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=with_extra(leaf))
    with pytest.raises(CommitError, match="whole number of seconds, 1 to 604800"):
        driver.commit_config(revert_in=revert_in)
    assert not driver.has_pending_commit()


@pytest.mark.parametrize(
    ("name", "do"),
    [
        ("deadline", "echo 1e+12 >deadline"),
        ("id", ": >id"),
        ("mode", "rm mode"),
        ("interfaces", "rm interfaces"),
        ("hold", "head -c 4096 /dev/urandom >hold"),
        ("manifest", "rm manifest expect.* changed removed"),
    ],
)
@pytest.mark.promise("T42")
def test_damaged_state_is_told_and_can_be_ended(leaf: LeafUnderTest, name: str, do: str) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(revert_in=600)
    leaf.sh(f"cd {D}/pending && {do}")
    pending = driver.pending
    assert pending is not None
    assert name in pending.damaged
    assert "roll it back" in str(pending)
    with pytest.raises(CommitRefusedError, match="is damaged"):
        driver.confirm_commit()
    driver.rollback()
    assert leaf.addresses() == WELL
    assert leaf.state() == set()
    assert leaf.timers() == ""


@pytest.mark.promise("T43")
def test_ifup_that_floods_its_output(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    flood = "    post-up (yes flood | head -c 50000000) >&2; echo the very end >&2; exit 1\n"
    driver.load_merge_candidate(config=with_extra(leaf) + flood)
    driver.commit_config(revert_in=60)
    assert has_extra(leaf)
    assert int(leaf.sh(f"wc -c <{D}/pending/log")) < 1_000_000
    assert driver.last_commit is not None
    assert len("\n".join(driver.last_commit.log)) < 100_000
    driver.confirm_commit()
    driver.rollback()
    assert not has_extra(leaf)
    assert int(leaf.sh(f"wc -c <{D}/last/log")) < 1_000_000


def test_a_commit_that_finds_no_room_says_so(leaf: LeafUnderTest) -> None:
    """The archive still finds its place, the staged candidate does not."""
    driver = leaf.driver()
    driver.load_merge_candidate(config=with_extra(leaf))
    with full_run(leaf):
        leaf.sh("truncate -s -200k /run/fill")
        with pytest.raises(CommitRefusedError, match=r"could not be staged.*No space left"):
            driver.commit_config(revert_in=30)
    assert leaf.state() == set()


@pytest.mark.promise("T7", "T15")
def test_a_run_that_fills_while_applying_makes_nothing_right(
    leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel lacks can no longer be written down: that is no commit that waits."""
    driver = leaf.driver()
    line = "    bring_up in_candidate\n    status=$?\n"
    flood = f"    ip addr del {EXTRA} dev swp10\n    head -c 100m /dev/zero >/run/fill\n"
    text = transaction.program().decode()
    assert line in text
    edited = text.replace(line, line + flood).encode()
    monkeypatch.setattr(transaction, "program", lambda: edited)
    leaf.sh("mount -o remount,size=16m /run")
    try:
        with pytest.raises(CommitError, match="not applied as meant and was rolled back"):
            commit_extra(leaf, driver, revert_in=60)
    finally:
        leaf.sh("rm -f /run/fill")
    assert leaf.state() == set()
    assert not has_extra(leaf)
