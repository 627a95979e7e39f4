"""``bin/test``: its parts, its seed, and what a missing program and ignored signals do to a run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "bin/test").read_text()


def bin_test(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "bin/test", *arguments], capture_output=True, text=True, check=False
    )


def pytest_run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        argv, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, check=False
    )


def test_the_parts_are_listed() -> None:
    done = bin_test("--full", "list")
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == [
        *("default", "cuts", "power", "cures", "kills", "sources", "ifquery"),
        *("iproute2", "kernel", "oldest", "newest"),
    ]


def test_other_releases_are_the_oldest_or_the_newest() -> None:
    done = subprocess.run(
        [ROOT / "bin/test-releases", "middle"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bin/test-releases: say oldest or newest\n"


@pytest.mark.parametrize("arguments", [("--full", "x"), ("--seed", "x"), ("--seed",)])
def test_what_makes_no_sense_is_one_sentence(arguments: tuple[str, ...]) -> None:
    done = bin_test(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("bin/test: ")
    assert len(done.stderr.splitlines()) == 1


def test_whatever_can_be_asked_for_at_length_is_in_a_part() -> None:
    """A variable that makes a lab test do more, and the files that part names."""
    asking = {
        name
        for folder in ("lab", "full_kernel")
        for file in (ROOT / "tests" / folder).glob("test_*.py")
        for name in re.findall(r"environ\.get\(\"(VIPKEEPER_\w+)\"", file.read_text())
    }
    # A name for a file, the seeds, and a lab that is up already.
    other = re.compile(r"VIPKEEPER_(CATALOGUE_TABLE|TEST_LAB|(DIFFERENTIAL_)?SEED)")
    for name in {name for name in asking if not other.fullmatch(name)}:
        assert f"{name}=" in TEXT, name
    for file in re.findall(r"tests/\w+/test_\w+\.py", TEXT):
        assert (ROOT / file).is_file(), file


def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    done = pytest_run("tests/unit/lab/standins", PATH=str(tmp_path))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (said,) = [line for line in (done.stdout + done.stderr).splitlines() if line]
    assert said.startswith("ERROR: These tests need dot (graphviz), which this machine does not")
    assert "bin/setup installs it" in said


def test_a_run_that_leaves_files_in_the_checkout_fails_in_ci(tmp_path: Path) -> None:
    hooks = "pytest_configure, pytest_sessionfinish, pytest_terminal_summary"
    (tmp_path / "conftest.py").write_text(f"from tests.conftest import {hooks}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it():\n    open('left.txt', 'w').close()\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path,
        env=os.environ | {"CI": "true", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "the checkout was changed while the tests ran: ?? left.txt" in done.stdout


def test_what_is_ignored_here_is_not_ignored_by_what_the_tests_start(tmp_path: Path) -> None:
    """As in ``nohup bin/test &``."""
    script = "trap '' INT HUP; exec \"$@\""
    test = "tests/unit/test_bin_test.py::test_a_command_has_its_signals"
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "pytest", "-n", "1", "-q", test],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_command_has_its_signals(number: int) -> None:
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(number)
    assert child.wait(30) == -number
