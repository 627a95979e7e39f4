"""What ``bin/demo`` shows a newcomer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.lab import Lab


def test_the_demo_tells_the_main_job_and_cleans_up(tmp_path: Path) -> None:
    name = f"story{os.getpid() % 100000}"
    told = subprocess.run(
        [str(Path(sys.executable).parent / "vip"), "lab", "demo", "--name", name],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    chapters = ["1. The fabric", "2. All is well", "3. The fault", "4. vip heal vm-a1"]
    places = [told.stdout.index(part) for part in (*chapters, "5. What the VMs saw")]
    assert places == sorted(places)
    assert "diagnosis     svi-routes-lost" in told.stdout
    assert "cut off       one leaf" in told.stdout
    assert "HEALED: vm-a1 answers again: svi-routes-lost was cured by reapply" in told.stdout
    assert "0 of" in told.stdout.split("vm-x1, on another VLAN")[1]
    assert "\x1b[" not in told.stdout, "colours on what is no terminal"
    (report,) = tmp_path.glob("vipkeeper/demo/*/*heal*.json")
    assert str(report) in told.stdout
    assert not Lab(name).is_up
    assert not Lab(name).state_dir.exists()
