"""``vip find --vrf``: of two tenants with one address, the neighbours of the named one count."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from runbooks.search.look import seen
from runbooks.search.wanted import ADDRESS, Wanted
from tasks.facts.model import NeighbourFact, Section, SwitchFacts
from tests.unit.tasks.health.vrfs import facts

VM = "130.246.213.11"
MACS = {"tenant1": "fa:16:3e:00:00:01", "tenant2": "fa:16:3e:00:00:02"}


def two_tenants() -> SwitchFacts:
    devices = {"tenant1": "vlan453", "tenant2": "vlan999"}
    rows = tuple(
        NeighbourFact(ip_address(VM), devices[vrf], mac, "REACHABLE") for vrf, mac in MACS.items()
    )
    return replace(facts(), neighbours=Section(rows))


@pytest.mark.parametrize(
    ("vrf", "macs"),
    [
        ("tenant1", [MACS["tenant1"]]),
        ("tenant2", [MACS["tenant2"]]),
        ("default", []),
        ("", list(MACS.values())),
    ],
)
def test_only_the_neighbours_of_the_vrf_count(vrf: str, macs: list[str]) -> None:
    wanted = Wanted(VM, ADDRESS, addresses=(VM,))
    found = seen(two_tenants(), wanted, "leaf", "10.5.0.43", vrf)
    assert [row.mac for row in found.neighbours] == macs
