"""The owner of a MAC: Neutron's ports with it, and Nova's VMs behind these ports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.model import MacOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.model import VirtualMachine
    from inventory.sources.openstack.cloud import Cloud


def owners(cloud: Cloud, macs: Sequence[str]) -> tuple[MacOwner, ...]:
    """Return the owners of MACs: one request for the ports, and one for each VM.

    A MAC is unique only within a network, so one MAC may have several owners.

    Raises:
        SourceError: nothing was found, with an account that may not see everything.
    """
    # Releases ignore a filter they do not know, so each port is checked again.
    found = [
        (str(port.mac_address).lower(), port)
        for port in cloud.network.ports(mac_address=list(macs))
        if str(port.mac_address).lower() in macs
    ]
    if {mac for mac, _ in found} != set(macs):
        cloud.hypervisors()  # only an account that sees them all proves that there is no port
    return tuple(
        MacOwner(mac, str(port.device_owner or ""), _vm(cloud, str(port.device_id or ""), mac))
        if str(port.device_owner or "").startswith("compute:")
        else MacOwner(mac, str(port.device_owner or ""))
        for mac, port in found
    )


def _vm(cloud: Cloud, server_id: str, mac: str) -> VirtualMachine:
    """Return the VM without its other addresses, which would need further requests."""
    server = cloud.server(server_id)
    if server is None:
        raise cloud.partial(f"the port with the MAC {mac} names a VM that Nova does not have")
    return replace(cloud.vm(server), macs=(mac,))
