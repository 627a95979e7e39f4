"""``vip check`` and ``vip watch`` on real switches, well and ill in every way that answers fail."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.netns import in_namespace
from lab.machine.shell import wait_until
from tests.lab.desk import OTHER_SWITCH, SWITCH, Desk, Said
from tests.lab.switch import PATIENCE, LeafUnderTest

#: The lab's fabric is asymmetric on purpose, as the site's is.
MODEL = "routing-model"
VM = "130.246.213.11"
DEADLINE = 90.0
#: What hangs is waited for so long; a busy leaf that is well answers sooner.
HANGS = 20
LIMITS = {
    "VIPKEEPER_CHECK__DEADLINE": str(DEADLINE),
    "VIPKEEPER_CHECK__SWITCH_DEADLINE": str(HANGS),
    "VIPKEEPER_SSH__CONNECT_TIMEOUT": "10",
}


def check(desk: Desk, *words: str, env: dict[str, str] | None = None) -> tuple[Said, Any]:
    """Run ``vip check``; gives what it said, and its JSON by switch with the rest under ''."""
    began = time.monotonic()
    said = desk.vip("check", "-f", "json", *words, env={**LIMITS, **(env or {})})
    assert time.monotonic() - began < DEADLINE + 60, "the run's deadline did not hold"
    health = json.loads(said.out)
    return said, {"": health, **{switch["switch"]: switch for switch in health["switches"]}}


def found(switch: Any) -> set[tuple[str, str]]:
    return {(finding["check"], finding["status"]) for finding in switch["findings"]}


def well_beside(switches: Any) -> None:
    """The other leaf was judged, and nothing is said against it."""
    other = switches[OTHER_SWITCH]
    assert found(other) == set(), other
    assert other["checked"] > 20
    assert all(vip["present"] for vip in other["vips"])


def test_a_healthy_lab_is_well(desk: Desk) -> None:
    said, switches = check(desk)
    assert said.code == 0, said
    assert switches[""]["findings"] == []
    assert {note["check"] for note in switches[""]["notes"]} <= {MODEL}
    assert found(switches[SWITCH]) == set()
    well_beside(switches)
    if switches[""]["notes"]:
        said, switches = check(desk, "--strict")
        assert said.code == 10, said
        assert [finding["check"] for finding in switches[""]["findings"]] == [MODEL]
        assert switches[""]["notes"] == []
    assert len(switches[SWITCH]["vips"]) == 3


def test_a_switch_that_answers_is_read_without_loading_napalm(desk: Desk) -> None:
    """NAPALM loads all its vendors' drivers, half of a start; here it would serve nothing."""
    loaded = desk.imported("check", *addresses(desk))
    assert "paramiko.transport" in loaded
    assert not loaded & {"napalm", "netmiko", "requests", "bs4", "openstack"}


def addresses(desk: Desk) -> list[str]:
    """The management addresses of all leafs: nothing has to be asked of the site."""
    return [str(leaf.address.ip) for leaf in desk.lab.topology.leafs]


def test_what_it_does_leaves_no_trace_on_the_switch(desk: Desk, leaf: LeafUnderTest) -> None:
    before, units = (leaf.disk(), leaf.addresses(), leaf.state()), leaf.timers().splitlines()
    check(desk)
    assert (leaf.disk(), leaf.addresses(), leaf.state()) == before
    assert set(leaf.timers().splitlines()) <= set(units), "one of an earlier test may end meanwhile"
    assert wait_until(lambda: not sessions(leaf), timeout=PATIENCE), "a session was left open"


# --- who does not answer --------------------------------------------------------------------------


def only_unknown(desk: Desk, reason: str, *words: str, env: dict[str, str] | None = None) -> Any:
    """Leaf -03 is UNKNOWN for this reason, and leaf -01 is judged as ever."""
    said, switches = check(desk, "--skip", MODEL, env=env)
    assert said.code == 12, said
    assert found(switches[SWITCH]) == {(reason, "UNKNOWN")}, switches[SWITCH]
    (finding,) = switches[SWITCH]["findings"]
    for word in words:
        assert word in finding["evidence"], finding
    assert finding["remedy"]
    well_beside(switches)
    return finding


