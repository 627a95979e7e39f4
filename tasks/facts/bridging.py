"""The facts of a switch about VLAN-aware bridges and bonds: of the kernel, and as configured.

Nothing here judges. A VLAN-aware bridge has a list of VLANs for each of its ports and for itself;
``bridge vlan show`` calls the latter by the bridge's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: A VLAN has 12 bits, whatever a switch says.
ALL_VLANS = 4096


@dataclass(frozen=True)
class VlanFact:
    """VLANs that pass a port of a VLAN-aware bridge, or the bridge itself (``bridge vlan show``).

    Attributes:
        port: the port, or the bridge.
        first: the first of these VLANs.
        last: the last of them.
        pvid: whether frames without a tag belong to it (there is only one then).
        untagged: whether its frames leave without a tag.
    """

    port: str
    first: int
    last: int
    pvid: bool = False
    untagged: bool = False


@dataclass(frozen=True)
class TunnelFact:
    """VLANs of a single VXLAN device and their VNIs (``bridge vlan tunnelshow``).

    Attributes:
        port: the device.
        first: the first of these VLANs.
        last: the last of them.
        vni: the VNI of the first one; the next VLAN has the next VNI.
    """

    port: str
    first: int
    last: int
    vni: int


@dataclass(frozen=True)
class BondState:
    """The state of a bond (``ip -d link``).

    Attributes:
        mode: ``802.3ad``, ``active-backup``, ...
        min_links: with fewer working ports it has no carrier.
        partner: the MAC of the LACP partner; zeros where there is none, empty without LACP.
        aggregator: the number of the aggregator that is used; None without LACP.
    """

    mode: str
    min_links: int = 0
    partner: str = ""
    aggregator: int | None = None


@dataclass(frozen=True)
class ConfiguredPort:
    """What the configuration gives a port of a VLAN-aware bridge, as ifupdown2 reads it.

    Attributes:
        name: the port.
        bridge: its bridge.
        vlans: first and last VLAN of each range; the one without a tag is among them.
        pvid: the VLAN of frames without a tag; None where these are not accepted.
        vnis: the VNI of each VLAN of a single VXLAN device.
        judged: whether the lists are known: ifupdown2 takes them from several stanzas of a port,
            or from the bridge's own lists of ports, in ways that are not followed here.
        required: whether it has to be up and in the bridge: not one that a pattern chose among
            others, which may be unused, and not one with ``link-down``.
    """

    name: str
    bridge: str
    vlans: tuple[tuple[int, int], ...] = ()
    pvid: int | None = None
    vnis: Mapping[int, int] = field(default_factory=dict)
    judged: bool = True
    required: bool = True

    def carries(self, vlan: int) -> bool:
        """Return whether a VLAN is to pass."""
        return any(first <= vlan <= last for first, last in self.vlans)


@dataclass(frozen=True)
class ConfiguredBond:
    """A bond and its ports in the configuration."""

    name: str
    ports: tuple[str, ...]


@dataclass(frozen=True)
class Bridging:
    """What the configuration says of VLAN-aware bridges and of bonds, by the name of the port."""

    ports: Mapping[str, ConfiguredPort] = field(default_factory=dict)
    bonds: Mapping[str, ConfiguredBond] = field(default_factory=dict)
