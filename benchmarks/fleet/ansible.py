"""Ansible, in an environment of its own: the locked versions, installed at first use."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import platformdirs

from benchmarks.common import BenchError
from benchmarks.fleet.job import Job

LOCK = Path(__file__).resolve().parent / "requirements-ansible.lock"


def program() -> Path:
    """Return the ``ansible`` command.

    Raises:
        BenchError: it could not be installed.
    """
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = platformdirs.user_cache_path("vipkeeper") / f"benchmark-ansible-{key}"
    wanted = directory / "bin" / "ansible"
    if wanted.exists():
        return wanted
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    install = [directory / "bin" / "python", "-m", "pip", "install", "--quiet"]
    install += ["--disable-pip-version-check", "--require-hashes", "--requirement", LOCK]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(directory, ignore_errors=True)
        raise BenchError(f"Ansible could not be installed: {done.stderr.strip()[-600:]}")
    return wanted


def arguments(module: str, script: str) -> str:
    """Return the argument of an ad-hoc task that runs a script, in JSON, safe from templating."""
    key = "_raw_params" if module == "raw" else "cmd"
    return json.dumps({key: "{% raw %}" + script + "{% endraw %}"})


def write_files(job: Job, ssh: str) -> None:
    """Write Ansible's settings and inventory: as fast as it can be without plugins."""
    (job.directory / "ansible.cfg").write_text(
        f"""\
[defaults]
host_key_checking = True
interpreter_python = /usr/bin/python3
gathering = explicit
local_tmp = {job.directory}/ansible-tmp
timeout = 120

[ssh_connection]
pipelining = True
ssh_args = {ssh} -i {job.key} -o UserKnownHostsFile={job.known_hosts}
"""
    )
    hosts = "".join(f"{address} ansible_user=root\n" for address in job.addresses)
    (job.directory / "inventory").write_text(hosts)
