"""``docs/checks.md`` and the checks: every one has its section, and no section is of nothing."""

from __future__ import annotations

import re

import pytest

from runbooks.fleet.assess import UNANSWERED
from runbooks.fleet.checker import LEFT_OUT
from tasks.faults.base import Check
from tasks.faults.catalogue import CHECKS
from tasks.health.fleet import FLEET_CHECKS
from tasks.health.judge import NOT_JUDGED, check_ids
from tests.unit.docs.markdown import page, sections

SECTIONS = sections(page("checks.md"))
ALL: tuple[Check, ...] = (*CHECKS, *NOT_JUDGED, *FLEET_CHECKS)


def test_the_page_has_a_section_for_each_check_and_no_other() -> None:
    assert set(SECTIONS) == {*check_ids(), *UNANSWERED, LEFT_OUT}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_a_section_says_what_the_check_says_of_itself(check: Check) -> None:
    text = SECTIONS[check.id]
    assert text.strip().startswith(f"{check.severity.value}. {check.title}.")
    assert re.search(r"^Remedy: \S", text, re.MULTILINE)


@pytest.mark.parametrize("check", [*CHECKS, *FLEET_CHECKS], ids=lambda check: check.id)
def test_a_section_shows_what_a_finding_looks_like(check: Check) -> None:
    assert re.search(r"^> \S", SECTIONS[check.id], re.MULTILINE)