def test_a_switch_without_power_is_unreachable(desk: Desk) -> None:
    desk.lab.leaf("03").power_cut()
    only_unknown(desk, "unreachable", "10.5.0.43")


def test_a_wrong_host_key_is_named_and_nothing_is_sent(desk: Desk, leaf: LeafUnderTest) -> None:
    known = desk.lab.seat.known_hosts.read_text().splitlines()
    others = {line.split()[1]: line.split()[2] for line in known if "10.5.0.41" in line}
    swapped = [
        f"{line.split()[0]} {line.split()[1]} {others[line.split()[1]]}"
        if "10.5.0.43" in line
        else line
        for line in known
    ]
    file = desk.cache.parent / "swapped_hosts"
    file.write_text("\n".join(swapped) + "\n")
    only_unknown(desk, "host-key", "HAS CHANGED", env={"VIPKEEPER_SSH__KNOWN_HOSTS": str(file)})


def test_a_refused_login_is_named(desk: Desk, leaf: LeafUnderTest) -> None:
    with sshd(leaf, "DenyUsers root"):
        only_unknown(desk, "login-refused")


def test_a_switch_that_hangs_after_login_is_given_up(desk: Desk, leaf: LeafUnderTest) -> None:
    with sshd(leaf, "ForceCommand sleep 600"):
        only_unknown(desk, "no-answer", f"{HANGS} s")
    leaf.sh("pkill -x sleep || :")


def test_a_switch_whose_sshd_is_stopped_is_given_up(desk: Desk, leaf: LeafUnderTest) -> None:
    leaf.sh("pkill -STOP -o -x sshd")
    try:
        only_unknown(desk, "unreachable", "did not speak SSH")
    finally:
        leaf.sh("pkill -CONT -x sshd")


@contextmanager
def sshd(leaf: LeafUnderTest, line: str) -> Iterator[None]:
    """Let sshd do something else for a while; sessions of the tests go past the network."""
    file = "/etc/ssh/sshd_config.d/00-test.conf"
    leaf.sh(f"echo '{line}' > {file} && systemctl reload ssh && sleep 0.5")
    try:
        yield
    finally:
        leaf.sh(f"rm -f {file}; systemctl reload ssh; sleep 0.5")


# --- who answers nonsense -------------------------------------------------------------------------

TRUNCATED = """case "$*" in *-j*) /sbin/ip "$@" | head -c 300;; *) exec /sbin/ip "$@";; esac"""
GARBAGE = """case "$*" in *-j*) head -c 2000 /dev/urandom;; *) exec /sbin/ip "$@";; esac"""
EMPTY = """case "$*" in *-j*) exit 0;; *) exec /sbin/ip "$@";; esac"""
ALL_GARBAGE = "head -c 2000 /dev/urandom"
SLOW = """sleep 600"""


@pytest.mark.parametrize(
    "body", [TRUNCATED, GARBAGE, ALL_GARBAGE, EMPTY, SLOW],
    ids=["truncated JSON", "garbage", "garbage, also without -j", "nothing", "hangs"],
)  # fmt: skip
def test_an_ip_command_gone_mad_is_unknown_and_never_called_well(
    desk: Desk, leaf: LeafUnderTest, body: str
) -> None:
    leaf.sh(
        f"cat > /usr/local/sbin/ip <<'END'\n#!/bin/sh\n{body}\nEND\nchmod +x /usr/local/sbin/ip"
    )
    try:
        patience = HANGS if body == SLOW else 45  # it is read twice where its JSON is spoilt
        limits = {"VIPKEEPER_CHECK__SWITCH_DEADLINE": str(patience)}
        said, switches = check(desk, "--skip", MODEL, env=limits)
    finally:
        leaf.sh("rm -f /usr/local/sbin/ip; pkill -f '^sleep 600' || :")
    seen = found(switches[SWITCH])
    # Where only the JSON is spoilt, the same is read as text: then it is known to be well.
    if seen or "-j" not in body:
        assert seen, "it was called well"
        assert {status for _, status in seen} == {"UNKNOWN"}, switches[SWITCH]
        assert said.code == 12
    else:
        assert said.code == 0
        assert all(vip["present"] for vip in switches[SWITCH]["vips"])
    assert all("\x00" not in f["evidence"] for f in switches[SWITCH]["findings"])
    well_beside(switches)


