"""How many requests to OpenStack a large cloud costs: 2,500 VMs on 40 hypervisors.

    .venv/bin/python benchmarks/cloud_calls.py

The stand-ins of OpenStack, Mimic and the subnet page answer on 127.0.0.1; VMs are not pinged. It
counts what ``vip check --with-vms`` asks for all hypervisors, and what following a VM and comparing
it with others asks (``vip trace``, ``vip heal``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import positive
from inventory.settings import MimicSettings, OpenStackSettings, SubnetPageSettings
from inventory.site import Site, open_site
from inventory.sources.registry import SourceContext
from inventory.target import resolve
from lab.standins import Faults, StandIns
from lab.topology.large import large_cloud
from runbooks.fleet.vms import HypervisorVms
from runbooks.incident import survey
from runbooks.incident.reachability import Probe
from runbooks.incident.survey import ImpactSurvey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.topology.default import Topology

SERVICES = ("keystone", "nova", "neutron")
#: Requests to all of OpenStack, for each of the two.
GOAL = 100
_SAMPLE = 4


def opened(served: StandIns, directory: Path) -> Site:
    """Return the site as a new run opens it: nothing is known, nothing is connected."""
    clouds = directory / "clouds.yaml"
    clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
    return open_site(
        SourceContext(
            sections=(
                OpenStackSettings(cloud="lab", clouds_file=clouds),
                MimicSettings(url=served.mimic_url),
                SubnetPageSettings(url=served.subnet_page_url),
            )
        ),
        None,
    )


def check_with_vms(site: Site, topology: Topology) -> str:
    """Ask for the VMs of every hypervisor, and return what was found."""
    hosted = HypervisorVms(site)
    hosted.ask(host.name for host in topology.hypervisors)
    found = sum(len(hosted.vms_on(host.name) or ()) for host in topology.hypervisors)
    if found != len(topology.vms) or hosted.problems:
        raise SystemExit(
            f"{found} of {len(topology.vms)} VMs were found. {' '.join(hosted.problems)}"
        )
    return f"{found} VMs"


def answering(addresses: Sequence[str], **_: object) -> tuple[Probe, ...]:
    """Return that all addresses answer: what pings cost is not measured here."""
    return tuple(Probe(address, 1, 1) for address in addresses)


def compare(site: Site, topology: Topology) -> str:
    """Follow a VM and compare it with others, and return the conclusion."""
    target = topology.vms[0]
    chain = resolve(site, target.name)
    survey = ImpactSurvey(site, chain, _SAMPLE)
    heard = [
        host.name for host in topology.hypervisors if host.leaf == chain.switches[0].value.name
    ]
    found = survey.finish([str(a.ip) for a in (target.address,) if a], heard)
    if found.warnings:
        raise SystemExit("; ".join(found.warnings))
    return found.sentence


def main() -> int:
    """Measure and print; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vms", type=positive, default=2500, metavar="N")
    parser.add_argument("--hypervisors", type=positive, default=40, metavar="N")
    asked_for = parser.parse_args()
    survey.probe_all = answering
    topology = large_cloud(asked_for.hypervisors, asked_for.vms)
    missed = False
    print(f"{'what':<18} {'requests':>8} {'of them':>28} {'seconds':>8}  answer")
    with (
        tempfile.TemporaryDirectory() as directory,
        StandIns(topology, Faults(), local=True, quiet=True) as served,
    ):
        for name, work in (("check --with-vms", check_with_vms), ("trace, compare", compare)):
            served.asked.clear()
            begun = time.monotonic()
            answer = work(opened(served, Path(directory)), topology)
            seconds = time.monotonic() - begun
            each = {service: served.asked[service] for service in SERVICES}
            listed = ", ".join(f"{number} {service}" for service, number in each.items())
            total = sum(each.values())
            print(f"{name:<18} {total:>8} {listed:>28} {seconds:>8.1f}  {answer}", flush=True)
            missed |= total > GOAL
    print(f"goal: at most {GOAL} requests")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
