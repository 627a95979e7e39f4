"""How a lab is built: its shape, its routing between segments, and its tenants' VRFs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Shape(str, Enum):
    """How the fabric is built.

    ``plain`` is one VRF, and works on any kernel. ``real`` is as sites are: a vlan-aware bridge,
    tenant VRFs, bonds, sshd in the VRF ``mgmt``.
    """

    PLAIN = "plain"
    REAL = "real"


class Routing(str, Enum):
    """How leafs route between segments (EVPN).

    ``symmetric``: in tenant VRFs, over an L3VNI. ``asymmetric``: the first tenant's SVIs are in the
    default VRF, and every leaf has every VNI and SVI.
    """

    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"


@dataclass(frozen=True)
class TenantSpec:
    """A tenant's VRF, with its L3VNI and the VLAN of that where it routes symmetrically."""

    vrf: str
    l3vni: int = 0
    l3vlan: int = 0
