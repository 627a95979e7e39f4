"""Checks that compare the fabric's settings on all switches. Pure: records in, findings out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from inventory.names import first_few
from tasks.faults.base import Check
from tasks.faults.model import Finding, Status
from tasks.health.cables import cables
from tasks.health.fabric_model import VniRecord
from tasks.health.model import SwitchHealth

FABRIC_CHECKS: tuple[Check, ...] = tuple(
    Check(name, title, severity, scope="fleet")
    for name, title, severity in (
        (
            "flood-list-incomplete",
            "Every leaf floods to every VTEP of its VNIs",
            Status.WARNING,
        ),
        (
            "vni-type-differs",
            "A VNI is of layer 2 or of layer 3 on every leaf",
            Status.CRITICAL,
        ),
        ("vni-vlan-differs", "A VNI has one VLAN on every leaf", Status.WARNING),
        ("vrf-l3vni-differs", "A VRF has one L3VNI on every leaf", Status.WARNING),
        ("address-in-two-places", "An address is behind one leaf, with one MAC", Status.WARNING),
        ("router-mac-shared", "Every VTEP has a router MAC of its own", Status.CRITICAL),
        ("vtep-shared", "Every leaf has a VTEP of its own", Status.CRITICAL),
        ("address-shared", "No two switches have one address", Status.WARNING),
        ("link-vlan-differs", "Both ends of a link have the same VLANs", Status.WARNING),
        ("link-mtu-differs", "Both ends of a link have the same MTU", Status.WARNING),
    )
)
_SEVERITY = {check.id: check.severity for check in FABRIC_CHECKS}
_Key = TypeVar("_Key")
#: At most so many names stand in one sentence.
_NAMED = 5


def judge_fabric(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    """Yield every finding on the fabric; switches that were not asked have no records."""
    yield from _flood_lists(healths)
    yield from _types(healths)
    yield from _vlans(healths)
    yield from _l3vnis(healths)
    yield from _places(healths)
    yield from _router_macs(healths)
    yield from _vteps(healths)
    yield from _addresses(healths)
    yield from _links(healths)


def _finding(check: str, switch: str, subject: str, evidence: str, remedy: str) -> Finding:
    return Finding(check, _SEVERITY[check], switch, subject, evidence, remedy)


def _names(switches: Sequence[str] | set[str]) -> str:
    return first_few(sorted(set(switches)), _NAMED)


def _by_vni(healths: Sequence[SwitchHealth]) -> Mapping[int, dict[str, VniRecord]]:
    found: dict[int, dict[str, VniRecord]] = defaultdict(dict)
    for health in healths:
        for record in health.fabric.vnis:
            found[record.vni][health.switch] = record
    return found


# --- type 3: replication ------------------------------------------------------------------------


def _flood_lists(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    """Yield the gaps, gathered under the switch that has most of them."""
    missing: dict[tuple[str, str], list[int]] = defaultdict(list)
    vteps: dict[str, str] = {}
    seen: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = {}
    for vni, by_switch in _by_vni(healths).items():
        there = {name: row for name, row in by_switch.items() if row.kind != "L3" and row.vtep}
        every = frozenset(row.vtep for row in there.values())
        gaps: dict[str, frozenset[str]] = {}
        for name, row in there.items():
            if row.floods is None:
                continue
            # Most VNIs have the same leafs, and most leafs the same lists.
            lacking = seen.setdefault((every, row.floods), every - row.floods) - {row.vtep}
            if lacking:
                gaps[name] = lacking
        if not gaps:
            continue
        vteps |= {name: row.vtep for name, row in there.items()}
        apart = _separate(tuple((name, row.vtep, row.floods) for name, row in there.items()))
        at = defaultdict(list)
        for name, row in there.items():
            at[row.vtep].append(name)
        pairs = ((name, o) for name, lacking in gaps.items() for vtep in lacking for o in at[vtep])
        for name, other in pairs:
            if apart[name] == apart[other]:
                missing[name, other].append(vni)
    while missing:
        counts = Counter(name for pair in missing for name in pair)
        (worst, _) = min(counts.items(), key=lambda item: (-item[1], item[0]))
        mine = {pair: vnis for pair, vnis in missing.items() if worst in pair}
        missing = {pair: vnis for pair, vnis in missing.items() if worst not in pair}
        yield _gap(worst, mine, vteps)


def _gap(
    worst: str, gaps: Mapping[tuple[str, str], list[int]], vteps: Mapping[str, str]
) -> Finding:
    vnis = sorted({vni for found in gaps.values() for vni in found})
    to = {other for name, other in gaps if name == worst}
    by = {name for name, other in gaps if other == worst}
    said = []
    if to:
        lacking = [f"{vteps[other]} ({other})" for other in sorted(to)]
        said.append(f"{worst} does not flood to {first_few(lacking, _NAMED)}")
    if by:
        verb = "does" if len(by) == 1 else "do"
        said.append(f"{_names(by)} {verb} not flood to {vteps[worst]} ({worst})")
    return _finding(
        "flood-list-incomplete",
        worst,
        f"VNI {vnis[0]}" if len(vnis) == 1 else "",
        f"bridge fdb: in VNI {first_few([str(vni) for vni in vnis], _NAMED)} {'; '.join(said)}",
        "ARP requests and other broadcasts do not get there. Look at the EVPN sessions and at "
        "'show bgp l2vpn evpn route type multicast' on both.",
    )


@lru_cache(maxsize=16)  # most VNIs have the same leafs
def _separate(there: tuple[tuple[str, str, frozenset[str] | None], ...]) -> Mapping[str, str]:
    """Return the fabric of each leaf with a VNI, named by one of its leafs.

    Groups of two or more that do not know each other at all are fabrics of their own, which may
    use the same numbers. A single leaf that knows nobody is taken to belong to the others.
    """
    group = {name: name for name, *_ in there}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = name = group[group[name]]
        return name

    owners: dict[str, str] = {}
    for name, own, _ in there:  # the two of an MLAG pair have one VTEP
        group[root(name)] = root(owners.setdefault(own, name))
    for name, _, floods in there:
        for vtep in floods or ():
            if vtep in owners:
                group[root(name)] = root(owners[vtep])
    roots = {name: root(name) for name in group}
    sizes = Counter(roots.values())
    several = [name for name, size in sizes.items() if size > 1]
    lone = several[0] if len(several) == 1 else ""
    if len(several) > 1:
        return roots  # a lone leaf: whose it is, is not known
    return dict.fromkeys(roots, lone or "one")


# --- what is the same everywhere ----------------------------------------------------------------


def _types(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    for vni, by_switch in _by_vni(healths).items():
        kinds: dict[str, set[str]] = defaultdict(set)
        for name, row in by_switch.items():
            if row.kind:
                kinds[row.kind].add(name)
        if len(kinds) > 1:
            said = "; ".join(f"{kind} on {_names(kinds[kind])}" for kind in sorted(kinds))
            yield _finding(
                "vni-type-differs",
                _odd(kinds),
                f"VNI {vni}",
                f"show evpn vni: VNI {vni} is {said}",
                "Use a number for one thing: correct the 'vni' line of the VRF in FRR, or the "
                "vxlan-id.",
            )


def _odd(groups: Mapping[_Key, set[str]]) -> str:
    """Return the only switch that differs from a majority; empty where there is none."""
    ranking = sorted(groups.values(), key=len)
    few, many = ranking[0], ranking[-1]
    return next(iter(few)) if len(ranking) == 2 and len(few) == 1 < len(many) else ""  # noqa: PLR2004


def _vlans(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    for vni, by_switch in _by_vni(healths).items():
        vlans: dict[int, set[str]] = defaultdict(set)
        for name, row in by_switch.items():
            if row.vlan is not None and row.kind != "L3":
                vlans[row.vlan].add(name)
        if len(vlans) > 1:
            said = "; ".join(f"VLAN {vlan} on {_names(vlans[vlan])}" for vlan in sorted(vlans))
            yield _finding(
                "vni-vlan-differs",
                _odd(vlans),
                f"VNI {vni}",
                f"ip link, bridge: VNI {vni} is {said}",
                "It can be meant (a VLAN counts on its switch only); with one number everywhere "
                "nobody is misled, and a hypervisor can be moved.",
            )


def _l3vnis(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    numbers: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    names: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for health in healths:
        for row in health.fabric.l3vnis:
            numbers[row.vrf][row.vni].add(health.switch)
            names[row.vni][row.vrf].add(health.switch)
    for vrf, by_number in numbers.items():
        if len(by_number) > 1:
            said = "; ".join(f"{n} on {_names(by_number[n])}" for n in sorted(by_number))
            yield _finding(
                "vrf-l3vni-differs",
                _odd(by_number),
                f"VRF {vrf}",
                f"show vrf vni: VRF {vrf} has the L3VNI {said}",
                "Give the VRF one L3VNI on every leaf: with automatic route targets leafs import "
                "only routes of their own number.",
            )
    for vni, by_name in names.items():
        if len(by_name) > 1:
            said = "; ".join(f"VRF {vrf} on {_names(by_name[vrf])}" for vrf in sorted(by_name))
            yield _finding(
                "vrf-l3vni-differs",
                _odd(by_name),
                f"VNI {vni}",
                f"show vrf vni: L3VNI {vni} is of {said}",
                "Use an L3VNI for one tenant: with automatic route targets these VRFs import each "
                "other's routes.",
            )


# --- type 2: places -----------------------------------------------------------------------------


def _places(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    """Yield the addresses that several leafs have behind themselves.

    The two of an MLAG pair have one VTEP, and the same machines; the leafs of an Ethernet segment
    (EVPN multihoming) have the same machines, as the other leafs see, or their own configuration
    says.
    """
    places: dict[tuple[int, str], list[tuple[str, str, str]]] = defaultdict(list)
    several = {machine for health in healths for machine in health.fabric.multihomed}
    for health in healths:
        vteps = {row.vni: row.vtep for row in health.fabric.vnis}
        for host in health.fabric.hosts:
            where = host.segment or vteps.get(host.vni) or health.switch
            places[host.vni, host.address].append((where, host.mac, health.switch))
    for (vni, address), found in places.items():
        macs = {mac for _, mac, _ in found}
        if len({where for where, *_ in found}) == len(macs) == 1:
            continue
        if len(macs) == 1 and (vni, address) in several:
            continue
        said = "; ".join(sorted(f"{mac} on {switch}" for _, mac, switch in found))
        yield _finding(
            "address-in-two-places",
            "",
            address,
            f"show evpn arp-cache: {address} is in VNI {vni} behind several leafs: {said}",
            "Two machines have this address: take it from one of them."
            if len(macs) > 1
            else "Has it just moved? Check again. If it stays: the machine is connected twice, or "
            "there is a loop.",
        )


def _router_macs(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    users: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for health in healths:
        vteps = {row.vxlan: row.vtep for row in health.fabric.vnis}
        for row in health.fabric.l3vnis:
            if row.router_mac and row.up and vteps.get(row.vxlan):
                users[row.router_mac][vteps[row.vxlan]].add(health.switch)
    for mac, by_vtep in users.items():
        if len(by_vtep) > 1:
            said = "; ".join(f"{vtep} on {_names(by_vtep[vtep])}" for vtep in sorted(by_vtep))
            yield _finding(
                "router-mac-shared",
                "",
                mac,
                f"show vrf vni: {mac} is the router MAC of several VTEPs: {said}",
                "Give each leaf (each MLAG pair) a MAC of its own on the SVIs of its L3VNIs: "
                "packets that are routed to one of them can reach another.",
            )


# --- addresses and links ------------------------------------------------------------------------


def _vteps(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    users: dict[str, set[str]] = defaultdict(set)
    pairs: dict[str, str] = {}
    for health in healths:
        mlag = health.fabric.mlag
        for row in health.fabric.vnis:
            if not row.vtep or not health.fabric.mlag_known:
                continue
            users[row.vtep].add(health.switch)
            if mlag is not None and mlag.anycast == row.vtep:
                pairs[health.switch] = row.vtep
    for vtep, switches in users.items():
        paired = {name for name in switches if pairs.get(name) == vtep}
        if len(switches) > 1 and (paired != switches or len(switches) > 2):  # noqa: PLR2004 - a pair
            yield _finding(
                "vtep-shared",
                "",
                vtep,
                f"ip -d link: {vtep} is the VTEP of {_names(switches)}",
                "Give each leaf a vxlan-local-tunnelip of its own; only the two of an MLAG pair "
                "share one (clagd-vxlan-anycast-ip).",
            )


def _addresses(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    holders: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    vteps = _shared_vteps(healths)
    for health in healths:
        for held in health.fabric.addresses:
            holders[held.vrf, held.address].setdefault(health.switch, held.device)
    for (vrf, address), by_switch in holders.items():
        if len(by_switch) < 2 or address in vteps:  # noqa: PLR2004
            continue
        places = [f"{device} of {name}" for name, device in sorted(by_switch.items())]
        yield _finding(
            "address-shared",
            "",
            address,
            f"ip addr: {address} is on {first_few(places, _NAMED)}, in VRF {vrf}",
            "Give each switch an address of its own.",
        )


def _shared_vteps(healths: Sequence[SwitchHealth]) -> set[str]:
    """Return the VTEPs that several switches have, which is told by itself."""
    counts = Counter(v for h in healths for v in {row.vtep for row in h.fabric.vnis})
    return {vtep for vtep, number in counts.items() if number > 1}


def _links(healths: Sequence[SwitchHealth]) -> Iterator[Finding]:
    """Yield links between two of the switches whose ends differ; of other ends nothing is known."""
    for (one, near), (other, far) in cables(healths):
        if far.mtu != near.mtu:
            yield _finding(
                "link-mtu-differs",
                "",
                f"{one} {near.port}",
                f"ip link, lldpctl: {near.port} of {one} has MTU {near.mtu}, {far.port} of "
                f"{other} at the other end has {far.mtu}",
                "Give both ends the same MTU: the smaller end drops large packets in silence.",
            )
        if near.vlans is not None and far.vlans is not None and near.vlans != far.vlans:
            said = [
                f"{_numbers(alone)} only on {end.port} of {name}"
                for name, end, alone in (
                    (one, near, near.vlans - far.vlans),
                    (other, far, far.vlans - near.vlans),
                )
                if alone
            ]
            yield _finding(
                "link-vlan-differs",
                "",
                f"{one} {near.port}",
                f"bridge vlan, lldpctl: the two ends of a link have different VLANs: "
                f"{'; '.join(said)}",
                "Give both ends the same VLANs (bridge-vids); frames of the others are dropped.",
            )


def _numbers(vlans: frozenset[int]) -> str:
    word = "VLAN" if len(vlans) == 1 else "VLANs"
    return f"{word} {first_few([str(vlan) for vlan in sorted(vlans)], _NAMED)}"
