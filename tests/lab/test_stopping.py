"""SIGTERM and a closed terminal at the real ``vip``: the records tell it, the switch ends well."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.desk import SWITCH, VIP, Desk, started, untouched
from tests.lab.switch import WELL, LeafUnderTest

TOGGLE = ("toggle", SWITCH, "--vip", VIP)
HEAL = ("heal", "vm-a1", "--toggle", "--yes")


def wait_until_under_way(leaf: LeafUnderTest) -> None:
    """Wait on the leaf itself, which sees the beginning of the change at once."""
    leaf.sh("for i in $(seq 6000); do [ ! -d /run/vipkeeper/pending ] || exit 0; sleep 0.01; done")


def require_recorded(desk: Desk, said: str, *, begun: int) -> None:
    """See that the report and the audit log hold how it ended."""
    report = desk.report()
    assert report["sentence"].startswith(said), report["sentence"]
    assert (report["verdict"], report["exit_code"]) == ("cancelled", 9)
    lines = desk.audited()
    assert [line["event"] for line in lines] == ["begin"] * begun + ["end"]
    assert lines[-1]["verdict"] == "cancelled"
    for line in lines[:-1]:
        assert (line["cure"], line["fault"]) == ("toggle", "asked-for")


@pytest.mark.parametrize("command", [(*TOGGLE, "--yes"), HEAL], ids=["toggle", "heal"])
def test_sigterm_during_a_toggle(desk: Desk, leaf: LeafUnderTest, command: tuple[str, ...]) -> None:
    disk = leaf.disk()
    with started(desk.lab, desk.argv(*command)) as process:
        wait_until_under_way(leaf)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 9, (out, err)
    assert "Traceback" not in out + err
    require_recorded(desk, f"stopped by SIGTERM while {SWITCH} was toggling", begun=1)
    leaf.wait_until(lambda: leaf.state() == set() and leaf.addresses() == WELL)
    assert leaf.disk() == disk


def test_sigterm_before_a_change(desk: Desk, leaf: LeafUnderTest) -> None:
    with untouched(leaf), started(desk.lab, desk.argv(*HEAL)) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # the first step of the way to the VM
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 9, (out, err)
    assert err == "vip: stopped by SIGTERM; nothing on any switch was touched\n"
    require_recorded(desk, "stopped by SIGTERM; nothing on any switch was touched", begun=0)


@contextmanager
def at_a_terminal(desk: Desk, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command in a session of its own at a terminal; gives it and the terminal's other end."""
    ours, theirs = pty.openpty()
    seat = desk.lab.seat
    process = subprocess.Popen(
        ["setsid", "--ctty", *seat.command(desk.argv(*words))],
        env={**seat.environment(), "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_terminal_that_is_closed_at_the_question(desk: Desk, leaf: LeafUnderTest) -> None:
    with untouched(leaf), at_a_terminal(desk, *TOGGLE) as (process, terminal):
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        os.close(terminal)  # and with it the kernel sends SIGHUP
        assert process.wait(60) == 9
    require_recorded(desk, "stopped by SIGHUP (its terminal was closed); nothing on any", begun=0)


def test_a_terminal_that_is_closed_during_a_toggle(desk: Desk, leaf: LeafUnderTest) -> None:
    disk = leaf.disk()
    with at_a_terminal(desk, *TOGGLE, "--yes") as (process, terminal):
        wait_until_under_way(leaf)
        os.close(terminal)
        assert process.wait(60) == 9
    said = f"stopped by SIGHUP (its terminal was closed) while {SWITCH} was toggling"
    require_recorded(desk, said, begun=1)
    leaf.wait_until(lambda: leaf.state() == set() and leaf.addresses() == WELL)
    assert leaf.disk() == disk
