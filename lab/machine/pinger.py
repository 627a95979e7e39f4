"""Measures an outage from a machine in the lab, by real pings that are counted afterwards."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.topology.default import LabError

_REPLY = re.compile(r"^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+) .*time=", re.MULTILINE)
_TOTAL = re.compile(r"^(\d+) packets transmitted, (\d+) received", re.MULTILINE)


@dataclass(frozen=True)
class OutageReport:
    """The result of a series of pings.

    Attributes:
        longest: the longest time without an answer, in seconds; one whole interval is normal.
        sent: packets sent.
        lost: packets that were never answered.
        seconds: the length of the measurement.
    """

    longest: float
    sent: int
    lost: int
    seconds: float


def outage(said: str, begin: float, end: float) -> OutageReport:
    """Return the outage in the output of ``ping -D``.

    Args:
        said: its whole output.
        begin: when it was started (seconds since the epoch).
        end: when it was stopped.
    """
    answers = sorted(float(match[1]) for match in _REPLY.finditer(said))
    moments = [begin, *answers, end]
    longest = max(later - earlier for earlier, later in itertools.pairwise(moments))
    total = _TOTAL.search(said)
    sent = int(total[1]) if total else len(answers)
    return OutageReport(longest, sent, sent - len(answers), end - begin)


class Pinger:
    """A ping that runs until it is stopped; also a context manager."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        self._log = log
        self._begin = time.time()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        self.report: OutageReport | None = None

    def __enter__(self) -> Pinger:  # noqa: PYI034 - typing has no Self in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self.report is None:
            self.stop()

    def stop(self) -> OutageReport:
        """Stop it, and return its result."""
        if self.report is not None:
            return self.report
        ended = self._process.poll()
        end = time.time()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # A lab that was brought down meanwhile took the log with it.
        said = self._log.read_text(errors="replace") if self._log.exists() else ""
        self._log.unlink(missing_ok=True)
        if ended is not None:
            raise LabError(f"The ping ended by itself with {ended}: {said[-300:].strip()}")
        self.report = outage(said, self._begin, end)
        return self.report
