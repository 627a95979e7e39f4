"""Simulated fleets: each switch is another one, over a real SSH server, near and far."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab.machine import netns
from lab.machine.netns import in_namespace
from lab.swarm.names import MOULDS, SwarmSwitch, switches
from lab.swarm.swarm import Swarm
from lab.topology.specs import LabError
from napalm_cumulus import CumulusDriver
from napalm_cumulus.getters import methods
from tasks.facts.collect import Probes, commands

COUNT = 20
DELAY = 0.02
GETTERS = ("get_facts", "get_interfaces_ip", "get_config")


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    swarm = Swarm(f"swarm-{os.getpid()}", COUNT)
    asked = (methods.ask(name).commands for name in GETTERS if name != "get_config")
    scripts = [command for several in asked for command in several]
    swarm.up([*scripts, *commands(Probes()).values()])
    try:
        yield swarm
    finally:
        swarm.down()


@pytest.fixture(scope="module")
def far(swarm: Swarm) -> str:
    return swarm.far_seat(DELAY)


def driver(swarm: Swarm, switch: SwarmSwitch) -> CumulusDriver:
    options = {
        "known_hosts_file": str(swarm.known_hosts),
        "ssh_config_file": "/dev/null",
        "key_file": str(swarm.lab.seat.key_file),
        "use_agent": False,
    }
    return CumulusDriver(str(switch.address), "root", "", 30, options)


def read(swarm: Swarm, switch: SwarmSwitch) -> dict[str, Any]:
    with driver(swarm, switch) as device:
        return {name: getattr(device, name)() for name in GETTERS}


def addresses(got: dict[str, Any]) -> set[str]:
    return {a for name in got["get_interfaces_ip"].values() for a in name.get("ipv4", {})}


def test_every_switch_is_another_one(swarm: Swarm) -> None:
    with ThreadPoolExecutor(5) as pool:
        got = list(
            in_namespace(
                swarm.lab.seat.netns, lambda: [*pool.map(lambda s: read(swarm, s), swarm.switches)]
            )
        )
    assert [one["get_facts"]["hostname"] for one in got] == [
        switch.name.partition(".")[0] for switch in swarm.switches
    ]
    for switch, one in zip(swarm.switches, got, strict=True):
        assert str(switch.address) in addresses(one)
        # The archive was rewritten, too, and is still one.
        assert f"address {switch.address}/24" in one["get_config"]["running"]
    # Two switches of a pair share their VIP, and no others do.
    vips = [{a for a in addresses(one) if a.startswith("130.") and a.endswith(".1")} for one in got]
    assert all(len(vip) == 1 for vip in vips)
    assert len(set.union(*vips)) == COUNT // 2
    assert all(vips[n] == vips[n + 1] for n in range(0, COUNT, 2))


def test_what_was_not_recorded_is_asked_of_the_real_leaf(swarm: Swarm) -> None:
    def ask() -> str:
        with driver(swarm, swarm.switches[7]) as device:
            return str(device.cli(["cat /etc/hostname"])["cat /etc/hostname"])

    assert in_namespace(swarm.lab.seat.netns, ask).strip() == "swt-sn2100-03"


def test_the_leafs_themselves_are_as_before(swarm: Swarm) -> None:
    for number in MOULDS.values():
        leaf = swarm.lab.topology.leaf(number)
        said = swarm.lab.exec_seat(
            ["ssh", leaf.short_name, "hostname; ip -br address show eth0"], check=True
        ).stdout
        assert said.split()[0] == leaf.short_name
        assert str(leaf.address.ip) in said


def test_a_check_finds_them_all_well(swarm: Swarm) -> None:
    vip = Path(sys.executable).parent / "vip"
    asked = [str(switch.address) for switch in swarm.switches]
    done = swarm.lab.exec_seat([str(vip), "check", "--format", "json", *asked], timeout=120)
    health = json.loads(done.stdout)
    # Each pair is a copy of an asymmetric fabric with a VNI of its own, which the others lack.
    assert {finding["check"] for finding in health["findings"]} <= {"routing-model"}
    told = health["switches"]
    assert {one["hostname"] for one in told} == {
        switch.name.partition(".")[0] for switch in swarm.switches
    }
    assert {one["status"] for one in told} == {"OK"}


def test_a_search_asks_them_all_with_every_source_down(swarm: Swarm, tmp_path: Path) -> None:
    hosts = {switch.name: {"hostname": str(switch.address)} for switch in swarm.switches}
    (tmp_path / "hosts.yaml").write_text(json.dumps(hosts))  # JSON is YAML
    lab, down = swarm.lab, {"mimic": "refused", "openstack": "keystone-refused"}
    for system, fault in down.items():
        lab.web_fault(system, fault)
    given = {
        "VIPKEEPER_PATHS__INVENTORY": str(tmp_path),
        "VIPKEEPER_PATHS__CACHE": str(tmp_path / "cache"),
        "VIPKEEPER_MIMIC__RETRIES": "0",
    }
    vip = ["env", *(f"{name}={value}" for name, value in given.items())]
    vip += [str(Path(sys.executable).parent / "vip"), "find", "-f", "json"]
    try:
        done = lab.exec_seat([*vip, "fa:16:3e:00:de:ad"], timeout=120)
    finally:
        for system in down:
            lab.web_fault(system, None)
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert (told["asked"], told["unanswered"]) == (len(swarm.switches), [])
    assert told["seconds"] < 60


def test_the_far_seat_is_as_far_as_was_asked(swarm: Swarm, far: str) -> None:
    def dial() -> float:
        begin = time.monotonic()
        socket.create_connection((str(swarm.switches[3].address), 22), timeout=5).close()
        return time.monotonic() - begin

    far_away = [in_namespace(far, dial) for _ in range(9)]
    assert min(far_away) >= 2 * DELAY
    assert min(far_away) < 2 * DELAY + 0.03
    assert min(in_namespace(swarm.lab.seat.netns, dial) for _ in range(5)) < DELAY


def test_many_at_once_come_through_the_far_line_whole(swarm: Swarm, far: str) -> None:
    with ThreadPoolExecutor(10) as pool:
        names = in_namespace(
            far,
            lambda: [*pool.map(lambda s: read(swarm, s)["get_facts"]["hostname"], swarm.switches)],
        )
    assert len(set(names)) == COUNT


def test_nothing_is_left_behind() -> None:
    before = (netns.namespaces(""), _mounts())
    swarm = Swarm(f"gone-{os.getpid()}", 3)
    swarm.up(["hostname"])
    swarm.far_seat(0.001)
    prefix = f"vk-gone-{os.getpid()}."
    assert f"{prefix}far" in netns.namespaces("")
    swarm.down()
    assert not netns.namespaces(prefix)
    assert not swarm.lab.state_dir.exists()
    assert not {line for line in _mounts() - before[1] if swarm.lab.name in line}
    assert subprocess.run(["pgrep", "-f", prefix], check=False).returncode == 1


def test_numbers_that_make_no_sense_are_refused() -> None:
    for count in (0, 20_001):
        with pytest.raises(LabError, match="cannot be simulated"):
            switches(count)


def _mounts() -> set[str]:
    return set(Path("/proc/self/mounts").read_text().splitlines())
