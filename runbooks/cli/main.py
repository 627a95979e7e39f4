"""Where the ``vip`` command begins."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from nornir_config.stopping import STOPS, interrupt, name_of, was_stopped

_CANCELLED = 9
_SAID = "\nvip: stopped{}; nothing on any switch was touched\n"


def main() -> None:
    """Run ``vip``.

    Ctrl-C, SIGTERM or a closed terminal while Python is still importing, or is already ending, must
    not print a traceback at a person who only changed their mind, nor get lost there. In between,
    from `loaded` on, the commands deal with it themselves. A signal that is ignored (SIGINT in the
    background of a shell, SIGHUP under nohup) stays ignored.
    """
    usual = {signal.SIG_DFL, signal.default_int_handler}
    caught = [number for number in STOPS if signal.getsignal(number) in usual]
    for number in caught:
        signal.signal(number, _leave)
    from runbooks.cli.app import app

    try:
        app()
    finally:
        for number in caught:
            # A closed terminal sends several, and so do people; the first has been answered for.
            answered = number == signal.SIGHUP or (number == signal.SIGTERM and was_stopped())
            signal.signal(number, signal.SIG_IGN if answered else signal.SIG_DFL)


def loaded(*, changing: bool = True) -> None:
    """Let a signal be a ``KeyboardInterrupt`` from now on: a command has what it needs.

    Args:
        changing: whether the command is one for switches. The lab's have no records to see to;
            they know Ctrl-C alone.
    """
    for number in STOPS:
        if signal.getsignal(number) is not _leave:
            continue
        if changing:
            signal.signal(number, interrupt)
        elif number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
        else:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _: object) -> None:
    by = "" if number == signal.SIGINT else f" by {name_of(number)}"
    with suppress(OSError):  # there may be nobody to tell
        os.write(2, _SAID.format(by).encode())
    os._exit(_CANCELLED)
