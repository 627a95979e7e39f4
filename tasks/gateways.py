"""Finds the stanza in a switch's configuration that holds the gateway VIP of an address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from inventory.names import did_you_mean
from napalm_cumulus import errors
from napalm_cumulus.config import rendered
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration, Located
from napalm_cumulus.config.dependencies import brought_up
from napalm_cumulus.config.marked_text import ConfigurationError, split_marked
from napalm_cumulus.config.semantics import macvlan_name
from napalm_cumulus.patterns import normal_mac
from nornir_config.connection import read_session, run_once
from tasks.addresses import interfaces
from tasks.errors import NoGatewayError, RefusedError
from tasks.gateway_choice import GatewayQuery, Hit, in_other_vrfs, the_one
from tasks.model import DEFAULT_VRF, Gateway, VirtualAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tasks.addresses import IpInterface

__all__ = [
    "GatewayQuery",
    "commented_addresses",
    "find_gateway",
    "gateway_in",
    "gateways_of",
    "made_by",
]

_COMMENTED = re.compile(r"^\s*#[\s#]*address([-_]virtual)?\s+(?P<value>\S.*?)\s*$")
_COMMENTED_ANYWHERE = re.compile(r"#[\s#]*address")


def find_gateway(task: Task, wanted: GatewayQuery) -> Result:
    """Read the switch's configuration and find the gateway in it. This is a Nornir task.

    Returns:
        A Result with a ``Gateway``.

    Raises:
        NoGatewayError: no stanza that can be toggled holds it.
    """
    found = read_session(task).take_snapshot()
    # The toggle returns to the configuration on the disk, which would also be booted.
    disk = found.disk if found.disk.to_text() else found.running
    switch, made = task.host.name, None
    if why := rendered.unclear(disk):
        (result,) = run_once(task, [rendered.QUERY])
        try:
            made = rendered.parse(result, made_by(disk))
        except errors.CommandErrorException as error:
            raise NoGatewayError(
                f"{switch}: {why}, and {error}", "Try 'ifquery -a' on the switch."
            ) from None
    gateway = gateway_in(disk.to_text(), switch, wanted, task.host.hostname, made)
    return Result(host=task.host, result=gateway)


def gateway_in(
    text: str,
    switch: str,
    wanted: GatewayQuery,
    management: str | None = None,
    made: Configuration | None = None,
) -> Gateway:
    """Find the gateway in a configuration text as the driver gives it.

    Args:
        text: every file that the switch reads, with markers.
        switch: its name, for messages.
        wanted: the gateway to look for.
        management: the switch's management address; a stanza with it is never toggled.
        made: what ifupdown2 makes of the files, where their lines alone do not tell.

    Raises:
        NoGatewayError: no stanza holds it, several do, its lines are commented out already, or it
            is in a template and ``made`` is not given.
        RefusedError: toggling it would cut off the management address.
    """
    try:
        configuration = Configuration(split_marked(text) or {MAIN_FILE: text})
        stanzas = tuple(configuration.stanzas())
    except ConfigurationError as error:
        raise RefusedError(f"{switch}: its configuration cannot be read: {error}") from None
    located = _located(configuration, made)
    virtual = {name: _virtual_lines(name, found.counted) for name, found in located.items()}
    hits = [
        Hit(name, address, located[name].counted)
        for name, addresses in virtual.items()
        for address in addresses
        if wanted.matches(name, address.address)
    ]
    chosen = [hit for hit in hits if not wanted.vrf or hit.vrf == wanted.vrf]
    _refuse_commented(stanzas, switch, wanted)
    if hits and not chosen:
        raise in_other_vrfs(switch, wanted, hits)
    if not chosen:
        raise _nothing_found(configuration, switch, wanted, virtual)
    name, vip, _ = the_one(switch, wanted, chosen, _vlans_by_vni(configuration))
    if made is None and any(at.file.is_template for at in located[name].stanzas):
        raise NoGatewayError(
            f"{switch}: the stanza of {name} ({located[name].stanzas[0]}) is in a mako template, "
            "whose lines are not what the switch sees",
            "Ask 'ifquery -a' on the switch.",
        )
    gateway = _as_gateway(name, vip, virtual[name], located[name])
    for address in gateway.addresses:
        if management and str(address.ip) == management and not _in_mgmt(stanzas, management):
            raise RefusedError(
                f"{switch}: {name} carries {address}, the address that the switch is managed by; "
                "toggling it would cut vipkeeper off",
                "Manage the switch by another address, or toggle by hand on the console.",
            )
    rejected = tuple(
        f"{file.path} line {problem.line}: {problem.message}"
        for file in configuration.files
        if not file.is_template
        for problem in file.problems
    )
    if gateway.uneditable:
        return replace(gateway, rejected=rejected)
    candidate = "".join(map(_commented_out, located[name].stanzas))
    return replace(gateway, candidate=candidate, rejected=rejected)


def _in_mgmt(stanzas: Sequence[Located], management: str) -> bool:
    """Return whether the management address is one of VRF ``mgmt``; a tenant may have it, too."""
    return any(
        management in {value.partition("/")[0] for value in at.stanza.addresses}
        for at in stanzas
        if "mgmt" in at.stanza.values("vrf")
    )


def gateways_of(
    configuration: Configuration, made: Configuration | None = None
) -> tuple[Gateway, ...]:
    """Return a ``Gateway`` for each interface with virtual addresses, in reading order.

    Unlike ``gateway_in`` it refuses nothing; some of them cannot be toggled.

    Args:
        configuration: the files.
        made: what ifupdown2 makes of them, where their lines alone do not tell.

    Raises:
        ConfigurationError: the files source each other in a circle.
    """
    return tuple(
        _as_gateway(name, virtual[0], virtual, found)
        for name, found in _located(configuration, made).items()
        if _has_vips(found.counted)
        if (virtual := _virtual_lines(name, found.counted))
    )


def made_by(configuration: Configuration) -> str:
    """Return the files of which only ifupdown2 tells what it makes, as a place."""
    return ", ".join(f.path for f in configuration.files if rendered.is_unclear(f)) or MAIN_FILE


@dataclass(frozen=True)
class _Described:
    """Where an interface is described.

    Attributes:
        stanzas: every stanza of it, in reading order.
        counted: those that ifupdown2 does not pass over as copies.
        uneditable: why no line of them may be changed; empty where they may.
        placed: whether their lines are those of a file.
        auto: whether ``ifreload -a`` and the boot bring the interface up.
    """

    stanzas: tuple[Located, ...]
    counted: tuple[Located, ...]
    uneditable: str = ""
    placed: bool = True
    auto: bool = True


def _located(configuration: Configuration, made: Configuration | None) -> Mapping[str, _Described]:
    """Return where each interface is described: in the files, else in what ifupdown2 makes."""
    stanzas: dict[str, list[Located]] = {}
    for at in configuration.stanzas():
        if at.stanza.keyword == "iface":
            for name in at.stanza.interfaces:
                stanzas.setdefault(name, []).append(at)
    found: dict[str, _Described] = {}
    told: Mapping[str, tuple[Located, ...]] = made.counted if made is not None else {}
    auto = configuration.auto if made is None else made.auto
    described_by = [*stanzas.items(), *told.items()]
    if any(name not in auto and _has_vips(several) for name, several in described_by):
        # What others stand on needs no auto line of its own.
        auto |= brought_up(configuration) | (brought_up(made) if made is not None else frozenset())
    for name, several in stanzas.items():
        counted = configuration.counted[name] if len(several) > 1 else tuple(several)
        described = _Described(
            tuple(several), counted, _why_uneditable(name, several), auto=name in auto
        )
        if made is None or _agree(described, told.get(name, ())):
            found[name] = described
    for name, counted in told.items():
        if name not in found:
            why = f"it is made by {counted[0].file.path}, whose lines are not what ifupdown2 sees"
            found[name] = _Described(counted, counted, why, placed=False, auto=name in auto)
    return found


def _has_vips(located: Sequence[Located]) -> bool:
    return any(at.stanza.values("address-virtual") for at in located)


def _why_uneditable(name: str, located: Sequence[Located]) -> str:
    for at in located:
        if at.file.is_template:
            return f"it stands in {at.file.path}, a mako template"
        if at.stanza.words[0] != name:
            return f"it is described together with others as 'iface {at.stanza.words[0]}' ({at})"
    return ""


def _agree(described: _Described, made: Sequence[Located]) -> bool:
    """Return whether the lines of an interface are what ifupdown2 makes of them.

    Outside templates an interface that ``ifquery`` does not tell is one that is not auto.
    """
    if not made:
        return not any(at.file.is_template for at in described.counted)
    return [_meaning(at) for at in described.counted] == [_meaning(at) for at in made]


def _meaning(at: Located) -> tuple[tuple[str, ...], ...]:
    names = ("address-virtual", "bridge-ports", "mtu", "vrf")
    return (at.stanza.addresses, *(at.stanza.values(name) for name in names))


def commented_addresses(configuration: Configuration) -> tuple[tuple[str, str, int, str], ...]:
    """Return interface, file, line and address of each commented-out address line of a stanza."""
    if not any(_COMMENTED_ANYWHERE.search(file.text) for file in configuration.files):
        return ()
    found = _commented_addresses(tuple(configuration.stanzas()))
    return tuple((at.stanza.name, at.file.path, line, str(address)) for at, line, address in found)


def _as_gateway(
    name: str,
    vip: VirtualAddress,
    virtual: tuple[VirtualAddress, ...],
    found: _Described,
) -> Gateway:
    """Return the gateway without the parts that only a toggle needs."""
    located = found.counted
    at = next(at for at in located if at.stanza.first <= vip.line <= at.stanza.last)
    if not found.placed:
        vip, virtual = replace(vip, line=0), tuple(replace(v, line=0) for v in virtual)
    return Gateway(
        interface=name,
        vip=vip,
        virtual=virtual,
        own=tuple(interfaces(value.split()[0] for at in located for value in at.stanza.addresses)),
        file=at.file.path,
        first=at.stanza.first if found.placed else 0,
        last=at.stanza.last if found.placed else 0,
        stanza="".join(at.file.stanza_text(at.stanza) for at in located),
        candidate="",
        uneditable=found.uneditable,
        auto=found.auto,
    )


def _vlans_by_vni(configuration: Configuration) -> Mapping[int, int]:
    """Return the VLAN that each VNI's device has on its bridge (``bridge-access``)."""
    found: dict[int, int] = {}
    for at in configuration.stanzas():
        for vni in at.stanza.values("vxlan-id"):
            for vlan in at.stanza.values("bridge-access"):
                if vni.isdecimal() and vlan.isdecimal():
                    found[int(vni)] = int(vlan)
    return found


