"""Where the ``vip`` command begins."""

from __future__ import annotations

import os
import signal

_CANCELLED = 9
_SAID = b"\nvip: stopped; nothing on any switch was touched\n"


def main() -> None:
    """Run ``vip``.

    Ctrl-C while Python is still importing, or is already ending, must not print a traceback at a
    person who only changed their mind, nor get lost there. In between, from `loaded` on, the
    commands deal with it themselves.
    """
    handler = signal.getsignal(signal.SIGINT)
    if handler is not signal.default_int_handler:  # ignored, as in the background of a shell
        _run()
        return
    signal.signal(signal.SIGINT, _leave)
    from runbooks.cli import app  # noqa: PLC0415 - this is what Ctrl-C may hit

    try:
        app()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def loaded() -> None:
    """Let Ctrl-C be a ``KeyboardInterrupt`` from now on: a command has what it needs."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _run() -> None:
    from runbooks.cli import app  # noqa: PLC0415 - as above

    app()


def _leave(*_: object) -> None:
    os.write(2, _SAID)
    os._exit(_CANCELLED)
