"""A switch without a network: its configuration, its kernel's tables, and a NAPALM driver on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from napalm.base import NetworkDriver
from napalm.base.exceptions import ConnectionClosedException

from napalm_cumulus.commit.report import CommitReport, PendingCommit
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.config.merge import merge
from napalm_cumulus.config.snapshot import Snapshot
from napalm_cumulus.parsing.output import shown
from napalm_cumulus.result import CommandResult

SVI = """\
auto vlan453
iface vlan453
	bridge-ports swp1s3 vni10453
	address 130.246.212.2/22
	address-virtual 00:00:5e:00:01:c5 130.246.212.1/22
	address-virtual 00:00:5e:00:01:c6 130.246.215.254/22
	mtu 9000
"""
CONFIG = f"""\
auto lo
iface lo inet loopback

auto eth0
iface eth0
	address 10.5.0.43/24

{SVI}
auto vlan999
iface vlan999
	address 10.99.0.2/24
	address-virtual 00:00:5e:00:01:63 10.99.0.1/24
"""
VM_MAC = "fa:16:3e:00:00:01"
HV = "hv50.nubes.example.internal"


def lldp(*neighbours: tuple[str, str]) -> str:
    mac = [{"type": "mac", "value": "0e:00:00:00:00:50"}]
    interfaces = [
        {"name": p, "chassis": [{"id": mac, "name": [{"value": n}]}], "port": [{"id": mac}]}
        for p, n in neighbours
    ]
    return json.dumps({"lldp": [{"interface": interfaces}]})


def link(name: str, *addresses: str, mac: str = "02:00:00:00:00:01", up: bool = True) -> Any:
    flags = ["BROADCAST", "UP"] if up else ["BROADCAST"]
    info = [{"local": a.split("/")[0], "prefixlen": int(a.split("/")[1])} for a in addresses]
    return {"ifname": name, "flags": flags, "mtu": 9000, "address": mac, "addr_info": info}


def kernel_links() -> list[Any]:
    return [
        link("eth0", "10.5.0.43/24"),
        link("vlan453", "130.246.212.2/22"),
        link("vlan453-v0", "130.246.212.1/22", mac="00:00:5e:00:01:c5"),
        link("vlan453-v1", "130.246.215.254/22", mac="00:00:5e:00:01:c6"),
    ]


def kernel_routes() -> list[Any]:
    rows: list[Any] = []
    for device, ip in (
        ("vlan453", "130.246.212.2"),
        ("vlan453-v0", "130.246.212.1"),
        ("vlan453-v1", "130.246.215.254"),
    ):
        rows.append({"dst": "130.246.212.0/22", "dev": device, "protocol": "kernel", "flags": []})
        rows.append({"type": "local", "dst": ip, "dev": device, "table": "local", "flags": []})
    return rows


def report(**changes: Any) -> CommitReport:
    values: dict[str, Any] = {
        "id": "0123456789ab",
        "mode": "targeted",
        "why_full": "",
        "interfaces": ("vlan453",),
        "result": "reverted",
        "applied_ok": True,
        "reverted_ok": True,
        "seconds_applied": 0.15,
        "seconds_reverted": 0.16,
        "outage_seconds": 0.31,
        "problems": (),
        "log": (),
    }
    return CommitReport(**{**values, **changes})


def pending_commit(**changes: Any) -> PendingCommit:
    values: dict[str, Any] = {
        "id": "0123456789ab",
        "owner": "bob@seat",
        "message": "new rack",
        "created": 1,
        "remaining": 42,
        "mode": "targeted",
        "interfaces": ("vlan453",),
        "state": "pending",
        "armed": True,
    }
    return PendingCommit(**{**values, **changes})


@dataclass
class FakeSwitch:
    """What a `FakeDriver` works on."""

    hostname: str = "swt-sn2100-03"
    tree: dict[str, str] = field(default_factory=lambda: {MAIN_FILE: CONFIG})
    lldp: str = field(default_factory=lambda: lldp(("swp1s3", HV)))
    fdb: list[Any] = field(default_factory=list)
    neighbours: list[Any] = field(default_factory=list)
    permanent: list[Any] = field(default_factory=list)
    permanent6: list[Any] = field(default_factory=list)
    routes6: list[Any] = field(default_factory=list)
    links: list[Any] = field(default_factory=kernel_links)
    routes: list[Any] = field(default_factory=kernel_routes)
    arping: str = "sent"
    boot: str = "0e1c"
    pending: PendingCommit | None = None
    open_errors: list[Exception] = field(default_factory=list)
    on_commit: Callable[[FakeSwitch], None] | None = None
    events: list[str] = field(default_factory=list)
    not_root: Exception | None = None
    alive: bool = True
    #: How many commands each round trip had that reads facts.
    batches: list[int] = field(default_factory=list)
    #: What a command leaves behind in the place of its answer, by words that it holds.
    instead: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def result(self, command: str) -> CommandResult:
        """What a command leaves behind: its exit status, and what it prints."""
        for words, (status, out, error) in self.instead.items():
            if words in command:
                return CommandResult(command, status, out.encode(), error.encode())
        return CommandResult(command, 0, self.answer(command).encode(), b"")

    def answer(self, command: str) -> str:
        tables = {
            "hostname": self.hostname + "\n",
            "bridge -j fdb show": json.dumps(self.fdb),
            "ip -j neigh show": json.dumps(self.neighbours),
            "ip -j -4 neigh show nud permanent": json.dumps(self.permanent),
            "ip -d -j link show": json.dumps(self.links),
            "ip -j addr show": json.dumps(self.links),
            "ip -j -4 route show table all": json.dumps(self.routes),
            "ip -j -6 route show table all": json.dumps(self.routes6),
            "ip -j -6 neigh show nud permanent": json.dumps(self.permanent6),
        }
        if "arping" in command:
            return self._announced(command)
        if command.startswith(("ip route replace", "ip neigh replace")):
            self.events.append(command)
            if command.startswith("ip route"):
                words = command.split()
                self.routes.append({"dst": words[3], "gateway": words[5], "dev": words[7]})
            return ""
        if "boot_id" in command:
            return f"{self.boot}\n100.50 90.00\n1 (systemd) {' '.join(['0'] * 20)}\n"
        if "/proc/sys" in command:
            return "vlan453-v0/rp_filter=0\n"
        if "lldpctl" in command:
            return self.lldp
        return tables[shown(command)]

    def _announced(self, command: str) -> str:
        self.events.append("arping")
        if self.arping == "absent":
            return "absent\n"
        devices = re.findall(r"announce (\S+) \S+ &", command)
        return "".join(f"{device} {self.arping}\n" for device in devices)


class FakeDriver(NetworkDriver):  # type: ignore[misc]  # napalm is untyped
    """A NAPALM driver over a `FakeSwitch`; remembers what its constructor was given."""

    def __init__(self, switch: FakeSwitch, **arguments: Any) -> None:
        self.switch = switch
        self.arguments = arguments
        self.candidate: str | None = None
        self.last_commit: CommitReport | None = None

    def open(self) -> None:
        self.switch.events.append("open")
        if self.switch.open_errors:
            raise self.switch.open_errors.pop(0)
        self.switch.alive = True

    def close(self) -> None:
        self.switch.events.append("close")

    def is_alive(self) -> Any:
        return {"is_alive": self.switch.alive}

    def cli(self, commands: list[str], encoding: str = "text", *, check: bool = True) -> Any:
        del encoding, check
        return {command: self.switch.result(command).stdout.decode() for command in commands}

    def run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        del timeout
        if not self.switch.alive:
            raise ConnectionClosedException("the session is lost")
        self.switch.batches.append(len(commands))
        return [self.switch.result(command) for command in commands]

    def require_root(self) -> None:
        if self.switch.not_root:
            raise self.switch.not_root

    @property
    def take_snapshot(self) -> Callable[[], Snapshot]:
        tree = self.switch.tree
        return lambda: Snapshot(Configuration(tree), None, {}, tuple(tree))

    def get_config(self, *_: Any, **__: Any) -> Any:
        text = Configuration(self.switch.tree).to_text()
        return {"running": text, "startup": text, "candidate": ""}

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        del filename
        self.switch.events.append("load")
        self.candidate = config

    def compare_config(self) -> str:
        base = Configuration(self.switch.tree)
        return base.diff_to(merge(base, self.candidate).configuration) if self.candidate else ""

    def discard_config(self) -> None:
        self.switch.events.append("discard")
        self.candidate = None

    def commit_config(
        self, message: str = "", revert_in: int | None = None, *, bounce: bool = False
    ) -> None:
        self.switch.events.append(f"commit bounce={bounce} revert_in={revert_in} {message}")
        if self.switch.on_commit:
            self.switch.on_commit(self.switch)
        self.last_commit = report()

    def confirm_commit(self) -> None:
        self.switch.events.append("confirm")
        self.switch.pending = None

    def rollback(self, *, pending_only: bool = False) -> None:
        assert pending_only, "a confirmed commit must never be undone by this task"
        self.switch.events.append("rollback")
        self.switch.pending = None

    @property
    def pending(self) -> PendingCommit | None:
        return self.switch.pending


Drivers = Callable[[str], Callable[..., FakeDriver]]


def serving(switches: dict[str, FakeSwitch]) -> Drivers:
    """What stands in for ``login_class``: a driver for the switch of each address."""

    def find(platform: str) -> Callable[..., FakeDriver]:
        assert platform == "cumulus"

        def build(**arguments: Any) -> FakeDriver:
            return FakeDriver(switches[arguments["hostname"]], **arguments)

        return build

    return find
