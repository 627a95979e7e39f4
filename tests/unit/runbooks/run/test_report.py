"""The report's published schema is what its dataclass says, and real reports keep to it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.unit.runbooks.report_schema import PUBLISHED, schema


def bare(value: Any) -> Any:
    """The same without what is for people."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if not (k == "description" and v == str(v))}
    return [bare(each) for each in value] if isinstance(value, list) else value


def test_the_published_schema_is_the_dataclasss() -> None:
    published = json.loads(PUBLISHED.read_text())
    anew = "write it anew: python -m tests.unit.runbooks.report_schema"
    assert bare(published) == bare(json.loads(json.dumps(schema()))), anew
    jsonschema.Draft202012Validator.check_schema(schema())


def test_it_has_no_room_for_what_it_does_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate({"schema": "vipkeeper/heal-run/2"})
