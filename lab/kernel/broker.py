"""Holds the lab's kernel: starts it, carries the bytes of its line, and clears up when it ends.

It runs for as long as the kernel does, as a process of its own: ``STATE_DIR PROGRAM [ARGUMENT]...``
are its arguments. Commands come to its socket. It is started without site-packages, like the agent.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from lab.kernel.frames import Frame, Kind, Reader, of_fields
from lab.kernel.line import FROM_GUEST, TO_GUEST, Line
from lab.kernel.outgoing import Outgoing
from lab.kernel.place import Place
from lab.machine.processes import children
from lab.machine.statedir import delete

#: Within this the guest has to say that it is ready.
BOOT = 120.0
_FAREWELL = 2.0
#: The exit status of this process when the kernel has reset itself: it may be started again.
RESET = 133
#: A kernel resets itself by starting its own program anew. Where it cannot, this is its last word.
_CANNOT_START_ANEW = "Failed to exec kernel"
_SUBREAPER, _DEATH_SIGNAL = 36, 1


def main() -> None:
    """Hold the kernel whose command line is given, to its end."""
    place = Place(Path(sys.argv[1]))
    _control(_SUBREAPER, 1)
    broker = _Broker(place)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, broker.stop)
    try:
        why = broker.hold(sys.argv[2:])
    finally:
        _end_processes()
        broker.close()
    broker.say_farewell(why, place)
    delete(place.state_dir)
    sys.exit(RESET if broker.reset else 0)


def _control(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_processes() -> None:
    """Kill what the kernel was made of: those of its processes that outlive it come to us."""
    end = time.monotonic() + 5
    while (left := children(os.getpid())) and time.monotonic() < end:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


class _Client:
    """Somebody who has asked for a command."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = Reader()
        self.out = Outgoing(connection.fileno())
        self.session = 0
        self.done = False


