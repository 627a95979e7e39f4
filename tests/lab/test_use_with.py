"""The examples of docs/use-with.md that say "Run in the lab" run in the lab."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lab.lab import Lab

PAGE = (Path(__file__).parents[2] / "docs" / "use-with.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (napalm .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the examples."""
    for name, text in re.findall(r"^```\w+\n# ([\w.]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(lab: Lab, folder: Path, argv: list[str]) -> str:
    done = subprocess.run(
        lab.seat.command([str(Path(sys.executable).parent / argv[0]), *argv[1:]]),
        env=lab.seat.environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_napalms_command_line(well: Lab, folder: Path) -> None:
    arp, diff, report = (run(well, folder, shlex.split(line)) for line in COMMANDS)
    assert {entry["interface"] for entry in json.loads(arp)} >= {"eth0"}
    assert "+    address 10.77.0.1/24" in diff
    assert json.loads(report)["complies"] is True


def test_nornirs_own_tasks(well: Lab, folder: Path) -> None:
    said = run(well, folder, ["python", "with_nornir.py"])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert "Traceback" not in plain
    assert "'hostname': 'hv50.nubes.example.internal'" in plain
    assert plain.count("'probes_sent': 2") == 2
    assert "'complies': True" in plain
    assert "'complies': False" not in plain
    assert plain.count("+    address 10.77.0.1/24") == 2
