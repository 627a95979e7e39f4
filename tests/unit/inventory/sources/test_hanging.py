"""A system that hangs, asked by the real clients: two time-outs are never waited for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inventory.nornir_hosts import SiteSwitches, collect
from inventory.settings import MimicSettings, OpenStackSettings, SubnetPageSettings
from inventory.site import Site, open_site
from inventory.sources.limit import ENDLESS, Limit
from inventory.sources.registry import SourceContext
from inventory.target import resolve
from lab.standins import Faults, StandIns
from lab.topology.large import large_cloud

#: Long against what a busy machine needs for all that does not hang.
TIMEOUT = 4.0
HYPERVISORS = 24


class Desk:
    """A site of many hypervisors on 127.0.0.1, and the time that it takes to ask it."""

    def __init__(self, directory: Path) -> None:
        self.faults: dict[str, object] = {}
        self.topology = large_cloud(HYPERVISORS, 48)
        faults = Faults(fixed=self.faults)
        self.served = StandIns(self.topology, faults, local=True, quiet=True)
        self._clouds = directory / "clouds.yaml"
        self._clouds.write_text(json.dumps({"clouds": {"lab": self.served.cloud_config()}}))
        self.cache = directory / "cache"

    def site(self, limit: Limit = ENDLESS, *, timeout: float = TIMEOUT) -> Site:
        """A site as a run opens it."""
        sections = (
            OpenStackSettings(
                cloud="lab", clouds_file=self._clouds, timeout=timeout, deadline=3 * timeout
            ),
            MimicSettings(url=self.served.mimic_url, timeout=timeout, retries=0),
            SubnetPageSettings(url=self.served.subnet_page_url, timeout=timeout, retries=0),
        )
        return open_site(SourceContext(sections=sections, limit=limit), self.cache)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a cache that holds everything."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    with desk.served:
        site = desk.site(timeout=60)
        assert len(collect(site).switches) == HYPERVISORS // 4
        for name in site.uplink.list_hypervisors().value:
            site.compute.vms_on(name)
        yield desk


@pytest.fixture
def desk(filled: Desk) -> Iterator[Desk]:
    filled.served.asked.clear()
    yield filled
    filled.faults.clear()


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("system", "fault", "most_asked"),
    [("mimic", "hang", 3), ("subnet-page", "hang", 2)],
)
def test_the_inventory_with_a_system_that_hangs(
    desk: Desk, system: str, fault: str, most_asked: int
) -> None:
    desk.faults[system] = fault
    found: list[SiteSwitches] = []
    took = timed(lambda: found.append(collect(desk.site())))
    assert took < 2 * TIMEOUT
    assert desk.served.asked[system] <= most_asked
    assert len(found[0].switches) == HYPERVISORS // 4
    assert found[0].problems == ()
    (line,) = [line for line in found[0].warnings if "hangs" in line]
    assert "Kept answers serve" in line


def test_a_list_that_hangs_does_not_keep_us_from_the_pages(desk: Desk) -> None:
    desk.faults["mimic"] = "list-hangs"
    site = desk.site()
    (name, *_) = (host.name for host in desk.topology.hypervisors)
    answers = []
    assert timed(lambda: answers.append(site.uplink.uplinks_of(name))) < 2 * TIMEOUT
    assert not answers[0].cached


def test_vms_with_openstack_hanging(desk: Desk) -> None:
    desk.faults["openstack"] = "hang"
    site = desk.site()

    def ask() -> None:
        for host in desk.topology.hypervisors:
            assert site.compute.vms_on(host.name).cached

    assert timed(ask) < 2 * TIMEOUT


def test_a_vm_with_everything_hanging(desk: Desk) -> None:
    desk.faults |= {"mimic": "hang", "subnet-page": "hang", "openstack": "hang"}
    vm = desk.topology.vms[5]
    paths = []
    took = timed(lambda: paths.append(resolve(desk.site(), f"vm:{vm.name}")))
    assert took < 4 * TIMEOUT
    assert paths[0].hypervisor == vm.hypervisor
    assert paths[0].lines[0].startswith("OpenStack, Mimic and Subnet page do not answer: ")


def test_the_deadline_covers_the_inventory(desk: Desk) -> None:
    desk.faults["mimic"] = "hang"
    found: list[SiteSwitches] = []
    assert timed(lambda: found.append(collect(desk.site(Limit(1.0))))) < TIMEOUT
    assert len(found[0].switches) == HYPERVISORS // 4
    assert any("the time for asking was over" in line for line in found[0].warnings)
