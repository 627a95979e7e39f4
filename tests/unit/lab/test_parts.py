from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.faults.catalogue import FAULTS, FaultReport, find_fault
from lab.machine.netns import processes_in
from lab.machine.pinger import outage
from lab.machine.processes import started
from lab.machine.shell import call, require_tools, wait_until
from lab.machine.tree import deb822_sources, one_line_sources, tree_path
from lab.topology.default import LabError, ServiceSpec, default_topology
from tasks.ladder import Cure

PING = """\
PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.
[100.010000] 64 bytes from 10.0.0.1: icmp_seq=1 ttl=62 time=0.1 ms
[100.020000] 64 bytes from 10.0.0.1: icmp_seq=2 ttl=62 time=0.1 ms
[100.030000] From 10.0.0.9 icmp_seq=3 Destination Host Unreachable
[100.520000] 64 bytes from 10.0.0.1: icmp_seq=52 ttl=62 time=0.1 ms

--- 10.0.0.1 ping statistics ---
52 packets transmitted, 3 received, 94.2% packet loss, time 510ms
"""


def test_the_outage_is_the_longest_time_without_an_answer() -> None:
    report = outage(PING, 100.0, 100.53)
    assert report.longest == pytest.approx(0.5)
    assert (report.sent, report.lost) == (52, 49)


def test_silence_before_the_end_counts() -> None:
    assert outage(PING, 100.0, 103.0).longest == pytest.approx(2.48)
    assert outage("", 100.0, 103.0).longest == pytest.approx(3.0)


def test_apt_sources_of_the_trees_suite_only() -> None:
    text = """\
# deb http://a.test/debian bookworm main
deb [signed-by=/k.gpg] http://b.test/debian bookworm main contrib
deb http://b.test/debian bookworm-updates main
deb-src http://b.test/debian bookworm main
deb http://c.test/tool bookworm stable
deb http://b.test/debian trixie main
"""
    assert one_line_sources(text) == [
        "deb [signed-by=/k.gpg] http://b.test/debian bookworm main",
        "deb http://b.test/debian bookworm-updates main",
    ]


def test_deb822_sources_of_the_trees_suite_only() -> None:
    text = """\
Types: deb
# a comment
URIs: http://b.test/debian
Suites: bookworm bookworm-updates trixie
Components: main contrib
Signed-By: /k.gpg

Types: deb
Enabled: no
URIs: http://c.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://d.test/node
Suites: nodistro
Components: main
"""
    assert deb822_sources(text) == [
        "deb [signed-by=/k.gpg] http://b.test/debian bookworm main",
        "deb [signed-by=/k.gpg] http://b.test/debian bookworm-updates main",
    ]


def test_the_cache_can_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIPKEEPER_LAB_CACHE", str(tmp_path))
    assert tree_path().parent == tmp_path
    assert tree_path().name.startswith("tree-")


def test_faults_are_found_by_name_and_id() -> None:
    assert find_fault("d2") is find_fault("svi-routes-lost")
    with pytest.raises(LabError, match="no fault 'x'") as unknown:
        find_fault("x")
    assert (unknown.value.exit_code, unknown.value.advice[:9]) == (3, "It knows ")
    with pytest.raises(LabError, match="no fault") as misspelt:
        find_fault("svi-routes-lots")
    assert misspelt.value.advice == "Did you mean svi-routes-lost?"
    with pytest.raises(LabError, match="no VM 'vm-al'") as other:
        default_topology("vk").vm("vm-al")
    assert (other.value.exit_code, other.value.advice[:16]) == (3, "Did you mean vm-")


def test_the_catalogue_contradicts_neither_itself_nor_the_ladder() -> None:
    assert len({fault.name for fault in FAULTS}) == len({fault.id for fault in FAULTS})
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    cures = {cure.value for cure in Cure}
    for fault in FAULTS:
        assert fault.cure in cures, fault.name
        places = (fault.leaf, fault.vm, fault.rogue, fault.hypervisor, fault.spine)
        assert any(places), fault.name
        assert fault.recognised_as in {fault.name, "vm-unreachable", "hypervisor-unreachable"}
        assert not (fault.latent and fault.heals), fault.name


