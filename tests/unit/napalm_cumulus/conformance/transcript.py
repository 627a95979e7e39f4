"""What a switch said, as a text file that people read and edit.

    >>>> interfaces.LINKS
    [{"ifname": "lo", ...}]
    >>>> system.EEPROM
    <<<< 127
    2> sh: 1: decode-syseeprom: not found

A command is called as the constant of the driver that holds it, so that the recordings outlive
a change of its wording; one that no constant holds stands for itself.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

from napalm_cumulus import getters
from napalm_cumulus.result import CommandResult

_COMMAND, _STATUS, _STDERR = ">>>> ", "<<<< ", "2> "
_NO_COMMANDS_FOR_TRANSCRIPTS = ("methods", "registry", "ping")


@cache
def _names() -> dict[str, str]:
    """Command to name, of the constants of all modules of getters."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(getters.__path__):
        if module.name in _NO_COMMANDS_FOR_TRANSCRIPTS:
            continue
        loaded = importlib.import_module(f"{getters.__name__}.{module.name}")
        for name in _constants(inspect.getsource(loaded)):
            value = getattr(loaded, name)
            if isinstance(value, str):
                found[value] = f"{module.name}.{name}"
            elif isinstance(value, dict):
                found |= {command: f"{module.name}.{name}[{key}]" for key, command in value.items()}
    return found


def _constants(source: str) -> list[str]:
    """What a module itself assigns, not what it imports."""
    return [
        target.id
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id.isupper() and target.id[0] != "_"
    ]


def name_of(command: str) -> str:
    """How a transcript calls the command."""
    return _names().get(command, command)


def write(path: Path, results: dict[str, CommandResult]) -> None:
    """Store what the commands gave."""
    chunks = []
    for command, result in results.items():
        chunks.append(f"{_COMMAND}{name_of(command)}\n")
        text = result.stdout.decode()
        chunks.append(text if text.endswith("\n") or not text else text + "\n")
        if result.exit_status:
            chunks.append(f"{_STATUS}{result.exit_status}\n")
        chunks += [f"{_STDERR}{line}\n" for line in result.stderr.decode().splitlines()]
    path.write_text("".join(chunks))


def read(path: Path) -> dict[str, CommandResult]:
    """The results by the name of the command."""
    results: dict[str, CommandResult] = {}
    for chunk in ("\n" + path.read_text()).split("\n" + _COMMAND)[1:]:
        name, _, said = chunk.partition("\n")
        status, stdout, stderr = 0, "", ""
        for line in said.splitlines(keepends=True):
            if line.startswith(_STATUS):
                status = int(line.removeprefix(_STATUS))
            elif line.startswith(_STDERR):
                stderr += line.removeprefix(_STDERR)
            else:
                stdout += line
        if stdout and not stdout.endswith("\n"):
            stdout += "\n"
        results[name] = CommandResult(name, status, stdout.encode(), stderr.encode())
    return results
