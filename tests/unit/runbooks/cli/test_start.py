"""What a command line imports before it knows what to do: `benchmarks/start_cost.py` weighs it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lab.cli import app as lab_app
from runbooks.cli.app import app
from runbooks.cli.guard import LAB_HELP
from runbooks.cli.options import _HEAVY

#: Runs a command line, and prints the top-level packages that it has imported.
SCRIPT = """\
import json, sys
from runbooks.cli.main import main
sys.argv[0] = "vip"
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("words", [("--help",), ("heal", "--help"), ("inventory", "--help")])
def test_help_imports_nothing_that_only_commands_need(words: tuple[str, ...]) -> None:
    heavy = {
        "lab",
        "tasks",
        "rich",
        "nornir",
        "napalm",
        "paramiko",
        "openstack",
        "requests",
        "bs4",
        "flask",
    }
    assert not imported(*words) & heavy


def test_the_labs_line_in_the_help_is_the_labs_own() -> None:
    assert lab_app.info.help == LAB_HELP


def test_the_labs_commands_are_there_when_one_is_asked_for() -> None:
    said = CliRunner().invoke(app, ["lab", "--help"])
    assert said.exit_code == 0
    assert LAB_HELP in said.stdout
    first = {line.split()[0] for line in said.stdout.splitlines() if line.strip()}
    assert {"up", "break", "mend", "down"} <= first
    wrong = CliRunner().invoke(app, ["lab", "brake"])
    assert (wrong.exit_code, "No such command" in wrong.output) == (2, True)


def test_a_repair_is_planned_without_napalm_and_its_vendors_drivers() -> None:
    """Only a change, a toggle's plan, or a failure takes NAPALM: it is half of a start."""
    modules = (*_HEAVY, "runbooks.heal", "runbooks.check", "tasks.cures.apply")
    script = (
        f"import json, sys, {', '.join(modules)}\n"
        "from napalm_cumulus.session import Session\n"
        "options = {'keepalive': 5, 'ssh_config_file': '/dev/null', 'session_timeout': None}\n"
        "Session('10.5.0.43', 'root', '', 10, options)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "paramiko" in packages
    assert not packages & {"napalm", "netmiko", "nornir_napalm", "pyeapi", "ncclient"}


@pytest.mark.parametrize("words", [[], ["up"], ["demo", "--keep"], ["status", "--name", "x"]])
def test_without_its_extra_the_lab_says_what_is_missing(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "flask" else find(name)
    )
    said = CliRunner().invoke(app, ["lab", *words])
    assert said.exit_code == 2
    assert "the embedded lab is not installed on this machine" in said.output
    assert "pip install 'vipkeeper[lab]'" in said.output
