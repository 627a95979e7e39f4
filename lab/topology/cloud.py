"""What the lab's OpenStack has: its login, projects and provider networks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from lab.topology.shapes import TenantSpec

_UUID_SPACE = uuid.UUID("6b9d5f0c-6c0f-5a0e-9b1f-3a52c7a1e453")


def stable_id(kind: str, name: str) -> str:
    """Return a UUID that is the same in every lab."""
    return str(uuid.uuid5(_UUID_SPACE, f"{kind}/{name}"))


@dataclass(frozen=True)
class ProjectSpec:
    """An OpenStack project."""

    id: str
    name: str


@dataclass(frozen=True)
class CloudSpec:
    """The login of the lab's OpenStack, and its only provider network."""

    region: str = "RegionOne"
    username: str = "vipkeeper"
    password: str = "lab-only"
    project: str = "admin"
    domain: str = "Default"
    network: str = "provider-453"
    network_id: str = stable_id("network", "provider-453")
    subnet: str = "provider-453-v4"
    subnet_id: str = stable_id("subnet", "provider-453-v4")


@dataclass(frozen=True)
class OverlapSpec:
    """A second tenant: a VRF and a provider network with the first one's addresses."""

    tenant: TenantSpec
    svi: str = "vlan553"
    vlan: int = 553
    vni: int = 10553
    virtual_mac: str = "00:00:5e:00:01:d1"
    network: str = "provider-553"
    network_id: str = stable_id("network", "provider-553")
    subnet: str = "provider-553-v4"
    subnet_id: str = stable_id("subnet", "provider-553-v4")
