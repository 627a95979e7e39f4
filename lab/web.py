"""Starts the stand-ins for the site's web systems in the lab's web namespace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lab.machine import netns
from lab.machine.shell import in_netns, wait_until
from lab.topology.default import LabError, Topology


def start(namespace: str, environment: Mapping[str, str], state_dir: Path) -> None:
    """Start them; return at once.

    Args:
        namespace: the namespace of the web systems.
        environment: the environment of the lab's commands.
        state_dir: the lab's directory, with its topology.
    """
    files = ["--topology", str(state_dir / "topology.json")]
    files += ["--faults", str(state_dir / "web-faults.json")]
    argv = in_netns(namespace, [sys.executable, "-u", "-m", "lab.standins", *files])
    more = {"PYTHONPATH": str(Path(__file__).parents[1])}
    with (state_dir / "web.log").open("wb") as log:
        subprocess.run(
            ["setsid", "--fork", *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment, **more},
            cwd="/",
            check=True,
        )


def wait(namespace: str, topology: Topology, state_dir: Path) -> None:
    """Wait until all of them listen."""
    ports = {service.port for service in topology.services}

    def listening() -> bool:
        pids = netns.processes_in([namespace])
        if not pids:
            tail = (state_dir / "web.log").read_text(errors="replace")[-600:]
            raise LabError(f"The web stand-ins ended. They said: {tail}")
        return all(netns.listens(min(pids), port) for port in ports)

    wait_until(lambda: bool(netns.processes_in([namespace])), timeout=5)
    wait_until(listening, timeout=20, what="The web stand-ins did not answer")
