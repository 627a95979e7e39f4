"""What a session and a read cost the client: this driver, raw paramiko, and netmiko.

Run as root from the repository's root; it builds its own lab and takes it down again::

    .venv/bin/python benchmarks/ssh_cost.py

``README.md`` beside this file says what is measured and how to read the table.
"""

from __future__ import annotations

import shlex
import statistics
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import paramiko
from napalm.base.exceptions import NapalmException
from netmiko import ConnectHandler
from netmiko.exceptions import NetmikoTimeoutException, ReadTimeout
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.common import (
    BenchError,
    lab_up,
    load,
    parser,
    positive,
    warn,
    write,
)
from lab.lab import Lab
from lab.machine.netns import in_namespace
from lab.topology.default import LabError, default_topology
from napalm_cumulus import CumulusDriver
from napalm_cumulus.getters import methods

LEAF = "03"
CONNECT, FACTS, SET = "connect, true, close", "get_facts", "6 getters"
GETTERS = {
    FACTS: ("get_facts",),
    SET: (
        "get_facts",
        "get_interfaces",
        "get_interfaces_ip",
        "get_lldp_neighbors",
        "get_arp_table",
        "get_mac_address_table",
    ),
}
BASE = "paramiko"


@dataclass(frozen=True)
class Cost:
    """One job done once.

    Attributes:
        job: what was done.
        client: by which client.
        cpu: processor time of this process, user and system, in seconds.
        wall: what was waited for, in seconds.
    """

    job: str
    client: str
    cpu: float
    wall: float


class Client(ABC):
    """A way to reach the leaf; ``connect`` is called in the seat's namespace.

    Args:
        lab: the lab, which is up.
    """

    name = ""

    def __init__(self, lab: Lab) -> None:
        self.seat = lab.seat
        self.address = str(lab.topology.leaf(LEAF).address.ip)

    @abstractmethod
    def connect(self) -> None:
        """Open a session; the host key is verified."""

    @abstractmethod
    def run(self, command: str) -> str:
        """Return a command's stdout."""

    @abstractmethod
    def close(self) -> None:
        """End the session."""

    def get(self, getters: Sequence[str]) -> int:
        """Run what the getters ask for, one command after the other; characters received."""
        return sum(len(self.run(command)) for command in commands_of(getters))


class Ours(Client):
    """The driver of this repository; its reads are also parsed."""

    name = "napalm_cumulus"

    def connect(self) -> None:
        """Open a session."""
        options = {
            "known_hosts_file": str(self.seat.known_hosts),
            "ssh_config_file": "/dev/null",
            "key_file": str(self.seat.key_file),
            "use_agent": False,
        }
        self.driver = CumulusDriver(self.address, "root", "", 30, options)
        self.driver.open()

    def run(self, command: str) -> str:
        """Return a command's stdout."""
        return str(self.driver.cli([command])[command])

    def close(self) -> None:
        """End the session."""
        self.driver.close()

    def get(self, getters: Sequence[str]) -> int:
        """Read and parse, in one round trip."""
        # What napalm_get and compliance_report do here.
        found = self.driver._get_many({name: {} for name in getters})  # noqa: SLF001
        return sum(len(answer) for answer in found.values())


class Paramiko(Client):
    """paramiko's own client as its documentation shows it."""

    name = BASE

    def connect(self) -> None:
        """Open a session."""
        self.client = paramiko.SSHClient()
        self.client.load_host_keys(str(self.seat.known_hosts))
        self.client.connect(
            self.address,
            username="root",
            key_filename=str(self.seat.key_file),
            allow_agent=False,
            look_for_keys=False,
            timeout=30,
        )

    def run(self, command: str) -> str:
        """Return a command's stdout."""
        _, stdout, stderr = self.client.exec_command(command, timeout=60)
        text = stdout.read().decode()
        stderr.read()
        stdout.channel.recv_exit_status()
        return text

    def close(self) -> None:
        """End the session."""
        self.client.close()


class Netmiko(Client):
    """netmiko for Linux: a terminal, and its prompt waited for."""

    name = "netmiko"

    def connect(self) -> None:
        """Open a session."""
        self.connection = ConnectHandler(
            device_type="linux",
            host=self.address,
            username="root",
            use_keys=True,
            key_file=str(self.seat.key_file),
            allow_agent=False,
            ssh_strict=True,
            alt_host_keys=True,
            alt_key_file=str(self.seat.known_hosts),
        )

    def run(self, command: str) -> str:
        """Return a command's stdout."""
        return str(self.connection.send_command(command, read_timeout=60))

    def close(self) -> None:
        """End the session."""
        self.connection.disconnect()


