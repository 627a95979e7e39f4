"""Starts the stand-ins for the site's web systems in the lab's web namespace."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.fabric.leaf import Leaf
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


def poll(namespace: str, topology: Topology, leafs: Iterable[Leaf], kind: str) -> None:
    """Let Observium poll the leafs now; otherwise it does so every five minutes.

    Args:
        namespace: the namespace of the web systems.
        topology: the topology.
        leafs: the leafs.
        kind: their kind; whole machines are asked here, as their namespaces do not have their
            interfaces.

    Raises:
        LabError: it does not answer.
    """
    seen = {
        leaf.spec.name: json.loads(leaf.exec(["ip", "-j", "link"]).stdout or "[]")
        for leaf in leafs
        if kind == "vm" and leaf.running
    }
    url = f"{topology.service('observium').url}lab/poll"
    told = urllib.request.Request(url, json.dumps(seen).encode(), method="POST")  # noqa: S310

    def ask() -> None:
        # A proxy of the machine is none of the lab.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(told, timeout=20) as answer:
            answer.read()

    try:
        netns.in_namespace(namespace, ask)
    except OSError as error:
        raise LabError(f"The lab's Observium does not poll: {error}") from error
