"""What other programs load: it imports nothing of ours, and names a file in the way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

import vipkeeper_entry
from nornir_config.inventory_plugin import SiteInventory
from nornir_config.runner.fleet import FleetRunner

OURS = ("inventory", "lab", "napalm_cumulus", "nornir_config", "runbooks", "tasks")


def test_it_imports_nothing_of_ours() -> None:
    code = "import json, sys, vipkeeper_entry; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {*OURS, "nornir", "napalm"}


def test_ctrl_c_while_vips_own_handler_is_still_imported_prints_no_traceback() -> None:
    code = (
        "import os, signal, vipkeeper_entry as entry\n"
        "entry.importlib.import_module = lambda name: os.kill(os.getpid(), signal.SIGINT)\n"
        "entry.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_the_plugins_are_what_they_stand_for() -> None:
    assert vipkeeper_entry.SiteInventory == SiteInventory
    assert FleetRunner == vipkeeper_entry.FleetRunner
    assert vipkeeper_entry.SiteInventory != FleetRunner
    assert isinstance(vipkeeper_entry.FleetRunner(), FleetRunner)
    assert vipkeeper_entry.SiteInventory.__name__ == "SiteInventory"  # for a list of plugins
    assert len({vipkeeper_entry.SiteInventory, vipkeeper_entry.FleetRunner}) == 2


def test_a_module_that_was_imported_before_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vipkeeper_entry.require_own(*OURS)
    theirs = types.ModuleType("inventory")
    theirs.__file__ = str(tmp_path / "inventory.py")
    monkeypatch.setitem(sys.modules, "inventory", theirs)
    with pytest.raises(ImportError, match=rf"^{tmp_path}/inventory\.py hides .* 'inventory'"):
        vipkeeper_entry.SiteInventory()


def test_a_folder_of_data_hides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    vipkeeper_entry.require_own("tasks")
    (tmp_path / "tasks" / "__init__.py").touch()
    with pytest.raises(vipkeeper_entry.HiddenPackageError, match=r"tasks/__init__\.py hides"):
        vipkeeper_entry.require_own("tasks")
