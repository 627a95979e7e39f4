"""Ping: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from napalm.base import models
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters.ping import parse_ping, probe
from tests.unit.napalm_cumulus.getters.answers import MISSING, said

if TYPE_CHECKING:
    from pathlib import Path

PING = """PING 10.0.0.1 (10.0.0.1) 100(128) bytes of data.
108 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.123 ms
108 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.200 ms (DUP!)
108 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=0.321 ms

--- 10.0.0.1 ping statistics ---
3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 2051ms
rtt min/avg/max/mdev = 0.123/0.214/0.321/0.081 ms
"""


def test_ping() -> None:
    answer = parse_ping(said(PING))["success"]
    assert fits(models.PingDict, answer)
    assert (answer["probes_sent"], answer["packet_loss"]) == (3, 1)
    assert (answer["rtt_min"], answer["rtt_max"]) == (0.123, 0.321)
    assert answer["results"] == [
        {"ip_address": "10.0.0.1", "rtt": 0.123},
        {"ip_address": "10.0.0.1", "rtt": 0.321},
    ]


def test_ping_that_loses_everything_or_cannot_start() -> None:
    lost = "3 packets transmitted, 0 received, 100% packet loss, time 2051ms\n"
    assert parse_ping(said(lost, 1))["success"]["packet_loss"] == 3
    failed = said("", 2, "ping: no-such: Name or service not known")
    assert parse_ping(failed) == {"error": "ping: no-such: Name or service not known"}
    assert "error" in parse_ping(MISSING)


def _run(command: str, session_vrf: str, tmp_path: Path) -> str:
    """Return the words that a session in a VRF runs of a command."""
    programs = {
        "ip": f'case "$*" in "vrf identify") echo {session_vrf};; *) echo "ip $*";; esac',
        "ping": 'echo "ping $*"',
        "traceroute": 'echo "traceroute $*"',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_session_in_mgmt_pings_in_the_default_vrf_unless_asked_otherwise(tmp_path: Path) -> None:
    base: dict[str, Any] = {"source": "", "ttl": 9, "timeout": 1, "vrf": ""}
    for what, of in (("ping", "ping_command"), ("traceroute", "traceroute_command")):
        sent = getattr(probe(what, "10.0.0.1", base, **base), of)
        assert _run(sent, "", tmp_path).startswith(f"{what} -n")
        assert _run(sent, "mgmt", tmp_path).startswith(f"ip vrf exec default {what} -n")
        asked = getattr(probe(what, "10.0.0.1", base, **{**base, "vrf": "tenant1"}), of)
        assert _run(asked, "mgmt", tmp_path).startswith(f"ip vrf exec tenant1 {what} -n")


def test_ping_command() -> None:
    base: dict[str, Any] = {"source": "", "ttl": 9, "timeout": 1, "size": 64, "count": "2"}
    defaults = base | {"vrf": "", "source_interface": ""}

    def command(destination: object, **given: object) -> str:
        return probe("ping", destination, defaults, **{**defaults, **given}).ping_command

    assert " ping6 -n -c 2" in command("fe80::1", source_interface="swp1")
    both = command("10.0.0.1", source="10.0.0.9", source_interface="swp1")
    assert "-I swp1 -I 10.0.0.9" in both
    assert command("a", vrf=None) == command("a", vrf="")
    assert command("a", vrf="global") == command("a", vrf="default") == command("a", vrf="")
    assert command("a", vrf="mgmt").startswith("ip vrf exec mgmt ping")
    assert command("; reboot").endswith("-- '; reboot'")
