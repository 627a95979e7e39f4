"""One job for all clients: the switches, the commands, and the files in which clients want them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.swarm.names import SwarmSwitch
from lab.swarm.swarm import Swarm
from napalm_cumulus import batch
from tasks.facts.collect import Probes, commands

#: What stands between the outputs; fixed, so that the script can lie in a file.
BOUNDARY = "--b0f1ee7b0f1ee7b0f1ee7b0f1ee7b0f1"


def facts() -> list[str]:
    """Return the shell lines that ``vip check`` runs on a switch."""
    return list(commands(Probes()).values())


@dataclass(frozen=True)
class Job:
    """Some switches of a simulated fleet, and a directory with everything that a client needs.

    Attributes:
        directory: where the files below are; commands run there.
        switches: which switches.
        key: the private key that logs in.
    """

    directory: Path
    switches: tuple[SwarmSwitch, ...]
    key: Path

    @property
    def known_hosts(self) -> Path:
        """Return the host keys of these switches, and no others."""
        return self.directory / "known_hosts"

    @property
    def addresses(self) -> list[str]:
        """Return the management addresses."""
        return [str(switch.address) for switch in self.switches]

    @property
    def script(self) -> Path:
        """Return all commands as one script, their outputs framed."""
        return self.directory / "script.sh"


def write_job(swarm: Swarm, directory: Path, switches: Sequence[SwarmSwitch]) -> Job:
    """Write a job's files: hosts, host keys, commands, and the settings of ``vip``."""
    directory.mkdir(parents=True)
    seat = swarm.lab.seat
    job = Job(directory, tuple(switches), seat.key_file)
    wanted = set(job.addresses)
    lines = swarm.known_hosts.read_text().splitlines(keepends=True)
    job.known_hosts.write_text("".join(line for line in lines if line.partition(",")[0] in wanted))
    job.script.write_bytes(batch.script(facts(), BOUNDARY))
    (directory / "hosts").write_text("".join(f"{address}\n" for address in job.addresses))
    content = {
        "hosts": job.addresses,
        "key": str(job.key),
        "known_hosts": str(job.known_hosts),
        "commands": facts(),
        "script": str(job.script),
        "boundary": BOUNDARY,
    }
    (directory / "job.json").write_text(json.dumps(content))
    (directory / "vipkeeper.toml").write_text(_settings(job))
    return job


def _settings(job: Job) -> str:
    return f"""\
[ssh]
username = "root"
key_file = "{job.key}"
known_hosts = "{job.known_hosts}"
use_agent = false
connect_timeout = 120

[check]
deadline = 7200
switch_deadline = 600

[paths]
cache = "{job.directory}/cache"
reports = "{job.directory}/reports"
audit = "{job.directory}/audit.jsonl"
"""
