"""What the shell completes, and what the help says of a target."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inventory.disk_cache import SWITCH, Cache
from inventory.leafs import Leaf, LeafMemory
from inventory.model import Answer, Switch
from lab.faults.catalogue import FAULTS
from runbooks.cli.app import app
from tests.unit.inventory.fakes import NOW, SW1, SW3
from tests.unit.runbooks.conftest import World

Complete = Callable[..., list[str]]


@pytest.fixture
def complete(world: World, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Completes a command line with the settings of a world that must not be asked."""
    monkeypatch.setenv("VIPKEEPER_CONFIG", str(world.directory / "vipkeeper.toml"))
    monkeypatch.setattr(
        "nornir_config.inventory_plugin.site_from_settings", lambda *_: pytest.fail("it asks")
    )
    cache = Cache(world.directory / "cache")
    for name, address in ((SW1, "10.5.0.41"), (SW3, "10.5.0.43")):
        answer = Answer(Switch(name, ip_address(address)), "Subnet page", NOW)
        cache.store(f"Subnet page http://page.test/ address {name}", answer, SWITCH)
    seen = datetime(2026, 11, 22, tzinfo=timezone.utc)
    leaf = Leaf("swt-sn2100-07.example.internal", ip_address("10.5.0.47"), seen)
    LeafMemory(world.directory / "cache").keep([leaf])

    def run(line: str) -> list[str]:
        words = f"vip {line}"
        asked = {"_VIP_COMPLETE": "complete_bash", "COMP_WORDS": words}
        env = {**asked, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        return CliRunner().invoke(app, prog_name="vip", env=env).stdout.split()

    return run


@pytest.mark.parametrize(
    "line",
    [
        *("check swt-sn2100-0", "toggle swt-sn2100-0", "pending swt-sn2100-0"),
        *("confirm swt-sn2100-0", "rollback swt-sn2100-0", "watch swt-sn2100-0"),
        *("heal vm-a1 --switch swt-sn2100-0", "trace vm-a1 --switch swt-sn2100-0"),
    ],
)
def test_switches_are_those_of_the_kept_answers(complete: Complete, line: str) -> None:
    assert complete(line) == [SW1, SW3, "swt-sn2100-07.example.internal"]
    assert complete(f"{line}3") == [SW3]


def test_where_nothing_is_kept_nothing_is_completed_or_said(
    complete: Complete, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert complete("check no-such-switch") == []
    monkeypatch.setenv("VIPKEEPER_CONFIG", str(tmp_path / "none.toml"))
    assert complete("check swt") == []


def test_checks_forms_faults_leafs_and_vms(complete: Complete) -> None:
    assert "svi-down" in complete("check --skip svi-")
    assert complete("check -f ma") == ["map"]
    assert complete("lab break svi-routes-l") == ["svi-routes-lost"]
    assert len(complete("lab break ")) == len(FAULTS)
    assert "swt-sn2100-03" in complete("lab break svi-down --leaf swt")
    assert "vm-a1" in complete("lab break svi-down --vm vm-")


def test_completion_imports_no_source_and_no_driver() -> None:
    piece = (
        "import sys, runbooks.cli.complete as c, typer.main\n"
        "from runbooks.cli.app import app\n"
        "vip = typer.main.get_command(app)\n"
        "c.switches(vip.make_context('vip', ['check'], resilient_parsing=True), 's')\n"
        "print({'openstack', 'napalm', 'nornir', 'requests', 'paramiko'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", piece], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_help_says_what_a_target_can_be() -> None:
    helps = {
        command: " ".join(CliRunner().invoke(app, [command, "--help"]).stdout.split())
        for command in ("trace", "heal", "toggle", "check")
    }
    whole = "A VM (name, id, fixed or floating address), a hypervisor or a switch."
    assert whole in helps["trace"]
    assert whole not in helps["heal"], "vip heal refuses a switch"
    assert (
        "A VM (name, id, fixed or floating address), or a hypervisor for its VMs." in helps["heal"]
    )
    assert "A switch's name or management address." in helps["toggle"]
    assert "Names or management addresses; none means all." in helps["check"]


@pytest.mark.parametrize("columns", ["60", "0", "", "many", "5", "9" * 12])
def test_piped_tables_are_as_wide_as_columns_says(
    world: World, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    for words in (("trace", "vm-a1"), ("inventory", "show"), ("lab", "faults")):
        with monkeypatch.context() as asked:  # not longer: pytest's own lines are as wide
            asked.setenv("COLUMNS", columns)
            said = world.vip(*words)
        assert said.exit_code == 0, said.output
        widest = max(len(line) for line in said.stdout.splitlines() if "─" in line)
        assert (widest <= 60) == (columns in {"60", "5"}), (words, widest)
        assert 20 < widest <= 2000, "it can be read, whatever COLUMNS says"
