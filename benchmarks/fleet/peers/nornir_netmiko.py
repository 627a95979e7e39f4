"""Nornir with nornir_napalm's own connection and task, over a driver made of netmiko.

``nornir_netmiko.py JOB WORKERS``; prints the answers of each switch as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.state import GlobalState
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins.connections import Napalm
from nornir_napalm.plugins.tasks import napalm_cli


def main() -> None:
    """Get the facts of all switches."""
    job = json.loads(Path(sys.argv[1]).read_text())
    ConnectionPluginRegister.register("napalm", Napalm)
    arguments = {"key_file": job["key"], "known_hosts": job["known_hosts"]}
    defaults = Defaults(
        username="root",
        platform="netmiko_linux",
        connection_options={
            "napalm": ConnectionOptions(extras={"timeout": 120, "optional_args": arguments})
        },
    )
    hosts = Hosts(
        {name: Host(name=name, hostname=name, defaults=defaults) for name in job["hosts"]}
    )
    nornir = Nornir(
        inventory=Inventory(hosts=hosts, groups=Groups(), defaults=defaults),
        runner=ThreadedRunner(num_workers=int(sys.argv[2])),
        config=Config.from_dict(logging={"enabled": False}),
        data=GlobalState(),
    )
    results = nornir.run(task=read, commands=job["commands"])
    results.raise_on_error()
    json.dump({name: result[0].result for name, result in results.items()}, sys.stdout)


def read(task: Task, commands: list[str]) -> Result:
    """Read, and close the connection: so many need not stay open."""
    answers = task.run(napalm_cli, commands=commands).result
    task.host.close_connection("napalm")
    return Result(task.host, result=list(answers.values()))


if __name__ == "__main__":
    main()
