"""What two leafs of the lab's real shape printed (Linux 6.1, iproute2 6.1, ifupdown2 3.0.0)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napalm_cumulus.result import CommandResult
from tasks.facts.assemble import read_facts
from tasks.facts.model import SwitchFacts
from tests.unit.tasks.health.recorded import COMMANDS, archive

_HERE = Path(__file__).parent / "samples"
#: With a device for each VNI, and with a single VXLAN device, whose VNIs FRR 8.4 does not read.
REAL, SINGLE = "real", "single"
_NAMES = {REAL: "swt-sn2100-03", SINGLE: "swt-sn2100-02"}


def rows(leaf: str, name: str) -> Any:
    """A recorded output as JSON."""
    return json.loads((_HERE / leaf / name).read_text())


def facts(leaf: str, **changes: Any) -> SwitchFacts:
    """The facts of a leaf, with some outputs replaced by JSON."""
    results = {}
    for name, command in COMMANDS.items():
        path = _HERE / leaf / ("interfaces" if name == "configuration" else name)
        if name in changes:
            output = json.dumps(changes[name]).encode()
        elif name == "configuration":
            output = archive(**{"etc/network/interfaces": path.read_text()})
        elif path.exists():
            output = path.read_bytes()
        else:
            continue
        results[name] = CommandResult(command, 0, output, b"")
    return read_facts(_NAMES[leaf], results, {})
