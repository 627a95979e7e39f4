"""Asking the switch to ping and to trace: the command lines and the reading of the answers."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napalm.base import models

    from napalm_cumulus.result import CommandResult

_REPLY = re.compile(
    r"^\d+ bytes from (.+?): icmp_seq=\d+ .*?time=([\d.]+) ms(?! \(DUP!\))", re.MULTILINE
)
_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_HOP = re.compile(r"^\s*(\d+)  ?(\S.*)$", re.MULTILINE)
_PROBE = re.compile(r"\*|([\d.]+) ms|([0-9a-fA-F.:]+(?:%\S+)?)(?=\s)")
_TIMES = re.compile(r"= ([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+) ms")


def ping_command(
    destination: str,
    *,
    source: str = "",
    ttl: int,
    timeout: int,
    size: int,
    count: int,
    vrf: str | None = "",
    source_interface: str = "",
) -> str:
    """The command line; "default" and "global" mean the default VRF, none the session's own.

    >>> ping_command("10.0.0.1", ttl=255, timeout=2, size=100, count=5, vrf="mgmt")
    'ip vrf exec mgmt ping -n -c 5 -t 255 -W 2 -s 100 -- 10.0.0.1'
    """
    words = ["ping6" if ":" in destination else "ping", "-n", "-c", str(int(count))]
    words += ["-t", str(int(ttl)), "-W", str(int(timeout)), "-s", str(int(size))]
    for origin in (source_interface, source):
        if origin:
            words += ["-I", origin]
    return _in_vrf(vrf, [*words, "--", destination])


def traceroute_command(
    destination: str, *, source: str = "", ttl: int, timeout: int, vrf: str | None = ""
) -> str:
    """The command line; names are not looked up, for a switch often has nobody to ask.

    >>> traceroute_command("10.0.0.1", ttl=30, timeout=2, vrf="mgmt")
    'ip vrf exec mgmt traceroute -n -m 30 -w 2 -- 10.0.0.1'
    """
    words = ["traceroute", *(["-6"] if ":" in destination else []), "-n"]
    words += ["-m", str(int(ttl)), "-w", str(int(timeout))]
    if source:
        words += ["-s", source]
    return _in_vrf(vrf, [*words, "--", destination])


def _in_vrf(vrf: str | None, words: list[str]) -> str:
    if vrf:
        words = ["ip", "vrf", "exec", "default" if vrf == "global" else vrf, *words]
    return shlex.join(words)


def parse_ping(result: CommandResult) -> models.PingResultDict:
    """``ping``: lost packets are a result; a ping that could not be sent is an error."""
    text = result.stdout.decode("utf-8", "replace")
    counts = _COUNTS.search(text)
    if counts is None or result.exit_status not in {0, 1}:
        said = result.stderr.decode("utf-8", "replace").strip() or text.strip()
        return {"error": said or f"{result.command!r} ended with status {result.exit_status}"}
    sent, received = int(counts[1]), int(counts[2])
    times = _TIMES.search(text)
    lowest, average, highest, deviation = (
        (float(times[1]), float(times[2]), float(times[3]), float(times[4]))
        if times
        else (0.0, 0.0, 0.0, 0.0)
    )
    return {
        "success": {
            "probes_sent": sent,
            "packet_loss": sent - received,
            "rtt_min": lowest,
            "rtt_avg": average,
            "rtt_max": highest,
            "rtt_stddev": deviation,
            "results": [
                {"ip_address": match[1], "rtt": float(match[2])} for match in _REPLY.finditer(text)
            ],
        }
    }


def parse_traceroute(result: CommandResult) -> models.TracerouteResultDict:
    """``traceroute``: a probe that nobody answered is "*" with a time of 0.0."""
    text = result.stdout.decode("utf-8", "replace")
    hops = _HOP.findall(text)
    if result.exit_status != 0 or not hops:
        said = result.stderr.decode("utf-8", "replace").strip() or text.strip()
        return {"error": said or f"{result.command!r} ended with status {result.exit_status}"}
    return {"success": {int(number): {"probes": _probes(line)} for number, line in hops}}


def _probes(line: str) -> dict[int, models.TracerouteDict]:
    """The probes of one hop; an address stands for all times that follow it."""
    probes: dict[int, models.TracerouteDict] = {}
    address = "*"
    for match in _PROBE.finditer(line):
        if match[2]:
            address = match[2]
        else:
            by = address if match[1] else "*"
            rtt = float(match[1] or 0.0)
            probes[len(probes) + 1] = {"rtt": rtt, "ip_address": by, "host_name": by}
    return probes
