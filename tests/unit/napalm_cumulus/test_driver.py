"""The driver as NAPALM sees it: discovery, signatures, session, commands."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from napalm import get_network_driver
from napalm.base.exceptions import (
    CommandErrorException,
    ConnectionClosedException,
    ConnectionException,
)
from napalm.base.test import getters as upstream

from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult


class LocalTransport:
    """Runs the commands on this machine."""

    def __init__(self) -> None:
        self.runs = 0
        self.alive = True

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        self.runs += 1
        done = subprocess.run(
            ["sh", "-c", command], input=stdin, capture_output=True, check=False, timeout=20
        )
        return CommandResult(command, done.returncode, done.stdout, done.stderr)

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.alive = False


def driver(**optional_args: Any) -> tuple[CumulusDriver, LocalTransport]:
    transport = LocalTransport()
    return CumulusDriver("leaf1", "u", "p", 60, optional_args, transport=transport), transport


@pytest.mark.parametrize("name", ["cumulus", "CUMULUS", "napalm_cumulus"])
def test_napalm_finds_it(name: str) -> None:
    assert get_network_driver(name) is CumulusDriver


def test_signatures_are_napalms() -> None:
    suite = upstream.BaseTestGetters()
    suite.driver = CumulusDriver
    suite.test_method_signatures()


def test_nothing_is_contacted_before_open() -> None:
    device = CumulusDriver("no-such-host.invalid", "u", "p")
    assert device.is_alive() == {"is_alive": False}
    with pytest.raises(ConnectionClosedException, match=r"call open\(\) first"):
        device.cli(["true"])
    device.close()


def test_a_misspelt_argument_is_refused() -> None:
    with pytest.raises(ConnectionException, match=r"'prot'.*'port'"):
        CumulusDriver("leaf1", "u", "p", optional_args={"prot": 22})


def test_what_salt_gives_every_driver_is_accepted() -> None:
    device = CumulusDriver("leaf1", "u", "p", optional_args={"config_lock": False, "keepalive": 5})
    assert device.optional_args == {"keepalive": 5}


def test_the_callers_arguments_are_copied() -> None:
    args: dict[str, Any] = {"port": 22}
    device = CumulusDriver("leaf1", "u", "p", optional_args=args)
    device.optional_args["port"] = 23
    assert args == {"port": 22}


def test_open_and_close() -> None:
    device, transport = driver()
    with device:
        assert device.is_alive() == {"is_alive": True}
        device.open()
        assert device._transport is transport
    assert device.is_alive() == {"is_alive": False}
    assert not transport.alive


def test_a_half_built_driver_is_not_alive() -> None:
    assert CumulusDriver.__new__(CumulusDriver).is_alive() == {"is_alive": False}


def test_many_commands_take_one_round_trip() -> None:
    device, transport = driver()
    device.open()
    assert device.cli(["echo a", "printf b", "echo e >&2"]) == {
        "echo a": "a\n",
        "printf b": "b",
        "echo e >&2": "",
    }
    assert transport.runs == 1
    assert device.cli([]) == {}
    assert transport.runs == 1


def test_a_failed_command_is_named() -> None:
    device, _ = driver()
    device.open()
    with pytest.raises(CommandErrorException, match=r"'cat /none' failed on leaf1 .* 1.*No such"):
        device.cli(["echo a", "cat /none"])
    assert device.cli(["echo a; exit 3"], check=False) == {"echo a; exit 3": "a\n"}


def test_other_encodings_and_a_bare_string_are_refused() -> None:
    device, _ = driver()
    device.open()
    with pytest.raises(NotImplementedError, match="json"):
        device.cli(["true"], encoding="json")
    with pytest.raises(CommandErrorException, match="list"):
        device.cli("true")  # type: ignore[arg-type]  # what is tested