def test_a_report_knows_whether_the_fault_did_what_it_says() -> None:
    latent, biting = find_fault("svi-address-lost"), find_fault("svi-down")
    assert FaultReport(latent, "leaf", "vm", answers=True).as_declared
    assert not FaultReport(latent, "leaf", "vm", answers=False).as_declared
    assert FaultReport(biting, "leaf", "vm", answers=False).as_declared
    assert not FaultReport(biting, "leaf", "vm", answers=True).as_declared


def test_a_failing_command_says_what_it_said() -> None:
    with pytest.raises(LabError, match="ended with 3 and said: sorry"):
        call(["sh", "-c", "echo sorry >&2; exit 3"])
    with pytest.raises(LabError, match="did not end within"):
        call(["sleep", "5"], timeout=0.05)
    with pytest.raises(LabError, match="cannot be run"):
        call(["/nonexistent/tool"])
    assert call(["sh", "-c", "exit 3"], check=False).returncode == 3
    assert call(["cat"], stdin="x").stdout == "x"


def test_missing_tools_are_named_with_their_packages() -> None:
    with pytest.raises(LabError, match="no-such-tool") as caught:
        require_tools({"sh": "dash", "no-such-tool": "some-package"})
    assert caught.value.advice == "Install it: apt-get install some-package"


def test_waiting_ends() -> None:
    assert not wait_until(lambda: False, timeout=0.05, every=0.01)
    with pytest.raises(LabError, match="It did not come within"):
        wait_until(lambda: False, timeout=0.05, every=0.01, what="It did not come")


def test_processes_are_told_from_gone_ones_and_the_machines_own_are_never_meant() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert started(child.pid) is not None
    child.kill()
    assert wait_until(lambda: started(child.pid) is None, timeout=60), "a zombie is gone"
    child.communicate()
    assert started(child.pid) is None
    own = Path("/proc/self/ns/net")
    relative = os.path.relpath(own, "/run/netns")
    assert processes_in([relative]) == set()


def test_a_service_is_reached_by_its_url() -> None:
    address = IPv4Address("10.0.0.1")
    assert ServiceSpec("a", address, 80, "/x/").url == "http://10.0.0.1/x/"
    assert ServiceSpec("a", address, 5000).url == "http://10.0.0.1:5000/"


@pytest.mark.parametrize("command", [["status"], ["mend"], ["break", "d2"], ["run"]])
def test_the_command_line_answers_with_a_sentence(command: list[str]) -> None:
    tail = ["--", "true"] if command == ["run"] else []
    said = CliRunner().invoke(app, [*command, "--name", "not-there", *tail])
    assert said.exit_code == 1
    assert "is not up" in said.stderr
    assert "vip lab up" in said.stderr


def test_the_command_line_refuses_names_and_lists_faults() -> None:
    bad = CliRunner().invoke(app, ["down", "--name", "../etc"])
    assert bad.exit_code == 2
    assert "cannot be called" in bad.stderr
    listed = CliRunner().invoke(app, ["faults"])
    assert listed.exit_code == 0
    assert all(fault.name in listed.stdout for fault in FAULTS)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("break", "no-such-fault"), 3),
        (("up", "--name", "Not A Name"), 2),
        (("up", "--extra-leafs", "99999"), 2),
        (("mend", "--name", "is-not-up"), 1),
    ],
)
def test_the_labs_failures_have_the_exit_codes_of_all_commands(
    words: tuple[str, ...], code: int
) -> None:
    result = CliRunner().invoke(app, list(words), env={"VIPKEEPER_LAB": "is-not-up"})
    assert result.exit_code == code, result.output
