"""The answer of a search: behind which switch it is, and what to type next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import VPN_DOWN, ExitCode
from inventory.names import command, first_few, is_hostname, short_host
from inventory.sources.one_vm import target_of
from inventory.target import Kind
from runbooks.search.wanted import ADDRESS, MAC, NAME
from tasks.presence import Places

if TYPE_CHECKING:
    from inventory.errors import SourceError
    from runbooks.search.look import Sighting
    from runbooks.search.wanted import Wanted

#: What heals a target, the first words of it.
_HEAL = ("vip", "heal")


@dataclass(frozen=True)
class Unanswered:
    """A switch that could not be asked, and why."""

    switch: str
    address: str
    problem: str


@dataclass(frozen=True)
class Behind:
    """A VTEP behind which a switch has learnt what is looked for, and the leafs that have it."""

    vtep: str
    leafs: tuple[str, ...]

    def __str__(self) -> str:
        """Return it in words."""
        leafs = " and ".join(map(short_host, self.leafs))
        return f"{self.vtep} ({leafs})" if leafs else f"{self.vtep} (of no leaf that is known)"


@dataclass(frozen=True)
class SwitchFound:
    """What one switch says.

    Attributes:
        switch: its name in the inventory.
        address: its management address.
        hostname: what it calls itself.
        here: whether the target is behind it.
        ports: the ports on which it is.
        macs: the MACs that it has learnt on its own ports.
        hypervisor: the LLDP neighbour on these ports.
        evidence: what its tables say, by table.
        behind: the VTEPs of other leafs behind which it has learnt the target.
        unread: why a table says nothing.
    """

    switch: str
    address: str
    hostname: str
    here: bool
    ports: tuple[str, ...]
    macs: tuple[str, ...]
    hypervisor: str
    evidence: Mapping[str, str]
    behind: tuple[Behind, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchAnswer:
    """The answer of a search.

    Attributes:
        wanted: what was looked for.
        macs: the MACs that were looked for, or that the neighbour tables have for the address.
        asked: the number of switches that were asked.
        found: the switches that know something, those behind which it is first.
        unanswered: the switches that could not be asked.
        sentence: the answer for a person.
        advice: what to type next.
        exit_code: the exit code of the command.
        notes: what could not be asked, or is odd.
    """

    wanted: Wanted
    macs: tuple[str, ...]
    asked: int
    found: tuple[SwitchFound, ...]
    unanswered: tuple[Unanswered, ...]
    sentence: str
    advice: str
    exit_code: int
    notes: tuple[str, ...]

    @property
    def nobody_asked(self) -> bool:
        """Return whether not one switch could be asked."""
        return len(self.unanswered) == self.asked

    @property
    def here(self) -> tuple[SwitchFound, ...]:
        """Return the switches behind which it is."""
        return tuple(one for one in self.found if one.here)


def conclude(
    wanted: Wanted,
    sightings: Sequence[Sighting],
    unanswered: Sequence[Unanswered],
    leafs: Mapping[str, tuple[str, ...]],
    *,
    notes: Sequence[str] = (),
    owner: str = "",
    lacking: bool = False,
) -> SearchAnswer:
    """Return the answer of a search.

    Args:
        wanted: what was looked for.
        sightings: what each switch that answered says.
        unanswered: the switches that did not.
        leafs: the names of the leafs by VTEP, as far as they are known.
        notes: what is to be told beside it.
        owner: the name of the VM that has the MAC that was looked for.
        lacking: whether there are switches that could not be listed.
    """
    macs = wanted.macs or _macs_of(sightings)
    told = [found_by(one, macs, leafs) for one in sightings]
    found = [one for one in told if one.here or one.behind]
    found = found or [one for one in told if one.evidence]
    found.sort(key=lambda one: (not one.here, "LLDP" not in one.evidence, one.switch))
    here = [one for one in found if one.here]
    unread = [one for one in told if one.unread]
    odd = [*wanted.notes, *notes]
    odd += [f"{one.switch} could not read {'; '.join(one.unread)}" for one in unread]
    if len(here) > 1 and not all("LLDP" in one.evidence for one in here):
        names = ", ".join(short_host(one.switch) for one in here)
        odd.append(f"{names} have all learnt it: it has moved a moment ago, or there is a loop.")
    if not wanted.macs and len(macs) > 1:
        odd.append(f"The neighbour tables have {len(macs)} MACs for it: {', '.join(macs)}.")
    sentence, advice, code = (
        _here(wanted, here, macs, sightings, owner)
        if here
        else _nowhere(
            wanted, found, unanswered, len(sightings), unread=bool(unread), lacking=lacking
        )
    )
    total = len(sightings) + len(unanswered)
    return SearchAnswer(
        wanted,
        macs,
        total,
        tuple(found),
        tuple(unanswered),
        sentence,
        advice,
        code,
        tuple(dict.fromkeys(odd)),
    )


def _macs_of(sightings: Sequence[Sighting]) -> tuple[str, ...]:
    """Return the MACs that the neighbour tables have for the addresses, the most frequent first."""
    counted = Counter(row.mac for one in sightings for row in one.neighbours if row.mac)
    return tuple(mac for mac, _ in counted.most_common())


def found_by(
    one: Sighting, macs: Sequence[str], leafs: Mapping[str, tuple[str, ...]] | None = None
) -> SwitchFound:
    """Return what one switch says.

    Args:
        one: what was read from it.
        macs: the MACs that are looked for.
        leafs: the names of the leafs by VTEP, as far as they are known.
    """
    leafs = leafs or {}
    near = {mac: port for mac, port in one.places.near.items() if mac in macs}
    far = Places({}, {mac: place for mac, place in one.places.far.items() if mac in macs})
    ports = tuple(dict.fromkeys((*one.ports, *near.values())))
    names = (one.beside.get(port.split(".", 1)[0], "") for port in ports)
    evidence = {}
    if one.ports:
        evidence["LLDP"] = f"{next(iter(_names(one, one.ports)), '')} on {', '.join(one.ports)}"
    if near:
        evidence["FDB"] = first_few([f"{mac} on {port}" for mac, port in near.items()])
    elif far.far:
        evidence["FDB"] = first_few([f"{mac} behind {place}" for mac, place in far.far.items()])
    entries = [f"{r.address} is {r.mac or 'unresolved'} on {r.device} ({r.state})"
               for r in one.neighbours]  # fmt: skip
    if entries:
        evidence["neighbours"] = first_few(entries)
    here = bool(one.ports or near)
    vteps = () if here else far.vteps
    return SwitchFound(
        one.switch,
        one.address,
        one.hostname,
        here,
        ports,
        tuple(near),
        next((name for name in names if name), ""),
        evidence,
        tuple(Behind(vtep, leafs.get(vtep, ())) for vtep in vteps),
        one.unread,
    )


def _names(one: Sighting, ports: Sequence[str]) -> list[str]:
    return [one.beside[port] for port in ports if port in one.beside]


def _here(
    wanted: Wanted,
    here: Sequence[SwitchFound],
    macs: Sequence[str],
    sightings: Sequence[Sighting],
    owner: str,
) -> tuple[str, str, int]:
    places = " and ".join(f"{one.switch} on {', '.join(one.ports)}" for one in here)
    whose = f" (the VM {owner})" if owner else ""
    sentence = f"{wanted.target}{whose} is behind {places}"
    best = here[0]
    if best.hypervisor:
        sentence += f", where LLDP sees {best.hypervisor}"
    return sentence, _next(wanted, best, macs, sightings, owner), ExitCode.OK


def _next(
    wanted: Wanted,
    best: SwitchFound,
    macs: Sequence[str],
    sightings: Sequence[Sighting],
    owner: str,
) -> str:
    """Return what to type next, where somebody is cut off behind that switch."""
    switch = short_host(best.switch)
    host = wanted.hypervisor
    if wanted.kind == NAME or (wanted.kind == Kind.HYPERVISOR.value and wanted.failure):
        # Its VMs are not known, so that the person has to say who is cut off.
        words = ("ADDRESS", "--switch", switch, "--hypervisor", host)
        return f"{command(*_HEAL, *words)}, with a VM's address"
    if wanted.kind in {Kind.VM.value, Kind.HYPERVISOR.value}:
        return command(*_HEAL, wanted.target, "--switch", switch)
    if wanted.kind == ADDRESS:
        mac = next(iter(best.macs), "")
        named = is_hostname(best.hypervisor)  # LLDP may say anything
        place = ("--hypervisor", best.hypervisor) if named else ("--mac", mac)
        return command(*_HEAL, wanted.addresses[0], "--switch", switch, *place)
    if owner:
        return command(*_HEAL, target_of(owner), "--switch", switch)
    if wanted.kind == MAC:
        addresses = [
            row.address
            for one in sightings
            for row in one.neighbours
            if row.mac in macs and not row.address.is_link_local
        ]
        if addresses:
            words = (str(addresses[0]), "--switch", switch, "--mac", macs[0])
            return command(*_HEAL, *words)
    return f"vip check {switch}"


def _nowhere(
    wanted: Wanted,
    found: Sequence[SwitchFound],
    unanswered: Sequence[Unanswered],
    answered: int,
    *,
    unread: bool,
    lacking: bool,
) -> tuple[str, str, int]:
    total = answered + len(unanswered)
    if unanswered and not answered:
        asked = f"none of the {total} switches could" if total > 1 else "the only switch could not"
        sentence = f"{asked} be asked where {wanted.target} is"
        return (
            sentence,
            f"{VPN_DOWN} Correct that, and run it again.",
            ExitCode.SWITCH,
        )
    sentence = (
        f"{wanted.target} is behind none of the switches that answered, {answered} of {total}"
    )
    pointers = list(dict.fromkeys(behind for one in found for behind in one.behind))
    if pointers:
        sentence += f"; it was learnt behind the VTEP {', '.join(map(str, pointers))}"
    leafs = [leaf for behind in pointers for leaf in behind.leafs]
    unknown = wanted.kind in {ADDRESS, NAME}
    if unknown and wanted.failure is not None and not pointers:
        return *_not_known(
            wanted, wanted.failure, f"{answered} of {total} answered"
        ), ExitCode.SOURCE
    if leafs:
        advice = f"See why {leafs[0]} does not answer, or does not know it: vip check {leafs[0]}"
    elif lacking:
        search = command("vip", "find", wanted.target, "ADDRESS...")
        advice = f"The list lacks some switches, see above: {search}"
    elif pointers:
        search = command("vip", "find", wanted.target, "SWITCH")
        advice = f"That VTEP is none of a switch that was ever asked: {search}"
    elif unanswered:
        advice = "Look at the switches that did not answer, and run it again."
    else:
        advice = (
            "It may be off, its port down, or lldpd not running: vip check names ports that are "
            "down; vip trace asks the sources."
        )
    silent = bool(unanswered or leafs or unread or lacking)
    return sentence, advice, ExitCode.SWITCH if silent else ExitCode.TARGET


def _not_known(wanted: Wanted, failure: SourceError, answered: str) -> tuple[str, str]:
    """Return sentence and advice where no source could say what to look for."""
    system = failure.system
    if wanted.kind == NAME:
        sentence = (
            f"no switch has {wanted.target} as its LLDP neighbour ({answered}); whether it is a VM "
            f"is not known, as {system} could not be asked"
        )
        way = "An address of it needs no source, nor does its hypervisor or a MAC: vip find ADDRESS"
    else:
        sentence = (
            f"no switch has {wanted.target} in its neighbour table ({answered}), and {system} "
            "could not be asked for its MAC"
        )
        way = "A MAC needs no source, nor does its hypervisor: vip find MAC"
    return sentence, f"{failure.advice} {way}".strip()