def test_a_switch_without_lldpd_and_frr_is_judged_by_the_rest(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    moved = "/usr/bin/vtysh /usr/sbin/lldpctl /usr/sbin/lldpcli"
    leaf.sh(f"for f in {moved}; do mv $f $f.away; done")
    try:
        said, switches = check(desk)
    finally:
        leaf.sh(f"for f in {moved}; do mv $f.away $f; done")
    here = switches[SWITCH]
    assert "CRITICAL" not in {status for _, status in found(here)}, here
    assert said.code in {0, 10, 12}
    assert here["checked"] > 15
    assert all(vip["present"] for vip in here["vips"])
    well_beside(switches)


def test_a_vip_that_is_configured_twice_is_named(desk: Desk, leaf: LeafUnderTest) -> None:
    file = "/etc/network/interfaces"
    leaf.sh(f"cp -p {file} /root/saved")
    line = "    address-virtual 00:00:5e:00:01:63 130.246.212.1/22"
    leaf.sh(f"sed -i '/^iface vlan999/a\\{line}' {file}")
    try:
        said, switches = check(desk)
    finally:
        leaf.sh(f"cp -p /root/saved {file}; rm /root/saved")
    (twice,) = [f for f in switches[SWITCH]["findings"] if f["check"] == "vip-twice"]
    assert "130.246.212.1" in twice["subject"]
    assert "vlan453" in twice["evidence"]
    assert "vlan999" in twice["evidence"]
    assert said.code in {10, 11}
    well_beside(switches)


def test_a_neighbour_is_judged_by_what_openstack_says_of_the_vm(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    _, switches = check(desk, "--with-vms", "--no-probe")
    assert found(switches[SWITCH]) == set(), "what OpenStack says is held against a well switch"
    leaf.sh(f"ip neigh replace {VM} lladdr 02:de:ad:be:ef:01 dev vlan453 nud reachable")
    try:
        _, switches = check(desk, "--with-vms", "--no-probe")
    finally:
        leaf.sh(f"ip neigh del {VM} dev vlan453")
    (wrong,) = [f for f in switches[SWITCH]["findings"] if f["check"] == "neighbour-wrong"]
    assert wrong["subject"] == VM
    assert "OpenStack knows it as " in wrong["evidence"]
    well_beside(switches)


def test_ten_thousand_neighbours_are_read_in_time(desk: Desk, leaf: LeafUnderTest) -> None:
    leaf.sh(
        "for a in $(seq 0 39); do for b in $(seq 1 250); do "
        "echo neigh replace 10.77.$a.$b lladdr 02:00:00:00:$(printf %02x $a):$(printf %02x $b) "
        "dev vlan999 nud permanent; done; done > /run/many && ip -batch /run/many"
    )
    assert int(leaf.sh("ip neigh | wc -l")) > 9_000
    try:
        _, switches = check(desk)
    finally:
        leaf.sh("sed -i 's/replace/del/; s/ lladdr [^ ]*//; s/ nud permanent//' /run/many; "
                "ip -batch /run/many; rm /run/many")  # fmt: skip
    print(f"10,000 neighbours: {switches[SWITCH]['seconds']} s, "  # noqa: T201 - the figure
          f"the other leaf {switches[OTHER_SWITCH]['seconds']} s")  # fmt: skip
    here = switches[SWITCH]
    assert here["checked"] > 20, here
    assert "UNKNOWN" not in {status for _, status in found(here)}, here
    assert "CRITICAL" not in {status for _, status in found(here)}, here
    well_beside(switches)


# --- monitoring -----------------------------------------------------------------------------------


def test_nagios_reads_its_line_and_exit_code(desk: Desk) -> None:
    said = desk.vip("check", "-f", "nagios", "--skip", MODEL)
    assert (said.code, said.out.split(" - ")[0], said.err) == (0, "VIP OK", "")
    desk.lab.leaf("03").power_cut()
    said = desk.vip("check", "-f", "nagios", "--skip", MODEL, env=LIMITS)
    assert (said.code, said.out.split(" - ")[0]) == (3, "VIP UNKNOWN")


def test_ctrl_c_ends_a_check_at_once_and_says_what_is_missing(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    with sshd(leaf, "ForceCommand sleep 600"), desk.running("check") as process:
        assert SWITCH not in process.stderr.readline()  # the other one has answered
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = process.communicate(timeout=PATIENCE)
    leaf.sh("pkill -x sleep || :")
    assert process.returncode == 9
    assert time.monotonic() - began < 35
    assert "1 of 2 switches were not checked; nothing on any switch was touched" in err
    assert "vip pending" not in out + err, "a check changes nothing that could be pending"
    assert "stopped before it had answered" in out
    assert OTHER_SWITCH.split(".")[0] in out


@contextmanager
def watching(desk: Desk, *words: str) -> Iterator[Any]:
    log = desk.cache.parent / "watch.jsonl"
    argv = ("watch", "--interval", "1", "--log", str(log), *words)
    with desk.running(*argv, env=LIMITS) as process:
        yield process, log


def scrape(lab: Lab) -> str:
    def ask() -> str:
        with urllib.request.urlopen("http://127.0.0.1:9765/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    return in_namespace(lab.seat.netns, ask)


def changes(log: Any) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [(line["event"], line["check"]) for line in lines if "check" in line]


def until(condition: Any, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.3)


def sessions(leaf: LeafUnderTest) -> set[str]:
    return set(leaf.sh("pgrep -f '^[s]shd: root@notty' || :").split())


def test_watching_keeps_connections_and_sees_faults_come_and_go(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    with watching(desk) as (process, log):
        until(lambda: "watch_rounds 2.0" in _scraped(desk.lab))
        before = sessions(leaf)
        assert before, "no connection is kept"
        FaultInjector(desk.lab).inject("vrr-device-down")
        until(lambda: ("appeared", "vrr-device-down") in changes(log))
        assert f'vipkeeper_switch_status{{rack="",status="critical",switch="{SWITCH}"}} 1.0' in (
            _scraped(desk.lab)
        )
        FaultInjector(desk.lab).mend()
        until(lambda: ("cleared", "vrr-device-down") in changes(log))
        assert sessions(leaf) == before, "the connection was opened anew"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "every connection is closed" in out
    leaf.wait_until(lambda: not sessions(leaf))


def test_watching_finds_a_switch_again_after_a_power_cut(desk: Desk) -> None:
    with ExitStack() as stack:
        process, log = stack.enter_context(watching(desk))
        until(lambda: "watch_rounds 2.0" in _scraped(desk.lab))
        desk.lab.leaf("03").power_cut()
        until(lambda: any(e == "appeared" and c in {"unreachable", "no-answer"}
                          for e, c in changes(log)))  # fmt: skip
        desk.lab.leaf("03").boot()
        until(lambda: any(e == "cleared" and c in {"unreachable", "no-answer"}
                          for e, c in changes(log)))  # fmt: skip
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0


def _scraped(lab: Lab) -> str:
    try:
        return scrape(lab)
    except OSError:
        return ""
