"""Faults of the lab beyond the pass over the catalogue: meddled with, several, told of."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.shell import wait_until
from tests.lab.kernel_state import state
from tests.lab.switch import PATIENCE

_DELETED, _DOWN = "ip link delete dev vlan453-v0", "ifdown vlan453"
_MUCH = "ip link set dev vlan453-v0 down; ip link set dev swp1s3 down; ifreload -a"


@pytest.mark.parametrize(
    ("fault", "meddling"),
    [
        *(("a2", _DELETED), ("c1", _DOWN), ("d2", _MUCH), ("e2", _DELETED)),
        *(("e4", _DOWN), ("g4", _MUCH), ("i1", _DELETED), ("i1", _MUCH)),
    ],
)
def test_it_is_mended_whatever_was_tried_meanwhile(well: Lab, fault: str, meddling: str) -> None:
    before = state(well)
    FaultInjector(well).inject(fault)
    well.exec_leaf("03", ["sh", "-c", meddling])
    assert [item.answers for item in FaultInjector(well).mend()] == [True]
    assert wait_until(lambda: state(well) == before, timeout=PATIENCE), state(well) ^ before


def test_several_faults_at_once_are_all_mended(well: Lab) -> None:
    before = state(well)
    for fault in ("g1", "d4", "h1", "b2", "e2"):
        FaultInjector(well).inject(fault)
    assert len(FaultInjector(well).active()) == 5
    reports = FaultInjector(well).mend()
    assert len(reports) == 5
    assert reports[-1].answers
    assert wait_until(lambda: state(well) == before, timeout=PATIENCE), state(well) ^ before


def test_the_command_line_says_that_a_fault_is_latent(well: Lab) -> None:
    done = CliRunner().invoke(app, ["break", "svi-address-lost", "--name", well.name])
    assert done.exit_code == 0, done.output
    assert "this fault is latent" in done.stdout
    assert "reapply" in done.stdout
    done = CliRunner().invoke(app, ["break", "vm-arp-wrong", "--name", well.name])
    assert done.exit_code == 0, done.output
    assert "is cut off" in done.stdout
    assert "It heals" in done.stdout
