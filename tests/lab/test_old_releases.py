"""A leaf with an older iproute2 and lldpd is read, diagnosed, healed and toggled as any other.

Here one of three faults on each, all three in each run, drawn from the seed; ``bin/test --full
iproute2`` goes over all three, and over the whole catalogue, on each.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lab.fabric.releases import Iproute2, Lldpctl, give_tools
from lab.faults.catalogue import find_fault
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from tasks.facts.model import SwitchFacts
from tasks.presence import judge
from tests.lab.desk import SWITCH, Desk
from tests.lab.looker import HV, VM_MAC, Looker, looking, require_found
from tests.lab.switch import LeafUnderTest

RELEASES = {
    Iproute2.V4_3: Lldpctl.TEXT,
    Iproute2.V4_9: Lldpctl.TEXT,
    Iproute2.V4_14: Lldpctl.NO_JSON0,
    Iproute2.V4_17: Lldpctl.TODAY,
}
#: One that is healed by forgetting, one by steps on the kernel, one by ``ifup``.
FAULTS = ("neighbour-wrong", "svi-routes-lost", "vrr-device-deleted")
_ALL = os.environ.get("VIPKEEPER_RELEASES") == "all"
#: Where all else is tried as well; ``VIPKEEPER_RELEASES=all`` does so on each.
AT_LENGTH = [*RELEASES] if _ALL else [Iproute2.V4_9]
#: The getters that read what iproute2 and lldpd print.
GETTERS = [
    "get_interfaces",
    "get_interfaces_ip",
    "get_interfaces_counters",
    "get_network_instances",
    "get_arp_table",
    "get_ipv6_neighbors_table",
    "get_mac_address_table",
    "get_vlans",
    "get_route_to",
    "get_lldp_neighbors",
    "get_lldp_neighbors_detail",
]
OUTSIDE = "198.51.100.250"
ELSEWHERE = "vm-c1"


def lies_between(first: Any, middle: Any, last: Any) -> bool:
    """Whether all is the same, but for numbers that have moved from the first to the last."""
    if isinstance(middle, dict) and isinstance(first, dict) and isinstance(last, dict):
        return first.keys() == middle.keys() == last.keys() and all(
            lies_between(first[key], value, last[key]) for key, value in middle.items()
        )
    if isinstance(middle, list) and isinstance(first, list) and isinstance(last, list):
        return len(first) == len(middle) == len(last) and all(
            map(lies_between, first, middle, last)
        )
    if isinstance(middle, (int, float)) and not isinstance(middle, bool):
        low, high = sorted((first, last))
        return bool(low <= middle <= high)
    return bool(first == middle == last)


def healed() -> list[tuple[Iproute2, str]]:
    """Each release with one fault that is healed on it, each fault at least once."""
    if _ALL:
        return [(release, fault) for release in RELEASES for fault in FAULTS]
    draw = random.Random(f"{os.environ['VIPKEEPER_SEED']} releases")
    faults = [*draw.sample(FAULTS, len(FAULTS)), draw.choice(FAULTS)]
    return list(zip(RELEASES, faults, strict=True))


@dataclass
class OldLeaf:
    """Leaf -03 with the tools of a release."""

    release: Iproute2
    looker: Looker

    @contextmanager
    def today(self) -> Iterator[None]:
        """The leaf with its own tools."""
        leaf = self.looker.lab.leaf("03")
        give_tools(leaf)
        try:
            yield
        finally:
            give_tools(leaf, self.release, RELEASES[self.release])


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.value)
def old(request: pytest.FixtureRequest, lab: Lab) -> Iterator[OldLeaf]:
    leaf = lab.leaf("03")
    FaultInjector(lab).mend()
    with pytest.MonkeyPatch.context() as patch, looking(lab, patch) as looker:
        assert lab.answers(OUTSIDE, source=ELSEWHERE)
        assert lab.answers("130.246.213.11", source=ELSEWHERE)
        give_tools(leaf, request.param, RELEASES[request.param])
        try:
            yield OldLeaf(request.param, looker)
        finally:
            give_tools(leaf)


def lasting(facts: SwitchFacts, release: Iproute2) -> dict[str, Any]:
    """What of the facts does not pass by itself, and ``ip`` of that release can tell."""
    aging = {"REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "INCOMPLETE", "NOARP"}
    links = set(facts.links.rows)
    if release is Iproute2.V4_3:  # without the details of bridges and of their ports
        links = {replace(link, vlan_filtering=None, learning=None) for link in links}
    return {
        "links": links,
        "addresses": set(facts.addresses.rows),
        "routes": set(facts.routes.rows),
        "rules": [(rule.priority, rule.table, dict(rule.selector)) for rule in facts.rules.rows],
        "neighbours": {row for row in facts.neighbours.rows if row.state not in aging},
        "fdb": {row for row in facts.fdb.rows if row.bridge != "" or row.remote},
        "ports": set(facts.ports.rows),
        "lldp": set(facts.lldp.rows),
        "drift": facts.drift,
    }


def test_the_facts_are_those_of_today_in_one_round_trip(old: OldLeaf) -> None:
    def look() -> dict[str, Any]:
        return lasting(old.looker.facts(per_vip=0, total=0), old.release)

    for _ in range(5):  # what is learnt or told by others may come meanwhile
        with old.today():
            before = look()
        between = look()
        assert len(old.looker.channels) == 1
        with old.today():
            after = look()
        if before in (between, after):
            break
    assert between == before


def test_a_mac_behind_another_leaf_is_not_local(old: OldLeaf) -> None:
    facts, topology = old.looker.facts(per_vip=0, total=0), old.looker.lab.topology
    here = judge(facts, HV, macs=[VM_MAC])
    assert [e.supports for e in here.evidence] == [True, True], here.evidence
    other = judge(facts, "hv60", macs=[topology.vm(ELSEWHERE).mac])
    assert [e.supports for e in other.evidence] == [None, False], other.evidence
    assert "learnt from another leaf" in other.evidence[1].text


def test_the_getters_say_what_they_say_today(old: OldLeaf) -> None:
    driver = old.looker.leaf().driver()

    def say() -> dict[str, Any]:
        found: dict[str, Any] = driver._get_many({name: {} for name in GETTERS})
        # FRR's neighbours: upstream shows them by another option.
        found["get_arp_table"] = [x for x in found["get_arp_table"] if x["interface"] == "eth0"]
        return found

    for _ in range(5):
        with old.today():
            before = say()
        between = say()
        with old.today():
            after = say()
        differs = [
            name for name in before if not lies_between(before[name], between[name], after[name])
        ]
        if not differs:
            break
    assert not differs, [(before[name], between[name]) for name in differs]


@pytest.mark.parametrize(
    ("old", "name"), healed(), indirect=["old"], ids=lambda value: getattr(value, "value", value)
)
def test_a_fault_is_found_named_and_healed(
    old: OldLeaf, desk: Desk, leaf: LeafUnderTest, name: str
) -> None:
    fault = find_fault(name)
    assert FaultInjector(desk.lab).inject(name).as_declared
    require_found(old.looker, fault)
    said = desk.vip("heal", "vm-a1", "--yes")
    print(said.out)  # noqa: T201 - pytest -rP shows what a person reads
    assert said.code == 0, said
    report = desk.report()
    first = report["diagnosis"][SWITCH][0]
    assert (first["fault"], first["cure"]) == (fault.recognised_as, fault.cure)
    assert report["kernel"][-1]["kernel"]["problems"] == []
    assert report["remaining"] == []
    assert desk.lab.answers(OUTSIDE, source="vm-a1", count=2)


@pytest.mark.parametrize("old", AT_LENGTH, indirect=True, ids=lambda release: release.value)
def test_trace_check_and_toggle_know_everything(
    old: OldLeaf, desk: Desk, leaf: LeafUnderTest
) -> None:
    traced = desk.vip("trace", "vm-a1")
    assert traced.code == 0, traced
    assert "not known" not in traced.out
    checked = desk.vip("check", SWITCH, "--format", "json")
    assert checked.code == 0, checked
    assert json.loads(checked.out)["findings"] == []
    said = desk.vip("toggle", SWITCH, "--vip", "130.246.212.1", "--yes")
    assert said.code == 0, said
    assert "verified" in said.out
