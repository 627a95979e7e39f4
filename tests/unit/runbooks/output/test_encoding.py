"""A check on a stdout that knows fewer characters than people's names have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runbooks.output.forms import FORMS, find_form
from runbooks.output.render import report
from tests.unit.runbooks.output import fleets

ROOT = Path(__file__).parents[4]
#: Cyrillic, a check mark and half a character, as OpenStack may have them.
NAME = "шлюз ✓"
HALF = "\ud800"
PLACES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "the C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
#: Every form on stdout, each behind a line of its own, and as a file.
PROGRAM = """
import sys
from pathlib import Path
from runbooks.output.forms import FORMS, find_form
from runbooks.output.render import report
from tests.unit.runbooks.output import test_encoding
for form in FORMS:
    print(chr(30), end="", flush=True)
    report(test_encoding.fleet(), find_form(form))
    report(test_encoding.fleet(), find_form(form), Path(sys.argv[1]) / form)
"""


def fleet() -> fleets.FleetHealth:
    """One ill leaf; what is wrong with it is in no Western alphabet."""
    ill = fleets.ill(fleets.leaf(1), replace(fleets.DELETED, subject=NAME, evidence=NAME))
    return fleets.fleet_of(replace(ill, hypervisors={NAME: "swp1"}, rack=NAME))


@pytest.fixture(scope="module", params=PLACES)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], Path]:
    """What was written to stdout by form, and the directory with the files."""
    directory = tmp_path_factory.mktemp("files")
    environment = {k: v for k, v in os.environ.items() if k not in {"LC_ALL", "LANG"}}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(directory)],
        env=environment | PLACES[request.param],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode == 0
    return dict(zip(FORMS, done.stdout.split(b"\x1e")[1:], strict=True)), directory


def test_what_programs_read_is_utf_8_everywhere(told: tuple[dict[str, bytes], Path]) -> None:
    texts = {form: text.decode("utf-8") for form, text in told[0].items()}
    assert json.loads(texts["json"])["switches"][0]["rack"] == NAME
    for form in ("junit", "prometheus", "html"):
        assert NAME in texts[form]


@pytest.mark.parametrize("form", ["table", "nagios"])
def test_what_a_person_reads_has_a_mark_for_what_the_terminal_lacks(
    told: tuple[dict[str, bytes], Path], form: str
) -> None:
    text = told[0][form].decode("latin-1")
    assert "???? ?" in text
    assert "swt-" in text


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_utf_8_everywhere_and_the_same(
    told: tuple[dict[str, bytes], Path], tmp_path: Path, form: str
) -> None:
    here = tmp_path / "here"
    report(fleet(), find_form(form), here)
    assert (told[1] / form).read_bytes() == here.read_bytes()
    assert NAME in here.read_text("utf-8") or form == "json"  # which escapes it


@pytest.mark.parametrize("form", FORMS)
def test_half_a_character_is_no_failure(tmp_path: Path, form: str) -> None:
    ill = fleets.ill(fleets.leaf(1), replace(fleets.DELETED, subject=HALF, evidence=HALF))
    report(fleets.fleet_of(ill), find_form(form), tmp_path / "check")
    assert (tmp_path / "check").read_text("utf-8")
