"""Finds the stanza in a switch's configuration that holds the gateway VIP of an address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from napalm_cumulus.config.configuration import MAIN_FILE, Configuration, Located
from napalm_cumulus.config.marked_text import ConfigurationError, split_marked
from napalm_cumulus.config.semantics import macvlan_name
from napalm_cumulus.patterns import normal_mac
from nornir_config.connection import read_session
from tasks.addresses import IpAddress, IpInterface, interfaces
from tasks.errors import NoGatewayError, RefusedError
from tasks.model import Gateway, VirtualAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
_COMMENTED = re.compile(r"^\s*#[\s#]*address([-_]virtual)?\s+(?P<value>\S.*?)\s*$")
_COMMENTED_ANYWHERE = re.compile(r"#[\s#]*address")


@dataclass(frozen=True)
class GatewayQuery:
    """The gateway to look for: by an address it serves, by its VIP, or by its interface."""

    address: IpAddress | None = None
    vip: IpAddress | None = None
    interface: str | None = None

    def __str__(self) -> str:
        if self.address is not None:
            return f"the subnet of {self.address}"
        return f"the VIP {self.vip}" if self.vip is not None else f"interface {self.interface}"

    def matches(self, interface: str, virtual: IpInterface) -> bool:
        """Return whether this virtual address belongs to the gateway that is looked for."""
        if self.address is not None:
            return self.address in virtual.network
        if self.vip is not None:
            return self.vip == virtual.ip
        return self.interface == interface


def find_gateway(task: Task, wanted: GatewayQuery) -> Result:
    """Read the switch's configuration and find the gateway in it. This is a Nornir task.

    Returns:
        A Result with a ``Gateway``.

    Raises:
        NoGatewayError: no stanza that can be toggled holds it.
    """
    found = read_session(task).take_snapshot()
    # The toggle returns to the configuration on the disk, which would also be booted.
    text = found.disk.to_text() or found.running.to_text()
    switch = task.host.name
    return Result(
        host=task.host, result=gateway_in(text, switch, wanted, management=task.host.hostname)
    )


def gateway_in(
    text: str, switch: str, wanted: GatewayQuery, management: str | None = None
) -> Gateway:
    """Find the gateway in a configuration text as the driver gives it.

    Args:
        text: every file that the switch reads, with markers.
        switch: its name, for messages.
        wanted: the gateway to look for.
        management: the switch's management address; a stanza with it is never toggled.

    Raises:
        NoGatewayError: no stanza holds it, several do, its lines are commented out already, or it
            is in a template.
        RefusedError: toggling it would cut off the management address.
    """
    try:
        configuration = Configuration(split_marked(text) or {MAIN_FILE: text})
        stanzas = tuple(configuration.stanzas())
    except ConfigurationError as error:
        raise RefusedError(f"{switch}: its configuration cannot be read: {error}") from None
    interfaces = dict.fromkeys(at.stanza.name for at in stanzas if at.stanza.keyword == "iface")
    virtual = {name: _virtual(configuration, name) for name in interfaces}
    hits = [
        (name, address)
        for name, addresses in virtual.items()
        for address in addresses
        if wanted.matches(name, address.address)
    ]
    _refuse_commented(stanzas, switch, wanted)
    if not hits:
        raise _nothing_found(configuration, switch, wanted, virtual)
    longest = max(address.address.network.prefixlen for _, address in hits)
    if wanted.interface is None:
        hits = [hit for hit in hits if hit[1].address.network.prefixlen == longest]
    if len({name for name, _ in hits}) > 1:
        places = ", ".join(f"{name} ({address.address})" for name, address in hits)
        raise NoGatewayError(
            f"{switch}: {wanted} has its gateway in more than one stanza: {places}",
            "Say which one is meant with vip toggle --interface, or correct the configuration.",
        )
    name, vip = hits[0]
    return _gateway(configuration, switch, name, vip, virtual=virtual[name], management=management)


def gateways_of(configuration: Configuration) -> tuple[Gateway, ...]:
    """Return a ``Gateway`` for each interface with virtual addresses, in reading order.

    Unlike ``gateway_in`` it refuses nothing; some of them cannot be toggled.

    Raises:
        ConfigurationError: the files source each other in a circle.
    """
    stanzas: dict[str, list[Located]] = {}
    for at in configuration.stanzas():
        if at.stanza.keyword == "iface":
            for name in at.stanza.interfaces:
                stanzas.setdefault(name, []).append(at)
    return tuple(
        _as_gateway(name, virtual[0], virtual, located)
        for name, found in stanzas.items()
        if any(at.stanza.values("address-virtual") for at in found)
        for located in [configuration.counted[name] if len(found) > 1 else tuple(found)]
        if (virtual := _virtual_lines(name, located))
    )


def commented_addresses(configuration: Configuration) -> tuple[tuple[str, str, int, str], ...]:
    """Return interface, file, line and address of each commented-out address line of a stanza."""
    if not any(_COMMENTED_ANYWHERE.search(file.text) for file in configuration.files):
        return ()
    found = _commented_addresses(tuple(configuration.stanzas()))
    return tuple((at.stanza.name, at.file.path, line, str(address)) for at, line, address in found)


def _gateway(
    configuration: Configuration,
    switch: str,
    name: str,
    vip: VirtualAddress,
    *,
    virtual: tuple[VirtualAddress, ...],
    management: str | None,
) -> Gateway:
    located = configuration.stanzas_of(name)
    for at in located:
        if at.file.is_template:
            raise NoGatewayError(
                f"{switch}: the stanza of {name} ({at}) is in a mako template, whose lines are not "
                "what the switch reads; vipkeeper does not edit it",
                f"Toggle it by hand: comment its address lines out in {at.file.path}, ifreload -a, "
                "restore them, ifreload -a.",
            )
        if at.stanza.words[0] != name:
            raise NoGatewayError(
                f"{switch}: {name} is described together with others as "
                f"'iface {at.stanza.words[0]}' ({at}), which is not edited",
                "Give the interface a stanza of its own.",
            )
    gateway = _as_gateway(name, vip, virtual, located)
    for address in (*gateway.own, *(v.address for v in virtual)):
        if management and str(address.ip) == management:
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
    return replace(gateway, candidate="".join(map(_commented_out, located)), rejected=rejected)


def _as_gateway(
    name: str,
    vip: VirtualAddress,
    virtual: tuple[VirtualAddress, ...],
    located: Sequence[Located],
) -> Gateway:
    """Return the gateway without the parts that only a toggle needs."""
    at = next(at for at in located if at.stanza.first <= vip.line <= at.stanza.last)
    return Gateway(
        interface=name,
        vip=vip,
        virtual=virtual,
        own=tuple(interfaces(value.split()[0] for at in located for value in at.stanza.addresses)),
        file=at.file.path,
        first=at.stanza.first,
        last=at.stanza.last,
        stanza="".join(at.file.stanza_text(at.stanza) for at in located),
        candidate="",
    )


def _commented_out(at: Located) -> str:
    """Return the stanza's lines with every attribute that begins with ``address`` commented out."""
    text = at.file.comment_out(at.stanza, "address").physical_lines
    lines = "".join(text[at.stanza.first - 1 : at.stanza.last])
    return lines if lines.endswith(("\n", "\r")) else lines + "\n"


def _virtual(configuration: Configuration, interface: str) -> tuple[VirtualAddress, ...]:
    return _virtual_lines(interface, configuration.stanzas_of(interface))


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
    advice = "Is that subnet routed somewhere else (a private network of the project)?"
    if templates:
        advice += f" {', '.join(templates)}: mako templates, which are not looked into."
    return NoGatewayError(
        f"{switch}: no address-virtual line for {wanted} in "
        f"{', '.join(file.path for file in configuration.files) or MAIN_FILE}; "
        f"its VIPs are {', '.join(there) or 'none'}",
        advice,
    )
