"""One list of the forms: the command line follows it, and imports none that is not asked for."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

import runbooks.output
from runbooks.cli.app import app
from runbooks.output.forms import DEFAULT, FORMS, Form, find_form
from tests.unit.docs.markdown import page, rows, sections

#: Imports a module; then a process for each form looks for it, and prints what it has imported.
SCRIPT = """\
import importlib, json, os, sys
module = importlib.import_module(sys.argv[1])
for form in sys.argv[2:] or [""]:
    if os.fork():
        os.wait()
        continue
    if form:
        module.find_form(form)
    names = [name for name in sys.modules if name.startswith("runbooks.output.")]
    print(json.dumps([form, names]), flush=True)
    os._exit(0)
"""
MODULES = {f"runbooks.output.{module}" for module in FORMS.values()}


def imported(module: str, *forms: str) -> dict[str, set[str]]:
    """The forms' modules that are loaded when a module has looked for a form."""
    argv = [sys.executable, "-c", SCRIPT, module, *forms]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    lines = map(json.loads, done.stdout.splitlines())
    return {form: MODULES & set(names) for form, names in lines}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    return imported("runbooks.check", *FORMS)


def test_every_module_with_a_form_is_in_the_list() -> None:
    names = [m.name for m in pkgutil.iter_modules(runbooks.output.__path__)]
    with_form = {n for n in names if hasattr(import_module(f"runbooks.output.{n}"), "FORM")}
    assert with_form == set(FORMS.values())
    assert all(isinstance(find_form(form), Form) for form in FORMS)
    assert find_form() is find_form(DEFAULT)


def test_the_command_line_imports_no_form() -> None:
    assert imported("runbooks.cli.app") == {"": set()}


@pytest.mark.parametrize("form", FORMS)
def test_a_check_imports_the_form_that_it_prints_and_no_other(
    form: str, loaded: dict[str, set[str]]
) -> None:
    assert loaded[form] == {f"runbooks.output.{FORMS[form]}"}


def test_the_shell_completes_the_forms() -> None:
    asked = {"_VIP_COMPLETE": "complete_bash", "COMP_WORDS": "vip check --format j"}
    said = CliRunner().invoke(app, prog_name="vip", env={**asked, "COMP_CWORD": "3"})
    assert said.stdout.split() == [form for form in FORMS if form.startswith("j")]


def test_map_is_another_name_of_the_map() -> None:
    assert find_form("map") is find_form("html")
    asked = {"_VIP_COMPLETE": "complete_bash", "COMP_WORDS": "vip check -f m"}
    said = CliRunner().invoke(app, prog_name="vip", env={**asked, "COMP_CWORD": "3"})
    assert said.stdout.split() == ["map"]


def test_the_help_and_a_refusal_name_every_form() -> None:
    for words in (["check", "--help"], ["check", "--format", "yaml"]):
        said = CliRunner().invoke(app, words)
        assert ", ".join(FORMS) in " ".join(said.output.split())


def test_every_form_is_described() -> None:
    table = [cells[0] for cells in rows(page("output.md")) if cells[0].startswith("[`")]
    assert [cell.split("`")[1] for cell in table] == list(FORMS)
    (option,) = (
        cells[1]
        for cells in rows(sections(page("commands.md"))["vip check"])
        if cells[0].startswith("`--format")
    )
    assert [form for form in FORMS if f"`{form}`" not in option] == []
