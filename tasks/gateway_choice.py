"""Which of a switch's gateways is meant, where several VRFs have the same addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tasks.errors import AmbiguousGatewayError, NoGatewayError, UnknownGatewayError
from tasks.model import DEFAULT_VRF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inventory.model import Segment
    from napalm_cumulus.config.configuration import Located
    from tasks.addresses import IpAddress, IpInterface
    from tasks.model import VirtualAddress

_VLAN = re.compile(r"\D+?(\d{1,4})$")


@dataclass(frozen=True)
class GatewayQuery:
    """The gateway to look for: by an address it serves, by its VIP, or by its interface.

    Attributes:
        address: an address that it serves.
        vip: its VIP.
        interface: its interface.
        vrf: the VRF that it is in; ``default`` for the default one, empty where none is asked for.
        segment: the segment of the address's network; it decides between VRFs with the same
            addresses.
    """

    address: IpAddress | None = None
    vip: IpAddress | None = None
    interface: str | None = None
    vrf: str = ""
    segment: Segment | None = None

    def __str__(self) -> str:
        where = f" in VRF {self.vrf}" if self.vrf else ""
        if self.address is not None:
            return f"the subnet of {self.address}{where}"
        if self.vip is not None:
            return f"the VIP {self.vip}{where}"
        return f"interface {self.interface}{where}"

    def error(self, message: str, advice: str) -> NoGatewayError:
        """Return the error of a gateway that is not found: of a name where one was given."""
        kind = NoGatewayError if self.address is not None else UnknownGatewayError
        return kind(message, advice)

    def matches(self, interface: str, virtual: IpInterface) -> bool:
        """Return whether this virtual address belongs to the gateway that is looked for."""
        if self.address is not None:
            return self.address in virtual.network
        if self.vip is not None:
            return self.vip == virtual.ip
        return self.interface == interface


class Hit(NamedTuple):
    """A gateway that matches a query: its interface, the virtual address, and its stanzas."""

    interface: str
    virtual: VirtualAddress
    stanzas: Sequence[Located]

    @property
    def vrf(self) -> str:
        """Return its VRF; ``default`` where it names none."""
        named = self._values("vrf")
        return named[-1] if named else DEFAULT_VRF

    @property
    def vlan(self) -> int | None:
        """Return its VLAN: its ``vlan-id``, or the number in its name (``vlan453``)."""
        told, named = self._values("vlan-id"), _VLAN.match(self.interface)
        number = told[-1] if told else named[1] if named else ""
        return int(number) if number.isdecimal() else None

    @property
    def length(self) -> int:
        """Return the prefix length of its virtual address."""
        return self.virtual.address.network.prefixlen

    def _values(self, attribute: str) -> list[str]:
        return [value for at in self.stanzas for value in at.stanza.values(attribute)]


def the_one(
    switch: str, wanted: GatewayQuery, hits: Sequence[Hit], vlans: Mapping[int, int]
) -> Hit:
    """Return the gateway that is meant: in each VRF that with the longest prefix.

    Args:
        switch: the switch's name, for the message.
        wanted: what is looked for.
        hits: the gateways that match it.
        vlans: the VLAN of each VNI on the switch.

    Raises:
        AmbiguousGatewayError: several are left, in several VRFs.
        NoGatewayError: several are left, in one VRF.
    """
    if wanted.interface is None:
        longest: dict[str, int] = {}
        for hit in hits:
            longest[hit.vrf] = max(hit.length, longest.get(hit.vrf, 0))
        hits = [hit for hit in hits if hit.length == longest[hit.vrf]]
    if wanted.segment is not None:
        number = wanted.segment.number
        vlan = number if wanted.segment.kind == "vlan" else vlans.get(number)
        # A VNI that the switch does not have is no network without a VLAN.
        hits = [hit for hit in hits if vlan is not None and hit.vlan == vlan] or hits
    if len({hit.interface for hit in hits}) == 1:
        return hits[0]
    vrfs = dict.fromkeys(hit.vrf for hit in hits)
    if len(vrfs) > 1:
        each = {hit.interface: hit for hit in reversed(hits)}.values()
        places = ", ".join(
            f"{h.interface} ({h.virtual.address}, VRF {h.vrf})" for h in reversed(each)
        )
        words = " or ".join(f"--vrf {vrf}" for vrf in vrfs)
        raise AmbiguousGatewayError(
            f"{switch}: {wanted} has its gateway in more than one VRF: {places}",
            f"Say which one is meant: {words}",
        )
    places = ", ".join(f"{hit.interface} ({hit.virtual.address})" for hit in hits)
    raise wanted.error(
        f"{switch}: {wanted} has its gateway in more than one stanza: {places}",
        "Say which one is meant with vip toggle --interface, or correct the configuration.",
    )


def in_other_vrfs(switch: str, wanted: GatewayQuery, hits: Sequence[Hit]) -> NoGatewayError:
    """Return the error of a gateway that is only in other VRFs than the one that was named."""
    places = ", ".join(f"{hit.interface} in VRF {hit.vrf}" for hit in hits)
    words = " or ".join(dict.fromkeys(f"--vrf {hit.vrf}" for hit in hits))
    return wanted.error(
        f"{switch}: no address-virtual line for {wanted}; there is one on {places}",
        f"Was that meant? {words}",
    )
