"""Checks that compare switches. Pure: records in, findings out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from inventory.names import first_few
from tasks import addresses
from tasks.faults.base import Check
from tasks.faults.model import Finding, Status
from tasks.health.fabric_checks import FABRIC_CHECKS, judge_fabric
from tasks.health.mlag_checks import MLAG_CHECKS, judge_mlag
from tasks.health.model import SwitchHealth, VipRecord
from tasks.health.routing import ROUTING_MODEL, judge_routing

FLEET_CHECKS: tuple[Check, ...] = (
    Check(
        "vip-mac-differs",
        "A VIP has the same virtual MAC on every leaf",
        Status.CRITICAL,
        scope="fleet",
    ),
    Check(
        "vip-prefix-differs",
        "A VIP has the same prefix length on every leaf",
        Status.CRITICAL,
        scope="fleet",
    ),
    Check(
        "vip-vni-differs",
        "A VIP is stretched by the same VNI on every leaf",
        Status.WARNING,
        scope="fleet",
    ),
    Check(
        "vip-missing",
        "Every leaf with a VNI has the VIPs of that VNI",
        Status.WARNING,
        scope="fleet",
    ),
    Check(
        "vip-foreign-owner",
        "No switch has another's VIP as its own address",
        Status.CRITICAL,
        scope="fleet",
    ),
    Check(
        "svi-address-shared",
        "No two leafs have one address of their own",
        Status.WARNING,
        scope="fleet",
    ),
    Check(
        "virtual-mac-shared",
        "No two VIPs of one VLAN share a virtual MAC",
        Status.CRITICAL,
        scope="fleet",
    ),
    *FABRIC_CHECKS,
    *MLAG_CHECKS,
    ROUTING_MODEL,
)
_SEVERITY = {check.id: check.severity for check in FLEET_CHECKS}
#: At most so many names stand in one sentence.
_NAMED = 5


def judge_fleet(
    healths: Sequence[SwitchHealth], *, routing_model: bool = True, strict: bool = False
) -> tuple[Finding, ...]:
    """Return every finding across switches; switches that were not asked are left out.

    Args:
        healths: the outcome of each switch.
        routing_model: whether to report how EVPN routes between the VIPs' subnets, where that is
            not symmetric.
        strict: whether what is only noted counts: a fleet that routes asymmetrically by design, and
            the state of MLAG, which is not asked.
    """
    healths = [replace(health, vips=tuple(filter(_is_compared, health.vips))) for health in healths]
    vips = [record for health in healths for record in health.vips]
    return (
        *_differing(vips),
        *_missing(healths),
        *_foreign_owners(vips),
        *_shared_addresses(vips),
        *_shared_macs(vips),
        *judge_fabric(healths),
        *judge_mlag(healths, strict=strict),
        *(judge_routing(healths, strict=strict) if routing_model else ()),
    )


def _is_compared(record: VipRecord) -> bool:
    """Return whether a VIP is one thing on all switches; a link-local one is of its link only."""
    return not addresses.is_link_local(addresses.address(record.vip))


def named(switches: Iterable[str], most: int = _NAMED) -> str:
    """Return the names of switches as a sentence lists them.

    >>> named(["c", "a", "b"], most=2)
    'a, b and 1 more'
    """
    return first_few(sorted(set(switches)), most)


def _stretched(vips: Iterable[VipRecord]) -> Iterator[list[VipRecord]]:
    """Yield the records of each VIP that several leafs of one layer-2 network have.

    Without a VNI the leafs' networks are separate, and racks may reuse addresses.
    """
    groups: dict[tuple[str, str], list[VipRecord]] = defaultdict(list)
    for record in vips:
        groups[record.vrf, record.vip].append(record)
    for group in groups.values():
        if any(record.vni is not None for record in group):
            yield group


def _differing(vips: Sequence[VipRecord]) -> Iterator[Finding]:
    for group in _stretched(vips):
        # With different VNIs they are not one network, and nothing else can be compared.
        yield from _odd_ones(group, "vip-vni-differs", "VNI", lambda r: _word(r.vni))
        for vni in {record.vni for record in group if record.vni is not None}:
            one = [record for record in group if record.vni == vni]
            yield from _odd_ones(one, "vip-mac-differs", "virtual MAC", lambda r: r.mac or "none")
            yield from _odd_ones(
                one, "vip-prefix-differs", "prefix length", lambda r: f"/{r.prefix_length}"
            )


def _word(vni: int | None) -> str:
    return "none" if vni is None else str(vni)


def _odd_ones(
    group: Sequence[VipRecord], check: str, what: str, value: Callable[[VipRecord], str]
) -> Iterator[Finding]:
    """Yield a finding for each switch that differs from most.

    Or one for all where no value leads.
    """
    by_value: dict[str, list[VipRecord]] = defaultdict(list)
    for record in group:
        by_value[value(record)].append(record)
    if len(by_value) == 1:
        return
    ranking = sorted(by_value, key=lambda key: (-len(by_value[key]), key))
    clear = len(by_value[ranking[0]]) > len(by_value[ranking[1]])
    all_of_it = "; ".join(
        f"{what} {key} on {named(r.switch for r in by_value[key])}" for key in ranking
    )
    vip = group[0].vip
    remedy = (
        f"Give {vip} the same {what} on every leaf: VMs keep what they have learnt when they move, "
        "or when another leaf answers."
    )
    odd = [record for key in ranking[1:] for record in by_value[key]] if clear else [group[0]]
    for record in odd:
        yield Finding(
            check,
            _SEVERITY[check],
            record.switch if clear else "",
            vip,
            f"configuration of {vip}: {all_of_it}",
            remedy,
            record.interface,
        )


def _missing(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    with_vni: dict[int, set[str]] = defaultdict(set)
    for health in healths:
        for vni in {*health.vnis, *(r.vni for r in health.vips if r.vni is not None)}:
            with_vni[vni].add(health.switch)
    having: dict[tuple[int, str], dict[str, str]] = defaultdict(dict)
    for health in healths:
        for record in health.vips:
            if record.vni is not None:
                having[record.vni, record.vip][record.switch] = record.interface
    for (vni, vip), there in having.items():
        lacking = with_vni[vni] - there.keys()
        if len(there) < len(lacking):
            continue  # most leafs with that VNI lack it: its gateway is on few leafs on purpose
        for switch in sorted(lacking):
            yield Finding(
                "vip-missing",
                _SEVERITY["vip-missing"],
                switch,
                vip,
                f"configuration: {switch} has VNI {vni} but not the VIP {vip}, which "
                f"{named(there)} {'has' if len(there) == 1 else 'have'}",
                "Add its address-virtual line, or remove the VNI: the VMs behind this leaf "
                "have no gateway of their own. Has a toggle by hand not been finished?",
                next(iter(there.values())),
            )


def _foreign_owners(vips: Sequence[VipRecord]) -> Iterator[Finding]:
    owners: dict[tuple[str, str], dict[str, VipRecord]] = defaultdict(dict)
    for record in vips:
        for own in record.own:
            owners[record.vrf, own.partition("/")[0]][record.switch] = record
    told = set()
    for record in vips:
        for owner in owners.get((record.vrf, record.vip), {}).values():
            apart = record.vni is None and owner.vni is None and record.switch != owner.switch
            if apart or (owner.switch, record.vip) in told:
                continue
            told.add((owner.switch, record.vip))
            yield Finding(
                "vip-foreign-owner",
                _SEVERITY["vip-foreign-owner"],
                owner.switch,
                record.vip,
                f"configuration: {owner.switch} has {record.vip} as {owner.interface}'s own "
                f"address; it is the VIP of {record.interface} on {record.switch}",
                "Give that SVI an address of its own: it answers ARP for the VIP with another MAC.",
                owner.interface,
            )


def _shared_addresses(vips: Sequence[VipRecord]) -> Iterator[Finding]:
    owners: dict[tuple[str, int, str], dict[str, str]] = defaultdict(dict)
    for record in vips:
        if record.vni is not None:
            for own in record.own:
                key = (record.vrf, record.vni, own.partition("/")[0])
                owners[key][record.switch] = record.interface
    for (_, vni, address), switches in owners.items():
        if len(switches) > 1:
            yield Finding(
                "svi-address-shared",
                _SEVERITY["svi-address-shared"],
                "",
                address,
                f"configuration: {address} is the SVI's own address on {named(switches)}, in VNI "
                f"{vni}",
                "Give each leaf an address of its own. With a shared one it is undefined which "
                "leaf gets the answers to its ARP requests and pings.",
                next(iter(switches.values())),
            )


def _shared_macs(vips: Sequence[VipRecord]) -> Iterator[Finding]:
    users: dict[tuple[int | str, str], list[VipRecord]] = defaultdict(list)
    for record in vips:
        if record.mac:
            network = record.vni if record.vni is not None else f"{record.switch} {record.vlan}"
            users[network, record.mac].append(record)
    for (_, mac), records in users.items():
        # The addresses of one line share its device and its MAC, as they should.
        lines = Counter((r.switch, r.device) for r in records)
        most = {r.vip for r in records if (r.switch, r.device) == lines.most_common(1)[0][0]}
        others = [r for r in records if r.vip not in most]
        if others:
            vip = records[0].vip
            where = "; ".join(sorted({f"{r.vip} on {r.device} of {r.switch}" for r in records})[:6])
            yield Finding(
                "virtual-mac-shared",
                _SEVERITY["virtual-mac-shared"],
                "",
                vip,
                f"configuration: {mac} is the virtual MAC of {where}, in one layer-2 network",
                "Give each VRR device of a VLAN a virtual MAC of its own.",
                records[0].interface,
            )
