"""Cutting a transaction at a step of its own: the program pauses there and something is done to it.

The steps are the ``mark`` lines of the on-switch program. Only the tests' copy of it pauses: the
program that is shipped has no hook. Inside ``ifreload`` nothing pauses; time tells where it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from napalm.base.exceptions import CommitConfirmException, NapalmException

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import transaction
from tests.lab import strikes
from tests.lab.cells import DROP_IN, LEAVES_NO_TIMER, MAIN, Cell
from tests.lab.sentences import Outcome
from tests.lab.strikes import PROGRAMS
from tests.lab.switch import PATIENCE, WELL, LeafUnderTest
from tests.lab.test_commit import stanza, toggled, whole_with

#: The address that tells the new configuration from the old one.
EXTRA = "203.0.113.9/32"
#: What is there whatever was spoilt, or somebody was told.
VIPS = {address for address in WELL if "-v" in address}

#: The second file of a confirm of two.
TWO_FILES = f"""# file: {DROP_IN}
auto br-x
iface br-x
    bridge-ports none
    address 192.0.2.9/32
"""
#: What a full commit adds: each takes its time to come up, and has a gateway VIP of its own.
_SLOW = """
auto slow{n}
iface slow{n}
    bridge-ports none
    address 198.18.{n}.2/24
    address-virtual 00:00:5e:00:02:0{n} 198.18.{n}.1/24
    post-up sleep 0.6
