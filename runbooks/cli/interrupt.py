"""Signals that arrive before a command has what it needs: nothing has been touched until then."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from inventory.errors import ExitCode
from nornir_config.stopping import STOPS, interrupt, name_of

_SAID = "\nvip: stopped{}; nothing on any switch was touched\n"


def leave(number: int, _: object) -> None:
    """Handle a signal: say that vip was stopped, and end at once without a traceback."""
    by = "" if number == signal.SIGINT else f" by {name_of(number)}"
    with suppress(OSError):  # there may be nobody to tell
        os.write(2, _SAID.format(by).encode())
    os._exit(ExitCode.CANCELLED)


def loaded(*, changing: bool = True) -> None:
    """Raise ``KeyboardInterrupt`` on a signal from now on: the command has what it needs.

    Args:
        changing: whether the command is about switches. The lab's commands keep no records that
                have to be finished; for them only Ctrl-C is handled.
    """
    for number in STOPS:
        if signal.getsignal(number) is not leave:
            continue
        if changing:
            signal.signal(number, interrupt)
        elif number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
        else:
            signal.signal(number, signal.SIG_DFL)
