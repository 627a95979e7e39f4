"""How EVPN routes between the subnets of the VIPs, and what symmetric routing would need.

With asymmetric routing the leaf of the sender routes into the receiver's VNI. So each leaf must
have every VNI, VLAN and SVI of the tenant, and packets return by another path. With symmetric
routing both leafs route, through an L3VNI of the tenant's VRF: a leaf needs only what its own VMs
need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from inventory.names import first_few
from tasks.faults.base import Check
from tasks.faults.model import Finding, Status
from tasks.health.model import SwitchHealth, VipRecord

ROUTING_MODEL = Check(
    "routing-model",
    "EVPN routes symmetrically between the VIPs' subnets",
    Status.WARNING,
    scope="fleet",
)
_DEFAULT_VRF = "default"
_NAMED = 6


def judge_routing(healths: Sequence[SwitchHealth], *, strict: bool = False) -> tuple[Finding, ...]:
    """Return one finding for the whole fleet, where VIPs in EVPN are not routed symmetrically.

    It is a note (its status is OK) where all leafs route asymmetrically alike and have every VNI:
    that is a design, not a fault. Anything between the two designs is a warning.

    Args:
        healths: the outcome of each switch.
        strict: whether an asymmetric design is a warning, too.
    """
    evpn = [record for health in healths for record in health.vips if record.evpn]
    if len({record.switch for record in evpn}) < 2:  # noqa: PLR2004 - one leaf routes to itself
        return ()
    told: list[str] = []
    needed: list[str] = []
    networks = _vrfs_of_networks(evpn)
    for vrf in sorted({record.vrf for record in evpn}):
        records = [record for record in evpn if record.vrf == vrf]
        lacks = _lacks(vrf, records, networks)
        if lacks:
            told.append(_model(vrf, records))
            needed += lacks
    if not needed:
        return ()
    return (
        Finding(
            ROUTING_MODEL.id,
            Status.OK if _is_a_design(evpn, networks) and not strict else ROUTING_MODEL.severity,
            "",
            "EVPN",
            f"show evpn vni, show vrf vni: {'; '.join(told)}",
            f"Symmetric routing would need: {'; '.join(needed)}.",
        ),
    )


def _model(vrf: str, records: Sequence[VipRecord]) -> str:
    """Return how a VRF is routed now, in words."""
    leafs = {record.switch for record in records}
    ready = {record.switch for record in records if _is_ready(record)}
    if ready == leafs:
        numbers = sorted({str(record.l3vni) for record in records})
        return f"VRF {vrf} has several L3VNIs ({', '.join(numbers)})"
    if ready:
        return f"VRF {vrf} is symmetric on {_leafs(ready)} and not on {_leafs(leafs - ready)}"
    wide = _leafs_by_vni(records)
    partly = _not_everywhere(records)
    gaps = [
        f"{_leafs(leafs - wide[vni])} cannot route to VNI {vni}, not having it"
        for vni in partly[:_NAMED]
    ]
    if len(partly) > _NAMED:
        gaps.append(f"{len(partly) - _NAMED} more VNIs are not on every leaf")
    vnis = first_few([str(vni) for vni in sorted(v for v in wide if v is not None)], _NAMED)
    return "; ".join([f"VRF {vrf} is asymmetric on {_leafs(leafs)} (VNI {vnis})", *gaps])


def _leafs_by_vni(records: Sequence[VipRecord]) -> dict[int | None, set[str]]:
    wide: dict[int | None, set[str]] = defaultdict(set)
    for record in records:
        wide[record.vni].add(record.switch)
    return wide


def _not_everywhere(records: Sequence[VipRecord]) -> list[int | None]:
    """Return the VNIs that some of the leafs lack."""
    leafs = {record.switch for record in records}
    wide = _leafs_by_vni(records)
    # The VNIs of a leaf are a subset of all, so comparing the numbers is enough, and quick.
    return [vni for vni, there in sorted(wide.items(), key=str) if len(there) < len(leafs)]


def _is_a_design(records: Sequence[VipRecord], networks: dict[int | None, set[str]]) -> bool:
    """Return whether every leaf routes asymmetrically, in one VRF for each VNI, to every VNI."""
    vrfs: dict[str, list[VipRecord]] = defaultdict(list)
    for record in records:
        vrfs[record.vrf].append(record)
    alike = all(r.vrf != _DEFAULT_VRF or not networks.get(r.vni) for r in records)
    whole = not any(map(_not_everywhere, vrfs.values()))
    return alike and whole and not any(record.l3vni for record in records)


def _is_ready(record: VipRecord) -> bool:
    return bool(
        record.vrf != _DEFAULT_VRF
        and record.l3vni
        and record.l3vni_vxlan
        and record.l3vni_svi
        and record.l3vni_up
    )


def _vrfs_of_networks(records: Sequence[VipRecord]) -> dict[int | None, set[str]]:
    """Return, by VNI, the tenant VRFs of its SVIs."""
    found: dict[int | None, set[str]] = defaultdict(set)
    for record in records:
        if record.vrf != _DEFAULT_VRF:
            found[record.vni].add(record.vrf)
    return found


def _lacks(
    vrf: str, records: Sequence[VipRecord], networks: dict[int | None, set[str]]
) -> list[str]:
    """Return what is missing for symmetric routing of a VRF.

    Leafs that lack the same are joined.
    """
    numbers = {record.l3vni for record in records if record.l3vni}
    by_lack: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for lack in _lacks_of(record, numbers, networks):
            by_lack[lack].add(record.switch)
    lacks = [f"{_leafs(switches)}: {lack}" for lack, switches in sorted(by_lack.items())]
    if len(numbers) > 1:
        several = ", ".join(map(str, sorted(numbers)))
        lacks.append(f"one L3VNI for VRF {vrf} on every leaf, in the place of {several}")
    return lacks


def _lacks_of(
    record: VipRecord, numbers: set[int], networks: dict[int | None, set[str]]
) -> list[str]:
    if record.vrf == _DEFAULT_VRF:
        others = sorted(networks.get(record.vni, ()))
        if others:
            return [f"{record.interface} into VRF {' or '.join(others)}, as elsewhere"]
        return [
            (
                f"a tenant VRF with {record.interface} in it, an L3VNI of that VRF with its vxlan "
                "device, and an SVI for the L3VNI in the same VRF"
            )
        ]
    number = f" {next(iter(numbers))}" if len(numbers) == 1 else ""
    if not record.l3vni:
        return [
            (
                f"an L3VNI{number} for VRF {record.vrf} (vrf {record.vrf}, vni N in FRR), with its "
                "vxlan device and its SVI in the VRF"
            )
        ]
    lacks = []
    if not record.l3vni_vxlan:
        lacks.append(f"the vxlan device of L3VNI {record.l3vni}")
    if not record.l3vni_svi:
        lacks.append(f"the SVI of L3VNI {record.l3vni}, in VRF {record.vrf}")
    if not lacks and not record.l3vni_up:
        lacks.append(f"L3VNI {record.l3vni} of VRF {record.vrf} up (FRR calls it down)")
    return lacks


def _leafs(switches: set[str]) -> str:
    return first_few(sorted(switches), _NAMED)
