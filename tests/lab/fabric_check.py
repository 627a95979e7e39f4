"""Faults of the fabric on a lab: each makes its finding, and what follows from it."""

from __future__ import annotations

from lab.faults.catalogue import Fault
from lab.faults.inject import FaultInjector
from lab.machine.guest import patience
from lab.machine.shell import wait_until
from lab.topology.shapes import Shape
from tasks.faults.model import Finding, Status
from tasks.health.assess import assess
from tasks.health.fleet import judge_fleet
from tests.lab.looker import Looker, told
from tests.lab.switch import PATIENCE

#: What follows from a fault, as docs/checks.md names it.
_DRIFT, _FLOOD = "configuration-drift", "flood-list-incomplete"
FOLLOWS = {
    "evpn-peer-down": {_FLOOD},
    "advertise-all-vni-off": {_FLOOD},
    "vxlan-learning-on": {_DRIFT},
    "segment-mtu": {_DRIFT},
    "tunnel-mtu": {_DRIFT},
    "address-shared": {_DRIFT},
    "l3vni-down": {"routing-model"},
    "l3vni-mtu": {_DRIFT},
    "vtep-shared": {_DRIFT},
    "vni-vlan-differs": {_DRIFT, "vlan-not-on-vxlan"},
    "vni-type-differs": {"routing-model"},
    "vrf-l3vni-differs": {"vni-type-differs", "routing-model", "l3vni-down", "vni-without-vxlan"},
}
#: What follows besides where the leaf has several VNIs and a tenant's L3VNI.
FOLLOWS_ON_REAL = {"vtep-shared": {_FLOOD}, "advertise-all-vni-off": {"l3vni-down"}}


def found(looker: Looker) -> tuple[Finding, ...]:
    """What a check of all leafs finds, without notes."""
    numbers = [leaf.short_name.rsplit("-", 1)[-1] for leaf in looker.lab.topology.leafs]
    healths = [assess(looker.facts(number)) for number in numbers]
    findings = [*judge_fleet(healths), *(f for health in healths for f in health.findings)]
    return tuple(f for f in findings if f.status is not Status.OK)


def require_found_alone(looker: Looker, fault: Fault) -> None:
    """A fault is found, with what follows from it and nothing else, and is gone when mended."""
    limit = PATIENCE * patience()
    injector = FaultInjector(looker.lab)
    expected = {fault.recognised_as} | FOLLOWS.get(fault.name, set())
    if looker.lab.topology.shape is Shape.REAL:
        expected |= FOLLOWS_ON_REAL.get(fault.name, set())
    assert wait_until(lambda: not found(looker), timeout=limit), told(found(looker))
    assert injector.inject(fault.name).as_declared
    seen = wait_until(lambda: {f.check for f in found(looker)} == expected, timeout=limit)
    print(fault.id, fault.name, told(found(looker)))  # noqa: T201 - pytest -rP shows it
    assert seen, told(found(looker))
    assert [item.answers for item in injector.mend()] == [True]
    assert wait_until(lambda: not found(looker), timeout=limit), told(found(looker))
