"""A command that runs in the guest for somebody outside, with its streams and its terminal."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lab.kernel.frames import (
    LARGEST,
    STDERR,
    STDIN,
    STDOUT,
    WINDOW,
    Frame,
    Kind,
    of_fields,
    of_number,
)
from lab.kernel.outgoing import Outgoing

#: How long a terminal may still have output after its command has ended: it hands it on later.
_TERMINAL_TAIL = 0.3
#: How long what a killed command has said is offered to whoever does not read it.
_LAST_WORDS = 1.0
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Command:
    """One command, from its start to its exit status.

    Args:
        session: its number in the frames.
        fields: what to run: ``argv``, ``cwd``, ``env``, which streams are a ``terminal``, and the
            ``size`` of that.
        send: takes the frames for whoever asked.
    """

    def __init__(self, session: int, fields: dict[str, Any], send: Callable[[Frame], None]) -> None:
        self._session = session
        self._send = send
        self._outputs: dict[int, int] = {}  # of a descriptor, the stream
        self._allowed = {STDOUT: WINDOW, STDERR: WINDOW}
        self._left: dict[int, int] | None = None  # bytes to read still, once it has ended
        self._ended_at = 0.0
        self._input: Outgoing | None = None
        self._input_ends = False
        self._taken = 0
        self._master: int | None = None
        self.over = False
        try:
            self._process = self._start(fields)
        except OSError as error:
            self._close()
            self.over = True
            said = f"{error.filename or fields['argv'][0]}: {error.strerror}"
            status = 127 if error.errno == errno.ENOENT else 126
            send(of_fields(Kind.EXIT, session, {"status": status, "error": said}))

    def _start(self, fields: dict[str, Any]) -> subprocess.Popen[bytes]:
        terminal = set(fields["terminal"])
        ours: list[int] = []
        slave = -1
        theirs: dict[int, int] = {}
        try:
            if terminal:
                self._master, slave = os.openpty()
                ours.append(slave)
                self._resize(fields.get("size") or [24, 80])
                os.set_blocking(self._master, False)
                self._outputs[self._master] = STDOUT
            for stream in (STDIN, STDOUT, STDERR):
                if stream in terminal:
                    theirs[stream] = slave
                    continue
                read, write = os.pipe()
                mine, its = (write, read) if stream == STDIN else (read, write)
                os.set_blocking(mine, False)
                ours.append(its)
                theirs[stream] = its
                if stream == STDIN:
                    self._input = Outgoing(mine)
                else:
                    self._outputs[mine] = stream
            if STDIN in terminal and self._master is not None:
                self._input = Outgoing(self._master)

            def own_terminal() -> None:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

            return subprocess.Popen(
                fields["argv"],
                stdin=theirs[STDIN],
                stdout=theirs[STDOUT],
                stderr=theirs[STDERR],
                cwd=fields["cwd"],
                env=fields["env"],
                start_new_session=not terminal,
                # The agent has one thread, so the child may run Python.
                preexec_fn=own_terminal if terminal else None,  # noqa: PLW1509
            )
        finally:
            for descriptor in ours:
                os.close(descriptor)

    # --- what the loop of the agent asks and says

    def wanted(self) -> dict[int, int]:
        """Return the descriptors to poll, with their events."""
        found = {
            descriptor: select.POLLIN
            for descriptor, stream in self._outputs.items()
            if self._allowed[stream] > 0
        }
        if self._input is not None and len(self._input):
            where = self._input.descriptor
            found[where] = found.get(where, 0) | select.POLLOUT
        return found

    def serve(self, ready: dict[int, int]) -> None:
        """Carry the bytes of the descriptors that are ready; look whether it has ended."""
        if self._input is not None and ready.get(self._input.descriptor, 0) & ~select.POLLIN:
            self._feed()
        for descriptor in list(self._outputs):
            if ready.get(descriptor, 0) & _READABLE:
                self._read(descriptor)
        self.look()

    def take(self, frame: Frame) -> None:
        """Do what a frame says."""
        if frame.kind is Kind.DATA:
            self._take_input(frame.body)
        elif frame.kind is Kind.EOF:
            self._take_end(frame.stream)
        elif frame.kind is Kind.CREDIT:
            self._allowed[frame.stream] += frame.number
        elif frame.kind is Kind.SIZE:
            self._resize(frame.fields["size"])
        elif frame.kind is Kind.SIGNAL:
            self._signal(frame.number)
            self._send(frame)
        elif frame.kind is Kind.GONE:
            self._kill()
        self.look()

    def _take_input(self, data: bytes) -> None:
        if self._input is None:  # it reads no more; what is sent to it is lost
            self._send(of_number(Kind.CREDIT, self._session, len(data), STDIN))
            return
        self._input.put(data)
        self._feed()

    def _take_end(self, stream: int) -> None:
        if stream == STDIN:
            self._end_input()
            return
        # Nobody reads this any more.
        for descriptor in [d for d, its in self._outputs.items() if its == stream]:
            if descriptor != self._master:
                self._close_output(descriptor)

    def look(self) -> None:
        """Tell its exit status once it has ended and all that it said is told."""
        if self.over:
            return
        if self._left is None:
            if self._process.poll() is None:
                return
            self._ended_at = time.monotonic()
            # What others write there later is not the command's.
            self._left = {d: _waiting(d) for d in self._outputs if d != self._master}
            self._end_input()
        pipes = any(self._left.get(d, 0) > 0 for d in self._outputs if d != self._master)
        since = time.monotonic() - self._ended_at
        tail = self._master in self._outputs and (since < _TERMINAL_TAIL or self._blocked())
        # One that was killed does not wait until somebody reads what it has said.
        if (pipes or tail) and (self._process.returncode >= 0 or since < _LAST_WORDS):
            return
        self._close()
        self.over = True
        self._send(of_fields(Kind.EXIT, self._session, {"status": self._process.returncode}))

    @property
    def ending(self) -> bool:
        """Return whether it has ended and has still to be looked at."""
        return self._left is not None and not self.over

    # --- its parts

    def _blocked(self) -> bool:
        return self._allowed[STDOUT] <= 0

    def _feed(self) -> None:
        given = self._input
        if given is None:
            return
        before = len(given)
        try:
            given.flush()
        except OSError:  # it reads no more
            self._taken += before
            if given.descriptor != self._master:
                os.close(given.descriptor)
            self._input = None
        else:
            self._taken += before - len(given)
            if self._input_ends and not len(given) and given.descriptor != self._master:
                os.close(given.descriptor)
                self._input = None
        if self._taken >= LARGEST or not (self._input and len(self._input)):
            if self._taken:
                self._send(of_number(Kind.CREDIT, self._session, self._taken, STDIN))
            self._taken = 0

    def _end_input(self) -> None:
        if self._input is not None:
            if self._input.descriptor == self._master:
                self._input.put(b"\x04")
            self._input_ends = True
            self._feed()

    def _read(self, descriptor: int) -> None:
        stream = self._outputs[descriptor]
        most = min(LARGEST, self._allowed[stream])
        if self._left is not None and descriptor in self._left:
            most = min(most, self._left[descriptor])
        if most <= 0:
            return
        try:
            data = os.read(descriptor, most)
        except BlockingIOError:
            return
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if not data:
            self._close_output(descriptor)
            return
        self._allowed[stream] -= len(data)
        if self._left is not None and descriptor in self._left:
            self._left[descriptor] -= len(data)
        self._send(Frame(Kind.DATA, self._session, stream, data))

    def _close_output(self, descriptor: int) -> None:
        stream = self._outputs.pop(descriptor)
        if descriptor == self._master:
            if self._input is not None and self._input.descriptor == descriptor:
                self._input = None
            self._master = None
        else:
            # A terminal's end is the command's end, and is told with that.
            self._send(Frame(Kind.EOF, self._session, stream))
        os.close(descriptor)

    def _resize(self, size: list[int]) -> None:
        if self._master is not None:
            packed = struct.pack("HHHH", size[0], size[1], 0, 0)
            with suppress(OSError):
                fcntl.ioctl(self._master, termios.TIOCSWINSZ, packed)

    def _signal(self, number: int) -> None:
        group = self._process.pid
        if self._master is not None:
            with suppress(OSError):
                group = os.tcgetpgrp(self._master) or group
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)

    def _kill(self) -> None:
        """End it as the machine's own kernel would have done for whoever was killed."""
        self._signal(signal.SIGHUP)
        with suppress(ProcessLookupError):
            self._process.kill()
        for descriptor in list(self._outputs):
            self._close_output(descriptor)

    def _close(self) -> None:
        open_still = set(self._outputs)
        if self._input is not None:
            open_still.add(self._input.descriptor)
        if self._master is not None:
            open_still.add(self._master)
        for descriptor in open_still:
            os.close(descriptor)
        self._outputs, self._input, self._master = {}, None, None


def _waiting(descriptor: int) -> int:
    """Return how many bytes can be read from a pipe now."""
    found = fcntl.ioctl(descriptor, termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", found)[0])