class _Broker:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._clients: dict[int, _Client] = {}
        self._sessions: dict[int, _Client] = {}
        self._last = 0
        self._ready = False
        self._early: list[Frame] = []
        self._line = Line(-1, window=TO_GUEST, theirs=FROM_GUEST, whole=False)
        self._stopped = False
        self.reset = False
        self._listener = socket.socket(socket.AF_UNIX)
        with suppress(FileNotFoundError):
            place.socket.unlink()
        with place.reachable() as name:
            self._listener.bind(name)
        place.socket.chmod(0o600)
        self._listener.listen(64)
        os.set_blocking(self._listener.fileno(), False)
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def stop(self, *_: object) -> None:
        """End the kernel at the next turn."""
        self._stopped = True

    def hold(self, argv: list[str]) -> str:
        """Start the kernel and carry bytes until it ends; return why it ended."""
        ours, its = socket.socketpair()
        os.set_blocking(ours.fileno(), False)
        with its:
            kernel = self._start(argv, its.fileno())
        self._place.remember(os.getpid(), kernel.pid)
        limit = time.monotonic() + BOOT
        with ours:
            self._line = Line(ours.fileno(), window=TO_GUEST, theirs=FROM_GUEST, whole=False)
            while True:
                status = kernel.poll()
                if status is not None:
                    return self._cause(status)
                if self._stopped:
                    return "It was taken down."
                if not self._ready and time.monotonic() > limit:
                    return f"It was not ready within {BOOT:g} s."
                ready = self._wait(ours.fileno())
                try:
                    if not self._hear(ours, ready):
                        return self._at_the_end(kernel)
                except ConnectionError:
                    return self._at_the_end(kernel)
                except ValueError as error:
                    return f"Its line was broken: {error}."
                self._serve_clients(ready)
                with suppress(BrokenPipeError, ConnectionResetError):
                    self._line.flush()

    def _start(self, argv: list[str], line: int) -> subprocess.Popen[bytes]:
        me = os.getpid()

        def die_with_us() -> None:
            _control(_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() != me:
                os._exit(1)

        with self._place.console.open("ab") as console:
            return subprocess.Popen(
                [word.replace("{line}", str(line)) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=[line],
                preexec_fn=die_with_us,  # noqa: PLW1509 - this process has one thread
            )

    def _hear(self, line: socket.socket, ready: dict[int, int]) -> bool:
        """Take what came from the kernel; return whether the line is still open."""
        if not ready.get(line.fileno(), 0) & ~select.POLLOUT:
            return True
        try:
            data = line.recv(65536)
        except BlockingIOError:
            return True
        for frame in self._line.take(data):
            self._from_kernel(frame)
        return bool(data)

    def _at_the_end(self, kernel: subprocess.Popen[bytes]) -> str:
        with suppress(subprocess.TimeoutExpired):
            return self._cause(kernel.wait(2))
        return "It closed its line."

    def _cause(self, status: int) -> str:
        last = self._place.console_tail().splitlines()[-1:]
        self.reset = self._ready and any(line.startswith(_CANNOT_START_ANEW) for line in last)
        if status < 0:
            return f"It was killed ({signal.Signals(-status).name})."
        return f"It ended with exit status {status}." if status else "It was shut down."

    def _wait(self, line: int) -> dict[int, int]:
        poll = select.poll()
        poll.register(line, select.POLLIN | (select.POLLOUT if self._line.waits else 0))
        poll.register(self._listener, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        for number, client in self._clients.items():
            more = select.POLLOUT if len(client.out) else 0
            poll.register(number, (0 if client.done else select.POLLIN) | more)
        ready = dict(poll.poll(None if self._ready else 1000))
        if self._woken in ready:
            with suppress(BlockingIOError):
                os.read(self._woken, 4096)
        if self._listener.fileno() in ready:
            with suppress(BlockingIOError, ConnectionError):
                connection, _ = self._listener.accept()
                os.set_blocking(connection.fileno(), False)
                self._clients[connection.fileno()] = _Client(connection)
        return ready

    def _serve_clients(self, ready: dict[int, int]) -> None:
        for number, client in list(self._clients.items()):
            events = ready.get(number, 0)
            try:
                if events & select.POLLIN and not client.done:
                    data = client.connection.recv(65536)
                    if not data:
                        raise ConnectionResetError
                    for frame in client.reader.feed(data):
                        self._from_client(client, frame)
                elif events & (select.POLLHUP | select.POLLERR):
                    raise ConnectionResetError
                client.out.flush()
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                self._lose(client)
                continue
            if client.done and not len(client.out):
                self._drop(client)

    def _from_client(self, client: _Client, frame: Frame) -> None:
        if frame.kind is Kind.START and not client.session:
            self._last += 1
            client.session = self._last
            self._sessions[client.session] = client
        elif not client.session:
            return
        self._tell_kernel(Frame(frame.kind, client.session, frame.stream, frame.body))

    def _tell_kernel(self, frame: Frame) -> None:
        """Send a frame, or keep it until the guest is ready."""
        if self._ready:
            self._line.put(frame)
        else:
            self._early.append(frame)

    def _from_kernel(self, frame: Frame) -> None:
        if frame.kind is Kind.HELLO:
            self._ready = True
            for early in self._early:
                self._line.put(early)
            self._early = []
            return
        client = self._sessions.get(frame.session)
        if client is None:
            return
        client.out.put(frame.encode())
        if frame.kind is Kind.EXIT:
            client.done = True
            del self._sessions[frame.session]
            with suppress(OSError):
                client.out.flush()

    def _lose(self, client: _Client) -> None:
        """Tell the guest that whoever asked is gone."""
        if client.session in self._sessions:
            del self._sessions[client.session]
            self._tell_kernel(Frame(Kind.GONE, client.session))
        self._drop(client)

    def _drop(self, client: _Client) -> None:
        del self._clients[client.connection.fileno()]
        client.connection.close()

    def close(self) -> None:
        """Take no more commands."""
        self._listener.close()
        self._place.socket.unlink(missing_ok=True)

    def say_farewell(self, why: str, place: Place) -> None:
        """Tell everybody whose command has not ended that the kernel is no more."""
        fields = {"why": why, "ready": self._ready, "console": place.console_tail()}
        end = time.monotonic() + _FAREWELL
        for client in self._clients.values():
            if not client.done:
                client.out.put(of_fields(Kind.ENDED, 0, fields).encode())
            with suppress(OSError):
                while len(client.out) and time.monotonic() < end:
                    if not client.out.flush():
                        time.sleep(0.02)
            client.connection.close()
        self._clients = {}


def _leave(error: OSError) -> NoReturn:
    sys.stderr.write(f"The lab's kernel could not be held: {error}\n")
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except OSError as failed:
        _leave(failed)
