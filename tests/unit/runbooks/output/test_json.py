"""The JSON is what the published schema says, and says everything that a check knows."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runbooks.output.as_json import SCHEMA, to_json
from runbooks.output.placement import PlacedHypervisor, PlacedVm
from tasks.faults.model import Finding
from tasks.health.model import FleetHealth, SwitchHealth, VipRecord
from tests.unit.runbooks.output import fleets

PUBLISHED: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "docs/schemas/fleet-health-2.json").read_text()
)
VALIDATOR = jsonschema.Draft202012Validator(
    PUBLISHED, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)


def properties(name: str) -> set[str]:
    return set(PUBLISHED["$defs"][name]["properties"])


def fields(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("name", ["healthy", "one_down", "by_design", "forty", "hostile"])
@pytest.mark.parametrize("with_vms", [True, False])
def test_it_is_what_the_schema_says(name: str, with_vms: bool) -> None:
    fleet: FleetHealth = getattr(fleets, name)()
    text = to_json(fleet, placement=fleets.placed(fleet) if with_vms else None)
    VALIDATOR.validate(json.loads(text))
    assert text.isascii()
    assert text.endswith("}\n")


def test_the_schema_itself_is_valid_and_lets_nothing_else_in() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["properties"]["schema"]["const"] == SCHEMA

    def objects(part: Any) -> Any:
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for inner in part.values():
                yield from objects(inner)

    found = list(objects(PUBLISHED))
    assert len(found) == 7
    for part in found:
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


@pytest.mark.parametrize(
    ("change"),
    [
        lambda c: c.pop("at"),
        lambda c: c.update(at="2026-11-22 17:31"),
        lambda c: c.update(status="critical"),
        lambda c: c["switches"][0].update(more=1),
        lambda c: c["switches"][0]["vips"][0].update(present="yes"),
        lambda c: c["counts"].pop("UNKNOWN"),
    ],
)
def test_the_schema_refuses_what_is_not_promised(change: Any) -> None:
    content = json.loads(to_json(fleets.healthy()))
    change(content)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(content)


def test_every_field_of_a_finding_a_vip_and_a_vm_is_in_it() -> None:
    assert properties("finding") == fields(Finding)
    assert properties("vip") == fields(VipRecord) - {"switch"}  # it stands below its switch
    assert properties("vm") == fields(PlacedVm)
    assert properties("hypervisor") == fields(PlacedHypervisor)
    # What it is made of (the status), and what the number of checks stands for.
    assert properties("switch") == fields(SwitchHealth) - {"judged", "fabric"} | {"status"}


def test_values_are_as_they_were_found() -> None:
    fleet = fleets.forty()
    content = json.loads(to_json(fleet, placement=fleets.placed(fleet)))
    assert content["at"] == "2026-11-22T17:31:00.250Z"
    assert content["status"] == "CRITICAL"
    assert content["counts"] == {"OK": 33, "WARNING": 3, "CRITICAL": 2, "UNKNOWN": 2}
    assert [f["check"] for f in content["findings"]] == ["routing-model", "vip-mac-differs"]
    by_name = {s["switch"]: s for s in content["switches"]}
    assert len(by_name) == 40
    seventh = by_name[fleets.name_of(7)]
    assert seventh["findings"][0]["evidence"] == fleets.DELETED.evidence
    assert [(v["vip"], v["present"]) for v in seventh["vips"]] == [
        ("130.246.212.1", False),
        ("130.246.216.1", True),
    ]
    assert seventh["hypervisors"][0]["port"] == "swp1s0"
    # Nobody has asked the VM behind a VIP that is gone, so nothing says that it answers, or not.
    vm = {"name": "vm-0600", "address": "130.246.214.20", "status": "ACTIVE"}
    assert seventh["hypervisors"][0]["vms"][0] == vm
    assert by_name[fleets.name_of(18)]["checked"] == 0


def test_other_time_zones_are_told_in_utc() -> None:
    at = datetime(2026, 11, 22, 18, 31, tzinfo=timezone(timedelta(hours=1)))
    content = json.loads(to_json(FleetHealth(at, ())))
    assert content["at"] == "2026-11-22T17:31:00.000Z"


def test_vms_that_nobody_asked_for_are_null_and_none_is_an_empty_list() -> None:
    fleet = fleets.fleet_of(fleets.leaf(1))
    name = f"hv01a.nubes.{fleets.DOMAIN}"
    placement = {fleets.name_of(1): (PlacedHypervisor(name, "swp9", ()), PlacedHypervisor("hv0"))}
    found = json.loads(to_json(fleet, placement=placement))["switches"][0]["hypervisors"]
    assert found[0] == {"name": "hv0", "port": "", "vms": None}
    # LLDP has seen where it is plugged now.
    assert found[1] == {"name": name, "port": "swp1s0", "vms": []}
    assert [h["vms"] for h in found[2:]] == [None, None, None]
