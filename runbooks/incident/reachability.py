"""Whether an address answers: asks the system's own ping, which needs no root."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from inventory.errors import ExitCode, VipkeeperError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+)(?: packets)? received")
_RTT = re.compile(r"= [\d.]+/([\d.]+)/")
_ANSWERED, _SILENT = 0, 1
_PARALLEL = 16


class ProbeError(VipkeeperError):
    """It could not be found out whether an address answers, so nothing may be healed."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True)
class Probe:
    """The outcome of pinging an address.

    Attributes:
        address: who was pinged.
        sent: echo requests sent.
        received: answers that came back.
        rtt_ms: mean round trip; None when nothing came.
        error: why nothing could be sent (no route, no permission); empty otherwise. Then nobody
            knows whether the address answers.
    """

    address: str
    sent: int
    received: int
    rtt_ms: float | None = None
    error: str = ""

    @property
    def answers(self) -> bool:
        """Return whether at least one answer came."""
        return self.received > 0

    def __str__(self) -> str:
        if self.error:
            return f"{self.address} cannot be pinged from here: {self.error}"
        if not self.answers:
            return f"{self.address} does not answer ({self.sent} pings)"
        time_taken = f", {self.rtt_ms:g} ms" if self.rtt_ms is not None else ""
        return f"{self.address} answers ({self.received} of {self.sent} pings{time_taken})"


def probe(address: str, *, count: int = 3, interval: float = 0.2, timeout: float = 1.0) -> Probe:
    """Ping one address.

    Raises:
        ValueError: it is not an IP address.
        ProbeError: there is no ping on this machine.
    """
    address = str(ip_address(address))
    wait = max(0.01, timeout)
    command = ["ping", "-n", "-q", "-c", str(count), "-i", f"{interval:g}", "-W", f"{wait:g}"]
    environment = {**os.environ, "LC_ALL": "C"}
    limit = count * max(interval, 0.2) + wait + 5
    try:
        done = subprocess.run(
            [*command, address],
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise ProbeError(
            "there is no ping command on this machine", "Install it: apt install iputils-ping"
        ) from None
    except subprocess.TimeoutExpired:
        return Probe(address, count, 0, error=f"ping did not end within {limit:g} s")
    return _read(address, done)


def _read(address: str, done: subprocess.CompletedProcess[str]) -> Probe:
    counts = _COUNTS.search(done.stdout)
    if done.returncode not in {_ANSWERED, _SILENT} or counts is None:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = said[-1].removeprefix("ping: ") if said else f"ping exit status {done.returncode}"
        return Probe(address, 0, 0, error=reason)
    rtt = _RTT.search(done.stdout)
    return Probe(address, int(counts[1]), int(counts[2]), float(rtt[1]) if rtt else None)


def probe_all(
    addresses: Sequence[str], *, count: int = 3, interval: float = 0.2, timeout: float = 1.0
) -> tuple[Probe, ...]:
    """Ping several addresses at once; return the answers in the order of the addresses."""
    if not addresses:
        return ()
    with ThreadPoolExecutor(max_workers=min(_PARALLEL, len(addresses))) as pool:
        pings = [
            pool.submit(probe, address, count=count, interval=interval, timeout=timeout)
            for address in addresses
        ]
        return tuple(ping.result() for ping in pings)


def wait_until_answering(
    addresses: Sequence[str], settle: float, *, one_is_enough: bool = False
) -> tuple[tuple[Probe, ...], float]:
    """Ping until every address (or one of them) answers, or ``settle`` seconds are over.

    Returns:
        The last probes, and the seconds that it took.
    """
    enough = any if one_is_enough else all
    began = time.monotonic()
    while True:
        probes = probe_all(addresses, count=1, timeout=0.5)
        spent = time.monotonic() - began
        if enough(p.answers for p in probes) or spent >= settle:
            return probes, spent
        time.sleep(0.1)


def own_address(address: str) -> str:
    """Return the IPv4 address from which this machine would reach another; empty without a route.

    No packet is sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        try:
            probing.connect((address, 9))
        except OSError:
            return ""
        found: str = probing.getsockname()[0]
        return found