def _commented_out(at: Located) -> str:
    """Return the stanza's lines with every attribute that begins with ``address`` commented out."""
    text = at.file.comment_out(at.stanza, "address").physical_lines
    lines = "".join(text[at.stanza.first - 1 : at.stanza.last])
    return lines if lines.endswith(("\n", "\r")) else lines + "\n"


def _virtual_lines(interface: str, located: Sequence[Located]) -> tuple[VirtualAddress, ...]:
    """Return the virtual addresses of an interface; ifupdown2 makes one device for each line."""
    lines = [
        attribute
        for at in located
        for attribute in at.stanza.attributes
        if attribute.name == "address-virtual"
    ]
    return tuple(
        VirtualAddress(
            device=macvlan_name(interface, index),
            mac=_mac(word),
            address=address,
            line=line.first,
        )
        for index, line in enumerate(lines)
        for word, *addresses in [line.value.split()]
        for address in interfaces(addresses)
    )


def _mac(word: str) -> str:
    """Return the MAC of a line as the kernel writes it; one that is none stays as it stands."""
    return "" if word.lower() == "none" else normal_mac(word) or word.lower()


def _refuse_commented(stanzas: tuple[Located, ...], switch: str, wanted: GatewayQuery) -> None:
    found: dict[tuple[str, str], list[int]] = {}
    for at, number, address in _commented_addresses(stanzas):
        if wanted.vrf not in {"", *(at.stanza.values("vrf") or (DEFAULT_VRF,))}:
            continue  # another tenant's
        if wanted.matches(at.stanza.name, address):
            lines = found.setdefault((at.stanza.name, at.file.path), [])
            if number not in lines:
                lines.append(number)
    for (name, path), lines in found.items():
        raise NoGatewayError(
            f"{switch}: in the stanza of {name} the address lines for {wanted} are commented out "
            f"already ({path}, line {', '.join(map(str, lines))}): probably a toggle by hand that "
            "somebody has not finished",
            "Ask who is at it (last, /var/log). To finish it, remove the # in front of those lines "
            "and run ifreload -a; if they are only a note, delete them.",
        )


