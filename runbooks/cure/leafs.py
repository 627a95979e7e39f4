"""The switches that a target is treated on: where its gateway is there, and what they showed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from runbooks.cure.observer import Looked, Looker
from runbooks.incident.attachment import require_confirmed
from runbooks.incident.endpoints import known_macs, silent_fixed, silent_ones
from runbooks.incident.reachability import own_address
from tasks.errors import NoGatewayError
from tasks.facts.collect import Probes
from tasks.faults.catalogue import fault
from tasks.gateways import Wanted, find_gateway
from tasks.model import Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.cure.rogues import Compute
    from runbooks.incident.attachment import Behind, Reached
    from runbooks.incident.endpoints import Patient
    from runbooks.incident.path import Followed
    from runbooks.incident.reachability import Probe
    from runbooks.run.approval import Agreement
    from runbooks.run.run import Run
    from tasks.faults.model import Diagnosis

#: As many silent addresses are tried out on the switch.
_MOST_TARGETS = 8


@dataclass(frozen=True)
class Case:
    """Who is to be healed, what is known so far, and who knows VMs."""

    run: Run
    followed: Followed
    patients: tuple[Patient, ...]
    probes: dict[str, Probe]
    agreement: Agreement
    compute: Compute

    @property
    def macs(self) -> dict[str, tuple[str, ...]]:
        """MACs of the known VMs by address."""
        return known_macs(self.followed.chain)


@dataclass(frozen=True)
class Ward:
    """One switch of the case: how to look at the gateway there, and what was seen."""

    behind: Behind
    looker: Looker
    looked: Looked

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What was found."""
        return self.looked.diagnoses


def wards_of(case: Case, reached: Reached, *, force: bool) -> list[Ward]:
    """The switches to work on, each looked at.

    A switch whose own fault hides the hypervisor from it (its port is down) is one of them, as
    long as none of its tables says that the hypervisor is somewhere else.

    Raises:
        RefusedError: none sees the target.
        NoGatewayError: no switch has a gateway for it.
        NapalmException: no switch can be reached, or one refuses.
    """
    if not reached.confirmed and not force:
        hidden = [_ward(case, b) for b in reached.answered if not b.contradicted]
        explained = [w for w in hidden if any(map(_hides, w.diagnoses))]
        if explained:
            for ward in explained:
                text = f"{ward.behind.switch.short_name} does not see it, for a reason of its own"
                case.run.story.tell("switch", text, "warn")
            return explained
    chosen = require_confirmed(case.run, reached, case.followed, force=force)
    wards: list[Ward] = []
    first: NoGatewayError | None = None
    for behind in chosen:
        try:
            wards.append(_ward(case, behind))
        except NoGatewayError as error:  # noqa: PERF203 - the next switch may have one
            first = first or error
    if first is not None and not wards:
        raise first
    return wards


def _ward(case: Case, behind: Behind) -> Ward:
    silent = silent_ones(case.patients, case.probes, case.followed.chain.hypervisor, behind.ports)
    candidates = silent_fixed(case.patients, case.probes) or case.patients[0].fixed
    targets = [str(s.address) for s in silent if isinstance(s.address, IPv4Address)]
    looker = Looker(
        behind.session,
        gateway_of(behind, candidates),
        Probes(
            targets=tuple(targets[:_MOST_TARGETS]),
            outside=own_address(targets[0]) if targets else "",
            per_vip=0,
        ),
        silent=silent[:_MOST_TARGETS],
        macs=case.macs,
    )
    gateway = looker.gateway
    virtual = ", ".join(f"{v.address} on {v.device}" for v in gateway.virtual)
    case.run.story.tell("gateway", f"{gateway.interface} in {gateway.place}: {virtual}")
    return Ward(behind, looker, looker.look())


def gateway_of(behind: Behind, candidates: Sequence[IPv4Address | IPv6Address]) -> Gateway:
    """The gateway of the first of the silent addresses that has one on the switch.

    Raises:
        NoGatewayError: none has.
    """
    first: NoGatewayError | None = None
    for address in candidates:
        try:
            found: Gateway = behind.session.run(find_gateway, wanted=Wanted(address=address))
        except NoGatewayError as error:  # noqa: PERF203 - the next address may have one
            first = first or error
        else:
            return found
    raise first or NoGatewayError(f"{behind.switch.name}: no address to find a gateway for")


def _hides(diagnosis: Diagnosis) -> bool:
    """Whether a fault explains that a switch does not see a hypervisor that hangs on it."""
    row = fault(diagnosis.fault)
    return row is not None and row.hides_hypervisor and not diagnosis.latent
