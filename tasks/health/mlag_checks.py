"""Checks that compare the two switches of an MLAG pair, by configuration and kernel.

clagd's own state is not asked: nobody has recorded what it says yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from inventory.names import first_few, same_host
from tasks.faults.base import Check
from tasks.faults.model import Finding, Status
from tasks.health.model import SwitchHealth

MLAG_PAIR = Check(
    "mlag-pair-differs", "The two switches of an MLAG pair agree", Status.WARNING, scope="fleet"
)
MLAG_VIPS = Check(
    "mlag-vip-missing", "Both of an MLAG pair have the pair's VIPs", Status.WARNING, scope="fleet"
)
MLAG_STATE = Check("mlag-state", "The state of MLAG is known", Status.UNKNOWN, scope="fleet")
MLAG_CHECKS = (MLAG_PAIR, MLAG_VIPS, MLAG_STATE)
_NAMED = 5
_PAIR = 2


def judge_mlag(healths: Sequence[SwitchHealth], *, strict: bool = False) -> Iterator[Finding]:
    """Yield every finding on MLAG pairs, and a note that clagd was not asked.

    Args:
        healths: the outcome of each switch.
        strict: whether that note is an UNKNOWN.
    """
    members = [health for health in healths if health.fabric.mlag is not None]
    if not members:
        return
    yield from _sharing(members)
    for one, other in _pairs(members):
        yield from _differences(one, other)
        yield from _vips(one, other)
    names = first_few([health.switch for health in members], _NAMED)
    yield Finding(
        MLAG_STATE.id,
        MLAG_STATE.severity if strict else Status.OK,
        "",
        "MLAG",
        f"configuration: MLAG on {names}; clagd's own state was not asked, and is unknown",
        "clagctl on the switch tells the peer, its role, and conflicts.",
    )


def _pairs(members: Sequence[SwitchHealth]) -> list[tuple[SwitchHealth, SwitchHealth]]:
    """Return the pairs: by their common MAC, else by whom the peerlink's ports hear."""
    by_mac: dict[str, list[SwitchHealth]] = defaultdict(list)
    for health in members:
        mlag = health.fabric.mlag
        if mlag is not None and mlag.sys_mac:
            by_mac[mlag.sys_mac].append(health)
    found = {
        (a.switch, b.switch): (a, b)
        for several in by_mac.values()
        if len(several) == _PAIR
        for a, b in [sorted(several, key=lambda health: health.switch)]
    }
    by_short: dict[str, list[SwitchHealth]] = defaultdict(list)
    for health in members:
        by_short[_short(health.hostname or health.switch)].append(health)
    for health in members:
        heard = {_short(end.neighbour) for end in health.fabric.ends if end.of_peerlink}
        for other in (other for name in sorted(heard) for other in by_short.get(name, ())):
            if health.switch < other.switch and _hear_each_other(health, other):
                found.setdefault((health.switch, other.switch), (health, other))
    return list(found.values())


def _short(name: str) -> str:
    return name.casefold().split(".", 1)[0]


def _hear_each_other(one: SwitchHealth, other: SwitchHealth) -> bool:
    """Return whether members of both peerlinks are two ends of one cable."""
    return any(
        (near.port, near.far_port) == (far.far_port, far.port)
        and same_host(other.hostname or other.switch, near.neighbour)
        for near in one.fabric.ends
        if near.of_peerlink
        for far in other.fabric.ends
        if far.of_peerlink
    )


def _sharing(members: Sequence[SwitchHealth]) -> Iterator[Finding]:
    users: dict[str, list[str]] = defaultdict(list)
    for health in members:
        mlag = health.fabric.mlag
        if mlag is not None and mlag.sys_mac:
            users[mlag.sys_mac].append(health.switch)
    for mac, switches in users.items():
        if len(switches) > _PAIR:
            yield Finding(
                MLAG_PAIR.id,
                MLAG_PAIR.severity,
                "",
                mac,
                f"configuration: {first_few(sorted(switches), _NAMED)} have the same "
                f"clagd-sys-mac {mac}",
                "Give each pair a MAC of its own: a hypervisor with bonds to two pairs takes them "
                "for one switch.",
            )


def _differences(one: SwitchHealth, other: SwitchHealth) -> Iterator[Finding]:
    a, b = one.fabric.mlag, other.fabric.mlag
    if a is None or b is None:
        return
    said = [
        f"{what} is {first or 'none'} on {one.switch} and {second or 'none'} on {other.switch}"
        for what, first, second in (
            ("clagd-sys-mac", a.sys_mac, b.sys_mac),
            ("clagd-vxlan-anycast-ip", a.anycast, b.anycast),
        )
        if first != second
    ]
    ids, far = {number for _, number in a.bonds}, {number for _, number in b.bonds}
    said += [
        f"clag-id {first_few([str(n) for n in sorted(alone)], _NAMED)} is on {name} only"
        for name, alone in ((one.switch, ids - far), (other.switch, far - ids))
        if alone
    ]
    if said:
        yield Finding(
            MLAG_PAIR.id,
            MLAG_PAIR.severity,
            "",
            f"{one.switch}, {other.switch}",
            f"configuration: {'; '.join(said)}",
            "Make them the same on both, and look at clagctl.",
        )


def _vips(one: SwitchHealth, other: SwitchHealth) -> Iterator[Finding]:
    """Yield VIPs that one of a pair has alone; those with a VNI are ``vip-missing``."""
    for having, lacking in ((one, other), (other, one)):
        there = {(record.vrf, record.vip) for record in lacking.vips}
        for record in having.vips:
            stretched = record.vni is not None and record.vni in lacking.vnis
            if (record.vrf, record.vip) not in there and not stretched:
                yield Finding(
                    MLAG_VIPS.id,
                    MLAG_VIPS.severity,
                    lacking.switch,
                    record.vip,
                    f"configuration: {lacking.switch} lacks the VIP {record.vip}, which "
                    f"{having.switch} of its MLAG pair has on {record.interface}",
                    "Add the SVI with its address-virtual line: while the other switch is down, "
                    "nobody has the VIP.",
                    record.interface,
                )