"""
SLOW = "".join(_SLOW.format(n=n) for n in range(1, 5))
_IFRELOAD_TAKES = 4 * 0.6 + 1.5
REVERT_IN = {"commit": 4, "bounce": 4, "expiry": 2}
_FULL_REVERT_IN = 20

#: In memory that no cut takes away but that of the power.
AT, HERE = "/dev/shm/cut-at", "/dev/shm/cut-here"
_PAUSE = f"""
    [ "$1" = "$(cat {AT} 2>/dev/null)" ] || return 0
    rm -f {AT}
    : >{HERE}
    while [ -e {HERE} ]; do sleep 0.02; done
}}
"""
LEFT = (
    "ls /var/lib/vipkeeper 2>/dev/null || :; ls /etc/systemd/system | grep vipkeeper || :; "
    "find /etc/network -name '.*.vipkeeper.*'"
)


def pausing_program() -> bytes:
    """The on-switch program, pausing at the step that /dev/shm/cut-at names."""
    text = transaction.program().decode()
    line = next(line for line in text.splitlines() if line.startswith("mark() {"))
    assert line.endswith("}"), line
    return text.replace(line, line[:-1].rstrip("; ") + _PAUSE).encode()


class Rehearsal:
    """One leaf on which a transaction is brought to a step, or into ``ifreload``, and cut there."""

    def __init__(self, leaf: LeafUnderTest) -> None:
        self.leaf = leaf
        leaf.sh(
            # What an earlier test's commit came to says nothing of this one.
            f"rm -rf {AT} {HERE} /run/vipkeeper/last; "
            "tar -C / -cpf /var/tmp/etc-network.tar etc/network"
        )
        self.old = self.disk()
        self.outcome: Outcome | None = None

    def restore(self, cell: Cell) -> None:
        """The leaf as it was before, whatever became of it."""
        strikes.undo(self.leaf, cell)
        self.leaf.sh(
            f"rm -f {AT} {HERE} {DROP_IN}; rm -rf /run/vipkeeper/.incoming.*; "
            "find /etc/network -name '.*.vipkeeper.*' -delete; "
            "tar -C / -xpf /var/tmp/etc-network.tar; ifreload -a; "
            # A unit that a strike has broken must not be held against the next cell.
            "systemctl stop 'vipkeeper-*'; systemctl reset-failed 'vipkeeper-*'; "
            # Nor what it has left: its own cell is red for that.
            "rm -rf /run/vipkeeper/pending /run/vipkeeper/claimed.* /var/lib/vipkeeper/confirm; "
            "find /etc/systemd/system -name 'vipkeeper-boot.service' -delete; "
            "for d in slow1 slow2 slow3 slow4 br-x; do ip link delete $d; done 2>/dev/null || :"
        )
        assert self.disk() == self.old
        if not self.leaf.addresses() >= WELL:  # what a spoilt stanza has cost
            self.leaf.sh("ifdown vlan453; ifup vlan453; ifup swp10")

    def disk(self) -> str:
        """The disk, but for what a power cut may leave (dot files that nothing reads) and for
        what was spoilt or filled on purpose.
        """
        right = "; ".join(f"s|{wrong}|{well}|" for well, wrong in strikes.SPOILT.values())
        return self.leaf.sh(
            "find /etc/network -xdev ! -name fill ! -name '.*.vipkeeper.*' | sort | "
            "while read -r path; do stat -c '%n %F %a %U %G' \"$path\" | sed 's/ empty / /'; "
            f'[ ! -f "$path" ] || sed "{right}" "$path" | sha256sum; done'
        )

    def candidate(self, verb: str) -> tuple[str, bool]:
        """The text to load, and whether it is a whole configuration."""
        leaf = self.leaf
        if verb in ("bounce", "rollback", "expiry"):
            return toggled(leaf), False
        if verb.startswith("full"):
            return leaf.snapshot().disk.to_text() + f"# file: {DROP_IN}\n{SLOW}", True
        one = stanza(leaf, "swp10").rstrip("\n") + f"\n    address {EXTRA}\n"
        if verb != "confirm two files":
            return one, False
        return whole_with(leaf, one) + TWO_FILES, True

    def revert_in(self, verb: str) -> int:
        """After how many seconds a commit of that verb is rolled back."""
        return _FULL_REVERT_IN if verb.startswith("full") else REVERT_IN.get(verb, 8)

    def work(self, cell: Cell) -> tuple[str, Callable[[], object], CumulusDriver]:
        """What the client does; everything before the interesting part is done already."""
        driver = self.leaf.driver(keepalive=1, command_timeout=60)
        text, whole = self.candidate(cell.verb)
        (driver.load_replace_candidate if whole else driver.load_merge_candidate)(config=text)
        if cell.verb == "bounce":
            seconds = self.revert_in("bounce")
            return "bounce", lambda: driver.commit_config(revert_in=seconds, bounce=True), driver
        if cell.verb == "full commit":
            seconds = self.revert_in("full commit")
            return "commit", lambda: driver.commit_config(revert_in=seconds), driver
        if cell.verb in ("commit", "expiry"):
            seconds = self.revert_in(cell.verb)
            return "commit", lambda: driver.commit_config(revert_in=seconds), driver
        driver.commit_config(revert_in=self.revert_in(cell.verb))
        if cell.verb.endswith("rollback"):
            return "rollback", lambda: driver.rollback(pending_only=True), driver
        return "confirm", driver.confirm_commit, driver

    @contextmanager
    def under_way(self, cell: Cell) -> Iterator[None]:
        """Bring the transaction to where the cell cuts it."""
        verb, work, driver = self.work(cell)

        def client() -> None:
            try:
                work()
            except NapalmException as error:
                self.outcome = Outcome(verb, str(error))
            else:
                self.outcome = Outcome(verb, "", driver.last_commit)

        if cell.step:
            self.leaf.sh(f"printf %s '{cell.step}' >{AT}")
        thread = threading.Thread(target=client)
        thread.start()
        try:
            if cell.step:
                self.leaf.wait_until(self._is_there, timeout=60)
            else:
                self._into_ifreload(cell)
            yield
        finally:
            self.leaf.sh(f"rm -f {AT} {HERE}")
            thread.join(150)
            if thread.is_alive():
                pytest.fail(f"{cell}: the client still waits")

    def _is_there(self) -> bool:
        return self.leaf.sh(f"[ ! -e {HERE} ] || echo yes") == "yes\n"

    def _into_ifreload(self, cell: Cell) -> None:
        step = "applying" if cell.verb == "full commit" else "reverting"
        look = "cat /run/vipkeeper/[pc]*/progress /run/vipkeeper/last/progress 2>/dev/null || :"
        self.leaf.wait_until(lambda: f" {step}\n" in self.leaf.sh(look), timeout=60)
        takes = _IFRELOAD_TAKES if cell.verb == "full commit" else 1.0
        time.sleep(cell.moment * takes)

    def _programs(self) -> str:
        return self.leaf.sh(f"pgrep -f '{PROGRAMS}' || :")

    def run(self, cell: Cell) -> None:
        """Cut there, and prove that the switch ends as it may, and that what was said is true."""
        leaf = self.leaf
        strikes.prepare(leaf, cell)
        with self.under_way(cell):
            strikes.strike(leaf, cell)
            if cell.cut == "frozen":
                self._outlast_the_frozen(cell)
        self._wait_for_the_end(cell)
        if self._is_mixed(cell):
            self._require_told_as_mixed(cell)
        else:
            self._require_true_words(cell, new=self._require_one_configuration(cell))
        left = set(leaf.sh(LEFT).split())
        # A power cut may leave a dot file that nothing reads and the next commit removes.
        if cell.cut in ("program killed", "SSH cut"):
            assert left <= {"previous"}, f"{cell}: left behind: {left}"

    def _ended(self) -> bool:
        return not self._waits() and not self._programs()

    def _waits(self) -> bool:
        # What was only being staged is swept away by the next commit.
        return any(s.startswith(("pending", "claimed.")) for s in self.leaf.state())

    def _outlast_the_frozen(self, cell: Cell) -> None:
        """Others end the commit (a confirm is waited for, 60 s); then the client is let go.

        Where the timer's own program is frozen, whoever looks is the other.
        """
        try:
            if cell.verb == "expiry":
                self.leaf.driver().rollback(pending_only=True)
            self.leaf.wait_until(lambda: not self._waits())
        except TimeoutError:
            pytest.fail(f"{cell}: nobody ends it")
        finally:
            self.leaf.sh(f"pkill -KILL -f '{PROGRAMS}' || :")

    def _wait_for_the_end(self, cell: Cell) -> None:
        """By itself within its bounds; or by whoever looks, where nobody else is left to do it."""
        leaf = self.leaf
        patience = PATIENCE
        if cell.cut in LEAVES_NO_TIMER:
            with suppress(TimeoutError):
                # The units may have been left alone: then the timer ends it at its time.
                soon = _FULL_REVERT_IN + 15 if cell.verb.startswith("full") else 35
                leaf.wait_until(self._ended, timeout=soon if cell.step == "" else 12)
            if not self._ended():
                self._end_by_hand(cell)
        elif cell.cut == "lock held":
            patience = 150
        try:
            leaf.wait_until(self._ended, timeout=patience)
        except TimeoutError:
            shown = leaf.sh("ls -A /run/vipkeeper; cat /run/vipkeeper/[pcl]*/progress; ps -ef")
            pytest.fail(f"{cell}: it has no end:\n{shown}")
        if cell.cut not in LEAVES_NO_TIMER:
            try:
                leaf.wait_until(lambda: "vipkeeper" not in leaf.timers())
            except TimeoutError:
                pytest.fail(f"{cell}: units are left:\n{leaf.timers()}")

    def _end_by_hand(self, cell: Cell) -> None:
        """Somebody looks: he is told that no timer is left, and ends it."""
        driver = self.leaf.driver()
        waiting = driver.pending
        assert waiting is not None, f"{cell}: it waits, and nobody is told"
        assert not waiting.armed, f"{cell}: a dead timer is called alive: {waiting}"
        assert "is being rolled back" not in str(waiting), f"{cell}: untrue: {waiting}"
        told = ""
        try:
            driver.rollback(pending_only=True)
        except CommitConfirmException as error:
            told = str(error)
        assert not told or "It had been confirmed" in told, f"{cell}: {told}"
        assert not told or self.disk() != self.old, f"{cell}: untrue: {told}"

    def _require_one_configuration(self, cell: Cell) -> bool:
        """Exactly the old or exactly the new one, on the disk and in the kernel: which?"""
        leaf = self.leaf
        is_old = self.disk() == self.old
        is_new = self._holds_all_that_is_new(cell)
        assert is_old != is_new, f"{cell}: the disk holds a mixture:\n{leaf.disk()}"
        assert not (cell.must_be_old and is_new), f"{cell}: the disk was written"
        if cell.cut in ("program killed", "SSH cut", "power cut", "reboot"):
            assert not (cell.must_be_new and is_old), f"{cell}: the confirm was lost"
        wanted = VIPS if cell.cut == "stanza spoilt" else WELL
        try:
            leaf.wait_until(lambda: wanted <= leaf.addresses(), timeout=30)
        except TimeoutError:
            assert self._told_that_it_is_missing(), f"{cell}: stranded: {leaf.addresses()}"
        # Of a spoilt stanza nobody can say what of it ifupdown2 applies.
        if cell.cut != "stanza spoilt":
            has = f"swp10 {EXTRA}" in leaf.addresses("swp10")
            assert has == is_new, f"{cell}: the kernel does not agree with the disk"
        assert leaf.addresses("slow") == set(), f"{cell}: what only the candidate has is up"
        assert "slow" not in leaf.sh("ls /sys/class/net"), f"{cell}: a device was left"
        return is_new

    def _holds_all_that_is_new(self, cell: Cell) -> bool:
        text = self.leaf.sh(f"cat {MAIN} {DROP_IN} 2>/dev/null || :")
        return EXTRA in text and (cell.verb != "confirm two files" or "192.0.2.9/32" in text)

    def _is_mixed(self, cell: Cell) -> bool:
        return self.disk() != self.old and not self._holds_all_that_is_new(cell)

    def _require_told_as_mixed(self, cell: Cell) -> None:
        """Neither the one nor the other: where nobody could help it, and file by file."""
        shown = f"{self.leaf.disk()}\n{self.outcome}"
        assert cell.may_be_mixed, f"{cell}: the disk holds a mixture:\n{shown}"
        assert self.outcome is not None
        assert MAIN in self.outcome.error, f"{cell}: not told which file it is: {shown}"
        assert self.outcome.claims == set(), f"{cell}: untrue: {shown}"
        written = self.leaf.sh("cat /run/vipkeeper/last/result")
        assert written.startswith("mixed "), f"{cell}: untrue: last/result is {written}"
        assert self.leaf.addresses() >= VIPS, f"{cell}: stranded: {shown}"

    def _told_that_it_is_missing(self) -> bool:
        told = self.leaf.sh("cat /run/vipkeeper/last/result 2>/dev/null || :")
        return "incomplete" in told or (self.outcome is not None and self.outcome.admits)

    def _require_true_words(self, cell: Cell, *, new: bool) -> None:
        """What the client was told, and what the switch has written down, is so."""
        is_there = "new" if new else "old"
        assert self.outcome is not None
        for claim in self.outcome.claims:
            assert claim == is_there, f"{cell}: untrue, it is {is_there}: {self.outcome}"
        written = self.leaf.sh("cat /run/vipkeeper/last/result 2>/dev/null || :").split(" ")[0]
        words = {"confirmed": "new", "reverted": "old"}
        if written.strip() in words:
            assert words[written.strip()] == is_there, f"{cell}: untrue: last/result is {written}"
        report = self.outcome.report
        if report is not None and report.result == "reverted" and self.outcome.verb == "bounce":
            assert not report.reverted_ok or self.leaf.addresses() >= VIPS, f"{cell}: {report}"
        driver = self.leaf.driver()
        assert driver.pending is None, f"{cell}: {driver.pending}"
