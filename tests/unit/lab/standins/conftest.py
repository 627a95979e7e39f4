"""A whole site of stand-ins on 127.0.0.1, and the mapping by which a test gives it faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from lab.standins import Faults, StandIns, create_mimic, create_subnet_page
from lab.topology.default import Topology, default_topology


@dataclass(frozen=True)
class Site:
    topology: Topology
    faults: dict[str, object]
    standins: StandIns


@pytest.fixture(scope="session")
def _running_site() -> Iterator[Site]:
    topology = default_topology()
    faults: dict[str, object] = {}
    with StandIns(topology, Faults(fixed=faults), local=True, quiet=True) as standins:
        yield Site(topology, faults, standins)


@pytest.fixture
def site(_running_site: Site) -> Iterator[Site]:
    _running_site.faults.clear()
    yield _running_site
    _running_site.faults.clear()


@pytest.fixture
def topology() -> Topology:
    return default_topology()


@pytest.fixture
def faults() -> dict[str, object]:
    return {}


@pytest.fixture
def mimic(topology: Topology, faults: dict[str, object]) -> FlaskClient:
    return create_mimic(topology, Faults(fixed=faults)).test_client()


@pytest.fixture
def subnet_page(topology: Topology, faults: dict[str, object]) -> FlaskClient:
    return create_subnet_page(topology, Faults(fixed=faults)).test_client()
