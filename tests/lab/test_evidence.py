"""What the lab's Observium saw of a real toggle: pending, then seen; or polled and nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab import web
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.topology.default import OBSERVIUM_PASSWORD
from tests.lab.desk import Desk, Said

CHOSEN = {"VIPKEEPER_SOURCES__EVENTS": "observium"}
TOGGLE = ("heal", "vm-a1", "--toggle", "--yes")


@pytest.fixture
def polled(well: Lab) -> Lab:
    """The lab, whose Observium knows the ports as they are now."""
    poll(well)
    return well


def poll(lab: Lab) -> None:
    web.poll(lab.fabric.ns("web"), lab.topology, lab.leafs(), lab.kind)


def asked(desk: Desk, *words: str) -> tuple[Said, dict[str, Any]]:
    """Run ``vip`` with Observium chosen; gives the evidence in its report, too."""
    said = desk.vip(*words, env=CHOSEN)
    assert said.code == 0, said
    assert OBSERVIUM_PASSWORD not in said.out + said.err
    (evidence,) = desk.report()["evidence"]
    return said, evidence


def test_a_toggle_is_pending_until_the_next_poll_and_then_seen(polled: Lab, desk: Desk) -> None:
    said, evidence = asked(desk, *TOGGLE)
    assert "pending until about" in said.out
    assert evidence["outcome"] == "pending"
    poll(polled)
    said, evidence = asked(desk, "evidence", "last")
    assert "seen (UTC): " in said.out
    assert evidence["outcome"] == "seen"
    kinds = {(event["label"], event["kind"]) for event in evidence["events"]}
    assert {("Vlan453-v0", "deleted"), ("Vlan453-v0", "appeared")} <= kinds
    assert evidence["live"] == ["vlan453", "vlan453-v0", "vlan453-v1"]
    assert evidence["link"].startswith("http://10.5.0.13/eventlog/?device_id=")
    assert desk.report()["verdict"] == "healed"


def test_a_device_that_was_deleted_is_seen_to_return(polled: Lab, desk: Desk) -> None:
    injector = FaultInjector(polled)
    injector.inject("vrr-device-deleted", leaf="swt-sn2100-03", vm="vm-a1")
    poll(polled)
    time.sleep(2)  # times are whole seconds: what was seen before is not what is seen after
    asked(desk, "heal", "vm-a1", "--yes")
    poll(polled)
    _, evidence = asked(desk, "evidence")
    assert {event["kind"] for event in evidence["events"]} == {"appeared"}
    assert "vlan453-v0" in evidence["live"]


def test_ports_that_are_ignored_leave_no_event(polled: Lab, desk: Desk) -> None:
    with desk.web_fault("observium", "ports-ignored"):
        asked(desk, *TOGGLE)
        time.sleep(2.5)  # a poll counts that began after the change
        poll(polled)
        said, evidence = asked(desk, "evidence", "last")
    assert "nothing seen of vlan453" in said.out
    assert evidence["outcome"] == "nothing"


def test_an_observium_that_is_down_changes_no_verdict(polled: Lab, desk: Desk) -> None:
    with desk.web_fault("observium", "refused"):
        said, evidence = asked(desk, *TOGGLE)
    assert "HEALED: " in said.out
    assert "unknown: " in said.out
    assert evidence["outcome"] == "unknown"
