"""What a leaf with tenant VRFs printed (Linux 6.1, ifupdown2 3.0.0), and variations of it.

Two tenants have the same subnet, VIP and VM address; a third gateway is in the default VRF.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napalm_cumulus.result import CommandResult
from tasks.facts.assemble import read_facts
from tasks.facts.collect import Probes, commands
from tasks.facts.model import SwitchFacts
from tests.unit.tasks.health.recorded import SWITCH, archive

V0 = "vlan453-v0"
_HERE = Path(__file__).parent / "samples" / "vrf_leaf"
_COMMANDS = commands(Probes())
INTERFACES = (_HERE / "interfaces").read_text()
_ELSEWHERE = {"hostname": b"swt-sn2100-03\n", "left_over": b"done\n", "drift": b"[]"}


def rows(name: str) -> Any:
    """The recorded output as JSON."""
    return json.loads((_HERE / name).read_bytes())


def facts(interfaces: str = INTERFACES, **changes: Any) -> SwitchFacts:
    """The facts of the leaf, with some outputs replaced; FRR and lldpd are not installed."""
    found = {}
    for name, command in _COMMANDS.items():
        status, output = 127, b""
        if name in changes:
            change = changes[name]
            status, output = 0, change if isinstance(change, bytes) else json.dumps(change).encode()
        elif name == "configuration":
            status, output = 0, archive(**{"etc/network/interfaces": interfaces})
        elif name in _ELSEWHERE:
            status, output = 0, _ELSEWHERE[name]
        elif (_HERE / name).exists():
            status, output = 0, (_HERE / name).read_bytes()
        found[name] = CommandResult(command, status, output, b"")
    return read_facts(SWITCH, found, {})


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> list[Any]:
    """The rows of a JSON list after each was changed; False leaves it out."""
    return [row for row in rows(name) if change(row) is not False]


def _released(row: dict[str, Any]) -> None:
    if row["ifname"] == "vlan453":
        row.pop("master")
        row["linkinfo"].pop("info_slave_kind", None)


def svi_out_of_its_vrf() -> SwitchFacts:
    """Somebody has taken the SVI out of its VRF; its VRR device is still there."""
    return facts(links=changed("links", _released), routes=_in_main("vlan453"))


def vrf_line_taken_out() -> SwitchFacts:
    """The stanza lost its ``vrf`` line, and ``ifup`` left the VRR device behind: as it was seen."""
    return facts(
        INTERFACES.replace("\tvrf tenant1\n\taddress 130", "\taddress 130"),
        links=changed("links", _released),
        routes=_in_main("vlan453"),
    )


def _in_main(device: str) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row.get("dev") == device:
            row.pop("table")
            if row.get("type") in {"local", "broadcast"}:
                row["table"] = "local"

    return changed("routes", change)


def plus_route(**route: Any) -> SwitchFacts:
    """With one more route."""
    return facts(routes=[*rows("routes"), {"flags": [], **route}])
