"""A confirm that somebody or something is against: confirmed, or as before, and told truly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from napalm.base.exceptions import CommitConfirmException, CommitError, NapalmException

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import transaction
from napalm_cumulus.errors import CommitRefusedError, MixedDiskError
from tests.lab.cuts import AT, HERE, MAIN, pausing_program
from tests.lab.switch import LeafUnderTest
from tests.lab.test_commit import DROP_IN, EXTRA, commit_extra, has_extra, whole_with, with_extra

#: Everything of the files but what a rename changes: names, modes, owners, attributes, texts.
_WHOLE = (
    "cd /etc/network; find . -type f | sort | while read -r f; do "
    'stat -c "%n %a %u %g %s %i" "$f"; lsattr -d "$f"; sha256sum "$f"; done; '
    "ls /etc/systemd/system | grep vipkeeper || :; ls /var/lib/vipkeeper 2>/dev/null || :"
)
OLD = "auto br-y\niface br-y\n    bridge-ports none\n"
NEW = OLD + "    address 192.0.2.9/32\n"


def whole(leaf: LeafUnderTest) -> str:
    return leaf.sh(_WHOLE)


@pytest.fixture
def two(leaf: LeafUnderTest) -> Iterator[LeafUnderTest]:
    """The leaf with a second file, which a commit of two files changes."""
    leaf.sh(f"printf '{OLD}' >{DROP_IN}; chmod 640 {DROP_IN}; ifup br-y".replace("\n", "\\n"))
    yield leaf
    leaf.sh(f"chattr -i {MAIN} {DROP_IN}; rm -f {DROP_IN}; ifreload -a")


def load_both(leaf: LeafUnderTest, driver: CumulusDriver) -> None:
    driver.load_replace_candidate(config=whole_with(leaf, with_extra(leaf)).replace(OLD, NEW))
    assert driver.compare_config().count("+++ ") == 2


def commit_both(leaf: LeafUnderTest, driver: CumulusDriver, revert_in: int | None = 60) -> None:
    load_both(leaf, driver)
    driver.commit_config(message="two files", revert_in=revert_in)


@contextmanager
def hindered(leaf: LeafUnderTest, how: str) -> Iterator[str]:
    """Something that keeps a confirm from writing; gives the words that must be told."""
    do, undo, words = {
        "immutable": (f"chattr +i {MAIN}", f"chattr -i {MAIN}", rf"{MAIN}'.*not permitted"),
        "immutable second": (
            f"chattr +i {DROP_IN}",
            f"chattr -i {DROP_IN}",
            rf"{DROP_IN}'.*not permitted",
        ),
        "bind mount": (f"mount --bind {MAIN} {MAIN}", f"umount {MAIN}", rf"{MAIN}'.* busy"),
        "immutable directory": (
            "chattr +i /etc/network",
            "chattr -i /etc/network",
            "not permitted",
        ),
        "read-only": (
            "mount --bind /etc/network /etc/network; mount -o remount,bind,ro /etc/network",
            "umount /etc/network",
            "Read-only file system",
        ),
    }[how]
    leaf.sh(do)
    try:
        yield words
    finally:
        leaf.sh(undo)


def require_still_pending(leaf: LeafUnderTest, driver: CumulusDriver, before: str) -> None:
    pending = driver.pending
    assert pending is not None
    assert (pending.state, pending.armed) == ("pending", True)
    assert whole(leaf) == before
    assert has_extra(leaf)


ONE_FILE = ("immutable", "bind mount", "immutable directory", "read-only")


@pytest.mark.parametrize("how", ONE_FILE)
@pytest.mark.promise("T7", "T37")
def test_what_cannot_be_written_is_not_confirmed(leaf: LeafUnderTest, how: str) -> None:
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=60)
    with hindered(leaf, how) as words:
        before = whole(leaf)
        with pytest.raises(CommitRefusedError, match=words) as told:
            driver.confirm_commit()
        assert "The files are as before; it stays pending" in str(told.value)
        require_still_pending(leaf, driver, before)
        driver.rollback()
    assert not has_extra(leaf)


@pytest.mark.parametrize("how", ["immutable", "immutable second", "bind mount"])
@pytest.mark.promise("T37")
def test_one_of_two_files_cannot_be_written(two: LeafUnderTest, how: str) -> None:
    driver = two.driver()
    commit_both(two, driver)
    with hindered(two, how) as words:
        before = whole(two)
        with pytest.raises(CommitRefusedError, match=words):
            driver.confirm_commit()
        require_still_pending(two, driver, before)
    # What was in the way has gone: the same commit can be confirmed, and undone.
    driver.confirm_commit()
    assert EXTRA in two.sh(f"cat {MAIN}")
    assert "192.0.2.9" in two.sh(f"cat {DROP_IN}")
    driver.rollback()
    assert two.sh(f"cat {DROP_IN}; stat -c %a {DROP_IN}") == OLD + "640\n"


@pytest.mark.parametrize("how", ONE_FILE)
def test_a_commit_that_is_confirmed_at_once_tells_the_truth(leaf: LeafUnderTest, how: str) -> None:
    driver = leaf.driver()
    with hindered(leaf, how) as words:
        before = whole(leaf)
        with pytest.raises(CommitError, match=f"{words}.*It was rolled back at once"):
            commit_extra(leaf, driver, revert_in=None)
        assert driver.last_commit is not None
        assert driver.last_commit.result == "reverted"
        assert whole(leaf) == before
        assert not has_extra(leaf)
        assert leaf.state() == set()


def test_a_failed_confirm_is_rolled_back_at_its_deadline(two: LeafUnderTest) -> None:
    driver = two.driver()
    commit_both(two, driver, revert_in=12)
    with hindered(two, "immutable second"):
        before = whole(two)
        with pytest.raises(CommitError):
            driver.confirm_commit()
        two.wait_until(lambda: two.state() == set())
        assert whole(two) == before
        assert two.sh("cat /run/vipkeeper/last/result") == "reverted not confirmed in time\n"
    assert not has_extra(two)
    with pytest.raises(CommitConfirmException):
        driver.confirm_commit()


class Paused:
    """A client's confirm that waits at a step of the on-switch program."""

    def __init__(self, leaf: LeafUnderTest, work: Callable[[], Any]) -> None:
        self._leaf = leaf
        self._work = work
        self.error: NapalmException | None = None

    def _client(self) -> None:
        try:
            self._work()
        except NapalmException as error:
            self.error = error

    @contextmanager
    def at(self, step: str) -> Iterator[None]:
        leaf = self._leaf
        leaf.sh(f"rm -f {HERE}; printf %s '{step}' >{AT}")
        thread = threading.Thread(target=self._client)
        thread.start()
        try:
            leaf.wait_until(lambda: leaf.sh(f"[ ! -e {HERE} ] || echo yes") == "yes\n")
            yield
        finally:
            leaf.sh(f"rm -f {AT} {HERE}")
            thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def pausing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = pausing_program()
    monkeypatch.setattr(transaction, "program", lambda: program)


