"""What a command costs: its processor time and that of all its children, time, memory."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import BenchError, load
from lab.machine.netns import in_namespace

_EVERY = 0.1  # seconds between two looks at a tree's memory


@dataclass(frozen=True)
class Cost:
    """One run of one client.

    Attributes:
        cpu: processor time of the command and its children, user and system, in seconds.
        wall: from its start to its end, in seconds.
        rss: the largest resident set of the command's own process, in bytes.
        pss: the largest memory of all its processes together, shared pages counted once, in bytes;
            0 where nobody looked, as looking disturbs.
        load: the machine's load average (1 minute) at the end.
    """

    cpu: float
    wall: float
    rss: int
    pss: int
    load: float


def run(
    argv: Sequence[str],
    *,
    netns: str,
    env: dict[str, str],
    directory: Path,
    output: Path,
    codes: Sequence[int] = (0,),
    memory: bool = False,
) -> Cost:
    """Run a command in a network namespace to its end.

    Args:
        argv: the command; it must wait for its own children, or their time is not counted.
        netns: the namespace.
        env: its whole environment.
        directory: where it runs.
        output: where its stdout goes; its stderr goes beside it.
        codes: the exit statuses of success.
        memory: look at the memory of the whole tree of processes all the time.

    Raises:
        BenchError: it failed.
    """
    errors = output.with_name(output.name + ".err")
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        begin = time.monotonic()
        process = in_namespace(
            netns,
            lambda: subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=env,
                cwd=directory,
            ),
        )
        watcher = _Watcher(process.pid, whole=memory)
        try:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            watcher.stop()
            process.kill()  # when this one is asked to end; harmless when that one has
    if process.returncode not in codes:
        said = errors.read_text(errors="replace").strip() or output.read_text(errors="replace")
        raise BenchError(f"{argv[0]} ended with {process.returncode}: {said[-800:]}")
    return Cost(_cpu(used), wall, watcher.rss, watcher.pss, load())


def _cpu(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


class _Watcher:
    """Looks at a process's largest resident set until it ends, and at the memory of all below it.

    The kernel's own figure (``ru_maxrss``) begins with that of whoever started the process.

    Args:
        pid: the process.
        whole: add up the memory of its children, too.
    """

    def __init__(self, pid: int, *, whole: bool) -> None:
        self._pid = pid
        self._whole = whole
        self.rss = 0
        self.pss = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """Stop measuring: the process has ended."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            self.rss = max(self.rss, _number(f"/proc/{self._pid}/status", "VmHWM:"))
            if self._whole:
                rollups = (f"/proc/{pid}/smaps_rollup" for pid in _tree(self._pid))
                self.pss = max(self.pss, sum(_number(path, "Pss:") for path in rollups))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _number(path: str, key: str) -> int:
    """Return a line of a file in /proc, in bytes; 0 when the process is gone."""
    with suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0
