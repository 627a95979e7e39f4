from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbooks.incident.reachability import ProbeError, probe, probe_all, wait_until_answering


def saying(
    monkeypatch: pytest.MonkeyPatch, code: int, stdout: str = "", stderr: str = ""
) -> list[list[str]]:
    """Let ping say this; gives the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, code, stdout, stderr)

    monkeypatch.setattr("subprocess.run", run)
    return commands


@pytest.fixture
def ping_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ping that everybody answers after 0.2 s; not every machine has a real one."""
    script = tmp_path / "ping"
    script.write_text(
        "#!/bin/sh\n/bin/sleep 0.2\n"
        'printf \'%s packets transmitted, %s received, 0%% packet loss\\n\' "$4" "$4"\n'
        "echo 'rtt min/avg/max/mdev = 0.030/0.040/0.050/0.000 ms'\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("ping_command")
def test_an_answer() -> None:
    found = probe("127.0.0.1", count=2, interval=0.2)
    assert found.answers
    assert (found.sent, found.received, found.error) == (2, 2, "")
    assert found.rtt_ms == 0.04


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = saying(monkeypatch, 1, "3 packets transmitted, 0 received, 100% packet loss")
    found = probe("130.246.213.11", count=3, interval=0.2, timeout=1)
    assert (found.answers, found.error) == (False, "")
    assert commands[0] == ["ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", "130.246.213.11"]


def test_a_host_unreachable_from_a_router_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, 1, "3 packets transmitted, 0 received, +3 errors, 100% packet loss")
    found = probe("130.246.213.11")
    assert (found.answers, found.error) == (False, "")


def test_one_answer_of_three_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(
        monkeypatch,
        0,
        "3 packets transmitted, 1 received, 66% packet loss\nrtt min/avg/max/mdev = 0.1/0.25/0.3/0",
    )
    found = probe("130.246.213.11")
    assert (found.received, found.rtt_ms) == (1, 0.25)


def test_no_route_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, 2, "", "ping: connect: Network is unreachable\n")
    found = probe("130.246.213.11")
    assert not found.answers
    assert found.error == "connect: Network is unreachable"


def test_a_name_is_not_pinged() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        probe("-f")


def test_a_machine_without_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProbeError, match="no ping command"):
        probe("127.0.0.1")


@pytest.mark.usefixtures("ping_command")
def test_several_at_once_and_in_order(tmp_path: Path) -> None:
    addresses = [f"127.0.0.{number}" for number in range(1, 16)]
    # Nobody is answered before all are asked.
    ping = tmp_path / "ping"
    shell, rest = ping.read_text().split("/bin/sleep 0.2")
    ping.write_text(
        f'{shell}: >"$0.$$"; begun() {{ set -- "$0".*; [ $# -eq 15 ]; }}\n'
        f"tries=600; until begun; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 2\n"
        f"/bin/sleep 0.05; done{rest}"
    )
    found = probe_all(addresses)
    assert [p.address for p in found] == addresses
    assert all(p.answers for p in found)
    assert probe_all([]) == ()


@pytest.mark.usefixtures("ping_command")
def test_waiting_ends_with_the_answer_or_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    probes, seconds = wait_until_answering(["127.0.0.1"], 20)
    assert probes[0].answers
    assert seconds < 15
    saying(monkeypatch, 1, "1 packets transmitted, 0 received")
    probes, seconds = wait_until_answering(["130.246.213.11"], 0.3)
    assert not probes[0].answers
    assert seconds >= 0.3
