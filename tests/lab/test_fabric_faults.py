"""Faults of the fabric on real leafs: each makes its finding, and only what follows from it."""

from __future__ import annotations

import pytest

from lab.faults.catalogue import FAULTS, Fault
from lab.faults.inject import FaultInjector
from lab.machine.shell import wait_until
from tasks.faults.model import Finding, Status
from tasks.health.assess import assess
from tasks.health.fleet import judge_fleet
from tests.lab.looker import Looker, told
from tests.lab.switch import PATIENCE

CHECKED = [fault for fault in FAULTS if fault.only_checked]
#: What follows from a fault, as docs/checks.md names it.
_DRIFT, _FLOOD = "configuration-drift", "flood-list-incomplete"
FOLLOWS = {
    "evpn-peer-down": {_FLOOD},
    "advertise-all-vni-off": {_FLOOD},
    "vxlan-learning-on": {_DRIFT},
    "segment-mtu": {_DRIFT},
    "tunnel-mtu": {_DRIFT},
    "address-shared": {_DRIFT},
}


def found(looker: Looker) -> tuple[Finding, ...]:
    """What a check of both leafs finds, without notes."""
    healths = [assess(looker.facts(number)) for number in ("03", "01")]
    findings = [*judge_fleet(healths), *(f for health in healths for f in health.findings)]
    return tuple(f for f in findings if f.status is not Status.OK)


@pytest.mark.parametrize("fault", CHECKED, ids=lambda fault: f"{fault.id}-{fault.name}")
def test_a_fault_of_the_fabric_is_found_and_what_follows_and_nothing_else(
    looker: Looker, fault: Fault
) -> None:
    injector = FaultInjector(looker.lab)
    expected = {fault.recognised_as} | FOLLOWS.get(fault.name, set())
    assert wait_until(lambda: not found(looker), timeout=PATIENCE), told(found(looker))
    assert injector.inject(fault.name).as_declared
    seen = wait_until(lambda: {f.check for f in found(looker)} == expected, timeout=PATIENCE)
    print(fault.id, fault.name, told(found(looker)))  # noqa: T201 - pytest -rP shows it
    assert seen, told(found(looker))
    assert [item.answers for item in injector.mend()] == [True]
    assert wait_until(lambda: not found(looker), timeout=PATIENCE), told(found(looker))
