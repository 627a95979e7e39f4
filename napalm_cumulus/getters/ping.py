"""Ping and traceroute on the switch: the command lines, and the parsing of their output."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napalm_cumulus import errors, values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

_REPLY = re.compile(
    r"^\d+ bytes from (.+?): icmp_seq=\d+ .*?time=([\d.]+) ms(?! \(DUP!\))", re.MULTILINE
)
_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_HOP = re.compile(r"^\s*(\d+)  ?(\S.*)$", re.MULTILINE)
_PROBE = re.compile(r"\*|([\d.]+) ms|([0-9a-fA-F.:]+(?:%\S+)?)(?=\s)")
_TIMES = re.compile(r"= ([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+) ms")
#: The words in front of a command that is to run in the default VRF. A session in another one (sshd
#: in ``mgmt``) hands its own down to every command. Without one nothing is asked for that would
#: need root or a mounted cgroup2.
_DEFAULT_VRF = '$([ -z "$(ip vrf identify 2>/dev/null)" ] || echo ip vrf exec default)'


#: The limits of the arguments of ping and traceroute; some maxima are longer than anybody waits.
_BOUNDS = {"ttl": (1, 255), "timeout": (1, 3600), "size": (0, 65507), "count": (1, 86400)}


@dataclass(frozen=True)
class Probe:
    """The arguments of a ping or traceroute, in the form that the program takes."""

    destination: str
    source: str
    ttl: int
    timeout: int
    vrf: str
    size: int = 0
    count: int = 1
    source_interface: str = ""

    @property
    def ping_command(self) -> str:
        """Return the command line; "", "default" and "global" are the default VRF.

        >>> Probe("10.0.0.1", "", ttl=255, timeout=2, vrf="mgmt", size=100, count=5).ping_command
        'ip vrf exec mgmt ping -n -c 5 -t 255 -W 2 -s 100 -- 10.0.0.1'
        """
        words = ["ping6" if ":" in self.destination else "ping", "-n", "-c", str(self.count)]
        words += ["-t", str(self.ttl), "-W", str(self.timeout), "-s", str(self.size)]
        for origin in (self.source_interface, self.source):
            if origin:
                words += ["-I", origin]
        return _in_vrf(self.vrf, [*words, "--", self.destination])

    @property
    def traceroute_command(self) -> str:
        """Return the command line; names are not looked up, since a switch often has no resolver.

        >>> Probe("10.0.0.1", "", ttl=30, timeout=2, vrf="mgmt").traceroute_command
        'ip vrf exec mgmt traceroute -n -m 30 -w 2 -- 10.0.0.1'
        """
        words = ["traceroute", *(["-6"] if ":" in self.destination else []), "-n"]
        words += ["-m", str(self.ttl), "-w", str(self.timeout)]
        if self.source:
            words += ["-s", self.source]
        return _in_vrf(self.vrf, [*words, "--", self.destination])


def probe(what: str, destination: object, defaults: Mapping[str, Any], **given: object) -> Probe:
    """Return the probe for a method's arguments, which may be texts; None means the default.

    Raises:
        CommandErrorException: an argument is not valid.
    """
    with values.refused_as(errors.CommandErrorException, f"{what}: "):
        fit: dict[str, Any] = {}
        for name, said in given.items():
            value = defaults[name] if said is None else said
            if name in _BOUNDS:
                fit[name] = values.whole(value, name, *_BOUNDS[name])
            else:
                fit[name] = values.text(value, name)
        where = values.text(destination, "destination")
        if not where:
            raise values.UnfitValueError("destination is empty.")
        return Probe(where, **fit)


def _in_vrf(vrf: str, words: list[str]) -> str:
    if vrf in {"", "default", "global"}:
        return f"{_DEFAULT_VRF} {shlex.join(words)}"
    return shlex.join(["ip", "vrf", "exec", vrf, *words])


def parse_ping(result: CommandResult) -> models.PingResultDict:
    """Return the result of ``ping``.

    Lost packets are a result, a ping that cannot start an error.
    """
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
    """Return the result of ``traceroute``; a probe without an answer is "*" with a time of 0.0."""
    text = result.stdout.decode("utf-8", "replace")
    hops = _HOP.findall(text)
    if result.exit_status != 0 or not hops:
        said = result.stderr.decode("utf-8", "replace").strip() or text.strip()
        return {"error": said or f"{result.command!r} ended with status {result.exit_status}"}
    return {"success": {int(number): {"probes": _probes(line)} for number, line in hops}}


def _probes(line: str) -> dict[int, models.TracerouteDict]:
    """Return the probes of one hop; an address belongs to all times that follow it."""
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
