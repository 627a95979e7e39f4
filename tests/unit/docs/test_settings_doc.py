"""docs/settings.md says of every key what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nornir_config.settings import Settings, load_settings
from tests.unit.docs.markdown import page, rows, sections

TOP = "Top level"


def sections_of_model() -> dict[str, type[BaseModel]]:
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def described() -> dict[str, list[str]]:
    """The row of each key in the page, by ``section.key``."""
    found: dict[str, list[str]] = {}
    for heading, text in sections(page("settings.md")).items():
        if heading != TOP and not heading.startswith("["):
            continue
        prefix = "" if heading == TOP else heading.strip("[]") + "."
        for cells in rows(text):
            if cells[0] != "key":
                found[prefix + cells[0].strip("`")] = cells
    return found


def fields() -> dict[str, FieldInfo]:
    """Every key of the code, by ``section.key``."""
    parts = sections_of_model()
    found = {name: f for name, f in Settings.model_fields.items() if name not in parts}
    for name, model in parts.items():
        found |= {f"{name}.{key}": field for key, field in model.model_fields.items()}
    return found


def as_written(value: Any) -> str:
    """A default as TOML writes it."""
    if value is None:
        return "none"
    plain = [str(item) for item in value] if isinstance(value, tuple) else value
    return f"`{json.dumps(plain)}`"


def test_every_key_and_no_other_is_described() -> None:
    assert sorted(described()) == sorted(fields())


@pytest.mark.parametrize("key", sorted(fields()))
def test_the_default_is_the_code_s(key: str) -> None:
    default = fields()[key].get_default(call_default_factory=True)
    if isinstance(default, Path):
        home = str(Path.home())
        assert described()[key][2] == f"`{str(default).replace(home, '~')}`"
    else:
        assert described()[key][2] == as_written(default)


def test_every_key_has_a_type_and_a_meaning() -> None:
    assert not [key for key, cells in described().items() if not (cells[1] and cells[3])]


def test_the_file_to_start_with_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIPKEEPER_CONFIG", "VIPKEEPER_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    text = sections(page("settings.md"))["A file to start with"]
    file = tmp_path / "vipkeeper.toml"
    file.write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    settings = load_settings(file)
    assert settings.openstack.cloud == "mysite"
    assert settings.ssh.username == "cumulus"
    settings.require_site()
