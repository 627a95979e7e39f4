"""Cutting a transaction at a step of its own: the program pauses there and something is killed.

The steps are the ``mark`` lines of the on-switch program. Only the tests' copy of it pauses: the
program that is shipped has no hook.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from napalm.base.exceptions import NapalmException

from napalm_cumulus import CumulusDriver, transaction
from tests.lab.switch import LeafUnderTest
from tests.lab.test_commit import DROP_IN, stanza, toggled

MAIN = "/etc/network/interfaces"
#: The address that tells the new configuration from the old one.
EXTRA = "203.0.113.9/32"

#: The second file of a confirm of two.
TWO_FILES = f"""# file: {DROP_IN}
auto br-x
iface br-x
    bridge-ports none
    address 192.0.2.9/32
"""

_AT, _HERE = "/var/tmp/cut-at", "/var/tmp/cut-here"
_PAUSE = f"""
    [ "$1" = "$(cat {_AT} 2>/dev/null)" ] || return 0
    rm -f {_AT}
    : >{_HERE}
    while [ -e {_HERE} ]; do sleep 0.02; done
}}
"""


def pausing_program() -> bytes:
    """The on-switch program, pausing at the step that /var/tmp/cut-at names."""
    text = transaction.program().decode()
    line = next(line for line in text.splitlines() if line.startswith("mark() {"))
    assert line.endswith("}"), line
    return text.replace(line, line[:-1].rstrip("; ") + _PAUSE).encode()


@dataclass(frozen=True)
class Cell:
    """One cut: what was going on, at which step of it, and what was cut."""

    verb: str
    step: str
    cut: str

    def __str__(self) -> str:
        return f"{self.verb}: {self.cut} at '{self.step}'"

    @property
    def must_be_new(self) -> bool:
        """Whether the confirm had gone so far that only the new files may stand on the disk."""
        if self.step == "confirmed" or self.step.startswith("written"):
            return True
        return self.verb == "confirm two files" and self.step == "confirming"

    @property
    def must_be_old(self) -> bool:
        return not self.verb.startswith("confirm")


STEPS = {
    "commit": ("staged", "armed", "pending", "applying", "applied"),
    "bounce": (
        *("staged", "armed", "pending", "applying", "applied"),
        *("claimed.revert", "reverting", "reverted"),
    ),
    "confirm one file": (
        *("preparing", "prepared", "claimed.confirm", "confirming"),
        *(f"written {MAIN}", "confirmed"),
    ),
    "confirm two files": (
        *("preparing", "prepared", "claimed.confirm", "confirming"),
        *(f"written {MAIN}", f"written {DROP_IN}", "confirmed"),
    ),
    "rollback": ("claimed.revert", "reverting", "reverted"),
    "expiry": ("claimed.revert", "reverting", "reverted"),
}
CUTS = ("program killed", "SSH cut", "power cut", "reboot")
CELLS = tuple(
    Cell(verb, step, cut) for verb, steps in STEPS.items() for step in steps for cut in CUTS
)


class Rehearsal:
    """One leaf on which a transaction is brought to a step and cut there."""

    def __init__(self, leaf: LeafUnderTest) -> None:
        self.leaf = leaf
        leaf.sh(f"rm -f {_AT} {_HERE}; tar -C / -cpf /var/tmp/etc-network.tar etc/network")
        self.old = self.disk()
        self._new: dict[str, str] = {}

    def restore(self) -> None:
        """The leaf as it was before, whatever became of it."""
        self.leaf.sh(
            f"rm -f {_AT} {_HERE} {DROP_IN}; rm -rf /run/vipkeeper/.incoming.*; "
            "find /etc/network -name '.*.vipkeeper.*' -delete; "
            "tar -C / -xpf /var/tmp/etc-network.tar; ifreload -a"
        )
        assert self.disk() == self.old

    def disk(self) -> str:
        """The disk but for what a power cut may leave: dot files that nothing reads."""
        lines = self.leaf.disk().splitlines()
        return "\n".join(line for line in lines if ".vipkeeper." not in line)

    def candidate(self, verb: str) -> tuple[str, bool]:
        """The text to load, and whether it is a whole configuration."""
        leaf = self.leaf
        if verb in ("bounce", "rollback", "expiry"):
            return toggled(leaf), False
        one = stanza(leaf, "swp10").rstrip("\n") + f"\n    address {EXTRA}\n"
        if verb != "confirm two files":
            return one, False
        disk = leaf.snapshot().disk
        at = disk.stanzas_of("swp10")[0]
        changed = disk.with_file(at.file.replace_stanza(at.stanza, one)).to_text()
        return changed + TWO_FILES, True

    def load(self, driver: CumulusDriver, verb: str) -> None:
        text, whole = self.candidate(verb)
        (driver.load_replace_candidate if whole else driver.load_merge_candidate)(config=text)

    def work(self, cell: Cell) -> Callable[[], Any]:
        """What the client does; everything before the interesting part is done already."""
        driver = self.leaf.driver(keepalive=1, command_timeout=60)
        self.load(driver, cell.verb)
        if cell.verb == "commit":
            return lambda: driver.commit_config(revert_in=4)
        if cell.verb == "bounce":
            return lambda: driver.commit_config(revert_in=4, bounce=True)
        if cell.verb == "expiry":
            return lambda: driver.commit_config(revert_in=2)
        driver.commit_config(revert_in=6)
        return driver.rollback if cell.verb == "rollback" else driver.confirm_commit

    @contextmanager
    def paused(self, cell: Cell) -> Iterator[None]:
        """Bring the transaction to the cell's step."""
        work = self.work(cell)

        def client() -> None:
            with suppress(NapalmException):
                work()

        self.leaf.sh(f"printf %s '{cell.step}' >{_AT}")
        thread = threading.Thread(target=client)
        thread.start()
        try:
            self.leaf.wait_until(lambda: self._is_there() or not thread.is_alive(), timeout=20)
            if not self._is_there():  # the client's part is over before this step
                self.leaf.wait_until(self._is_there, timeout=20)
            yield
        finally:
            self.leaf.sh(f"rm -f {_AT} {_HERE}")
            thread.join(60)
            if thread.is_alive():
                pytest.fail(f"{cell}: the client still waits")

    def _is_there(self) -> bool:
        return self.leaf.sh(f"[ ! -e {_HERE} ] || echo yes") == "yes\n"

    def _programs(self) -> str:
        return self.leaf.sh("pgrep -f '[t]ransaction.sh apply|sh -s [f]ront-|[p]rogram[.]' || :")

    def cut(self, cell: Cell) -> None:
        switch = self.leaf.lab.leaf(self.leaf.name)
        if cell.cut == "SSH cut":
            self.leaf.sh("pkill -KILL -f '^sshd: [r]oot' || :")
        elif cell.cut == "program killed":
            self.leaf.sh(
                "for unit in $(systemctl list-units --plain --no-legend 'vipkeeper-*.service' "
                "| cut -d' ' -f1); do systemctl kill -s KILL \"$unit\" || :; done; "
                "pkill -KILL -f '[t]ransaction.sh apply' || :; pkill -KILL -f 'sh -s [f]ront-' || :"
            )
        elif cell.cut == "power cut":
            switch.power_cut()
            switch.boot()
        else:
            switch.reboot()

    def run(self, cell: Cell) -> None:
        """Cut there, and prove that the switch ends in one of the configurations it may."""
        with self.paused(cell):
            self.cut(cell)
        leaf = self.leaf
        # A program whose SSH session is gone goes on: its end is what is judged.
        leaf.wait_until(lambda: not self._programs(), timeout=30)
        # What was only being staged is swept away by the next commit.
        leaf.wait_until(
            lambda: not {s for s in leaf.state() if not s.startswith(".incoming.")}, timeout=30
        )
        leaf.wait_until(lambda: "vipkeeper" not in leaf.timers(), timeout=10)
        is_old = self.disk() == self.old
        text = leaf.sh(f"cat {MAIN} {DROP_IN} 2>/dev/null || :")
        is_new = EXTRA in text and (cell.verb != "confirm two files" or "192.0.2.9/32" in text)
        assert is_old != is_new, f"{cell}: the disk holds a mixture:\n{leaf.disk()}\n{text}"
        assert not (cell.must_be_old and is_new), f"{cell}: the disk was written"
        assert not (cell.must_be_new and is_old), f"{cell}: the confirm was lost"
        self._kernel_agrees(cell, new=is_new)
        left = leaf.sh(
            "ls /var/lib/vipkeeper 2>/dev/null || :; ls /etc/systemd/system | grep vipkeeper || :; "
            "find /etc/network -name '.*.vipkeeper.*'"
        ).split()
        # A power cut may leave a dot file that nothing reads and the next commit removes.
        if cell.cut in ("program killed", "SSH cut"):
            assert set(left) <= {"previous"}, f"{cell}: left behind: {left}"

    def _kernel_agrees(self, cell: Cell, *, new: bool) -> None:
        leaf = self.leaf
        wanted = {
            "vlan453 130.246.212.2/22",
            "vlan453-v0 130.246.212.1/22",
            "vlan453-v1 130.246.215.254/22",
        }
        leaf.wait_until(lambda: leaf.addresses() == wanted, timeout=15)
        has = f"swp10 {EXTRA}" in leaf.addresses("swp10")
        assert has == new, f"{cell}: the kernel does not agree with the disk"
