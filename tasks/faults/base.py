"""What a fault is: one row, with the one function that sees it in a switch's facts.

``vip check`` makes a finding of each sighting; ``vip heal`` makes one diagnosis of a gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from tasks.faults.model import Cure, Diagnosis, Finding, Status

if TYPE_CHECKING:
    from tasks.faults.gateway_view import GatewayView, SwitchView


class Layer(IntEnum):
    """What a fault is a fault of; those of the first ones cut more people off."""

    SWITCH = 0
    GATEWAY = 1
    WAY = 2
    PORT = 3
    VM = 4


@dataclass(frozen=True)
class Sighting:
    """One place where a fault shows.

    Two are the same where a person would be told the same.

    Attributes:
        subject: what it is about: a VIP, an interface, an address; empty for the whole switch.
        evidence: what was seen, naming the source.
        remedy: what a person can do about it; the cure that the fault's row names is added.
        interface: the SVI concerned.
        status: how bad it is; the row's own severity when None.
        device: what a cure would work on.
        certain: whether the evidence admits no other reading.
        latent: whether it harms nobody yet.
        about: what it is about, for the diagnosis's words.
    """

    subject: str
    evidence: str
    remedy: str
    interface: str = ""
    status: Status | None = None
    device: str = field(default="", compare=False)
    certain: bool = field(default=True, compare=False)
    latent: bool = field(default=False, compare=False)
    about: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Check:
    """Something that is looked at.

    Attributes:
        id: its name in findings and diagnoses, and the heading of its section in
            ``docs/checks.md``.
        title: what must be so, in one line.
        severity: how bad it usually is where it is not.
        scope: ``gateway`` for what is looked at of one gateway after the other, ``switch``, or
            ``fleet`` for what several switches' records are compared for.
    """

    id: str
    title: str
    severity: Status
    scope: Literal["gateway", "switch", "fleet"] = "switch"


@dataclass(frozen=True)
class Fault(Check):
    """One fault of a switch.

    Attributes:
        needs: the sections of the facts without which it cannot be seen.
        find: where it shows on a gateway.
        find_on_switch: the same for what is no gateway's, and no cause for ``vip heal``; a row has
            one of both.
        cure: the mildest that ends it; None where it is no cause for ``vip heal``.
        sentence: what is wrong with a gateway, for a person.
        remedy: what the cure does; where it is ``Cure.NONE``, what a person should do.
        refine: adds to a diagnosis what only this fault has.
        resists: cures that are known not to end it (``docs/diagnosis.md``).
        returns: whether its cure covers it for a time only.
        latent: whether it harms nobody yet, wherever it shows.
        layer: what it is a fault of.
        hides_hypervisor: whether it keeps the switch from seeing a hypervisor that hangs on it.
        silences_arp: whether it can keep a VM's answers to ARP from the switch.
        ask_anew: whether the switch has to send the VM something after the cure.
    """

    scope: Literal["gateway", "switch", "fleet"] = "gateway"
    needs: tuple[str, ...] = ()
    find: Callable[[GatewayView], Iterator[Sighting]] | None = None
    find_on_switch: Callable[[SwitchView], Iterator[Sighting]] | None = None
    cure: Cure | None = None
    sentence: Callable[[GatewayView, Sequence[Sighting]], str] | None = None
    remedy: str = ""
    refine: Callable[[Diagnosis, GatewayView, Sequence[Sighting]], Diagnosis] | None = None
    resists: tuple[Cure, ...] = ()
    returns: bool = False
    latent: bool = False
    layer: Layer = Layer.GATEWAY
    hides_hypervisor: bool = False
    silences_arp: bool = False
    ask_anew: bool = False

    def sightings(self, view: SwitchView) -> tuple[Sighting, ...]:
        """Where it shows on a switch; what several gateways share is there once."""
        if self.find_on_switch is not None:
            return tuple(self.find_on_switch(view))
        if self.find is None:
            return ()
        return tuple(dict.fromkeys(each for one in view.views for each in self.find(one)))

    @property
    def requires(self) -> frozenset[str]:
        """What of the facts a check of it needs."""
        return frozenset((*self.needs, *(["gateways"] if self.find is not None else [])))

    def findings(self, view: SwitchView) -> Iterator[Finding]:
        """What ``vip check`` says of it."""
        for seen in self.sightings(view):
            yield Finding(
                check=self.id,
                status=seen.status or self.severity,
                switch=view.facts.switch,
                subject=seen.subject,
                evidence=seen.evidence,
                remedy=self._with_cure(seen.remedy),
                interface=seen.interface,
            )

    def diagnose(self, view: GatewayView) -> Diagnosis | None:
        """What ``vip heal`` says of it; None where the gateway does not have it."""
        if self.cure is None or self.sentence is None:
            return None
        seen = tuple(self.find(view)) if self.find is not None else ()
        if not seen:
            return None
        found = Diagnosis(
            self.id,
            self.sentence(view, seen),
            tuple(dict.fromkeys(each.evidence for each in seen)),
            self.cure,
            view.gateway.interface if self.layer is not Layer.SWITCH else "",
            tuple(dict.fromkeys(each.device for each in seen if each.device)),
            certain=all(each.certain for each in seen),
            latent=self.latent or all(each.latent for each in seen),
            remedy=self.remedy or seen[0].remedy,
            resists=self.resists,
            returns=self.returns,
        )
        return self.refine(found, view, seen) if self.refine else found

    def _with_cure(self, remedy: str) -> str:
        """What to do, and the cure by the name that it is carried out by."""
        if self.cure in {None, Cure.NONE} or self.cure is None:
            return remedy
        return f"{remedy.rstrip('.')} (vip heal: {self.cure.value})."
