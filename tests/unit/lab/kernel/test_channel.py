"""The channel into a kernel, with the agent as an ordinary process in its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.kernel import inside
from lab.kernel.frames import Frame, Kind, Reader, of_fields, of_number
from lab.kernel.kernel import Kernel
from lab.kernel.line import TO_GUEST
from lab.kernel.place import Place
from lab.machine.shell import wait_until
from lab.machine.statedir import MARKER
from lab.topology.default import LabError

ROOT = Path(__file__).parents[4]
FAKE = Path(__file__).with_name("not_a_kernel.py")
CLIENT = """
import os, sys
from pathlib import Path
from lab.kernel.client import leave_as
from lab.kernel.kernel import Kernel
from lab.topology.default import LabError
try:
    sys.exit(leave_as(Kernel(Path(sys.argv[1])).attach(sys.argv[2:], env=os.environ)))
except LabError as error:
    sys.exit(f"{error} {error.advice}")
"""
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "labs" / "x")
    place.directory.mkdir(parents=True)
    (place.state_dir / MARKER).touch()
    argv = [sys.executable, "-S", "-m", "lab.kernel.broker", str(place.state_dir)]
    argv += [sys.executable, str(FAKE), "{line}"]
    with place.console.open("wb") as log:
        broker = subprocess.Popen(argv, stdout=log, stderr=log, env=ENV, start_new_session=True)
    end = time.monotonic() + 20
    while not place.socket.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    yield place
    broker.terminate()
    assert broker.wait(20) == 0, place.console_tail()
    assert not place.state_dir.parent.exists()


def run(place: Place, *argv: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", CLIENT, str(place.state_dir), *argv],
        input=given, capture_output=True, check=False, timeout=60, env=ENV,
    )  # fmt: skip


def test_frames_are_whole_however_they_are_cut() -> None:
    sent = [
        Frame(Kind.HELLO),
        of_fields(Kind.START, 7, {"argv": ["x"]}),
        Frame(Kind.DATA, 7, 1, bytes(range(256)) * 40),
        of_number(Kind.CREDIT, 7, 65536, 2),
    ]
    line = b"".join(frame.encode() for frame in sent)
    for size in (1, 7, 4096):
        reader = Reader()
        pieces = [line[n : n + size] for n in range(0, len(line), size)]
        assert [frame for piece in pieces for frame in reader.feed(piece)] == sent
    with pytest.raises(ValueError, match="a frame of"):
        Reader().feed(b"\x03\0" + b"\xff" * 8)


def test_bytes_and_exit_codes(place: Place) -> None:
    data = os.urandom(1_000_000)
    echoed = run(place, "cat", given=data)
    assert (echoed.returncode, echoed.stdout == data, echoed.stderr) == (0, True, b"")
    both = run(place, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (both.returncode, both.stdout, both.stderr) == (3, b"out\n", b"err\n")
    assert run(place, "sh", "-c", "kill -9 $$").returncode == -signal.SIGKILL
    assert run(place, "true", given=data).returncode == 0
    left = run(place, "sh", "-c", "echo now; sleep 60 >/dev/null & sleep 30 &")
    assert (left.returncode, left.stdout) == (0, b"now\n")


def test_what_cannot_be_started_is_one_sentence(place: Place) -> None:
    done = run(place, "no-such-program")
    assert done.returncode == 1
    assert done.stderr.startswith(b"In the lab's kernel: no-such-program: No such file")


def test_what_nobody_reads_stops_nobody_else(place: Place) -> None:
    argv = [sys.executable, "-c", CLIENT, str(place.state_dir)]
    stuck = subprocess.Popen([*argv, "yes"], stdout=subprocess.PIPE, env=ENV)
    assert stuck.stdout
    try:
        assert stuck.stdout.read(2) == b"y\n"
        assert run(place, "echo", "x").stdout == b"x\n"
    finally:
        stuck.terminate()
        status = stuck.wait(20)
        stuck.stdout.close()
    assert status == -signal.SIGTERM
    full = subprocess.run(
        ["sh", "-c", '"$@" | head -n 1', "sh", *argv, "yes"],
        capture_output=True, check=False, timeout=60, env=ENV,
    )  # fmt: skip
    assert full.stdout == b"y\n"


def test_a_kernel_that_ends_is_told_at_once(place: Place) -> None:
    argv = [sys.executable, "-c", CLIENT, str(place.state_dir)]
    waiting = subprocess.Popen(
        [*argv, "sh", "-c", "echo ready; sleep 100"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV,
    )  # fmt: skip
    assert waiting.stdout
    assert waiting.stdout.readline() == b"ready\n"
    holder = place.holder
    assert holder is not None
    Kernel(place.state_dir).end()
    _, said = waiting.communicate(timeout=10)
    assert waiting.returncode == 1
    assert said.startswith(b"The lab's kernel has ended. It was taken down.")
    assert place.holder is None


#: A guest that says that it is ready, and then takes bytes of the line without reading them.
_DEAF = """
import os, socket, sys, time
from pathlib import Path
from lab.kernel.frames import Frame, Kind
line = socket.socket(fileno=int(sys.argv[1]))
line.sendall(Frame(Kind.HELLO).encode())
taken = 0
while True:
    taken += len(line.recv(65536))
    Path(sys.argv[2]).write_text(str(taken))
"""


def test_the_line_is_never_full(tmp_path: Path) -> None:
    """User-mode Linux may never read on where a terminal line of it was full."""
    place = Place(tmp_path / "labs" / "x")
    place.directory.mkdir(parents=True)
    count = tmp_path / "count"
    argv = [sys.executable, "-S", "-m", "lab.kernel.broker", str(place.state_dir)]
    argv += [sys.executable, "-S", "-c", _DEAF, "{line}", str(count)]
    broker = subprocess.Popen(argv, env=ENV)
    try:
        assert wait_until(place.socket.exists, timeout=20)
        with pytest.raises(LabError, match="did not end"):
            inside.run(place, ["cat"], stdin=bytes(100_000), timeout=3)
        assert 1000 < int(count.read_text()) <= TO_GUEST
    finally:
        broker.terminate()
        broker.wait(20)
