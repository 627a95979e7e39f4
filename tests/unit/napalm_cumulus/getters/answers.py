"""Answers of commands for the tests of getters, and a driver that gets them."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import Mock

from napalm_cumulus.driver import CumulusDriver
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Recorded = Callable[..., CommandResult]


def said(text: object, exit_status: int = 0, stderr: str = "") -> CommandResult:
    out = text if isinstance(text, str) else json.dumps(text)
    return CommandResult("the command", exit_status, out.encode(), stderr.encode())


MISSING = said("", 127, "sh: 1: thing: not found")


VRF_LINKS = [
    {"ifname": "lo", "linkinfo": {}},
    {"ifname": "mgmt", "linkinfo": {"info_kind": "vrf"}},
    {"ifname": "eth0", "master": "mgmt"},
    {"ifname": "bridge", "linkinfo": {"info_kind": "bridge", "info_data": {"vlan_filtering": 1}}},
    {"ifname": "swp1", "master": "bridge"},
]


class Replies:
    """Answers the driver's commands from a table and counts the round trips."""

    def __init__(self, table: dict[str, CommandResult]) -> None:
        self.table = table
        self.asked: list[list[str]] = []

    def __call__(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        self.asked.append(list(commands))
        return [self.table.get(command, MISSING) for command in commands]


def driver(table: dict[str, CommandResult]) -> tuple[CumulusDriver, Replies]:
    device = CumulusDriver("leaf1", "u", "p")
    replies = Replies(table)
    # The seams of these tests: a session of root's, and what it answers.
    device._root_session = Mock()  # type: ignore[method-assign]
    device._run_many = replies  # type: ignore[method-assign]
    return device, replies


class Failing(dict[str, CommandResult]):
    """Whatever is asked fails."""

    def __init__(self, status: int, stderr: str) -> None:
        self.status = status
        self.stderr = stderr

    def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
        return CommandResult(key, self.status, b"", self.stderr.encode())
