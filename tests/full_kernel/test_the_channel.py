"""The channel into the lab's own kernel: streams, signals, terminal; and a kernel that ends."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from lab.kernel.kernel import Kernel
from lab.machine.processes import children, started
from tests.full_kernel.kernel_lab import ROOT, KernelLab

SOON = 60.0


@pytest.fixture
def up(kernel_lab: KernelLab) -> KernelLab:
    kernel_lab.up_somehow()
    return kernel_lab


def run(argv: list[str], given: bytes = b"", **how: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        argv, input=given, capture_output=True, check=False, timeout=SOON, cwd=ROOT, **how
    )  # type: ignore[call-overload, no-any-return]


def test_the_lab_is_up_and_the_machine_has_none_of_it(up: KernelLab) -> None:
    said = up.vip("status")
    assert said.returncode == 0, said.stderr
    assert "No fault is active." in said.stdout
    assert not list(Path("/run/netns").glob(f"vk-{up.name}.*"))
    again = up.vip("up", "--kernel", "uml")
    assert again.returncode == 1
    assert f"The lab '{up.name}' is already up." in again.stderr


def test_streams_are_clean_and_exit_codes_are_the_commands_own(up: KernelLab) -> None:
    data = os.urandom(3_000_000)
    echoed = run(up.inside("cat"), data)
    assert (echoed.returncode, echoed.stdout == data) == (0, True)
    assert (
        run(up.inside("sha256sum"), data).stdout[:64].decode() == hashlib.sha256(data).hexdigest()
    )
    apart = run(up.inside("sh", "-c", "pwd; echo err >&2; exit 7"))
    assert (apart.returncode, apart.stdout, apart.stderr) == (7, f"{ROOT}\n".encode(), b"err\n")
    assert run(up.inside("sh", "-c", "kill -9 $$")).returncode == -signal.SIGKILL
    assert run(up.inside("no-such-program")).returncode == 1
    unread = run(up.inside("true"), data)
    assert unread.returncode == 0
    at_seat = run(up.argv("run", "--", "sh", "-c", "cat; exit 5"), b"\0\xff\r\n\x03")
    assert (at_seat.returncode, at_seat.stdout) == (5, b"\0\xff\r\n\x03")


def test_a_reader_that_has_enough_ends_the_command(up: KernelLab) -> None:
    argv = " ".join(up.inside("yes"))
    done = run(["sh", "-c", f"{argv} | head -n 2"])
    assert done.stdout == b"y\ny\n"


def test_several_commands_at_once_do_not_wait_for_each_other(up: KernelLab) -> None:
    stuck = subprocess.Popen(up.inside("yes"), stdout=subprocess.PIPE, cwd=ROOT)  # nobody reads it
    try:
        many = [
            subprocess.Popen(up.inside("sh", "-c", f"sleep 1; echo {n}"), stdout=subprocess.PIPE)
            for n in range(4)
        ]
        assert [process.communicate(timeout=SOON)[0] for process in many] == [
            f"{n}\n".encode() for n in range(4)
        ]
    finally:
        stuck.kill()
        stuck.communicate()
    end = time.monotonic() + SOON
    while run(up.inside("pgrep", "-x", "yes")).returncode == 0:
        assert time.monotonic() < end, "what nobody waits for any more goes on"


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 42)]
)
def test_signals_reach_the_whole_command(number: int, status: int, up: KernelLab) -> None:
    script = "trap 'exit 42' TERM; echo ready; sleep 100 & wait"
    if number == signal.SIGINT:
        script = "echo ready; sleep 100"
    process = subprocess.Popen(
        up.argv("run", "--", "sh", "-c", script), stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(SOON) == status
    process.stdout.close()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, argv: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(ROOT)
            os.execv(argv[0], argv)
        self.said = b""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern: bytes) -> re.Match[bytes]:
        end = time.monotonic() + SOON
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < end, self.said
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    self.said += os.read(self.fd, 65536)
                except OSError:
                    break
        assert found, self.said
        self.said = self.said[found.end() :]
        return found

    def type(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def status(self) -> int:
        os.set_blocking(self.fd, False)
        end = time.monotonic() + SOON
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end
            try:
                self.said += os.read(self.fd, 65536)
            except OSError:
                time.sleep(0.02)


def test_a_terminal_has_its_size_its_changes_and_its_keys(up: KernelLab) -> None:
    terminal = Terminal(up.argv("run", "--", "bash", "--norc"))
    terminal.resize(31, 97)
    terminal.type(b"PS1=; test -t 0 && test -t 1 && test -t 2 && stty size\n")
    assert terminal.wait_for(rb"(\d+ \d+)\r\n")[1] in (b"31 97", b"24 80", b"0 0")
    terminal.resize(44, 121)
    terminal.type(b"while test \"$(stty size)\" != '44 121'; do sleep 0.2; done; echo is''sized\n")
    terminal.wait_for(b"issized")
    terminal.type(b"echo now''sleeping; sleep 1000\n")
    terminal.wait_for(b"nowsleeping")
    time.sleep(2)
    terminal.type(b"\x03")
    terminal.type(b"echo is''awake\n")
    terminal.wait_for(b"isawake")
    terminal.type(b"exit 9\n")
    assert terminal.status() == 9


def test_what_the_seat_keeps_is_seen_on_the_machine(up: KernelLab) -> None:
    done = up.vip("run", "--", "vip", "heal", "vm-a1", "--dry-run", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = list((up.directory / "seat/reports").glob("*.json"))
    assert reports
    assert json.loads(reports[0].read_text())
    # Elsewhere the guest writes into its memory.
    there = run(
        up.inside("sh", "-c", "echo x > /usr/vipkeeper-was-here && cat /usr/vipkeeper-was-here")
    )
    assert there.stdout == b"x\n"
    assert not Path("/usr/vipkeeper-was-here").exists()


def session_of(holder: int) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == holder and fields[0] not in "ZX":
            found.add(int(path.parent.name))
    return found


def test_a_killed_kernel_is_told_and_leaves_nothing(up: KernelLab) -> None:
    """The last of this file: the lab is gone after it."""
    kernel = Kernel(up.directory)
    holder = kernel._place.holder
    assert holder is not None
    (first,) = children(holder)
    waiting = subprocess.Popen(
        up.argv("run", "--", "sh", "-c", "echo ready; sleep 100"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert waiting.stdout
    assert waiting.stdout.readline() == "ready\n"
    up.forget()
    begin = time.monotonic()
    os.kill(first, signal.SIGKILL)
    _, said = waiting.communicate(timeout=SOON)
    assert time.monotonic() - begin < 5
    assert waiting.returncode == 1
    assert "The lab's kernel has ended. It was killed (SIGKILL)." in said
    assert "vip lab up --kernel uml" in said
    end = time.monotonic() + 5
    while up.directory.exists() or session_of(first):
        assert time.monotonic() < end, (list(up.directory.glob("*")), session_of(first))
        time.sleep(0.05)
    assert started(holder) is None
    assert f"vipkeeper-lab/{up.name}" not in Path("/proc/mounts").read_text()
    after = up.vip("status")
    assert after.returncode == 1
    assert f"The lab '{up.name}' is not up." in after.stderr
