"""A whole site of stand-ins on 127.0.0.1, and the mapping by which a test gives it faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lab.standins import Faults, StandIns, create_mimic, create_subnet_page
from lab.topology.default import Topology, default_topology

#: Mimic's addresses of one hypervisor.
HV50 = "hv50.nubes.example.internal"
MAGDB = "/components/magdb-draw-interfaces.php?system=6450"
NETBOX = "/components/netbox-draw-interfaces.php?netbox_id=36450&is_vm="
HTML = "text/html; charset=UTF-8"

SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """Nodes, edges and clusters of an SVG, as graphviz names them."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.data.startswith(b"<?xml")
        root: Element = fromstring(answer.data)
        self.root = root
        self.nodes: dict[str, list[str]] = {}
        self.clusters: dict[str, list[str]] = {}
        self.edges: set[str] = set()
        for group in root.iter(f"{SVG}g"):
            title = group.find(f"{SVG}title")
            name = "" if title is None else title.text or ""
            texts = [text.text or "" for text in group.iter(f"{SVG}text")]
            kind = group.get("class")
            if kind == "node":
                self.nodes[name] = texts
            elif kind == "cluster":
                self.clusters[name] = texts
            elif kind == "edge":
                self.edges.add(name)


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
