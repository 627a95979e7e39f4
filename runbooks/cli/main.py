"""Where the ``vip`` command begins."""

from __future__ import annotations

import signal

from nornir_config.stopping import STOPS, was_stopped
from runbooks.cli.interrupt import leave


def main() -> None:
    """Run ``vip``.

    Ctrl-C, SIGTERM or a closed terminal may come while Python is still importing or already ending.
    They must not print a traceback then, and must not get lost. In between, from ``loaded`` on, the
    commands handle signals themselves. A signal that is ignored (SIGINT in the background of a
    shell, SIGHUP under nohup) stays ignored.
    """
    usual = {signal.SIG_DFL, signal.default_int_handler}
    caught = [number for number in STOPS if signal.getsignal(number) in usual]
    for number in caught:
        signal.signal(number, leave)
    from runbooks.cli.app import app

    try:
        app()
    finally:
        for number in caught:
            # A closed terminal sends several signals, and so do people. The first was handled.
            answered = number == signal.SIGHUP or (number == signal.SIGTERM and was_stopped())
            signal.signal(number, signal.SIG_IGN if answered else signal.SIG_DFL)
