"""JUnit as a CI server reads it: suites by switch, cases by check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from runbooks.output.junit import to_junit
from tasks.health.fleet import FLEET_CHECKS
from tasks.health.model import FleetHealth
from tests.unit.runbooks.output import fleets


def suites(fleet: FleetHealth, **options: Any) -> dict[str, TestSuite]:
    return {suite.name: suite for suite in JUnitXml.fromstring(to_junit(fleet, **options))}


def cases(suite: TestSuite) -> dict[str, TestCase]:
    found = {case.name: case for case in suite}
    assert len(found) == len(list(suite))
    assert {case.classname for case in suite} == {suite.name}
    return found


def test_a_suite_for_each_switch_and_one_for_the_fleet() -> None:
    report = JUnitXml.fromstring(to_junit(fleets.forty()))
    assert [suite.name for suite in report] == [
        "fleet",
        *(health.switch for health in fleets.forty().switches),
    ]
    assert (report.failures, report.errors, report.skipped) == (9, 2, 0)
    assert report.time == 1.84
    seventh = {suite.name: suite for suite in report}[fleets.name_of(7)]
    assert seventh.time == 0.31
    assert seventh.timestamp == "2026-11-22T17:31:00.250"
    properties = seventh.properties()  # type: ignore[no-untyped-call]
    assert {p.name: p.value for p in properties} == {
        "address": "10.5.0.8",
        "hostname": fleets.name_of(7),
        "rack": "R2",
        "model": "sn2100",
    }


def test_a_case_for_each_check() -> None:
    found = cases(suites(fleets.one_down())[fleets.name_of(3)])
    assert set(found) == set(fleets.JUDGED)
    [failure] = found["vrr-device-deleted"].result
    assert isinstance(failure, Failure)
    assert failure.type == "CRITICAL"
    assert failure.message == f"130.246.212.1 on vlan453: {fleets.DELETED.evidence}"
    assert fleets.DELETED.remedy in str(failure.text)
    assert sum(case.is_passed for case in found.values()) == len(fleets.JUDGED) - 1


def test_several_findings_of_one_check_are_one_case() -> None:
    other = replace(fleets.DELETED, subject="130.246.216.1", interface="vlan454")
    fleet = fleets.fleet_of(fleets.ill(fleets.leaf(1), fleets.DELETED, other))
    [failure] = cases(suites(fleet)[fleets.name_of(1)])["vrr-device-deleted"].result
    assert failure.message.endswith("(and 1 more)")
    lines = str(failure.text).splitlines()
    assert len(lines) == 2
    assert "130.246.216.1 on vlan454" in lines[1]


def test_unknown_is_an_error_and_what_could_not_be_judged_has_no_case() -> None:
    found = cases(suites(fleets.forty())[fleets.name_of(18)])
    assert set(found) == {"unreachable"}
    [error] = found["unreachable"].result
    assert isinstance(error, Error)
    assert error.type == "UNKNOWN"


def test_a_warning_fails_or_is_told_beside_a_passed_case() -> None:
    name = fleets.name_of(36)
    [failure] = cases(suites(fleets.forty())[name])["vrr-rp-filter"].result
    assert (type(failure), failure.type) == (Failure, "WARNING")
    case = cases(suites(fleets.forty(), warnings_fail=False)[name])["vrr-rp-filter"]
    assert case.is_passed
    assert fleets.RP_FILTER.evidence in str(case.system_out)


def test_the_fleet_s_checks_pass_fail_or_had_nothing_to_compare() -> None:
    of_fleet = {check.id for check in FLEET_CHECKS}
    found = cases(suites(fleets.forty())["fleet"])
    assert set(found) == of_fleet
    failed = {name for name, case in found.items() if not case.is_passed}
    assert failed == {"routing-model", "vip-mac-differs"}
    alone = cases(suites(fleets.fleet_of(fleets.leaf(1)))["fleet"])
    assert set(alone) == of_fleet
    assert {type(result) for case in alone.values() for result in case.result} == {Skipped}


def test_foreign_text_stays_text() -> None:
    found = suites(fleets.hostile())
    assert len(found) == 11
    first = found[f"1{fleets.HOSTILE[0]}"]
    [failure] = cases(first)[fleets.HOSTILE[0]].result
    assert fleets.HOSTILE[0] in failure.message


@pytest.mark.parametrize("name", ["healthy", "one_down", "forty"])
def test_every_finding_is_in_it(name: str) -> None:
    fleet = getattr(fleets, name)()
    text = "\n".join(
        str(result.text) for s in suites(fleet).values() for case in s for result in case.result
    )
    for finding in fleet.all_findings:
        assert f"{finding.status.value} " in text
        assert finding.evidence in text
