"""The lab that the tests of this directory share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.fabric.releases import Iproute2, Lldpctl
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from tests.lab.desk import Desk
from tests.lab.looker import Looker, looking
from tests.lab.ready_vip import ReadyVip
from tests.lab.switch import WELL, LeafUnderTest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is collected here; no test below has to remember it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)


def pytest_unconfigure() -> None:
    """Take down the labs of workers that were ended before they could do it themselves."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        for left in Path("/run/vipkeeper-lab").glob(f"test-{os.getpid()}-*"):
            Lab(left.name).down()


def ask_no_monitoring(lab: Lab) -> None:
    """Each look at Observium costs a run a quarter of a second: those who want it choose it."""
    config = lab.seat.config
    config.write_text(config.read_text().replace('events = "observium"', 'events = "none"'))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab that is up; ``VIPKEEPER_TEST_LAB`` names one that is up already and is kept.

    ``VIPKEEPER_IPROUTE2`` and ``VIPKEEPER_LLDPCTL`` give its leafs older tools.
    """
    if os.geteuid() != 0:
        pytest.fail("The lab's tests make namespaces and mounts: run them as root.", pytrace=False)
    kept = os.environ.get("VIPKEEPER_TEST_LAB")
    if kept:
        if "PYTEST_XDIST_WORKER" in os.environ:
            pytest.fail("VIPKEEPER_TEST_LAB is one lab, for one worker: -n 0.", pytrace=False)
        yield Lab(kept)
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    lab = Lab(f"test-{os.getppid()}-{worker}" if worker else f"test-{os.getpid()}")
    lab.up(
        iproute2=Iproute2(os.environ.get("VIPKEEPER_IPROUTE2") or "today"),
        lldpctl=Lldpctl(os.environ.get("VIPKEEPER_LLDPCTL") or "today"),
    )
    ask_no_monitoring(lab)
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
def well(lab: Lab) -> Iterator[Lab]:
    """The lab with no fault in it, before and after the test."""
    for leaf in lab.leafs():
        if not leaf.running:
            leaf.boot()
    FaultInjector(lab).mend()
    yield lab
    for leaf in lab.leafs():
        if not leaf.running:
            leaf.boot()
    FaultInjector(lab).mend()


@pytest.fixture
def leaf(well: Lab) -> Iterator[LeafUnderTest]:
    """Leaf -03, well before the test, and proven to be so after it."""
    with ExitStack() as stack:
        leaf = LeafUnderTest(well, stack)
        disk = leaf.disk()
        yield leaf
        leaf.wait_until(lambda: leaf.state() == set())
        assert leaf.addresses() == WELL
        assert leaf.disk() == disk


@pytest.fixture(scope="session")
def ready_vip(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadyVip]:
    """A process at the seat that has imported what ``vip`` needs."""
    ready = ReadyVip(lab, tmp_path_factory.mktemp("ready"))
    yield ready
    ready.close()


@pytest.fixture
def desk(well: Lab, tmp_path: Path, ready_vip: ReadyVip) -> Iterator[Desk]:
    """The operator's desk, with a cold cache; the web systems are well before and after."""
    systems = ("mimic", "subnet-page", "openstack")
    for system in systems:
        well.web_fault(system, None)
    yield Desk(well, tmp_path, ready_vip)
    for system in systems:
        well.web_fault(system, None)


@pytest.fixture
def looker(well: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looker]:
    """Sessions that stand, over which the leafs' facts are collected."""
    with looking(well, monkeypatch) as looker:
        yield looker