@pytest.mark.usefixtures("pausing")
@pytest.mark.promise("T7")
def test_a_failure_is_told_when_the_timer_has_taken_it_back(
    leaf: LeafUnderTest,
) -> None:
    """The timer claims the commit in the instant in which its program sees that it failed."""
    driver = leaf.driver()
    driver.load_merge_candidate(config=with_extra(leaf))
    paused = Paused(leaf, lambda: driver.commit_config(revert_in=3))
    with paused.at("applied"):
        leaf.sh("echo missing >>/run/vipkeeper/pending/unmet.new")
        leaf.wait_until(lambda: "claimed.revert" in leaf.state())
    # Nothing was said before it was so.
    assert leaf.state() == set(), paused.error
    assert not has_extra(leaf)
    assert "was rolled back; the switch is as before" in str(paused.error)


@pytest.mark.usefixtures("pausing")
@pytest.mark.parametrize("how", ["in place", "by rename"])
@pytest.mark.promise("T10", "T38")
def test_an_edit_between_check_and_rename_is_kept(leaf: LeafUnderTest, how: str) -> None:
    driver = leaf.driver()
    leaf.sh(f"cp -p {MAIN} /tmp/kept")
    commit_extra(leaf, driver, revert_in=60)
    confirm = Paused(leaf, driver.confirm_commit)
    with confirm.at("confirming"):
        if how == "in place":
            leaf.sh(f"echo '# mine' >>{MAIN}")
        else:
            leaf.sh(f"cp -p {MAIN} /etc/network/.e; echo '# mine' >>/etc/network/.e; "
                    f"mv /etc/network/.e {MAIN}")  # fmt: skip
    assert isinstance(confirm.error, CommitRefusedError)
    assert f"{MAIN} was changed by somebody else" in str(confirm.error)
    assert leaf.sh(f"tail -n 1 {MAIN}") == "# mine\n"
    leaf.sh(f"cp -p /tmp/kept {MAIN}")
    assert driver.has_pending_commit()
    driver.rollback()


