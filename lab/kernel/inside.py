"""Runs a command in a kernel from a program, and as a program: ``DIRECTORY COMMAND [ARGUMENT]...``.

The directory is where the files of the kernel are. The command has nothing of this process's
environment.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lab.kernel.client import attach, connect, ended, leave_as
from lab.kernel.frames import (
    LARGEST,
    STDERR,
    STDIN,
    STDOUT,
    WINDOW,
    Frame,
    Kind,
    Reader,
    of_fields,
    of_number,
)
from lab.kernel.outgoing import Outgoing
from lab.kernel.place import Place
from lab.topology.default import LabError

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


def run(
    place: Place,
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = 60,
    env: Mapping[str, str] = ENVIRONMENT,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a kernel to its end, and capture its output.

    Args:
        place: where the files of the kernel are.
        argv: the command.
        stdin: what it can read.
        timeout: seconds after which it is killed.
        env: its environment.

    Raises:
        LabError: the kernel has ended, or the command does not end.
    """
    with connect(place) as connection:
        return _Run(connection, argv, stdin, timeout).to_its_end(env)


class _Run:
    def __init__(
        self, connection: socket.socket, argv: Sequence[str], stdin: bytes, timeout: float
    ) -> None:
        self._connection = connection
        self._argv = list(argv)
        self._stdin = memoryview(stdin)
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self._out = Outgoing(connection.fileno())
        self._said = {STDOUT: bytearray(), STDERR: bytearray()}
        self._allowed = WINDOW
        self._status: int | None = None

    def to_its_end(self, env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        fields = {"argv": self._argv, "cwd": "/", "env": dict(env), "terminal": []}
        self._send(of_fields(Kind.START, 0, fields))
        if not len(self._stdin):
            self._send(Frame(Kind.EOF, 0, STDIN))
        self._feed()
        reader = Reader()
        while self._status is None:
            data = self._hear()
            for frame in reader.feed(data):
                self._take(frame)
        output = bytes(self._said[STDOUT]), bytes(self._said[STDERR])
        return subprocess.CompletedProcess(self._argv, self._status, *output)

    def _send(self, frame: Frame) -> None:
        self._out.put(frame.encode())

    def _feed(self) -> None:
        """Send as much of the input as may be sent, and its end."""
        while self._allowed > 0 and len(self._stdin):
            part = self._stdin[: min(LARGEST, self._allowed)]
            self._stdin = self._stdin[len(part) :]
            self._allowed -= len(part)
            self._send(Frame(Kind.DATA, 0, STDIN, bytes(part)))
            if not len(self._stdin):
                self._send(Frame(Kind.EOF, 0, STDIN))

    def _hear(self) -> bytes:
        left = self._end - time.monotonic()
        if left <= 0:  # the connection is closed, and the command is killed for that
            what = " ".join(self._argv[:12])
            raise LabError(f"{what} did not end within {self._timeout:g} s.")
        poll = select.poll()
        more = select.POLLOUT if len(self._out) else 0
        poll.register(self._connection, select.POLLIN | more)
        poll.poll(left * 1000)
        # Whoever has gone has said how the command ended in what is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._out.flush()
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            raise ended() from None
        if not data:
            raise ended()
        return data

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.DATA:
            self._said[frame.stream] += frame.body
            self._send(of_number(Kind.CREDIT, 0, len(frame.body), frame.stream))
        elif frame.kind is Kind.CREDIT:
            self._allowed += frame.number
            self._feed()
        elif frame.kind is Kind.ENDED:
            raise ended(frame.fields)
        elif frame.kind is Kind.EXIT:
            self._said[STDERR] += str(frame.fields.get("error", "")).encode()
            self._status = int(frame.fields["status"])


def main() -> int:
    """Run the command on the command line with this process's streams."""
    directory, *argv = sys.argv[1:]
    try:
        return leave_as(attach(Place(Path(directory)), argv, cwd="/", env=ENVIRONMENT))
    except LabError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1


def command(place: Place, argv: Sequence[str]) -> list[str]:
    """Return the machine's command that runs ``argv`` in a kernel."""
    library = Path(__file__).parents[2]
    paths = f"PYTHONPATH={library}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)
    return ["env", paths, sys.executable, "-m", __name__, str(place.state_dir), *argv]


if __name__ == "__main__":
    sys.exit(main())
