"""A recorded leaf with one thing broken, and what a check is to say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.facts.model import SwitchFacts
from tasks.faults.model import Status
from tasks.faults.view import ExpectedFromSite, ExpectedVm
from tests.unit.tasks.health.recorded import (
    VM,
    changed,
    rows,
    stdout,
)

VIP, VIP2, V0, V1, SVI = "130.246.212.1", "130.246.215.254", "vlan453-v0", "vlan453-v1", "vlan453"
SUBNET = "130.246.212.0/22"
VM_MAC, ROGUE = "fa:16:3e:d4:d5:0b", "02:de:ad:be:ef:01"
HV = "hv50.nubes.example.internal"
HERE = ExpectedFromSite({HV: ("swp1s3",)}, {VM: ExpectedVm((VM_MAC,), HV)})


@dataclass(frozen=True)
class Case:
    """A broken leaf.

    Attributes:
        check: what must be found.
        make: the facts.
        subject: what the finding is about.
        words: must stand in its evidence.
        status: the finding's; the check's own severity when None.
        also: further checks that rightly find something.
        expected: what other systems say.
    """

    check: str
    make: Callable[[], SwitchFacts]
    subject: str
    words: tuple[str, ...] = ()
    status: Status | None = None
    also: frozenset[str] = frozenset()
    expected: ExpectedFromSite | None = None


def links(name: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == name:
            row.update(values)

    return changed("links", change)


def without(section: str, **keys: Any) -> list[Any]:
    return [
        row
        for row in rows(section)
        if not all(row.get(key) == value for key, value in keys.items())
    ]


def address(device: str, new: list[dict[str, Any]] | None) -> list[Any]:
    """The addresses with one device's IPv4 ones replaced."""

    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == device:
            kept = [info for info in row["addr_info"] if info["family"] != "inet"]
            row["addr_info"] = kept + (new or [])

    return changed("addresses", change)


def inet(local: str, length: int) -> dict[str, Any]:
    return {"family": "inet", "local": local, "prefixlen": length, "scope": "global"}


def sysctl(path: str, value: int) -> str:
    lines = [x for x in stdout("sysctls").decode().splitlines() if not x.startswith(f"{path}:")]
    return "\n".join([*lines, f"{path}:{value}", ""])


def probes(*lines: str, drop: str = "nothing") -> str:
    kept = [x for x in stdout("probes").decode().splitlines()[:-1] if not x.startswith(drop)]
    return "\n".join([*kept, *lines, "done", ""])


def flags(name: str, *, drop: str = "", add: str = "") -> list[Any]:
    row = next(row for row in rows("links") if row["ifname"] == name)
    new = [flag for flag in row["flags"] if flag != drop] + ([add] if add else [])
    return links(name, flags=new)


def neighbour(mac: str, state: str = "REACHABLE") -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if (row["dst"], row["dev"]) == (VM, SVI):
            row.update(lladdr=mac, state=[state])

    return changed("neighbours", change)


def many_failed() -> list[Any]:
    return [
        *rows("neighbours"),
        *({"dst": f"130.246.214.{i}", "dev": SVI, "state": ["FAILED"]} for i in range(1, 30)),
    ]


def fdb(mac: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["mac"] == mac and row.get("master") == SVI:
            row.update(values)

    return changed("fdb", change)


def route(**row: Any) -> list[Any]:
    return [*rows("routes"), {"flags": [], **row}]


def drifted() -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["name"] == "swp10":
            row["config_status"]["alias"] = "fail"

    return changed("drift", change)


def peer(state: str) -> dict[str, Any]:
    document: dict[str, Any] = rows("evpn_peers")
    (only,) = document["peers"].values()
    only["state"] = state
    return document


def ports(name: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == name:
            row.update(values)

    return changed("ports", change)


def copied_vip(text: str) -> str:
    return text.replace(f"\taddress-virtual 00:00:5e:00:01:c6 {VIP2}/22", f"\taddress {VIP}/22")


PING = (
    "|PING {0} ({0}) --- {0} ping statistics --- "
    "1 packets transmitted, 0 received, 100% packet loss"
)
WARNING, CRITICAL = Status.WARNING, Status.CRITICAL
