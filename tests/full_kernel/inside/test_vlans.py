"""VLANs and bonds of the real shape: what is taken away is named, and given back by ``ifup``."""

from __future__ import annotations

import json
import os

import pytest

from lab.faults import bonds, vlans
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.topology.specs import LeafSpec

LAB = ["--shape", "real"]

_ALL = os.environ.get("VIPKEEPER_FULL_KERNEL") == "all"
_CUT = [fault for fault in (*vlans.FAULTS, *bonds.FAULTS) if not fault.latent]
_LATENT = [fault for fault in (*vlans.FAULTS, *bonds.FAULTS) if fault.latent]
#: In every run the one that cuts off the whole leaf; all of them where the kernel's part is whole.
HEALED = [f.name for f in _CUT if f.cure == "reapply"] if _ALL else [_CUT[0].name]
NAMED = [f.name for f in _LATENT] if _ALL else []


def vlans_of(lab: Lab, leaf: str) -> str:
    """The VLANs and the VNIs of a leaf's bridge, as the kernel tells them."""
    told = []
    for words in ("show", "tunnelshow"):
        said = lab.exec_leaf(leaf, ["bridge", "-compressvlans", "-j", "vlan", words], check=True)
        told.append(sorted(json.dumps(row, sort_keys=True) for row in json.loads(said.stdout)))
    return json.dumps(told)


@pytest.mark.parametrize("fault", HEALED)
def test_a_missing_vlan_is_named_healed_and_mended(fault: str, well: Lab) -> None:
    leaf = _leaf(well).name
    before = vlans_of(well, leaf)
    report = FaultInjector(well).inject(fault, vm="vm-a1")
    assert not report.answers
    healed = well.exec_seat(["vip", "heal", "vm-a1", "--yes"], timeout=120)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert f"HEALED: vm-a1 answers again: {fault} was cured by reapply" in healed.stdout
    assert vlans_of(well, leaf) == before
    assert all(report.answers for report in FaultInjector(well).mend())


@pytest.mark.parametrize("fault", NAMED)
def test_what_cuts_nobody_off_yet_is_named_by_a_check(fault: str, well: Lab) -> None:
    report = FaultInjector(well).inject(fault)
    assert report.answers
    done = well.exec_seat(["vip", "check", report.leaf, "--format", "json"], timeout=120)
    assert f'"{fault}"' in done.stdout, done.stderr
    assert all(report.answers for report in FaultInjector(well).mend())


def _leaf(lab: Lab) -> LeafSpec:
    return lab.topology.leafs[0]
