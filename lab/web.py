"""Starting the stand-ins of the site's web systems in the lab's web namespace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.machine import netns
from lab.machine.shell import in_netns, wait_until
from lab.topology.default import LabError

if TYPE_CHECKING:
    from lab.lab import Lab


def start(lab: Lab) -> None:
    """Start them; returns at once."""
    files = ["--topology", str(lab.state_dir / "topology.json")]
    files += ["--faults", str(lab.state_dir / "web-faults.json")]
    argv = in_netns(lab.fabric.ns("web"), [sys.executable, "-u", "-m", "lab.standins", *files])
    environment = lab.seat.environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with (lab.state_dir / "web.log").open("wb") as log:
        subprocess.run(
            ["setsid", "--fork", *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/",
            check=True,
        )


def wait(lab: Lab) -> None:
    """Wait until every one of them listens."""
    namespace = lab.fabric.ns("web")
    ports = {service.port for service in lab.topology.services}

    def listening() -> bool:
        pids = netns.processes_in([namespace])
        if not pids:
            tail = (lab.state_dir / "web.log").read_text(errors="replace")[-600:]
            raise LabError(f"The web stand-ins ended. They said: {tail}")
        return all(netns.listens(min(pids), port) for port in ports)

    wait_until(lambda: bool(netns.processes_in([namespace])), timeout=5)
    wait_until(listening, timeout=20, what="The web stand-ins did not answer")