def _commented_addresses(
    stanzas: tuple[Located, ...],
) -> Iterator[tuple[Located, int, IpInterface]]:
    """Yield the addresses in comments of each stanza, up to the next stanza or directive."""
    for at in stanzas:
        if at.file.is_template or at.stanza.keyword != "iface":
            continue
        begins = [stanza.first for stanza in at.file.stanzas]
        begins += [directive.first for directive in at.file.directives]
        after = min((n for n in begins if n > at.stanza.first), default=None)
        lines = at.file.physical_lines[at.stanza.first : after and after - 1]
        for number, line in enumerate(lines, start=at.stanza.first + 1):
            if match := _COMMENTED.match(line):
                words = match["value"].split()
                for address in interfaces(word for word in words if "/" in word):
                    yield at, number, address


def _nothing_found(
    configuration: Configuration,
    switch: str,
    wanted: GatewayQuery,
    virtual: dict[str, tuple[VirtualAddress, ...]],
) -> NoGatewayError:
    there = [f"{v.address} on {name}" for name, addresses in virtual.items() for v in addresses]
    templates = [file.path for file in configuration.files if file.is_template]
    vips = (str(v.address.ip) for addresses in virtual.values() for v in addresses)
    named = virtual if wanted.interface is not None else vips
    near = did_you_mean(str(wanted.interface or wanted.vip or ""), named)
    advice = near or "Is that subnet routed somewhere else (a private network of the project)?"
    if templates:
        advice += f" {', '.join(templates)}: mako templates, which are not looked into."
    return wanted.error(
        f"{switch}: no address-virtual line for {wanted} in "
        f"{', '.join(file.path for file in configuration.files) or MAIN_FILE}; "
        f"its VIPs are {', '.join(there) or 'none'}",
        advice,
    )
