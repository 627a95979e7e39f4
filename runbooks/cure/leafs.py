"""The leafs that have the gateway of a target: which ones to work on, and what they showed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from runbooks.cure.observer import GatewayObserver, Observation
from runbooks.incident.attachment import require_confirmed
from runbooks.incident.endpoints import known_macs, silent_fixed, silent_ones
from runbooks.incident.reachability import own_address
from runbooks.incident.tenants import Tenant, gateway_for
from tasks.errors import NoGatewayError
from tasks.facts.collect import Probes
from tasks.faults.catalogue import fault
from tasks.model import Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.names import IpAddress
    from runbooks.cure.rogues import Compute
    from runbooks.incident.attachment import AttachedLeaf, Attachments
    from runbooks.incident.endpoints import Endpoint
    from runbooks.incident.path import TracedPath
    from runbooks.incident.reachability import Probe
    from runbooks.run.approval import Agreement
    from runbooks.run.run import Run
    from tasks.faults.model import Diagnosis

#: At most so many silent addresses are probed on the switch.
_MOST_TARGETS = 8


@dataclass(frozen=True)
class Incident:
    """Who is to be healed, what is known so far, and the source that knows VMs.

    ``vrf`` is the VRF that the person names, or empty.
    """

    run: Run
    followed: TracedPath
    endpoints: tuple[Endpoint, ...]
    probes: dict[str, Probe]
    agreement: Agreement
    compute: Compute
    vrf: str = ""

    @property
    def macs(self) -> dict[str, tuple[str, ...]]:
        """Return the MACs of the known VMs, by address."""
        return known_macs(self.followed.chain)

    @property
    def host_trouble(self) -> str:
        """Return what is wrong with the hypervisor's compute service; empty when nothing is."""
        return next(filter(None, (vm.host_trouble for vm in self.followed.chain.vms)), "")


@dataclass(frozen=True)
class AffectedLeaf:
    """One leaf of the incident: its observer of the gateway, and what was seen."""

    behind: AttachedLeaf
    observer: GatewayObserver
    looked: Observation

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Return the diagnoses of the latest look."""
        return self.looked.diagnoses


def affected_leafs_of(case: Incident, reached: Attachments, *, force: bool) -> list[AffectedLeaf]:
    """Return the leafs to work on, after a look at each.

    A leaf may have a fault that hides the hypervisor from it (its port is down). It is returned,
    too, as long as none of its tables says that the hypervisor is somewhere else. Not so where only
    the person who asks says that the target is there: any leaf may have a port that is down.

    Raises:
        RefusedError: no switch sees the target.
        NoGatewayError: no switch has a gateway for it.
        NapalmException: no switch can be reached, or one refuses.
    """
    if not reached.confirmed and not force and case.followed.chain.given.switch is None:
        hidden = [_affected(case, b) for b in reached.answered if not b.contradicted]
        explained = [w for w in hidden if any(map(_hides, w.diagnoses))]
        if explained:
            for affected in explained:
                text = (
                    f"{affected.behind.switch.short_name} does not see it, for a reason of its own"
                )
                case.run.story.tell("switch", text, "warn")
            return explained
    chosen = require_confirmed(case.run, reached, case.followed, force=force)
    affected_leafs: list[AffectedLeaf] = []
    first: NoGatewayError | None = None
    for behind in chosen:
        try:
            affected_leafs.append(_affected(case, behind))
        except NoGatewayError as error:  # noqa: PERF203 - the next switch may have one
            first = first or error
    if first is not None and not affected_leafs:
        raise first
    return affected_leafs


def _affected(case: Incident, behind: AttachedLeaf) -> AffectedLeaf:
    silent = silent_ones(case.endpoints, case.probes, case.followed.chain.hypervisor, behind.ports)
    candidates = silent_fixed(case.endpoints, case.probes) or case.endpoints[0].fixed
    targets = [str(s.address) for s in silent if isinstance(s.address, IPv4Address)]
    gateway = gateway_of(case, behind, candidates)
    observer = GatewayObserver(
        behind.session,
        gateway,
        Probes(
            targets=tuple(targets[:_MOST_TARGETS]),
            outside=own_address(targets[0]) if targets else "",
            interface=gateway.interface,
            per_vip=0,
        ),
        silent=silent[:_MOST_TARGETS],
        macs=case.macs,
    )
    virtual = ", ".join(f"{v.address} on {v.device}" for v in gateway.virtual)
    vrf = f" (VRF {gateway.vrf})" if gateway.vrf else ""
    case.run.story.tell("gateway", f"{gateway.interface}{vrf} in {gateway.place}: {virtual}")
    return AffectedLeaf(behind, observer, observer.look())


def gateway_of(case: Incident, behind: AttachedLeaf, candidates: Sequence[IpAddress]) -> Gateway:
    """Return the gateway of the first silent address that has one on the switch.

    Where several VRFs have the address, that of the VM's own network, or the one that is named.

    Raises:
        NoGatewayError: no address has one.
    """

    def tell(text: str, kind: str) -> None:
        case.run.story.tell("network", text, kind)

    tenant = Tenant(case.followed.chain.vms, case.compute, case.vrf, tell)
    first: NoGatewayError | None = None
    for address in candidates:
        try:
            return gateway_for(behind.session, address, tenant)
        except NoGatewayError as error:  # noqa: PERF203 - the next address may have one
            first = first or error
    raise first or NoGatewayError(f"{behind.switch.name}: no address to find a gateway for")


def _hides(diagnosis: Diagnosis) -> bool:
    """Return whether a fault explains that a switch does not see a hypervisor attached to it."""
    row = fault(diagnosis.fault)
    return row is not None and row.hides_hypervisor and not diagnosis.latent