def commands_of(getters: Sequence[str]) -> list[str]:
    """Return the commands that the getters need, each once."""
    asked = (methods.ask(getter) for getter in getters)
    commands = dict.fromkeys(command for one in asked if one for command in one.commands)
    # Some end their shell: netmiko has but one for all. The driver wraps them alike.
    return [f"sh -c {shlex.quote(command)}" for command in commands]


def measured(job: str, client: str, work: Callable[[], object]) -> Cost:
    """Do it, and say what it cost this process."""
    # Finer than os.times(); none of the clients starts other processes.
    cpu, begin = time.process_time(), time.monotonic()
    work()
    wall = time.monotonic() - begin
    return Cost(job, client, time.process_time() - cpu, wall)


def once(client: Client, job: str) -> Cost:
    """Run one job of one client; opening the session counts only for the first job."""
    if job == CONNECT:

        def work() -> None:
            client.connect()
            client.run("true")
            client.close()

        return in_namespace(client.seat.netns, lambda: measured(job, client.name, work))
    in_namespace(client.seat.netns, client.connect)
    try:
        cost = measured(job, client.name, lambda: require(client, GETTERS[job]))
    finally:
        client.close()
    return cost


def require(client: Client, getters: Sequence[str]) -> None:
    """Read, and see that something was read."""
    if client.get(getters) < len(getters):
        raise BenchError(f"{client.name} read nothing for {', '.join(getters)}.")


def run(options_lab: str, rounds: int, console: Console) -> list[Cost]:
    """Build the lab, measure, take it down."""
    console.print(f"Bringing the lab {options_lab!r} up ...")
    costs: list[Cost] = []
    with lab_up(default_topology(options_lab)) as lab:
        clients: list[Client] = [Ours(lab), Paramiko(lab), Netmiko(lab)]
        jobs = (CONNECT, *GETTERS)
        for client in clients:  # what is loaded at the first use is no cost of a session
            for job in jobs:
                once(client, job)
        for number in range(rounds):
            # Who comes first changes from round to round.
            turn = number % len(clients)
            for job in jobs:
                costs += [once(client, job) for client in clients[turn:] + clients[:turn]]
        console.print(f"{rounds} rounds; load {load()}")
    return costs


def median(costs: Sequence[Cost], job: str, client: str, what: str) -> float:
    """Return the median of one column."""
    values: list[float] = [
        getattr(cost, what) for cost in costs if (cost.job, cost.client) == (job, client)
    ]
    return statistics.median(values)


def show(costs: Sequence[Cost], console: Console) -> None:
    """Print the table."""
    title = f"Medians in ms, and as ratios to {BASE}"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("job", no_wrap=True)
    table.add_column("client", no_wrap=True)
    for name in ("n", "commands", "CPU", "ratio", "wall", "ratio"):
        table.add_column(name, justify="right")
    names = (Ours.name, Paramiko.name, Netmiko.name)
    for job in (CONNECT, *GETTERS):
        commands = len(commands_of(GETTERS[job])) if job in GETTERS else 1
        for client in names:
            cells = []
            for what in ("cpu", "wall"):
                value = median(costs, job, client, what)
                base = median(costs, job, BASE, what)
                cells += [f"{value * 1000:.1f}", f"{value / base:.2f}" if base else "-"]
            table.add_row(
                job if client == names[0] else "",
                client,
                str(sum((cost.job, cost.client) == (job, client) for cost in costs)),
                str(commands),
                *cells,
                end_section=client == names[-1],
            )
    console.print(table)


def main() -> int:
    """Measure; 0 unless something broke, whatever the times are."""
    arguments = parser(__doc__, "cost")
    arguments.add_argument("--rounds", type=positive, default=20, help="(default: 20)")
    options = arguments.parse_args()
    console = Console()
    warn(console)
    try:
        costs = run(options.lab, options.rounds, console)
    except (
        BenchError,
        LabError,
        NapalmException,
        NetmikoTimeoutException,
        ReadTimeout,
        paramiko.SSHException,
    ) as error:
        print(f"The benchmark broke: {error}", file=sys.stderr)
        return 1
    show(costs, console)
    if options.json:
        write(options.json, {"getters": GETTERS, "rounds": [asdict(x) for x in costs]}, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
