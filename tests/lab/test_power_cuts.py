"""The cells of the crash matrix that a container cannot have, on leafs that are whole machines.

``VIPKEEPER_POWER=60`` runs so many of them; without it there is none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine.shell import wait_until
from lab.topology.default import Topology, default_topology
from tests.lab.power import DAY, Machine, PowerRehearsal, program_for_machines
from tests.lab.power_cells import SHARES, PowerCell, draw_cells, every_cell
from tests.lab.switch import PATIENCE, LeafUnderTest

CELLS = draw_cells(int(os.environ["VIPKEEPER_SEED"]), int(os.environ.get("VIPKEEPER_POWER", "0")))


def one_leaf(topology: Topology) -> Topology:
    """Return a topology with its first leaf alone: a second machine would only cost time."""
    first = topology.leafs[:1]
    name = first[0].name
    hypervisors = tuple(host for host in topology.hypervisors if host.leaf == name)
    hosts = {host.name for host in hypervisors} | {None}
    return replace(
        topology,
        leafs=first,
        hypervisors=hypervisors,
        vms=tuple(vm for vm in topology.vms if vm.hypervisor in hosts),
        bystanders=tuple(host for host in topology.bystanders if host.leaf == name),
    )


#: Seconds after which ext4 writes by itself what nobody has flushed, and some less.
_FLUSHED = 3


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of one leaf, which is a whole machine; ``VIPKEEPER_TEST_LAB`` names one to keep."""
    kept = os.environ.get("VIPKEEPER_TEST_LAB")
    if kept:
        yield Lab(kept)
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    name = f"test-{os.getppid()}-{worker}p" if worker else f"test-{os.getpid()}-p"
    lab = Lab(name)
    lab.up(one_leaf(default_topology(name)), kind="vm")
    try:
        # They have no part in a commit, and cost half the time of a boot.
        lab.exec_leaf("03", ["systemctl", "mask", "--now", "frr", "lldpd"], check=True)
        yield lab
    finally:
        lab.down()
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if name in _text(path)]
    assert left == []
    assert not lab.state_dir.exists()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_there_are_enough_cells_of_each_kind() -> None:
    cells = every_cell(1)
    assert len(set(cells)) == len(cells)
    drawn = draw_cells(1, 60)
    assert len(set(drawn)) == len(drawn) == 60
    for cut, share in SHARES.items():
        assert sum(cell.cut == cut for cell in drawn) == share


@pytest.fixture
def rehearsal(leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch) -> PowerRehearsal:
    program = program_for_machines()
    monkeypatch.setattr("napalm_cumulus.commit.transaction.program", lambda: program)
    return PowerRehearsal(leaf)


if CELLS:  # where none is asked for there is no test, rather than one that is skipped

    def test_what_a_whole_machine_is(well: Lab) -> None:
        leaf = well.leaf("03")
        machine = Machine(leaf)
        # A clock of its own.
        before = int(time.time())
        machine.sh(f"date -s @{before + DAY}")
        assert int(machine.sh("date +%s")) >= before + DAY
        assert time.time() < before + DAY / 2
        # A disk, which keeps what was flushed and loses what was not.
        machine.sh("echo kept >/root/kept; sync")
        begin = time.monotonic()
        machine.sh("echo lost >/root/lost")
        leaf.power_cut()
        # Later its kernel flushes it by itself, which a busy machine may reach.
        soon = time.monotonic() - begin < _FLUSHED
        assert not leaf.running
        assert not well.answers(str(leaf.spec.address.ip))
        leaf.boot()
        assert machine.sh("cat /root/kept") == "kept\n"
        assert not (soon and machine.holds("/root/lost"))
        assert abs(int(machine.sh("date +%s")) - time.time()) < DAY / 2
        assert wait_until(lambda: well.answers(str(leaf.spec.address.ip)), timeout=PATIENCE)
        assert wait_until(lambda: well.answers("130.246.213.11"), timeout=PATIENCE)
        # A reset: another boot, without a shutdown.
        machine.reset()
        leaf.wait_ready()
        assert wait_until(lambda: well.answers("130.246.213.11"), timeout=PATIENCE)

    @pytest.mark.promise("T6", "T7", "T40")
    @pytest.mark.parametrize("cell", [pytest.param(cell, id=str(cell)) for cell in CELLS])
    def test_power_cut(rehearsal: PowerRehearsal, cell: PowerCell) -> None:
        try:
            rehearsal.run_power(cell)
        finally:
            rehearsal.set_right(cell)
