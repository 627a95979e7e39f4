"""``docs/checks.md`` and the checks: every one has its section, and no section is of nothing."""

from __future__ import annotations

import re

import pytest

from lab.faults.catalogue import FAULTS as LAB_FAULTS
from runbooks.fleet.assess import UNANSWERED
from runbooks.fleet.checker import LEFT_OUT
from tasks.faults.base import Check, Fault
from tasks.faults.catalogue import CURED, FAULTS
from tasks.faults.segment.vm import BY_EXCLUSION
from tasks.health.fleet import FLEET_CHECKS
from tasks.health.judge import NOT_JUDGED, check_ids
from tasks.ladder import Cure
from tests.unit.docs.markdown import page, sections

SECTIONS = sections(page("checks.md"))
ALL: tuple[Check, ...] = (*FAULTS, *NOT_JUDGED, *FLEET_CHECKS)


def test_the_page_has_a_section_for_each_check_and_no_other() -> None:
    assert set(SECTIONS) == {*check_ids(), *UNANSWERED, LEFT_OUT}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_a_section_says_what_the_check_says_of_itself(check: Check) -> None:
    text = SECTIONS[check.id]
    assert text.strip().startswith(f"{check.severity.value}. {check.title}.")
    assert re.search(r"^Remedy: \S", text, re.MULTILINE)


@pytest.mark.parametrize("check", [*FAULTS, *FLEET_CHECKS], ids=lambda check: check.id)
def test_a_section_shows_what_a_finding_looks_like(check: Check) -> None:
    assert re.search(r"^> \S", SECTIONS[check.id], re.MULTILINE)


@pytest.mark.parametrize("row", CURED, ids=lambda row: row.id)
def test_a_remedy_names_the_cure_that_is_carried_out_and_no_other(row: Fault) -> None:
    (remedy,) = re.findall(r"^Remedy: (.*)$", SECTIONS[row.id], re.MULTILINE)
    named = re.findall(r"`vip heal`: `([a-z-]+)`", remedy)
    assert row.cure is not None
    assert named == ([] if row.cure is Cure.NONE else [row.cure.value])
    assert remedy.count("vip heal") == len(named)


def test_the_cures_are_those_of_the_page_of_the_diagnosis() -> None:
    cures: dict[str, str] = {}
    for line in page("diagnosis.md").split("## Faults\n", 1)[1].split("\n## ", 1)[0].splitlines():
        if line.startswith("| `"):
            name, _, cure = (cell.strip() for cell in line.strip("|").split("|"))
            cures |= dict.fromkeys(re.findall(r"`([a-z-]+)`", name), cure.split("`")[1])
    assert cures.keys() == {*(row.id for row in CURED), *BY_EXCLUSION}
    assert {row.id: row.cure.value for row in CURED if row.cure} == {
        name: cure for name, cure in cures.items() if name not in BY_EXCLUSION
    }


def test_the_faults_without_a_check_of_their_name_are_listed() -> None:
    section = page("faults.md").split("## Faults without a check\n", 1)[1]
    told = section.split("\n\nEvery fault", 1)[0]
    listed = set(re.findall(r"^\* `([a-z-]+)`", told, re.MULTILINE))
    known = {fault.diagnosis or fault.name for fault in LAB_FAULTS}
    assert listed == set(BY_EXCLUSION)
    assert known - set(check_ids()) <= listed
