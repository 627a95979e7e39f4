"""Rules for all tests."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from lab.machine.shell import TOOLS
from tests.schedule import Schedule, place

# A busy machine is no fault of the code under test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# readline, which pytest imports, tells these to every child process; tables would be as narrow.
for _name in ("COLUMNS", "LINES"):
    os.environ.pop(_name, None)
    os.unsetenv(_name)

_HERE = Path(__file__).parent
_UNIT = _HERE / "unit"
_DRAWING = {"dot": "graphviz"}
#: What the tests of a place start, and the package that has it.
_PROGRAMS = {
    "unit/lab/standins": _DRAWING,
    "unit/inventory/sources": _DRAWING,
    "lab": {**_DRAWING, **TOOLS},
    "full_kernel": TOOLS,
    "browser": {"chromium": "chromium", "chromedriver": "chromium-driver"},
}
_SKIPPED: list[str] = []
_BEFORE = pytest.StashKey[set[str]]()
_LEFT: list[str] = []

# What is compiled once is not compiled again by every worker and every vip that a test starts: that
# is half of what they cost. The caches are where .gitignore expects them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Draw one seed for all workers: they must come to the same tests."""
    worker = hasattr(config, "workerinput")
    if not worker:
        _require_programs(config)
        config.stash[_BEFORE] = changed_files(config.rootpath)
    if worker or not config.getoption("numprocesses", default=None):
        _listen_to_signals()
    os.environ.setdefault("VIPKEEPER_SEED", str(random.randrange(2**32)))


def _listen_to_signals() -> None:
    """Let what the tests start have its signals, whatever is ignored here.

    In the background of a script SIGINT is, under nohup(1) SIGHUP, and every command inherits that;
    a handler it does not inherit.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # here it goes on being ignored


def _require_programs(config: pytest.Config) -> None:
    """End the run with one sentence where a program is missing that the chosen tests start."""
    chosen = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    missing = {
        f"{program} ({package})"
        for where, programs in _PROGRAMS.items()
        for program, package in programs.items()
        for path in chosen
        if (path in (_HERE / where, *(_HERE / where).parents) or _HERE / where in path.parents)
        and shutil.which(program) is None
    }
    if missing:
        raise pytest.UsageError(
            f"These tests need {', '.join(sorted(missing))}, which this machine does not have. "
            "bin/setup installs it, or: apt-get install."
        )


def changed_files(checkout: Path) -> set[str]:
    """Return what git says of each file that differs from the commit; nothing where git is not."""
    # Under sudo the checkout belongs to somebody else.
    argv = ["git", "-c", f"safe.directory={checkout}", "status", "--porcelain", "-uall"]
    try:
        done = subprocess.run(argv, cwd=checkout, capture_output=True, text=True, check=False)
    except OSError:
        return set()
    return set(done.stdout.splitlines())


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
    """Let the run fail for a test that could not run, and for files that tests have left.

    Root, namespaces and servers are ours to provide. Outside CI a person may edit files meanwhile:
    there it is only told.
    """
    before = session.config.stash.get(_BEFORE, None)
    if before is not None:
        _LEFT.extend(sorted(changed_files(session.config.rootpath) - before))
    if (_SKIPPED or (_LEFT and os.environ.get("CI"))) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why the run failed."""
    for nodeid in _SKIPPED:
        terminalreporter.write_line(f"skipped, which counts as a failure: {nodeid}", red=True)
    for line in _LEFT:
        terminalreporter.write_line(
            f"the checkout was changed while the tests ran: {line}", red=True
        )
