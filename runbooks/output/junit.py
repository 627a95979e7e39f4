"""A check of the fleet as a JUnit report, for CI servers and their trends."""

from __future__ import annotations

from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from runbooks.output.forms import Form
from runbooks.output.text import about, gravest_first, printable, utc, word_of
from tasks.faults.model import Finding, Status, worst
from tasks.health.fleet import FLEET_CHECKS
from tasks.health.model import FleetHealth, SwitchHealth

FLEET = "fleet"


def to_junit(fleet: FleetHealth, *, warnings_fail: bool = True) -> str:
    """Return the report as XML.

    It has a suite for each switch and one for the fleet, and a case for each check.

    CRITICAL is a failure, UNKNOWN an error. Several findings of one check are one case. A check
    that could not be judged on a switch has no case there; an UNKNOWN says why. The case of a note
    passes and has it in ``system-out``.

    Args:
        fleet: the check.
        warnings_fail: whether a WARNING is a failure (of type ``WARNING``); otherwise its case
            passes and has the finding in ``system-out``.
    """
    report = JUnitXml("vip check")
    suites = [_suite(switch, warnings_fail=warnings_fail) for switch in fleet.switches]
    for suite in (_fleet(fleet, warnings_fail=warnings_fail), *suites):
        suite.timestamp = utc(fleet.at).removesuffix("Z")
        # add_testsuite() compares with every suite before: it takes 5 s for 1,000 switches.
        report.append(suite)  # type: ignore[no-untyped-call]
    report.update_statistics()  # type: ignore[no-untyped-call]
    # It would sum up the times of the cases. Nobody has measured those: a switch is read at once.
    for suite, health in zip(suites, fleet.switches, strict=True):
        suite.time = round(health.seconds, 3)
    report.time = round(fleet.seconds, 3)
    return str(report.tostring().decode("utf-8")) + "\n"  # type: ignore[no-untyped-call]


def _fleet(fleet: FleetHealth, *, warnings_fail: bool) -> TestSuite:
    suite = TestSuite(FLEET)
    told = (*fleet.findings, *fleet.notes)
    cases = _cases(FLEET, told, warnings_fail=warnings_fail)
    found = {finding.check for finding in told}
    compared = sum(bool(health.checked) for health in fleet.switches) > 1
    for check in FLEET_CHECKS:
        if check.id not in found:
            case = TestCase(check.id, FLEET, 0)
            if not compared:
                case.result = [Skipped("there are no two switches to compare")]
            cases.append(case)
    suite.add_testcases(cases)
    return suite


def _suite(health: SwitchHealth, *, warnings_fail: bool) -> TestSuite:
    name = printable(health.switch)
    suite = TestSuite(name)
    for key in ("address", "hostname", "rack", "model"):
        if value := getattr(health, key):
            suite.add_property(key, printable(value))
    found = {finding.check for finding in health.findings}
    cases = _cases(name, health.findings, warnings_fail=warnings_fail)
    cases += [TestCase(check, name, 0) for check in health.judged if check not in found]
    suite.add_testcases(cases)
    return suite


def _cases(suite: str, findings: Iterable[Finding], *, warnings_fail: bool) -> list[TestCase]:
    by_check: dict[str, list[Finding]] = {}
    for finding in gravest_first(findings):
        by_check.setdefault(finding.check, []).append(finding)
    return [
        _case(suite, check, found, warnings_fail=warnings_fail) for check, found in by_check.items()
    ]


def _case(suite: str, check: str, found: list[Finding], *, warnings_fail: bool) -> TestCase:
    case = TestCase(printable(check), suite, 0)
    text = "\n".join(_line(finding) for finding in found)
    status = worst(finding.status for finding in found)
    message = printable(f"{about(found[0])}: {found[0].evidence}".removeprefix(": "))
    if len(found) > 1:
        message += f" (and {len(found) - 1} more)"
    if status is Status.OK or (status is Status.WARNING and not warnings_fail):
        case.system_out = text
        return case
    kind = Error if status is Status.UNKNOWN else Failure
    result = kind(message, status.value)
    result.text = text
    case.result = [result]
    return case


def _line(finding: Finding) -> str:
    text = f"{word_of(finding)} {about(finding)}: {finding.evidence}"
    return printable(text + (f" -> {finding.remedy}" if finding.remedy else ""))


FORM = Form(lambda checked: to_junit(checked.fleet))
