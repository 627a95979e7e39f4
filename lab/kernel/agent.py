"""Runs in the guest, at its end of the line: starts the commands that the machine asks for.

It is started by the guest's init, without site-packages: it may import nothing but the standard
library and this package's parts for it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tty
from contextlib import suppress

from lab.kernel.command import Command
from lab.kernel.frames import Frame, Kind, of_fields
from lab.kernel.line import FROM_GUEST, TO_GUEST, Line

#: Looks at commands that have ended and whose terminal may still have output.
_SOON = 50


def main() -> None:
    """Serve the line on the command line until the machine closes it."""
    line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    os.set_blocking(line, False)
    _Agent(line).serve()


class _Agent:
    def __init__(self, line: int) -> None:
        self._line = line
        self._out = Line(line, window=FROM_GUEST, theirs=TO_GUEST, whole=True)
        self._commands: dict[int, Command] = {}
        self._woken, wake = os.pipe()
        for descriptor in (self._woken, wake):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        self._out.put(Frame(Kind.HELLO))
        while True:
            ready = self._wait()
            if self._woken in ready:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            if ready.get(self._line, 0) & ~select.POLLOUT:
                try:
                    data = os.read(self._line, 65536)
                except BlockingIOError:
                    continue
                if not data:
                    return
                for frame in self._out.take(data):
                    self._take(frame)
            for number, command in list(self._commands.items()):
                command.serve(ready)
                if command.over:
                    del self._commands[number]
            self._out.flush()

    def _wait(self) -> dict[int, int]:
        wanted = {self._line: select.POLLIN, self._woken: select.POLLIN}
        if self._out.waits:
            wanted[self._line] |= select.POLLOUT
        for command in self._commands.values():
            wanted |= command.wanted()
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        ending = any(command.ending for command in self._commands.values())
        return dict(poll.poll(_SOON if ending else None))

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.START:
            try:
                self._commands[frame.session] = Command(frame.session, frame.fields, self._out.put)
            except (KeyError, TypeError, ValueError) as error:
                said = f"The command was not understood: {error}"
                self._out.put(of_fields(Kind.EXIT, frame.session, {"status": 125, "error": said}))
        elif frame.session in self._commands:
            self._commands[frame.session].take(frame)


if __name__ == "__main__":
    main()