@pytest.mark.usefixtures("pausing")
def test_an_edit_of_the_replaced_file_is_noticed_and_restored(leaf: LeafUnderTest) -> None:
    """An editor that has the old file open writes to it after the rename."""
    driver = leaf.driver()
    leaf.sh(f"cp -p {MAIN} /tmp/kept")
    commit_extra(leaf, driver, revert_in=60)
    confirm = Paused(leaf, driver.confirm_commit)
    with confirm.at(f"written {MAIN}"):
        leaf.sh("f=$(echo /etc/network/.interfaces.vipkeeper.*.was); echo '# mine' >>$f")
    assert isinstance(confirm.error, CommitRefusedError)
    assert "was edited by somebody else while it was being replaced" in str(confirm.error)
    assert leaf.sh(f"tail -n 1 {MAIN}") == "# mine\n"
    leaf.sh(f"cp -p /tmp/kept {MAIN}")
    driver.rollback()


@pytest.mark.usefixtures("pausing")
@pytest.mark.promise("T7", "T39")
def test_what_can_be_neither_written_nor_put_back_is_told_as_mixed(two: LeafUnderTest) -> None:
    driver = two.driver()
    load_both(two, driver)
    commit = Paused(two, driver.commit_config)
    with commit.at(f"written {MAIN}"):
        two.sh(f"chattr +i {MAIN} {DROP_IN}")
    error = commit.error
    assert isinstance(error, MixedDiskError)
    assert f"{DROP_IN}': Operation not permitted" in str(error)
    assert len(error.problems) == 1
    assert error.problems[0].startswith(f"{MAIN} holds the new text: mv: ")
    assert driver.last_commit is not None
    assert (driver.last_commit.result, driver.last_commit.problems) == ("mixed", error.problems)
    assert two.sh("cat /run/vipkeeper/last/result").startswith("mixed ")
    assert two.state() == set()
    # Nobody builds on it, and the old file is not lost.
    with pytest.raises(NapalmException, match=r"left the disk with a mixture.*holds the new text"):
        commit_extra(two, two.driver(), revert_in=60)
    two.sh(f"chattr -i {MAIN} {DROP_IN}")
    load_both(two, driver)
    with pytest.raises(NapalmException, match="changed by somebody else since"):
        driver.commit_config(revert_in=60)
    assert EXTRA not in two.sh(f"cat {MAIN}"), "the old file was not put back"
    two.sh("ifreload -a")
    assert whole(two).count("vipkeeper") == 0


@pytest.mark.usefixtures("pausing")
def test_the_boot_unit_started_beside_a_confirm_leaves_it_alone(two: LeafUnderTest) -> None:
    """`systemctl isolate` starts whatever its target wants, the unit of the journal with it."""
    driver = two.driver()
    commit_both(two, driver, revert_in=60)
    confirm = Paused(two, driver.confirm_commit)
    with confirm.at("claimed.confirm"):
        two.sh("timeout 20 sh /var/lib/vipkeeper/confirm/transaction.sh boot")
    assert confirm.error is None
    assert has_extra(two)
    assert two.sh(f"cat {DROP_IN}")
    assert two.state() == set()
    driver.rollback()


