"""Cutting a transaction on a whole machine: its power, its resets, and its clock."""

from __future__ import annotations

import time

import pytest

from lab.fabric.leaf import Leaf
from lab.machine.shell import wait_until
from lab.topology.default import LabError
from tests.lab.cells import Cell
from tests.lab.cuts import AT, EXTRA, HERE, LEFT, Rehearsal, pausing_program
from tests.lab.power_cells import AHEAD, DROPPING, GUARD, POWER, RESET, PowerCell
from tests.lab.switch import PATIENCE, WELL, LeafUnderTest

#: It starts processes many times slower than a switch does: no cell is about how long one takes.
_REVERT_IN = {"commit": 45, "bounce": 60, "expiry": 20}
_LONG = 120
#: On the disk, for a mark that the guard is to be held at: memory is empty when the machine boots.
_AT_BOOT = "/var/tmp/cut-at"
DAY = 24 * 3600


def program_for_machines() -> bytes:
    """The pausing program, which is also held after a boot, and has one mark more."""
    text = pausing_program().decode()
    held = f'[ "$1" = "$(cat {AT} 2>/dev/null)" ]'
    # For good: the next boot must not be held as well. Nothing else may be flushed by this.
    again = f'{{ [ "$1" = "$(cat {_AT_BOOT} 2>/dev/null)" ] && rm -f {_AT_BOOT} && sync; }}'
    dropping = "drop_prepared() {"
    for old, new in (
        (held, f"{held} || {again}"),
        (dropping, f"{dropping}\n    mark {DROPPING}"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


class Machine:
    """A leaf that is a whole machine, past the network."""

    def __init__(self, leaf: Leaf) -> None:
        assert leaf.kind == "vm"
        self.leaf = leaf

    def sh(self, script: str) -> str:
        """A shell script's stdout."""
        return self.leaf.exec(["sh", "-c", script], check=True).stdout

    def holds(self, path: str) -> bool:
        """Whether there is such a file; False also while nothing can be asked."""
        try:
            return self.leaf.exec(["test", "-e", path]).returncode == 0
        except LabError:
            return False

    def reset(self) -> None:
        """``reboot -f``; it boots still when this returns."""
        before = self._boot()
        self.sh("setsid -f sh -c 'sleep 0.2; exec reboot -f' >/dev/null 2>&1 </dev/null")
        assert wait_until(lambda: self._boot() not in ("", before), timeout=PATIENCE)

    def _boot(self) -> str:
        try:
            return self.sh("cat /proc/sys/kernel/random/boot_id")
        except LabError:
            return ""


class PowerRehearsal(Rehearsal):
    """A whole machine on which a transaction is brought to a step, and cut there."""

    def __init__(self, leaf: LeafUnderTest) -> None:
        super().__init__(leaf)
        # What is made ready must not be what the cut takes.
        leaf.sh(f"rm -f {_AT_BOOT}; sync")
        self.confirmed = self._last_confirmed()

    @property
    def machine(self) -> Leaf:
        """The machine."""
        return self.leaf.lab.leaf(self.leaf.name)

    def revert_in(self, verb: str) -> int:
        """Return the seconds after which a commit of that verb is rolled back."""
        return _REVERT_IN.get(verb, _LONG)

    def disk(self) -> str:
        """The disk, but for dot files that nothing reads; processes are dear there."""
        names = "/etc/network -xdev ! -name '.*.vipkeeper.*'"
        return self.leaf.sh(
            f"find {names} -printf '%p %y %m %u %g %l\\n' | sort; "
            f"find {names} -type f -exec sha256sum {{}} + | sort"
        )

    def run_power(self, cell: PowerCell) -> None:
        """Cut there, and prove that the machine ends as it may, and that what was said is true."""
        with self.under_way(cell):
            if cell.boots:
                self._cut(cell)
            else:
                self._step_clock(cell)
        if cell.verb == "commit" and not cell.boots:
            assert self._waits(), f"{cell}: the clock has ended it"
        self._wait_for_its_end(cell)
        new = self._require_whole(cell)
        self._require_true_words(cell, new=new)
        left = {name for name in self.leaf.sh(LEFT).split() if not _is_read_by_nobody(name)}
        assert left == set(), f"{cell}: left behind: {left}"
        self._require_known_to_rollback(cell, new=new)

    def _cut(self, cell: PowerCell) -> None:
        machine = self.machine
        if cell.cut == RESET:
            Machine(machine).reset()
        else:
            if cell.cut == GUARD:
                self.leaf.sh(f"printf %s '{cell.guard}' >{_AT_BOOT}; sync")
            machine.power_cut()
            machine.start()
        if cell.cut == GUARD:
            self.leaf.wait_until(lambda: Machine(machine).holds(HERE), timeout=machine.patience)
            machine.power_cut()
            machine.start()
        machine.wait_ready()

    def _step_clock(self, cell: PowerCell) -> None:
        """Set the machine's own clock; never that of the machine on which it runs."""
        sign = "+" if cell.cut == AHEAD else "-"
        Machine(self.machine).sh(f"date -s @$(($(date +%s) {sign} {DAY})) >/dev/null")

    def _wait_for_its_end(self, cell: PowerCell) -> None:
        """By itself: after a boot there is nothing to wait for; a clock must not move the timer."""
        try:
            self.leaf.wait_until(self._ended, timeout=2 * _LONG)
        except TimeoutError:
            shown = self.leaf.sh("ls -A /run/vipkeeper; cat /run/vipkeeper/[pcl]*/progress; ps -ef")
            pytest.fail(f"{cell}: it has no end:\n{shown}")
        assert "vipkeeper" not in self.leaf.timers(), f"{cell}: units are left"

    def _require_whole(self, cell: PowerCell) -> bool:
        """Exactly the old or exactly the new one, on the disk and in the kernel: which?"""
        leaf = self.leaf
        is_old, is_new = self.disk() == self.old, self._holds_all_that_is_new(cell)
        assert is_old != is_new, f"{cell}: the disk holds a mixture:\n{leaf.disk()}"
        assert not (cell.must_be_old and is_new), f"{cell}: the disk was written"
        assert not (cell.must_be_new and is_old), f"{cell}: the confirm was lost"
        leaf.wait_until(lambda: leaf.addresses() >= WELL)
        has = f"swp10 {EXTRA}" in leaf.addresses("swp10")
        assert has == is_new, f"{cell}: the kernel does not agree with the disk"
        assert leaf.addresses("slow") == set(), f"{cell}: what only the candidate has is up"
        return is_new

    def _last_confirmed(self) -> str:
        return self.leaf.sh("cat /var/lib/vipkeeper/previous/id 2>/dev/null || :").strip()

    def _require_known_to_rollback(self, cell: PowerCell, *, new: bool) -> None:
        """What was confirmed can be undone; what was not is not taken for confirmed."""
        if not new:
            assert self._last_confirmed() == self.confirmed, f"{cell}: counted as confirmed"
            return
        self.leaf.driver(command_timeout=_LONG).rollback()
        assert self.disk() == self.old, f"{cell}: not rolled back:\n{self.leaf.disk()}"
        assert f"swp10 {EXTRA}" not in self.leaf.addresses("swp10"), f"{cell}: still in the kernel"

    def set_right(self, cell: PowerCell) -> None:
        """The machine as it was before, whatever became of it."""
        if not cell.boots:
            self.leaf.sh(f"date -s @{int(time.time())} >/dev/null")
        if self.machine.running and not self.leaf.state() and self.disk() == self.old:
            return
        self.machine.power_cut()
        self.machine.start()
        # Its guard may be held, or be going to be.
        Machine(self.machine).sh(f"rm -f {_AT_BOOT}")
        while not self.machine.ready:
            Machine(self.machine).sh(f"rm -f {HERE}; sleep 0.5")
        self.restore(Cell(cell.verb, cell.step, POWER))


def _is_read_by_nobody(name: str) -> bool:
    """What a cut may leave: the next commit removes it, and nothing reads it before."""
    return ".vipkeeper." in name or name in ("previous", "previous.new")
