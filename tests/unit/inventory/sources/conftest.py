"""The lab's stand-ins, with clients of ours for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inventory.settings import MimicSettings, OpenStackSettings, SubnetPageSettings
from inventory.sources.mimic.source import MimicSource
from inventory.sources.openstack.source import OpenStackSource
from inventory.sources.registry import SourceContext
from inventory.sources.subnet_page.source import SubnetPageSource
from lab.standins import Faults, StandIns
from lab.topology.default import Topology, default_topology


@dataclass
class Bench:
    """The stand-ins, their faults, and clients of ours for them."""

    topology: Topology
    served: StandIns
    faults: dict[str, object]
    clouds: Path

    def mimic(self, **settings: object) -> MimicSource:
        values = {"url": self.served.mimic_url, "timeout": 5, "retries": 0} | settings
        return MimicSource(MimicSettings.model_validate(values))

    def subnet_page(self, **settings: object) -> SubnetPageSource:
        values = {"url": self.served.subnet_page_url, "timeout": 5, "retries": 0} | settings
        return SubnetPageSource(SubnetPageSettings.model_validate(values))

    def openstack(self, timeout: float = 5, deadline: float = 20) -> OpenStackSource:
        return OpenStackSource(
            OpenStackSettings(
                cloud="lab", clouds_file=self.clouds, timeout=timeout, deadline=deadline
            )
        )

    def context(self) -> SourceContext:
        return SourceContext(
            sections=(
                OpenStackSettings(cloud="lab", clouds_file=self.clouds, timeout=5),
                MimicSettings(url=self.served.mimic_url, retries=0),
                SubnetPageSettings(url=self.served.subnet_page_url, retries=0),
            )
        )


@pytest.fixture(scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    topology = default_topology()
    faults: dict[str, object] = {}
    clouds = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    with StandIns(topology, Faults(fixed=faults), local=True, quiet=True) as served:
        clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
        yield Bench(topology, served, faults, clouds)


@pytest.fixture
def bench(_served: Bench) -> Bench:  # its value is what this one hands on
    _served.faults.clear()
    return _served
