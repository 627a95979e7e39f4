"""The support matrix in the documentation says what the suite says."""

from __future__ import annotations

from tests.unit.napalm_cumulus.conformance import matrix, suite


def test_the_page_is_what_the_report_gives() -> None:
    results = matrix.mocked_results()
    assert all(all(cases.values()) for cases in results.values())
    advice = "run: python -m tests.unit.napalm_cumulus.conformance.matrix"
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.render(results), advice


def test_a_failed_case_shows() -> None:
    page = matrix.render({test: {"a_case": test != "test_ping"} for test in suite.tests()})
    assert "**`a_case` failed**" in next(x for x in page.splitlines() if x.startswith("| `ping`"))