@pytest.mark.usefixtures("pausing")
def test_a_deadline_that_passes_during_a_confirm_that_fails(two: LeafUnderTest) -> None:
    """The timer fires while the commit is claimed: it must not be lost when it is given back."""
    driver = two.driver()
    commit_both(two, driver, revert_in=10)
    confirm = Paused(two, driver.confirm_commit)
    with hindered(two, "immutable second"):
        before = whole(two)
        with confirm.at(f"written {MAIN}"):
            deadline = int(two.sh("cat /run/vipkeeper/claimed.confirm/deadline"))
            two.wait_until(lambda: float(two.sh("cat /proc/uptime").split()[0]) > deadline + 1)
        assert isinstance(confirm.error, CommitConfirmException)
        assert f"{DROP_IN}': Operation not permitted" in str(confirm.error)
        assert "It was rolled back" in str(confirm.error)
        two.wait_until(lambda: two.state() == set())
        assert whole(two) == before
    assert not has_extra(two)


@pytest.mark.usefixtures("pausing")
@pytest.mark.parametrize(
    ("step", "cut"),
    [
        ("undoing", "program killed"),
        (f"restored {MAIN}", "program killed"),
        ("undoing", "power cut"),
        (f"restored {MAIN}", "power cut"),
        (f"restored {DROP_IN}", "power cut"),
        ("undone", "power cut"),
    ],
)
def test_putting_back_is_cut_off(two: LeafUnderTest, step: str, cut: str) -> None:
    """The journal holds the direction: what was going back goes on going back."""
    driver = two.driver()
    commit_both(two, driver, revert_in=15)
    before = whole(two)
    two.sh(f"chattr +i {DROP_IN}")
    confirm = Paused(two, driver.confirm_commit)
    with confirm.at(step):
        two.sh(f"chattr -i {DROP_IN}")  # it would go forward now, if it had forgotten
        if cut == "program killed":
            two.sh("systemctl kill -s KILL 'vipkeeper-confirm-*'; pkill -KILL -f '[f]ront-' || :")
            two.sh("chattr +i " + DROP_IN)
        else:
            switch = two.lab.leaf(two.name)
            switch.power_cut()
            switch.boot()
    two.sh(f"chattr -i {DROP_IN}")
    two.wait_until(lambda: two.state() == set())
    after = whole(two)
    assert after == before
    assert not has_extra(two)


@pytest.mark.parametrize(
    ("files", "step"),
    [("one", f"written {MAIN}"), ("two", f"written {MAIN}"), ("two", "verified")],
)
@pytest.mark.promise("T40")
def test_a_confirm_that_the_boot_finished_can_be_undone(
    two: LeafUnderTest, monkeypatch: pytest.MonkeyPatch, files: str, step: str
) -> None:
    old = two.disk()
    program = pausing_program().replace(b"turn verified", b"turn verified; mark verified")
    monkeypatch.setattr(transaction, "program", lambda: program)
    driver = two.driver()
    (commit_both if files == "two" else commit_extra)(two, driver, 60)
    with Paused(two, driver.confirm_commit).at(step):
        switch = two.lab.leaf(two.name)
        switch.power_cut()
        switch.boot()
    assert EXTRA in two.sh(f"cat {MAIN}")
    two.wait_until(lambda: has_extra(two))
    two.driver().rollback()
    assert not has_extra(two)
    assert [line for line in two.disk().splitlines() if ".vipkeeper." not in line] == (
        old.splitlines()
    )


@pytest.mark.usefixtures("pausing")
@pytest.mark.promise("T7", "T39")
def test_a_confirm_that_was_cut_off_and_fails_late_is_not_told_as_confirmed(
    leaf: LeafUnderTest,
) -> None:
    """Nobody goes on with it, its file is immutable, and its time is over."""
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=60)
    with Paused(leaf, driver.confirm_commit).at("confirming"):
        leaf.sh(
            f"cd /run/vipkeeper/claimed.confirm; systemctl stop vipkeeper-revert-$(cat id).timer; "
            f"systemctl stop vipkeeper-confirm-$(cat id); echo 1 >deadline; chattr +i {MAIN}"
        )
    try:
        with pytest.raises(CommitConfirmException, match=r"Its confirm failed.*reverted"):
            leaf.driver().rollback()
    finally:
        # The old file's second name is as immutable; the next commit would sweep it away.
        leaf.sh(f"chattr -i {MAIN}; find /etc/network -name '.*.vipkeeper.*' -delete")
    assert not has_extra(leaf)
    assert leaf.state() == set()
