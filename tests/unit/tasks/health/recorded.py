"""What a healthy leaf of the lab printed (Debian 12, ifupdown2 3.0.0, FRR 8.4), and variations."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napalm_cumulus.result import CommandResult
from tasks.facts import frr
from tasks.facts.assemble import read_facts
from tasks.facts.collect import Probes, commands
from tasks.facts.model import SwitchFacts

SWITCH = "swt-sn2100-03.example.internal"
VM, OUTSIDE = "130.246.213.11", "198.51.100.250"
#: FRR is asked in one command; here each question has an output of its own.
COMMANDS = {
    name: command
    for name, command in commands(Probes(targets=(VM,), outside=OUTSIDE)).items()
    if name != frr.NAME
} | {name: f"timeout 10 vtysh -c '{words}'" for name, words in frr.QUESTIONS.items()}
FRR = tuple(frr.QUESTIONS)
_HERE = Path(__file__).parent / "samples" / "leaf"
INTERFACES = (_HERE / "interfaces").read_text()


def archive(**files: str) -> bytes:
    """What the switch's tar prints."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in (files or {"etc/network/interfaces": INTERFACES}).items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def stdout(name: str) -> bytes:
    """The recorded output."""
    if name == "configuration":
        return archive()
    return (_HERE / name).read_bytes()


def rows(name: str) -> Any:
    """The recorded output as JSON."""
    return json.loads(stdout(name))


def results(**changes: CommandResult | bytes | str | Any) -> dict[str, CommandResult]:
    """The recorded results with some replaced: by a result, by bytes, or by JSON."""
    found = {}
    for name, command in COMMANDS.items():
        change = changes.get(name)
        if isinstance(change, CommandResult):
            found[name] = change
            continue
        if change is None:
            output = stdout(name)
        elif isinstance(change, bytes):
            output = change
        elif isinstance(change, str):
            output = change.encode()
        else:
            output = json.dumps(change).encode()
        found[name] = CommandResult(command, 0, output, b"")
    return found


def said(name: str, status: int, output: bytes = b"", error: bytes = b"") -> CommandResult:
    """A result of a recorded command."""
    return CommandResult(COMMANDS[name], status, output, error)


def facts(**changes: Any) -> SwitchFacts:
    """The facts of the recorded leaf, with some outputs replaced."""
    return read_facts(SWITCH, results(**changes), {})


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> list[Any]:
    """The rows of a JSON list after each was changed; False leaves it out."""
    return [row for row in rows(name) if change(row) is not False]


def configured(change: Callable[[str], str]) -> bytes:
    """The archive with another interfaces file."""
    return archive(**{"etc/network/interfaces": change(INTERFACES)})
