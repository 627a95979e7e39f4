"""What is imported is declared, and what is declared is imported, in both distributions."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
OURS = {"inventory", "lab", "napalm_cumulus", "nornir_config", "runbooks", "tasks"}
#: The distribution of a module, where it has another name.
DISTRIBUTION = {"bs4": "beautifulsoup4", "openstack": "openstacksdk", "ruamel": "ruamel.yaml"}
#: Asked for by other ways than an import.
NOT_IMPORTED = {"vipkeeper-napalm-cumulus"}


def project(folder: str) -> dict[str, Any]:
    with (ROOT / folder / "pyproject.toml").open("rb") as file:
        held: dict[str, Any] = tomllib.load(file)["project"]
    return held


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*places: str) -> set[str]:
    """The distributions that the code of these places imports when it runs."""
    files = [
        file
        for place in places
        for file in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
    ]
    modules = {name for file in files for name in _modules(ast.parse(file.read_text()))}
    apart = modules - OURS - sys.stdlib_module_names - {"tomllib"}
    return {normal(DISTRIBUTION.get(name, name)) for name in apart}


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module.split(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _modules(child)


def test_vipkeeper_declares_what_it_imports() -> None:
    places = ("inventory", "nornir_config", "tasks", "runbooks", "vipkeeper_entry.py")
    here = project(".")
    declared = names(here["dependencies"] + here["optional-dependencies"]["observium-sql"])
    assert declared - NOT_IMPORTED == imported(*places)


def test_the_lab_declares_what_it_imports() -> None:
    here = project(".")
    apart = imported("lab") - names(here["dependencies"])
    assert names(here["optional-dependencies"]["lab"]) == apart


def test_the_driver_declares_what_it_imports() -> None:
    driver = project("driver")
    declared = names(driver["dependencies"]) | names(driver["optional-dependencies"]["fast"])
    assert declared == imported("napalm_cumulus")


@pytest.mark.parametrize("folder", ["driver", "."])
def test_every_dependency_has_a_lower_bound(folder: str) -> None:
    here = project(folder)
    extras = [v for k, v in here["optional-dependencies"].items() if k != "dev"]
    for line in [*here["dependencies"], *(each for extra in extras for each in extra)]:
        assert re.search(r">=\d", line), line
