"""What ifupdown2 itself makes of the files, where their lines alone do not tell.

The lines of a mako template are not what ifupdown2 sees, and whether a ``source-directory`` line is
followed depends on its release. The switch is asked then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from napalm_cumulus import errors
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.result import CommandResult

_EVERY = "# every interface"
#: Tells every auto interface as ifupdown2 reads it, and on stderr each file; after that, every
#: interface. ``ifquery`` tells the others only by their names, so it is given a file by which all
#: are auto. A switch may not allow that (``disable_cli_interfacesfile``): then only the auto ones
#: are told.
QUERY = (
    f"(timeout 10 ifquery -v -a -o json; told=$?; echo; echo '{_EVERY}'; "
    "printf 'auto all\\nsource /etc/network/interfaces\\n' | "
    "timeout 10 ifquery -i - -a -o json 2>/dev/null; exit $told)"
)
_MAKERS = "^[[:space:]]*(%|source-directory[[:space:]])|<%|[$][{]"
#: The same, where a file below /etc/network may need it; nothing elsewhere.
QUERY_WHERE_NEEDED = (
    "if grep -RqsE --exclude-dir='if-*.d' --exclude-dir=ifupdown2 "
    f"'{_MAKERS}' /etc/network; then {QUERY}; fi"
)
_DIRECTORY = re.compile(r"^[ \t]*source-directory[ \t]+\S", re.MULTILINE)
#: Where mako fails, ifupdown2 reads the file as it stands.
_NOT_RENDERED = "failed to render template"
#: ifquery keeps each of these at the place of its ``address``.
_OF_AN_ADDRESS = ("netmask", "broadcast", "scope", "preferred-lifetime")


def unclear(configuration: Configuration) -> str:
    """Return why the lines do not tell what ifupdown2 makes of them; empty where they do."""
    reasons = []
    for file in configuration.files:
        if file.is_template:
            reasons.append(f"{file.path} is a mako template")
        elif is_unclear(file):
            reasons.append(f"{file.path} has a 'source-directory' line")
    return ", ".join(reasons)


def is_unclear(file: InterfacesFile) -> bool:
    """Return whether the file's lines do not tell what ifupdown2 makes of them."""
    return file.is_template or (
        "source-directory" in file.text and _DIRECTORY.search(file.text) is not None
    )


def parse(result: CommandResult, path: str) -> Configuration:
    """Return the switch's answer as plain stanzas; those that are auto have an auto line.

    Args:
        result: of ``QUERY``.
        path: the path by which the stanzas are told.

    Raises:
        CommandErrorException: it is none, or mako has failed.
    """
    said = result.stderr.decode("utf-8", "replace")
    if _NOT_RENDERED in said:
        line = next(line for line in said.splitlines() if _NOT_RENDERED in line)
        raise errors.CommandErrorException(f"'ifquery -a' says: {line}")
    auto, _, every = result.stdout.partition(_EVERY.encode())
    try:
        rows = json.loads(auto)
        lines = [line for row in rows for line in _stanza(row, is_auto=True)]
        told = {row["name"] for row in rows}
        for row in _rows(every):
            if row["name"] not in told:
                lines += _stanza(row, is_auto=False)
        text = "\n".join(lines)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"exit status {result.exit_status}" if result.exit_status else f"not JSON: {error}"
        raise errors.CommandErrorException(
            f"'ifquery -a -o json' does not tell what it makes of the files ({why})"
        ) from error
    if not text:
        raise errors.CommandErrorException(
            "'ifquery -a -o json' tells no interface, not even lo: the lines of the files do not "
            "show whether that is so"
        )
    return Configuration({path: f"{text}\n"}, path)


def _rows(said: bytes) -> list[Mapping[str, Any]]:
    """Return the rows of every interface; none where the switch does not tell them."""
    try:
        rows = json.loads(said)
    except ValueError:
        return []
    return rows if isinstance(rows, list) else []


def _stanza(row: Mapping[str, Any], *, is_auto: bool) -> Iterator[str]:
    if is_auto:
        yield f"auto {row['name']}"
    words = (row["name"], row.get("addr_family", ""), row.get("addr_method", ""))
    yield f"iface {' '.join(filter(None, words if words[1] else words[:1]))}"
    config = row.get("config") or {}
    for name, value in config.items():
        if name in _OF_AN_ADDRESS:
            continue
        for index, each in enumerate(_values(value)):
            yield f"\t{name} {each}"
            if name == "address":
                for related in _OF_AN_ADDRESS:
                    found = _values(config.get(related, ""))
                    if index < len(found) and found[index]:
                        yield f"\t{related} {found[index]}"


def _values(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
