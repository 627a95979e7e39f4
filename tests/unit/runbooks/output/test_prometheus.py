"""The metrics as Prometheus parses them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from runbooks.output.prometheus import collector, to_prometheus
from tasks.health.model import FleetHealth
from tests.unit.runbooks.output import fleets

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series(text: str) -> Series:
    found: Series = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, "a series twice: Prometheus would refuse the whole scrape"
            found[key] = sample.value
    return found


def value(found: Series, name: str, **labels: str) -> float:
    return found[f"vipkeeper_{name}", tuple(sorted(labels.items()))]


def test_the_state_of_a_switch_is_a_state_set() -> None:
    found = series(to_prometheus(fleets.forty()))
    states = {
        status: value(found, "switch_status", switch=fleets.name_of(7), rack="R2", status=status)
        for status in ("ok", "warning", "critical", "unknown")
    }
    assert states == {"ok": 0, "warning": 0, "critical": 1, "unknown": 0}
    total = sum(v for (name, _), v in found.items() if name == "vipkeeper_switch_status")
    assert total == 40


def test_counts_times_and_vips() -> None:
    found = series(to_prometheus(fleets.forty()))
    assert value(found, "switches", status="ok") == 33
    assert value(found, "fleet_status", status="critical") == 1
    assert value(found, "check_duration_seconds") == 1.84
    assert value(found, "check_timestamp_seconds") == fleets.AT.timestamp()
    assert value(found, "findings", check="address-commented-out", status="warning") == 2
    assert value(found, "findings", check="routing-model", status="warning") == 1
    name = fleets.name_of(7)
    assert value(found, "switch_findings", switch=name, status="critical") == 1
    assert value(found, "switch_checks", switch=name) == len(fleets.JUDGED)
    assert value(found, "switch_check_duration_seconds", switch=name) == pytest.approx(0.31)
    there = {
        vlan: value(found, "vip_present", switch=name, interface=f"vlan{vlan}", vip=address)
        for vlan, address in fleets.VLANS.items()
    }
    assert there == {453: 0, 454: 1}


def test_a_vip_that_is_configured_twice_is_one_series() -> None:
    health = fleets.leaf(1)
    twice = replace(health, vips=(*health.vips, replace(health.vips[0], present=False)))
    found = series(to_prometheus(fleets.fleet_of(twice)))
    name = fleets.name_of(1)
    assert value(found, "vip_present", switch=name, interface="vlan453", vip="130.246.212.1") == 1


def test_the_series_are_few_and_carry_no_evidence() -> None:
    found = series(to_prometheus(fleets.big(1000)))
    counts = Counter(name for name, _ in found)
    assert counts == {
        "vipkeeper_check_timestamp_seconds": 1,
        "vipkeeper_check_duration_seconds": 1,
        "vipkeeper_fleet_status": 4,
        "vipkeeper_switches": 4,
        "vipkeeper_findings": 1,
        "vipkeeper_switch_status": 4000,
        "vipkeeper_switch_findings": 3000,
        "vipkeeper_switch_checks": 1000,
        "vipkeeper_switch_check_duration_seconds": 1000,
        "vipkeeper_vip_present": 2000,
    }


def test_foreign_text_stays_within_its_label() -> None:
    found = series(to_prometheus(fleets.hostile()))
    assert value(found, "switch_checks", switch=f"2{fleets.HOSTILE[1]}") == len(fleets.JUDGED)
    odd = fleets.HOSTILE[9].replace("\n", "\\n")
    assert value(found, "findings", check=odd, status="critical") == 1


def test_a_registered_collector_tells_the_latest_check() -> None:
    latest: list[FleetHealth] = []
    registry = CollectorRegistry()
    registry.register(collector(lambda: latest[-1] if latest else None))
    assert generate_latest(registry) == b""
    for fleet, critical in ((fleets.one_down(), 1), (fleets.healthy(), 0)):
        latest.append(fleet)
        found = series(generate_latest(registry).decode())
        assert value(found, "switches", status="critical") == critical
