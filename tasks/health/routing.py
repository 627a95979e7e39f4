"""How EVPN routes between the subnets of the VIPs, and what symmetric routing would need.

With asymmetric routing the leaf of the sender routes into the receiver's VNI. So each leaf needs
every VNI, VLAN and SVI of the subnets that its VMs talk to by EVPN, and packets return by another
path. With symmetric routing both leafs route, through an L3VNI of the tenant's VRF: a leaf needs
only what its own VMs need, and the way back is the way there. That was measured; so was that it
ends none of the faults that cut VMs off here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from inventory.names import first_few
from tasks.faults.base import Check
from tasks.faults.model import Finding, Status
from tasks.health.fabric_model import FabricRecord, VrfRecord
from tasks.health.model import SwitchHealth, VipRecord
from tasks.model import DEFAULT_VRF

ROUTING_MODEL = Check(
    "routing-model",
    "All leafs route between the VIPs' subnets by one model",
    Status.WARNING,
    scope="fleet",
)
#: What is known of it beyond what it needs.
MEASURED = (
    "Measured: it spares VNIs, and the way back is the way there; it ends none of the faults that "
    "vip heal knows."
)
_NAMED = 6


def judge_routing(healths: Sequence[SwitchHealth], *, strict: bool = False) -> tuple[Finding, ...]:
    """Return one finding for the whole fleet, where VIPs in EVPN are not routed symmetrically.

    It is a note (its status is OK) where all leafs route asymmetrically alike: that is a design, no
    fault, and a leaf that lacks a VNI may have no VM that needs it. Anything between the two
    designs is a warning.

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
    fabrics = {health.switch: health.fabric for health in healths}
    for vrf in sorted({record.vrf for record in evpn}):
        records = [record for record in evpn if record.vrf == vrf]
        lacks = _lacks(vrf, records, _Site(evpn, fabrics, networks))
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
            f"Symmetric routing would need: {'; '.join(needed)}. {MEASURED}",
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
        f"VNI {vni} is not on {_leafs(leafs - wide[vni])}, which send packets for its subnet by "
        "another route"
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
    """Return whether every leaf routes asymmetrically, in one VRF for each VNI."""
    alike = all(r.vrf != DEFAULT_VRF or not networks.get(r.vni) for r in records)
    return alike and not any(record.l3vni for record in records)


def _is_ready(record: VipRecord) -> bool:
    return bool(
        record.vrf != DEFAULT_VRF
        and record.l3vni
        and record.l3vni_vxlan
        and record.l3vni_svi
        and record.l3vni_up
    )


def _vrfs_of_networks(records: Sequence[VipRecord]) -> dict[int | None, set[str]]:
    """Return, by VNI, the tenant VRFs of its SVIs."""
    found: dict[int | None, set[str]] = defaultdict(set)
    for record in records:
        if record.vrf != DEFAULT_VRF:
            found[record.vni].add(record.vrf)
    return found


@dataclass(frozen=True)
class _Site:
    """What leafs have of symmetric routing, and the VRFs of the networks.

    Attributes:
        records: the VIPs in EVPN, of all leafs.
        fabrics: what else each leaf has.
        networks: the tenant VRFs of each VNI.
    """

    records: Sequence[VipRecord]
    fabrics: Mapping[str, FabricRecord]
    networks: Mapping[int | None, set[str]]

    def numbers(self, vrf: str) -> set[int]:
        """Return the L3VNIs that the leafs have for a VRF."""
        return self._numbers.get(vrf, set())

    @cached_property
    def _numbers(self) -> Mapping[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for record in self.records:
            if record.l3vni:
                found[record.vrf].add(record.l3vni)
        return found

    def vrfs(self, name: str) -> Sequence[VrfRecord]:
        """Return the record of a VRF of every leaf that has it."""
        return self._vrfs.get(name, ())

    @cached_property
    def _vrfs(self) -> Mapping[str, list[VrfRecord]]:
        found: dict[str, list[VrfRecord]] = defaultdict(list)
        for fabric in self.fabrics.values():
            for vrf in fabric.vrfs:
                found[vrf.vrf].append(vrf)
        return found


def _lacks(vrf: str, records: Sequence[VipRecord], site: _Site) -> list[str]:
    """Return what is missing for symmetric routing of a VRF.

    Leafs that lack the same are joined.
    """
    numbers = site.numbers(vrf)
    by_lack: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for lack in _lacks_of(record, site):
            by_lack[lack].add(record.switch)
    lacks = [f"{_leafs(switches)}: {lack}" for lack, switches in sorted(by_lack.items())]
    if len(numbers) > 1:
        several = ", ".join(map(str, sorted(numbers)))
        lacks.append(f"one L3VNI for VRF {vrf} on every leaf, in the place of {several}")
    return lacks


def _lacks_of(record: VipRecord, site: _Site) -> list[str]:
    if record.vrf != DEFAULT_VRF:
        return _lacks_in(record.vrf, record, site)
    others = sorted(site.networks.get(record.vni, ()))
    if not others:
        return [
            (
                f"a tenant VRF with {record.interface} in it, an L3VNI of that VRF with its vxlan "
                "device, an SVI for the L3VNI in the same VRF with the MTU of the largest SVI, "
                "'vni' and 'router bgp' for the VRF in FRR, and a default route in the VRF"
            )
        ]
    lacks = [f"{record.interface} into VRF {' or '.join(others)}, as elsewhere"]
    return [*lacks, *_lacks_in(others[0], record, site)] if len(others) == 1 else lacks


def _lacks_in(vrf: str, record: VipRecord, site: _Site) -> list[str]:
    """Return all that a leaf lacks of a tenant VRF and its L3VNI, beside the SVI of its VIP."""
    if _is_ready(record):
        return []
    fabric = site.fabrics.get(record.switch, FabricRecord())
    here = next((each for each in fabric.vrfs if each.vrf == vrf), None)
    told = next((row for row in fabric.l3vnis if row.vrf == vrf), None)
    numbers = site.numbers(vrf)
    # Where no leaf has an L3VNI, its number is anybody's choice.
    number = record.l3vni or (next(iter(numbers)) if len(numbers) == 1 else None)
    name = f"L3VNI {number}" if number else f"an L3VNI for VRF {vrf}"
    there = site.vrfs(vrf)
    mtu = max((each.mtu for each in there), default=0)
    vxlan = record.l3vni_vxlan or next((r.vxlan for r in fabric.vnis if r.vni == number), "")
    svi = record.l3vni_svi or (told.svi if told else "")
    lacks = [] if here or record.vrf == vrf else [f"VRF {vrf}"]
    if not vxlan:
        lacks.append(f"the vxlan device of {name}")
    if not svi:
        lacks.append(
            f"the SVI of {name}, in VRF {vrf}" + (f", with an MTU of {mtu}" if mtu else "")
        )
    if not record.l3vni and told is None:
        lacks.append(f"'vni {number or 'N'}' of VRF {vrf} in FRR")
    if (here is None and there) or (here is not None and here.bgp is False):
        lacks.append(f"'router bgp' for VRF {vrf} in FRR")
    if any(each.default for each in there) and (here is None or here.default is False):
        lacks.append(f"a default route in VRF {vrf}")
    if not lacks and not (told is not None and told.up):
        lacks.append(f"{name} of VRF {vrf} up (FRR calls it down)")
    return lacks


def _leafs(switches: set[str]) -> str:
    return first_few(sorted(switches), _NAMED)
