"""Runs a command in the lab's kernel as if it were here: streams, terminal, signals, status."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
import time
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

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

_CARRIED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
            signal.SIGUSR2, signal.SIGWINCH)  # fmt: skip
#: A pipe that can be written takes so much at once without blocking.
_PIPE = 4096
#: So long may a signal take until the guest says that it has sent it on.
_ANSWER = 15.0
#: So long is what a killed command has said offered to whoever does not read it.
_LAST_WORDS = 1.0


def attach(
    place: Place, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], stdin: bool = True
) -> int:
    """Run a command in the kernel with this process's streams, terminal and signals.

    Args:
        place: the lab's directory.
        argv: the command.
        cwd: its directory.
        env: its environment.
        stdin: whether it may read what this process could.

    Returns:
        Its exit status; minus a signal that ended it.

    Raises:
        LabError: the kernel has ended, or the command could not be started.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(connect(place))
        return _Attachment(connection, stack, stdin=stdin).run(argv, cwd, env)


def leave_as(status: int) -> int:
    """Return an exit status; where a signal ended the command, end this process by it, too."""
    if status < 0:
        sys.stdout.flush()
        with suppress(OSError):  # SIGKILL has no other
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        return 128 - status
    return status


def ended(fields: Mapping[str, Any] | None = None) -> LabError:
    """Return the error about a kernel that is no more."""
    told = fields or {"why": "What held it was killed.", "ready": True}
    what = "has ended" if told.get("ready") else "did not start"
    console = str(told.get("console") or "")
    tail = f" Its console said: {console}" if console else ""
    advice = "Nothing of that lab is left. Build it anew: vip lab up --kernel uml"
    return LabError(f"The lab's kernel {what}. {told['why']}{tail}", advice)


def connect(place: Place) -> socket.socket:
    """Return a connection to what holds a kernel; it does not block.

    Raises:
        LabError: nothing holds it.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        with place.reachable() as name:
            connection.connect(name)
    except OSError:
        connection.close()
        raise ended() from None
    os.set_blocking(connection.fileno(), False)
    return connection


class _Attachment:
    def __init__(self, connection: socket.socket, stack: ExitStack, *, stdin: bool) -> None:
        self._connection = connection
        self._stack = stack
        self._to_kernel = Outgoing(connection.fileno())
        self._outputs = {STDOUT: Outgoing(1), STDERR: Outgoing(2)}
        self._taken = {STDOUT: 0, STDERR: 0}
        self._reads = stdin
        self._allowed = WINDOW
        self._terminal = [x for x in (STDIN, STDOUT, STDERR) if (x or stdin) and _is_tty(x)]
        self._exit: dict[str, Any] | None = None
        self._exit_at = 0.0
        self._answer_by: float | None = None

    def run(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
        woken = self._stack.enter_context(_signals())
        if STDIN in self._terminal and os.getpgrp() == os.tcgetpgrp(STDIN):
            self._stack.enter_context(_raw(STDIN))
        fields = {
            "argv": list(argv),
            "cwd": cwd,
            "env": dict(env),
            "terminal": self._terminal,
            "size": self._size(),
        }
        self._send(of_fields(Kind.START, 0, fields))
        if not self._reads:
            self._send(Frame(Kind.EOF, 0, STDIN))
        reader = Reader()
        while not self._over:
            ready = self._wait(woken)
            if woken in ready:
                self._pass_on(os.read(woken, 4096))
            if ready.get(self._connection.fileno(), 0) & ~select.POLLOUT:
                self._hear(reader)
            if self._reads and STDIN in ready:
                self._read()
            for stream in (STDOUT, STDERR):
                if stream in ready:
                    self._write(stream)
            self._flush()
        told = self._exit or {}
        if "error" in told:
            advice = "There /run, /dev and /proc are its own."
            raise LabError(f"In the lab's kernel: {told['error']}.", advice)
        return int(told["status"])

    @property
    def _over(self) -> bool:
        """Return whether the command has ended and all is written that anybody reads."""
        if self._exit is None:
            return False
        # A command that was killed does not wait for a reader, and neither does this process.
        killed = int(self._exit["status"]) < 0 and time.monotonic() > self._exit_at + _LAST_WORDS
        return killed or not any(map(len, self._outputs.values()))

    def _wait(self, woken: int) -> dict[int, int]:
        wanted = {woken: select.POLLIN}
        if self._exit is None:
            more = select.POLLOUT if len(self._to_kernel) else 0
            wanted[self._connection.fileno()] = select.POLLIN | more
            if self._reads and self._allowed > 0:
                wanted[STDIN] = select.POLLIN
        for stream, out in self._outputs.items():
            if len(out):
                wanted[stream] = select.POLLOUT
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        if self._answer_by is not None and time.monotonic() > self._answer_by:
            message = f"The lab's kernel has not answered for {_ANSWER:g} s."
            raise LabError(message, "Remove the lab, and build it anew: vip lab down")
        idle = self._answer_by is None and self._exit is None
        return dict(poll.poll(None if idle else 100))

    def _send(self, frame: Frame) -> None:
        self._to_kernel.put(frame.encode())

    def _flush(self) -> None:
        # Whoever has gone tells why in what is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._to_kernel.flush()

    def _hear(self, reader: Reader) -> None:
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            raise ended()
        for frame in reader.feed(data):
            if frame.kind is Kind.DATA:
                self._outputs[frame.stream].put(frame.body)
            elif frame.kind is Kind.CREDIT:
                self._allowed += frame.number
            elif frame.kind is Kind.SIGNAL:
                self._answer_by = None
            elif frame.kind is Kind.EXIT:
                self._exit, self._exit_at = frame.fields, time.monotonic()
            elif frame.kind is Kind.ENDED:
                raise ended(frame.fields)

    def _read(self) -> None:
        try:
            data = os.read(STDIN, min(LARGEST, self._allowed))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._reads = False
            self._send(Frame(Kind.EOF, 0, STDIN))
            return
        self._allowed -= len(data)
        self._send(Frame(Kind.DATA, 0, STDIN, data))

    def _write(self, stream: int) -> None:
        out = self._outputs[stream]
        try:
            done = out.flush_some(_PIPE)
        except OSError:  # nobody reads it: neither can the command write there
            done = len(out.take())
            self._send(Frame(Kind.EOF, 0, stream))
        self._taken[stream] += done
        if self._taken[stream] >= LARGEST or not len(out):
            self._send(of_number(Kind.CREDIT, 0, self._taken[stream], stream))
            self._taken[stream] = 0

    def _pass_on(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGWINCH:
                self._send(of_fields(Kind.SIZE, 0, {"size": self._size()}))
            else:
                self._send(of_number(Kind.SIGNAL, 0, number))
                self._answer_by = time.monotonic() + _ANSWER

    def _size(self) -> list[int]:
        for stream in self._terminal:
            with suppress(OSError):
                packed = fcntl.ioctl(stream, termios.TIOCGWINSZ, b"\0" * 8)
                return list(struct.unpack("HHHH", packed)[:2])
        return [24, 80]


def _is_tty(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


@contextmanager
def _signals() -> Iterator[int]:
    """Yield a descriptor from which the signals of this process are read, one byte each."""
    read, write = os.pipe()
    for descriptor in (read, write):
        os.set_blocking(descriptor, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    kept: dict[signal.Signals, Any] = {}
    for number in _CARRIED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            kept[number] = signal.signal(number, lambda *_: None)
    try:
        yield read
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Let the terminal hand on every key: what Ctrl-C means is decided by the one inside."""
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal, termios.TCSADRAIN)  # keys that were typed before are kept
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
