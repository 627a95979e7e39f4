"""Ping: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

from typing import Any

from napalm.base import models
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters.ping import parse_ping, probe
from tests.unit.napalm_cumulus.getters.answers import MISSING, said

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


def test_ping_command() -> None:
    base: dict[str, Any] = {"source": "", "ttl": 9, "timeout": 1, "size": 64, "count": "2"}
    defaults = base | {"vrf": "", "source_interface": ""}

    def command(destination: object, **given: object) -> str:
        return probe("ping", destination, defaults, **{**defaults, **given}).ping_command

    assert command("fe80::1", source_interface="swp1").startswith("ping6 -n -c 2")
    both = command("10.0.0.1", source="10.0.0.9", source_interface="swp1")
    assert "-I swp1 -I 10.0.0.9" in both
    assert command("a", vrf=None) == command("a", vrf="")
    assert command("a", vrf="global").startswith("ip vrf exec default ping")
    assert command("; reboot").endswith("-- '; reboot'")
