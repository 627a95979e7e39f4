"""The JSON schema of a run's report, made from its dataclass.

To write the published one anew: ``python -m tests.unit.runbooks.report_schema``.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from runbooks.run.records import plain
from runbooks.run.report import SCHEMA, HealReport

PUBLISHED = Path(__file__).parents[3] / "docs/schemas/heal-run-2.json"
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Any: {},
}
#: Where the types stand that only a type checker imports.
_MODULES = (
    "datetime", "ipaddress", "inventory.events.model", "inventory.target", "inventory.model",
    "napalm_cumulus.commit.report", "napalm_cumulus.commit.repairs", "runbooks.incident.impact",
    "runbooks.incident.path", "runbooks.fleet.rollout", "runbooks.fleet.outcome",
    "runbooks.fleet.plan", "runbooks.heal", "runbooks.incident.reachability",
    "runbooks.run.evidence", "runbooks.run.report", "runbooks.cure.rogues", "runbooks.run.story",
    "runbooks.run.attempt",
    "tasks.cures.model", "tasks.faults.model", "tasks.health.model", "tasks.model",
)  # fmt: skip


def schema() -> dict[str, Any]:
    """The schema; every type of the report is one of its ``$defs``."""
    definitions: dict[str, Any] = {}
    _define(HealReport, definitions)
    whole = definitions.pop("HealReport")
    whole["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:vipkeeper:heal-run:2",
        "title": SCHEMA,
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _define(kind: type[Any], definitions: dict[str, Any]) -> None:
    if kind.__name__ in definitions:
        return
    definitions[kind.__name__] = {}  # it may contain itself
    names: dict[str, Any] = {}
    for module in _MODULES:
        names.update(vars(importlib.import_module(module)))
    names.update(vars(importlib.import_module(kind.__module__)))
    hints = typing.get_type_hints(kind, names)
    told = _told(kind.__doc__ or "")
    fields = [field.name for field in dataclasses.fields(kind)]
    properties = {name: _schema_of(hints[name], definitions) for name in fields}
    for name, description in told.items():
        if name in properties:
            properties[name] = {**properties[name], "description": description}
    definitions[kind.__name__] = {
        "description": (kind.__doc__ or "").strip().splitlines()[0],
        "type": "object",
        "additionalProperties": False,
        "required": fields,
        "properties": properties,
    }


def _schema_of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if dataclasses.is_dataclass(hint):
        _define(typing.cast("type[Any]", hint), definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [plain(member) for member in hint]}
    if typing.get_origin(hint) is not None:
        return _composed(hint, definitions)
    return {"type": "string"}  # `plain` writes addresses and paths as text


def _composed(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema_of(inner[1], definitions)}
    several = [_schema_of(each, definitions) for each in inner if each is not Ellipsis]
    if origin in (typing.Union, types.UnionType):
        unique = [each for i, each in enumerate(several) if each not in several[:i]]
        return unique[0] if len(unique) == 1 else {"anyOf": unique}
    if origin is tuple and Ellipsis not in inner:
        count = len(several)
        return {"type": "array", "prefixItems": several, "minItems": count, "items": False}
    return {"type": "array", "items": several[0]}


def _told(docstring: str) -> dict[str, str]:
    """What a docstring says of each attribute."""
    said = re.findall(r"^        (\w+): (.*(?:\n {12}.*)*)", docstring, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in said}


def main() -> None:
    """Write the published schema."""
    PUBLISHED.write_text(json.dumps(schema(), indent=2) + "\n")


if __name__ == "__main__":
    main()
