"""What is done to a leaf in a cell of the crash matrix, and how it is made undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.lab.cells import MAIN, Cell
from tests.lab.switch import LeafUnderTest

#: Shell patterns of the transaction's processes; a bracket keeps them from matching themselves.
PROGRAMS = "[t]ransaction.sh apply|sh -s [f]ront-|[p]rogram[.]"
#: A value of the interface's stanza that no parser takes, and the value in whose place it stands.
SPOILT = {
    "vlan453": ("130.246.212.2/22", "10.99.0.299/24"),
    "swp10": ("192.0.2.2/31", "192.0.2.299/31"),
}
_UNITS = "systemctl list-units --all --plain --no-legend 'vipkeeper-*' | cut -d' ' -f1"
_MEMORY = Path("/sys/fs/cgroup/memory")


def interface_of(cell: Cell) -> str:
    """Whose stanza is what the cell changes."""
    return (
        "swp10" if cell.verb in ("commit", "confirm one file", "confirm two files") else "vlan453"
    )


def prepare(leaf: LeafUnderTest, cell: Cell) -> None:
    """What has to stand before the transaction begins."""
    if cell.cut == "full root":
        leaf.sh(
            "rm -rf /tmp/n; cp -a /etc/network /tmp/n; "
            "mount -t tmpfs -o size=512k,mode=755 tmpfs /etc/network; "
            "cp -a /tmp/n/. /etc/network/; mkdir -p -m 700 /var/lib/vipkeeper; "
            "mount -t tmpfs -o size=512k,mode=700 tmpfs /var/lib/vipkeeper"
        )
    elif cell.cut == "full run":
        leaf.sh("mount -o remount,size=16m /run")


def strike(leaf: LeafUnderTest, cell: Cell) -> None:
    """Do it, now."""
    _STRIKES[cell.cut](leaf, cell)


def undo(leaf: LeafUnderTest, cell: Cell) -> None:
    """Take back whatever a strike has left standing; harmless when there is nothing."""
    leaf.sh(
        f"pkill -CONT -f '{PROGRAMS}|[i]freload|[i]fup' || :; "
        "rm -f /run/fill; pkill -KILL -u nobody || :; "
        "for d in /etc/network /var/lib/vipkeeper /etc /var; do "
        "while mountpoint -q $d; do umount -l $d; done; done"
    )
    _loosen(leaf)


def spoil(leaf: LeafUnderTest, cell: Cell) -> None:
    """The disk's stanza of the interface is spoilt, as by an edit with a slip in it."""
    right, wrong = SPOILT[interface_of(cell)]
    leaf.sh(f"sed -i 's|{right}|{wrong}|' {MAIN}")


def _kill(whom: str) -> Callable[[LeafUnderTest, Cell], None]:
    def strike(leaf: LeafUnderTest, cell: Cell) -> None:
        more = "; pkill -KILL -f '[i]freload|[i]fup ' || :" if whom == "all" else ""
        leaf.sh(
            f"for unit in $({_UNITS} | grep service); do "
            f'systemctl kill --kill-who={whom} -s KILL "$unit" || :; done; '
            "pkill -KILL -f '[t]ransaction.sh apply' || :; pkill -KILL -f 'sh -s [f]ront-' || :"
            + more
        )

    return strike


def _cut_ssh(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh("pkill -KILL -f '^sshd: [r]oot' || :")


def _cut_power(leaf: LeafUnderTest, cell: Cell) -> None:
    switch = leaf.lab.leaf(leaf.name)
    switch.power_cut()
    switch.boot()


def _reboot(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.lab.leaf(leaf.name).reboot()


def _stop_units(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh(f"for unit in $({_UNITS}); do systemctl stop --no-block $unit; done 2>/dev/null; :")
    leaf.sh(f"for unit in $({_UNITS}); do timeout 20 systemctl stop $unit; done 2>/dev/null; :")


def _isolate(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh("systemctl isolate --no-block multi-user.target")


def _freeze(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh(f"pkill -STOP -f '{PROGRAMS}' || :")


def _freeze_for_a_while(leaf: LeafUnderTest, cell: Cell) -> None:
    _freeze(leaf, cell)
    time.sleep(1.5)
    leaf.sh(f"pkill -CONT -f '{PROGRAMS}' || :")


def _write_protect(leaf: LeafUnderTest, cell: Cell) -> None:
    # Mounts of their own: that of / is busy, as long as anybody has a file open for writing.
    leaf.sh("for d in /etc /var; do mount --bind $d $d && mount -o remount,bind,ro $d; done")


def _fill_root(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh(
        "cat /dev/zero >/etc/network/fill 2>/dev/null || :; "
        "cat /dev/zero >/var/lib/vipkeeper/fill 2>/dev/null || :"
    )


def _fill_run(leaf: LeafUnderTest, cell: Cell) -> None:
    leaf.sh("head -c 100m /dev/zero >/run/fill 2>/dev/null || :")


def _hold_lock(leaf: LeafUnderTest, cell: Cell) -> None:
    """Somebody without any right holds ifupdown2's lock, and takes it again if he is killed."""
    again = "while :; do flock /run/network/.lock sleep 300 || sleep 0.1; done"
    leaf.sh(f"setsid -f runuser -u nobody -- sh -c '{again}' >/dev/null 2>&1 </dev/null")
    time.sleep(0.3)


def _oom(leaf: LeafUnderTest, cell: Cell) -> None:
    """The kernel kills the transaction's processes, for the memory that they ask for next."""
    group = _group(leaf)
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text("4096")
    for pid in _transaction_processes(leaf):
        with suppress(OSError):  # it has ended
            (group / "cgroup.procs").write_text(str(pid))
    until = time.monotonic() + 5
    while (group / "cgroup.procs").read_text() and time.monotonic() < until:
        time.sleep(0.1)
    _loosen(leaf)


def _loosen(leaf: LeafUnderTest) -> None:
    """Who is in the group and lives still may have memory again."""
    group = _group(leaf)
    if not group.exists():
        return
    (group / "memory.limit_in_bytes").write_text("-1")
    for pid in (group / "cgroup.procs").read_text().split():
        with suppress(OSError):
            (_MEMORY / "cgroup.procs").write_text(pid)
    with suppress(OSError):  # in use for a moment still
        group.rmdir()


def _group(leaf: LeafUnderTest) -> Path:
    return _MEMORY / f"crash-matrix-{leaf.lab.name}"


def _transaction_processes(leaf: LeafUnderTest) -> list[int]:
    """Their ids as the machine counts them: whoever has the program, or ifupdown2, as command."""
    init = leaf.lab.leaf(leaf.name).pid
    inside = Path(f"/proc/{init}/ns/pid").stat().st_ino
    names = (b"transaction.sh\0apply", b"sh\0-s\0front-", b"/program.", b"ifreload", b"/ifup")
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (directory / "cmdline").read_bytes()
            if (directory / "ns/pid").stat().st_ino == inside and any(
                name in command for name in names
            ):
                found.append(int(directory.name))
    return found


_STRIKES: dict[str, Callable[[LeafUnderTest, Cell], None]] = {
    "program killed": _kill("main"),
    "process group killed": _kill("all"),
    "SSH cut": _cut_ssh,
    "power cut": _cut_power,
    "reboot": _reboot,
    "units stopped": _stop_units,
    "isolated": _isolate,
    "frozen": _freeze,
    "frozen for a while": _freeze_for_a_while,
    "OOM kill": _oom,
    "read-only root": _write_protect,
    "full root": _fill_root,
    "full run": _fill_run,
    "lock held": _hold_lock,
    "stanza spoilt": spoil,
}
