"""A note is no fault: every form shows it, and none lets it count for anything."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest

from runbooks.output.forms import FORMS, Checked, find_form
from runbooks.output.render import EXIT_CODES
from runbooks.output.text import headline, overall
from tasks.faults.model import Status
from tests.unit.runbooks.output import fleets

NOTED = fleets.by_design()
#: The same with ``--strict``.
WARNED = replace(NOTED, findings=(fleets.ASYMMETRIC,), notes=())


def shown(form: str, fleet: object = NOTED) -> str:
    return find_form(form).render(Checked(fleet))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_ends_with_the_same_meaning(name: str) -> None:
    form = find_form(name)
    code = form.exit_code or (lambda fleet: EXIT_CODES[overall(fleet)])
    assert code(NOTED) == 0
    assert code(WARNED) == (1 if form.is_plugin else 10)


def test_the_table_says_note_and_asks_for_nothing() -> None:
    text = shown("table")
    assert "note  fleet  routing-model  EVPN" in text
    assert "Symmetric routing would need" in text
    assert "do:" not in text
    assert text.splitlines()[-1].startswith("OK: 4 switches OK, 1 note; ")
    assert headline(WARNED) == "4 switches OK, 1 fleet-wide finding"


def test_json_has_it_beside_the_findings() -> None:
    told = json.loads(shown("json"))
    assert (told["status"], told["findings"]) == ("OK", [])
    (note,) = told["notes"]
    assert (note["check"], note["status"]) == ("routing-model", "OK")
    strict = json.loads(shown("json", WARNED))
    assert (strict["status"], strict["notes"]) == ("WARNING", [])


def test_its_case_passes_in_junit_and_says_it() -> None:
    root = fromstring(shown("junit"))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    (case,) = root.findall(".//testcase[@name='routing-model']")
    assert (case.findtext("system-out") or "").startswith("note EVPN: ")
    assert fromstring(shown("junit", WARNED)).get("failures") == "1"


def test_the_plugin_is_ok_and_counts_no_finding() -> None:
    first, *more = shown("nagios").splitlines()
    assert first.startswith("VIP OK - 4 switches OK, 1 note, ")
    assert " findings=0;" in first
    assert more[0].startswith("note routing-model EVPN: ")
    assert shown("nagios", WARNED).startswith("VIP WARNING - ")


def test_prometheus_has_a_metric_of_its_own_for_it() -> None:
    text = shown("prometheus")
    assert 'vipkeeper_notes{check="routing-model"} 1.0' in text
    assert 'vipkeeper_findings{check="routing-model"' not in text
    assert 'vipkeeper_findings{check="routing-model",status="warning"} 1.0' in shown(
        "prometheus", WARNED
    )


def test_the_map_shows_it_as_a_note() -> None:
    assert "<b>note</b> <bdi>routing-model</bdi>" in shown("html")
    assert NOTED.status is Status.OK
