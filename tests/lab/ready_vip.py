"""``vip`` at the seat without its start: a process with everything imported forks for each run.

Half of what a run of ``vip`` costs is its imports. Each run is a process of its own all the same,
with its own arguments, environment, output and exit code, and it ends as the interpreter ends, but
without taking its modules apart: that copies all their memory, for a tenth of a second. What a
start itself does is tested where ``vip`` is started as a person does it (``desk.started``,
``tests/lab/test_demo.py``, ``tests/unit/runbooks/cli``).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn, TextIO

from lab.lab import Lab
from lab.machine.shell import wait_until
from tests.lab.switch import PATIENCE

#: All that ``vip`` consists of, and what its modules import only when they need it.
_PACKAGES = ("inventory", "napalm_cumulus", "nornir_config", "tasks", "runbooks")
_LATE = ("openstack.connection", "napalm", "nornir_napalm.plugins.tasks", "bs4", "lxml.etree")


class Run:
    """A run that is under way, with what tests use of a ``Popen``."""

    def __init__(self, client: socket.socket, stdout: TextIO, stderr: TextIO) -> None:
        self._client = client
        self._answers = client.makefile()
        self.stdout, self.stderr = stdout, stderr
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def poll(self, timeout: float = 0) -> int | None:
        """Give its exit code; None where it has not ended in time."""
        if self.returncode is None and select.select([self._client], [], [], timeout)[0]:
            self.returncode = int(self._answers.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end; give what it said that was not read yet.

        Raises:
            TimeoutError: It did not end in time; it was killed.
        """
        texts = ["", ""]

        def listen(number: int) -> None:
            texts[number] = (self.stdout, self.stderr)[number].read()

        readers = [threading.Thread(target=listen, args=(number,)) for number in (0, 1)]
        for reader in readers:
            reader.start()
        ended = self.poll(timeout) is not None
        self.send_signal(signal.SIGKILL)
        for reader in readers:
            reader.join(timeout)
        if not ended:
            raise TimeoutError(f"It did not end within {timeout:g} s.")
        return texts[0], texts[1]

    def close(self) -> None:
        """End it, if it has not ended, and let go of it."""
        self.send_signal(signal.SIGKILL)
        for each in (self.stdout, self.stderr, self._answers, self._client):
            each.close()


class ReadyVip:
    """Runs ``vip`` at a lab's seat, from a process that waits there."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self._environment = lab.seat.environment()
        self._path = directory / "ready"
        self._server = subprocess.Popen(
            lab.seat.command([sys.executable, "-m", __name__, str(self._path)]),
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )
        wait_until(self._path.exists, timeout=PATIENCE, what="the ready vip did not come up")

    def start(self, arguments: list[str], environment: dict[str, str]) -> Run:
        """Begin a run."""
        request = {"arguments": arguments, "environment": self._environment | environment}
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self._path))
        ours, theirs = zip(os.pipe(), os.pipe(), strict=True)
        with Path(os.devnull).open() as none:
            socket.send_fds(client, [b"fds"], [none.fileno(), *theirs])
        for end in theirs:
            os.close(end)
        client.sendall(json.dumps(request).encode() + b"\n")
        return Run(client, *(os.fdopen(end, errors="replace") for end in ours))

    def run(
        self, arguments: list[str], environment: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end.

        Raises:
            TimeoutError: It did not end in time; it was killed.
        """
        run = self.start(arguments, environment)
        try:
            texts = run.communicate(timeout)
        finally:
            run.close()
        return subprocess.CompletedProcess(arguments, run.poll() or 0, *texts)

    def close(self) -> None:
        """End the process that waits."""
        self._server.kill()
        self._server.wait()


def _serve(path: str) -> None:
    """Fork for each connection; the runs' own processes return from here."""
    for name in (*_LATE, *_PACKAGES):
        importlib.import_module(name)
    for name in _PACKAGES:
        for module in pkgutil.walk_packages(sys.modules[name].__path__, f"{name}."):
            importlib.import_module(module.name)
    assert threading.active_count() == 1, "a thread would be lost by the fork"
    gc.freeze()  # what all of them share is not copied for looking at it
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen()
    Path(f"{path}.new").rename(path)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become_run(client)
            return
        client.close()


def _become_run(client: socket.socket) -> None:
    """Fork once more and return in the process that is to run; the other tells how that ended."""
    _, fds, _, _ = socket.recv_fds(client, 3, 3)
    request = json.loads(client.makefile().readline())
    pid = os.fork()
    if pid == 0:
        client.close()
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv[:] = ["vip", *request["arguments"]]
        _open_streams()
        return
    for fd in (*fds, *range(3)):
        os.close(fd)
    client.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)  # what a process of Python does at its end is the server's


def _open_streams() -> None:
    """Open Python's own streams as a start does: those of before know another kind of file."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it has a number and no name
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as above
    sys.stderr = open(  # noqa: SIM115 - as above
        2, "w", buffering=1, errors="backslashreplace", closefd=False
    )


def _end(status: int) -> NoReturn:
    """End as an interpreter does: after its threads, what was left for the exit, and its output."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1])
    from runbooks.cli.main import main

    try:
        sys.exit(main())  # type: ignore[func-returns-value]
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _end(end.code or 0)
        raise
