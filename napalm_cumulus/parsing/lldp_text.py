"""``lldpctl -f keyvalue`` in the form of its JSON, for an lldpd that was built without JSON."""

from __future__ import annotations

import re
from typing import Any

#: Without JSON support ``-f json`` fails or prints something else.
COMMAND = (
    "out=$(lldpctl -f json 2>/dev/null); "
    'case $out in "{"*) printf \'%s\\n\' "$out";; *) exec lldpctl -f keyvalue;; esac'
)

_KEY = re.compile(r"lldp\.(.+?)\.(via|rid|age|chassis|port|[a-z-]+)(?:\.(.+))?")
_MAX_KEY = 200
_IDENTITIES = {"mac", "ifname", "local", "ip", "ifalias", "unhandled"}


def document(text: str) -> dict[str, Any]:
    """Return the neighbours in the form of lldpctl's JSON with several neighbours.

    Raises:
        ValueError: the text is something else.
    """
    neighbours: list[dict[str, Any]] = []
    last: tuple[dict[str, Any], str] | None = None
    for line in text.splitlines():
        words, equals, value = line.partition("=")
        match = _KEY.fullmatch(words) if equals and len(words) <= _MAX_KEY else None
        if match is None:
            if last is None:
                raise ValueError(f"no LLDP neighbour in {line[:60]!r}")
            holder, key = last
            holder[key] += "\n" + line  # a description with several lines
            continue
        interface, section, key = match.groups()
        if section == "via":
            neighbours.append({interface: {"chassis": {"capability": []}, "port": {}}})
        if not neighbours or interface not in neighbours[-1]:
            raise ValueError(f"no beginning of the neighbour in {line[:60]!r}")
        last = _keep(neighbours[-1][interface], section, key or "", value)
    return {"lldp": {"interface": neighbours}}


def _keep(
    neighbour: dict[str, Any], section: str, key: str, value: str
) -> tuple[dict[str, Any], str]:
    """Store one value; return where it was stored, for the lines that continue it."""
    if section not in {"chassis", "port"}:
        return {"": value}, ""
    holder = neighbour[section]
    if key in _IDENTITIES:
        holder["id"] = {"type": key, "value": value}
        return holder["id"], "value"
    if section == "chassis" and key.endswith(".enabled"):
        name = key.removesuffix(".enabled")
        holder["capability"].append({"type": name, "enabled": value == "on"})
        return {"": value}, ""
    holder[key] = value
    return holder, key
