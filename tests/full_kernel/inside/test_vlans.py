"""VLANs and bonds of the real shape: what is taken away is named, and given back by ``ifup``."""

from __future__ import annotations

import json
import os

import pytest

from lab.faults import bonds, vlans
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.topology.specs import LeafSpec
from tests.full_kernel.real_shape import LONG
from tests.lab.desk import Desk

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
def test_a_missing_vlan_is_named_healed_and_mended(fault: str, desk: Desk) -> None:
    leaf = _leaf(desk.lab).name
    before = vlans_of(desk.lab, leaf)
    report = FaultInjector(desk.lab).inject(fault, vm="vm-a1")
    assert not report.answers
    healed = desk.vip("heal", "vm-a1", "--yes")
    assert healed.code == 0, healed.out + healed.err
    assert f"HEALED: vm-a1 answers again: {fault} was cured by reapply" in healed.out
    assert vlans_of(desk.lab, leaf) == before
    assert all(report.answers for report in FaultInjector(desk.lab).mend())


@pytest.mark.parametrize("fault", NAMED)
def test_what_cuts_nobody_off_yet_is_named_by_a_check(fault: str, desk: Desk) -> None:
    report = FaultInjector(desk.lab).inject(fault)
    assert report.answers
    done = desk.vip("check", report.leaf, "--format", "json", "--deadline", f"{LONG:g}")
    assert f'"{fault}"' in done.out, done.err
    assert all(report.answers for report in FaultInjector(desk.lab).mend())


def _leaf(lab: Lab) -> LeafSpec:
    return lab.topology.leafs[0]
