"""Functions that look into network namespaces, processes and cgroups of this machine."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from lab.machine.processes import started
from lab.machine.shell import NETNS_DIR, call
from lab.topology.default import LabError

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_LISTEN = "0A"


def in_namespace(netns: str, function: Callable[[], T]) -> T:
    """Run a function in a network namespace, in a thread that enters it."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            _enter(netns)
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread below
            errors.append(error)

    thread = threading.Thread(target=body, name=f"netns {netns}")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _enter(netns: str) -> None:
    """Move the calling thread into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        with (NETNS_DIR / netns).open() as handle:
            failed = libc.setns(handle.fileno(), _CLONE_NEWNET) != 0
    except OSError as error:
        raise LabError(f"Namespace {netns} is not there: {error}") from error
    if failed:
        code = ctypes.get_errno()
        raise LabError(f"Namespace {netns} cannot be entered: {os.strerror(code)}.")


def set_sysctls(netns: str, values: dict[str, str]) -> None:
    """Set ``/proc/sys/net`` values (``ipv4/ip_forward``) in a namespace.

    Missing ones are skipped.
    """

    def write() -> None:
        for key, value in values.items():
            with suppress(FileNotFoundError):
                (Path("/proc/sys/net") / key).write_text(value)

    in_namespace(netns, write)


def namespaces(prefix: str) -> list[str]:
    """Return the named network namespaces whose name starts with ``prefix``."""
    if not NETNS_DIR.is_dir():
        return []
    return sorted(path.name for path in NETNS_DIR.iterdir() if path.name.startswith(prefix))


def delete_namespace(netns: str) -> None:
    """Delete a named network namespace, even if it is only half made."""
    call(["ip", "netns", "delete", netns], check=False)
    with suppress(FileNotFoundError):
        (NETNS_DIR / netns).unlink()


def processes_in(netnses: Iterable[str]) -> set[int]:
    """Return the processes in one of these network namespaces; never those of the machine's own."""
    inodes: set[int] = set()
    for netns in netnses:
        with suppress(OSError):
            inodes.add((NETNS_DIR / netns).stat().st_ino)
    for own in ("1", "self"):
        with suppress(OSError):  # process 1 may belong to another user
            inodes.discard(Path(f"/proc/{own}/ns/net").stat().st_ino)
    found = set()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                if (path / "ns/net").stat().st_ino in inodes:
                    found.add(int(path.name))
    return found


def ip_commands(prefix: str) -> set[int]:
    """Return the ``ip`` processes that work on a namespace whose name starts with ``prefix``.

    Such a process survives when the process that started it is killed.
    """
    found = set()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                argv = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
                own = Path(argv[0]).name == "ip" and any(x.startswith(prefix) for x in argv[1:])
                if own:
                    found.add(int(path.name))
    return found


def listens(pid: int, port: int) -> bool:
    """Return whether something listens on a TCP port in a process's network namespace."""
    wanted = f":{port:04X}"
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(wanted) and fields[3] == _LISTEN:
                    return True
    return False


def first_below(pid: int) -> int | None:
    """Return the process below ``pid`` that is number 1 of a PID namespace of its own."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    for child in below:
        with suppress(OSError):
            status = Path(f"/proc/{child}/status").read_text()
            numbers = next(x for x in status.splitlines() if x.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and numbers[-1] == "1" and started(int(child)) is not None:
                return int(child)
            found = first_below(int(child))
            if found is not None:
                return found
    return None


def kill_all(find: Callable[[], set[int]], *, timeout: float = 10) -> None:
    """Kill every process that ``find`` returns, until it returns none."""
    end = time.monotonic() + timeout
    while pids := {pid for pid in find() if started(pid) is not None}:
        if time.monotonic() > end:
            raise LabError(f"Processes {sorted(pids)} of the lab cannot be killed.")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def cgroup_roots() -> list[Path]:
    """Return the hierarchies in which a booted container needs a group of its own.

    The hybrid and legacy layouts have systemd's own hierarchy, and the empty unified one beside it.
    The unified layout has only one.
    """
    base = Path("/sys/fs/cgroup")
    if (base / "cgroup.controllers").exists():
        return [base]
    return [path for path in (base / "systemd", base / "unified") if path.is_dir()]


def cgroups(name: str) -> list[Path]:
    """Return the cgroups of a lab, or of one of its leafs (``lab/leaf``)."""
    return [root / "vipkeeper" / name for root in cgroup_roots()]


def processes_under(groups: Iterable[Path]) -> set[int]:
    """Return the processes in some cgroups and everything below them."""
    found: set[int] = set()
    for group in groups:
        for path in group.rglob("cgroup.procs") if group.is_dir() else ():
            with suppress(OSError):
                found.update(int(line) for line in path.read_text().split())
    return found


def remove_cgroups(name: str) -> None:
    """Remove a lab's empty cgroups, and their parent after the last lab."""
    for group in cgroups(name):
        below = sorted(
            (path for path in group.rglob("*") if path.is_dir()),
            key=lambda path: len(path.parts),
            reverse=True,
        )
        for path in (*below, group, group.parent):
            with suppress(OSError):
                path.rmdir()
