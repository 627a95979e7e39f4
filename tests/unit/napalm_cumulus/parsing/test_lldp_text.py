"""Which form of ``lldpctl`` is read: JSON where it is printed, else the form of keys and values."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from napalm_cumulus.getters.neighbors import parse_lldp_neighbors
from napalm_cumulus.parsing import lldp_text
from napalm_cumulus.result import CommandResult

KEYVALUE = "lldp.swp1.via=LLDP\nlldp.swp1.chassis.name=hv50\nlldp.swp1.port.ifname=eth0"
JSON = (
    '{"lldp":{"interface":{"swp1":{"chassis":{"hv50":{"id":{"type":"mac","value":"a"}}},'
    '"port":{"id":{"type":"ifname","value":"eth0"}}}}}}'
)


@pytest.mark.parametrize(
    "json",
    [f"echo '{JSON}'", "echo 'LLDP neighbors:'", "echo 'unknown output format' >&2; exit 1", ":"],
    ids=["json", "plain text", "refused", "nothing"],
)
def test_the_same_neighbours_come_of_every_lldpctl(tmp_path: Path, json: str) -> None:
    program = tmp_path / "lldpctl"
    program.write_text(
        "#!/bin/sh\ncase $2 in\njson0) exit 9 ;;\n"
        f'json) {json} ;;\nkeyvalue) echo "{KEYVALUE}" ;;\nesac\n'
    )
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    argv = ["sh", "-c", lldp_text.COMMAND]
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    result = CommandResult(lldp_text.COMMAND, done.returncode, done.stdout, done.stderr)
    assert parse_lldp_neighbors(result) == {"swp1": [{"hostname": "hv50", "port": "eth0"}]}
