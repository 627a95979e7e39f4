"""The segments of a VM's networks: Neutron tells them to an administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.model import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inventory.sources.openstack.cloud import Cloud


def segments(cloud: Cloud, vm_id: str) -> Mapping[str, Segment]:
    """Return the segment of each fixed address: one request for the ports, one for each network."""
    networks: dict[str, Segment | None] = {}
    found: dict[str, Segment] = {}
    for port in cloud.network.ports(device_id=vm_id):
        if str(port.device_id) != vm_id:  # releases ignore a filter that they do not know
            continue
        key = str(port.network_id)
        if key not in networks:
            networks[key] = _segment(cloud, key)
        segment = networks[key]
        if segment is not None:
            found |= {str(fixed["ip_address"]): segment for fixed in port.fixed_ips or ()}
    return found


def _segment(cloud: Cloud, network_id: str) -> Segment | None:
    network = cloud.network.get_network(network_id)
    kind, number = network.provider_network_type, network.provider_segmentation_id
    return Segment(str(kind), int(number)) if kind and number is not None else None
