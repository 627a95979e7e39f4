"""A fault: one row, with the one function that finds it in a switch's facts.

``vip check`` makes a finding of each sighting; ``vip heal`` makes one diagnosis of a gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from tasks.faults.model import Diagnosis, Finding, Status
from tasks.ladder import Cure

if TYPE_CHECKING:
    from tasks.faults.gateway_view import GatewayView, SwitchView


class Layer(IntEnum):
    """The part of the network that has the fault.

    A fault of the first ones cuts off more people.
    """

    SWITCH = 0
    GATEWAY = 1
    WAY = 2
    PORT = 3
    VM = 4


@dataclass(frozen=True)
class Sighting:
    """One place where a fault was found.

    Two sightings are equal if a person would be told the same.

    Attributes:
        subject: a VIP, an interface, or an address; empty for the whole switch.
        evidence: what was seen, with its source.
        remedy: what a person can do; the name of the fault's cure is added to it.
        interface: the SVI concerned.
        status: its severity; None for the severity of the fault's row.
        device: the device that a cure would work on.
        certain: whether the evidence can have no other cause.
        latent: whether it harms nobody yet.
        about: the object of the sighting, for the words of the diagnosis.
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
    """One check.

    Attributes:
        id: its name in findings and diagnoses, and the heading of its section in
            ``docs/checks.md``.
        title: what the check requires, in one line.
        severity: its usual severity.
        scope: ``gateway`` for a check of each gateway, ``switch`` for one of the switch, or
            ``fleet`` for one that compares the records of several switches.
    """

    id: str
    title: str
    severity: Status
    scope: Literal["gateway", "switch", "fleet"] = "switch"


@dataclass(frozen=True)
class Fault(Check):
    """One fault of a switch.

    Attributes:
        needs: the sections of the facts without which it cannot be found.
        find: returns its sightings on a gateway.
        find_on_switch: returns its sightings on a switch, for a fault that is not a gateway's and
            that ``vip heal`` does not know; a row has one of the two functions.
        cure: the mildest cure that ends it; None where ``vip heal`` does not know the fault.
        sentence: returns what is wrong with a gateway, for a person.
        remedy: what the cure does; for ``Cure.NONE``, what a person should do.
        refine: adds to a diagnosis what only this fault has.
        resists: cures that are known not to end it (``docs/diagnosis.md``).
        returns: whether its cure only covers it for a time.
        latent: whether it harms nobody yet, wherever it is found.
        layer: the part of the network that has the fault.
        hides_hypervisor: whether it can hide a hypervisor from the switch it is attached to.
        silences_arp: whether it can keep a VM's ARP answers from the switch.
        ask_anew: whether the switch has to send the VM a packet after the cure.
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
        """Return its sightings on a switch; one that several gateways share is returned once."""
        if self.find_on_switch is not None:
            return tuple(self.find_on_switch(view))
        if self.find is None:
            return ()
        return tuple(dict.fromkeys(each for one in view.views for each in self.find(one)))

    @property
    def requires(self) -> frozenset[str]:
        """Return the sections of the facts that a check of it needs."""
        return frozenset((*self.needs, *(["gateways"] if self.find is not None else [])))

    def findings(self, view: SwitchView) -> Iterator[Finding]:
        """Yield the findings of ``vip check``."""
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
        """Return the diagnosis of ``vip heal``; None where the gateway does not have the fault."""
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
        """Return what to do, with the name of the cure."""
        if self.cure in {None, Cure.NONE} or self.cure is None:
            return remedy
        return f"{remedy.rstrip('.')} (vip heal: {self.cure.value})."
