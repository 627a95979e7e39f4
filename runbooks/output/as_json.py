"""A check of the fleet as JSON; ``docs/schemas/fleet-health-2.json`` is its schema."""

from __future__ import annotations

import json
from typing import Any

from runbooks.output.forms import Checked, Form
from runbooks.output.placement import PlacedHypervisor, Placement, hypervisors_of
from runbooks.output.text import overall, utc
from tasks.faults.model import Finding
from tasks.health.model import FleetHealth, SwitchHealth, VipRecord

SCHEMA = "vipkeeper/fleet-health/2"


def to_json(fleet: FleetHealth, *, placement: Placement | None = None) -> str:
    """Return the whole check as one JSON object, in ASCII, with a newline at its end.

    Args:
        fleet: the check.
        placement: hypervisors and VMs under each switch, where they are known.
    """
    content = {
        "schema": SCHEMA,
        "status": overall(fleet).value,
        "at": utc(fleet.at),
        "seconds": round(fleet.seconds, 3),
        "counts": {status.value: number for status, number in fleet.counts.items()},
        "findings": [_finding(finding) for finding in fleet.findings],
        "notes": [_finding(note) for note in fleet.notes],
        "switches": [_switch(switch, placement) for switch in fleet.switches],
    }
    return json.dumps(content, indent=2) + "\n"


def _switch(health: SwitchHealth, placement: Placement | None) -> dict[str, Any]:
    return {
        "switch": health.switch,
        "address": health.address,
        "hostname": health.hostname,
        "rack": health.rack,
        "model": health.model,
        "status": health.status.value,
        "seconds": round(health.seconds, 3),
        "checked": health.checked,
        "vnis": list(health.vnis),
        "findings": [_finding(finding) for finding in health.findings],
        "vips": [_vip(record) for record in health.vips],
        "hypervisors": [_hypervisor(placed) for placed in hypervisors_of(health, placement)],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "status": finding.status.value,
        "switch": finding.switch,
        "subject": finding.subject,
        "interface": finding.interface,
        "evidence": finding.evidence,
        "remedy": finding.remedy,
    }


def _vip(record: VipRecord) -> dict[str, Any]:
    return {
        "interface": record.interface,
        "device": record.device,
        "vip": record.vip,
        "prefix_length": record.prefix_length,
        "mac": record.mac,
        "actual_mac": record.actual_mac,
        "vlan": record.vlan,
        "vni": record.vni,
        "own": list(record.own),
        "present": record.present,
        "vrf": record.vrf,
        "evpn": record.evpn,
        "frr": record.frr,
        "l3vni": record.l3vni,
        "l3vni_vxlan": record.l3vni_vxlan,
        "l3vni_svi": record.l3vni_svi,
        "l3vni_up": record.l3vni_up,
    }


def _hypervisor(placed: PlacedHypervisor) -> dict[str, Any]:
    vms = None
    if placed.vms is not None:
        vms = [{"name": vm.name, "address": vm.address, "status": vm.status} for vm in placed.vms]
    return {"name": placed.name, "port": placed.port, "vms": vms}


def _render(checked: Checked) -> str:
    return to_json(checked.fleet, placement=checked.placement)


FORM = Form(_render, needs_placement=True)
