"""The gateway of a VM on a switch; where several tenants have its addresses, whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError
from inventory.given import NOT_ASKED
from inventory.sources.protocols import SegmentSource
from tasks.errors import AmbiguousGatewayError
from tasks.gateways import GatewayQuery, find_gateway

if TYPE_CHECKING:
    from inventory.model import Segment, VirtualMachine
    from inventory.names import IpAddress
    from runbooks.run.session import SwitchSession
    from tasks.model import Gateway


@dataclass(frozen=True)
class Tenant:
    """What tells the tenant of an address.

    Attributes:
        vms: the VMs of the target, as far as they are known.
        compute: returns the source that may know their networks.
        vrf: the VRF that the person names; empty for none.
        tell: is told what OpenStack says: the text, and its kind in the story.
    """

    vms: Iterable[VirtualMachine]
    compute: Callable[[], object]
    vrf: str = ""
    tell: Callable[[str, str], None] = lambda text, kind: None  # noqa: ARG005


def gateway_for(session: SwitchSession, address: IpAddress, tenant: Tenant) -> Gateway:
    """Return the gateway of an address; where several VRFs have one, OpenStack is asked whose.

    Raises:
        AmbiguousGatewayError: several have one, and OpenStack does not tell.
        NoGatewayError: none has one.
    """
    wanted = GatewayQuery(address=address, vrf=tenant.vrf)
    try:
        found: Gateway = session.run(find_gateway, wanted=wanted)
    except AmbiguousGatewayError as several:
        segment = _segment_of(tenant, str(address), several)
        try:
            found = session.run(find_gateway, wanted=replace(wanted, segment=segment))
        except AmbiguousGatewayError:
            raise several from None
        told = f"OpenStack has {address} in the {segment.kind} {segment.number}"
        tenant.tell(f"{told}: {found.interface} is its gateway", "ok")
    return found


def _segment_of(tenant: Tenant, address: str, several: AmbiguousGatewayError) -> Segment:
    """Return the segment of an address.

    Raises:
        AmbiguousGatewayError: it is not known; what was asked for it is told.
    """
    vm = next((vm for vm in tenant.vms if address in {str(a.ip) for a in vm.addresses}), None)
    if vm is None or vm.status == NOT_ASKED:
        raise several
    why = f"it does not tell the network of {address} to this account"
    source = tenant.compute()
    if isinstance(source, SegmentSource):
        try:
            segment = source.segments_of(vm.id).value.get(address)
        except VipkeeperError as error:
            why = str(error)
        else:
            if segment is not None:
                return segment
    tenant.tell(f"OpenStack cannot say which one is meant: {why}", "warn")
    raise several
