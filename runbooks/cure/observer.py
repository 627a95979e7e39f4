"""Looking at one gateway: the facts of its switch, and the diagnoses made from them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runbooks.cure.policy import harming
from tasks.facts.collect import Probes, collect_facts
from tasks.facts.index import Index
from tasks.faults.catalogue import fault
from tasks.faults.model import Diagnosis, SilentEndpoint
from tasks.health.diagnose import diagnose
from tasks.model import Gateway

if TYPE_CHECKING:
    from runbooks.run.session import SwitchSession
    from tasks.facts.model import SwitchFacts

#: Seconds until faults that harm are looked at once more: table entries take a moment to come.
_PAUSE = 1.0


@dataclass(frozen=True)
class Observation:
    """What a switch showed of one gateway."""

    facts: SwitchFacts
    diagnoses: tuple[Diagnosis, ...]


@dataclass(frozen=True)
class GatewayObserver:
    """Looks at one gateway, before and after each cure.

    Attributes:
        session: the switch.
        gateway: the gateway's stanza.
        probes: what the switch is to probe.
        silent: the endpoints that do not answer; empty when a switch is healed for its own sake.
        macs: known MACs of VMs, by address.
        ports: hypervisor by port, as the inventory knows it.
    """

    session: SwitchSession
    gateway: Gateway
    probes: Probes = field(default_factory=Probes)
    silent: Sequence[SilentEndpoint] = ()
    macs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)

    def look(self) -> Observation:
        """Collect the facts in one round trip, and diagnose."""
        facts: SwitchFacts = self.session.run(collect_facts, probes=self.probes)
        return self.judge(facts)

    def judge(self, facts: SwitchFacts) -> Observation:
        """Diagnose from facts that were collected already."""
        found = diagnose(facts, self.gateway, silent=self.silent, macs=self.macs, ports=self.ports)
        return Observation(facts, found)


def not_judged(before: Sequence[Diagnosis], facts: SwitchFacts) -> tuple[Diagnosis, ...]:
    """Return the diagnoses that these facts neither show nor deny: a table was not read."""
    known = Index(facts).known
    return tuple(
        diagnosis
        for diagnosis in before
        if (row := fault(diagnosis.fault)) is not None and not known.issuperset(row.needs)
    )


def look_at_rest(
    observer: GatewayObserver, looked: Observation | None = None
) -> tuple[Diagnosis, ...]:
    """Return the diagnoses where no endpoint is silent any more.

    Where a fault harms, the switch is looked at once more after a pause.

    Args:
        observer: the switch and the gateway.
        looked: the latest observation; None makes one now.
    """
    rested = replace(observer, silent=())
    found = (rested.judge(looked.facts) if looked else rested.look()).diagnoses
    if harming(found):
        time.sleep(_PAUSE)
        found = rested.look().diagnoses
    return found
