"""A check of the fleet as a JUnit report, for CI servers and their trends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from runbooks.output.text import about, gravest_first, printable, utc
from tasks.health.model import Finding, FleetHealth, Status, SwitchHealth, worst

FLEET = "fleet"


def to_junit(fleet: FleetHealth, *, checks: Sequence[str] = (), warnings_fail: bool = True) -> str:
    """The report as XML: a suite for each switch and one for the fleet, a case for each check.

    CRITICAL is a failure, UNKNOWN an error. Several findings of one check are one case.

    Args:
        fleet: what was found.
        checks: the ids of all checks of a switch; each that found nothing is a case that passed,
            or a skipped one on a switch where nothing could be judged. Without them one case
            says how many others passed.
        warnings_fail: whether a WARNING is a failure (of type ``WARNING``); else its case passes
            and tells of it in ``system-out``.
    """
    report = JUnitXml("vip check")
    suites = [_suite(switch, checks, warnings_fail=warnings_fail) for switch in fleet.switches]
    overall = TestSuite(FLEET)
    overall.add_testcases(_cases(FLEET, fleet.findings, warnings_fail=warnings_fail))
    if not fleet.findings:
        overall.add_testcase(TestCase("consistency", FLEET, 0))
    for suite in (overall, *suites):
        suite.timestamp = utc(fleet.at).removesuffix("Z")
        report.add_testsuite(suite)
    report.update_statistics()  # type: ignore[no-untyped-call]
    # It sums up the cases' times, which nobody has measured: a switch is read in one go.
    for suite, health in zip(suites, fleet.switches, strict=True):
        suite.time = round(health.seconds, 3)
    report.time = round(fleet.seconds, 3)
    return str(report.tostring().decode("utf-8")) + "\n"  # type: ignore[no-untyped-call]


def _suite(health: SwitchHealth, checks: Sequence[str], *, warnings_fail: bool) -> TestSuite:
    name = printable(health.switch)
    suite = TestSuite(name)
    for key in ("address", "hostname", "rack", "model"):
        if value := getattr(health, key):
            suite.add_property(key, printable(value))
    suite.add_testcases(_cases(name, health.findings, warnings_fail=warnings_fail))
    found = {finding.check for finding in health.findings}
    others = [check for check in checks if check not in found]
    if not checks and health.checked:
        others = [f"other checks ({max(health.checked - len(found), 0)})"]
    for check in others:
        case = TestCase(check, name, 0)
        if not health.checked:
            case.result = [Skipped("nothing could be judged on this switch")]
        suite.add_testcase(case)
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
    text = f"{finding.status.value} {about(finding)}: {finding.evidence}"
    return printable(text + (f" -> {finding.remedy}" if finding.remedy else ""))
