"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("inventory", "lab", "napalm_cumulus", "nornir_config", "runbooks", "tasks")


def with_examples() -> list[str]:
    """The names of the modules that hold examples."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if ">>> " in file.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("module", with_examples())
def test_examples_hold(module: str) -> None:
    outcome = doctest.testmod(import_module(module))
    assert outcome.attempted
    assert not outcome.failed


def test_there_are_examples() -> None:
    assert len(with_examples()) > 10
