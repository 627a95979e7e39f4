"""The command that compares and deletes, run by a real shell against a stand-in for ``ip``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.cures.forget import forget_command
from tasks.cures.model import NeighbourEntry

WRONG, RIGHT = "02:de:ad:be:ef:01", "fa:16:3e:00:00:01"


@pytest.mark.parametrize(
    ("now", "mac", "said", "deleted"),
    [
        (f"10.0.0.1 lladdr {WRONG} REACHABLE", WRONG, "forgotten", True),
        (f"10.0.0.1 lladdr {WRONG} extern_learn PERMANENT", WRONG, "forgotten", True),
        (f"10.0.0.1 lladdr {RIGHT} REACHABLE", WRONG, f"changed 10.0.0.1 lladdr {RIGHT}", False),
        ("10.0.0.1 FAILED", WRONG, "changed 10.0.0.1 FAILED", False),
        ("", WRONG, "changed", False),
        ("10.0.0.1 FAILED", "", "forgotten", True),
        (f"10.0.0.1 lladdr {RIGHT} STALE", "", f"changed 10.0.0.1 lladdr {RIGHT}", False),
    ],
)
def test_only_what_was_judged_is_deleted(
    tmp_path: Path, now: str, mac: str, said: str, *, deleted: bool
) -> None:
    ip = tmp_path / "ip"
    ip.write_text(f'#!/bin/sh\n[ "$2" = show ] && echo "{now}" || echo "$@" >>{tmp_path}/did\n')
    ip.chmod(0o755)
    command = forget_command(NeighbourEntry("10.0.0.1", "vlan453", mac))
    done = subprocess.run(
        ["sh", "-c", command],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(said)
    assert (tmp_path / "did").exists() == deleted
    if deleted:
        assert (tmp_path / "did").read_text() == "neigh del 10.0.0.1 dev vlan453\n"
