"""Rules for all tests."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.schedule import Schedule, place

# A busy machine is no fault of the code under test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_UNIT = Path(__file__).parent / "unit"
_SKIPPED: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Draw one seed for all workers: they must come to the same tests."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background of a script; the commands that the tests stop would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("VIPKEEPER_SEED", str(random.randrange(2**32)))


def pytest_report_header() -> str:
    """Say how to get the same tests again."""
    return f"VIPKEEPER_SEED={os.environ['VIPKEEPER_SEED']}"


@pytest.hookimpl(optionalhook=True)  # -p no:xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Schedule:
    """Hand out the tests as tests/schedule.py says."""
    return Schedule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a unit test fail that leaves a socket, file or process open, ours or its own server's."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: place(item.nodeid))
    for item in items:
        if _UNIT in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
            )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A test that could not run is a failure: root, namespaces and servers are ours to provide."""
    if _SKIPPED and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why the run failed."""
    for nodeid in _SKIPPED:
        terminalreporter.write_line(f"skipped, which counts as a failure: {nodeid}", red=True)
