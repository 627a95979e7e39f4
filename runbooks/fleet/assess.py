"""One switch of a check: collect its facts, judge them, and drop them.

This is a Nornir task. Its result is small: ten thousand neighbours are judged and dropped in the
thread that read them. What grows is the list of the machines that EVPN has behind the switch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task

from inventory.leafs import leaf_of
from nornir_config.connection import drop_connection
from nornir_config.runner.errors import AbandonedError, HostDeadlineError, NotStartedError
from runbooks.fleet.selection import model_of, rack_of, uplinks_of
from tasks.facts.collect import SILENT, Probes, collect_facts
from tasks.faults.gateway_view import SwitchView
from tasks.faults.view import ExpectedFromSite, ExpectedVm, configured_ports
from tasks.health.assess import assess as assess_facts
from tasks.health.assess import unreachable
from tasks.health.diagnose import diagnose
from tasks.health.judge import NOT_JUDGED
from tasks.model import DEFAULT_VRF
from tasks.presence import vteps_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nornir.core.inventory import Host
    from nornir.core.task import MultiResult

    from inventory.leafs import Leaf
    from tasks.facts.model import SwitchFacts
    from tasks.faults.model import Diagnosis
    from tasks.health.model import SwitchHealth
    from tasks.model import Gateway

#: Why a switch could not be judged; the ids are in ``docs/checks.md``.
UNANSWERED = frozenset(check.id for check in NOT_JUDGED if check.scope == "switch")
LOGIN_REFUSED = "login-refused"
NOT_CHECKED = "not-checked"
_HOST_KEY = "Compare it with the key on the switch's console before you trust it."
IDENTITY = "identity"


@dataclass(frozen=True)
class CheckOptions:
    """How to check switches.

    Attributes:
        probe: whether the switch sends pings from the VIP, and ARP requests.
        only: ids of the only checks to judge; empty means all.
        skip: ids of the checks to leave out.
        strict: whether an asymmetric fabric is a warning, not only a note.
        vrf: the only VRF whose gateways are judged, ``default`` for the default one; empty means
            all.
        diagnose: whether faults and their cures are named, too.
        keep: names of the switches whose connection stays open for the next round.
        hypervisors: the names by which LLDP neighbours are recognised.
        vms: the VMs that OpenStack says are behind each switch: by its name, then by address.
    """

    probe: bool = True
    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    strict: bool = False
    vrf: str = ""
    diagnose: bool = False
    keep: frozenset[str] = frozenset()
    hypervisors: tuple[str, ...] = ()
    vms: Mapping[str, Mapping[str, ExpectedVm]] = field(default_factory=dict)

    def wants(self, check: str) -> bool:
        """Return whether findings of a check are wanted; "this switch was not judged" always is."""
        if check in UNANSWERED:
            return True
        return check not in self.skip and (not self.only or check in self.only)


@dataclass(frozen=True)
class Assessment:
    """What remains of a switch's facts after they were judged.

    Attributes:
        health: findings and VIPs.
        diagnoses: faults with their cures, where ``CheckOptions.diagnose`` asked for them.
        gateways: the stanzas that the diagnoses are about.
        held: the VIPs in its configuration, whatever its kernel holds.
        answered: whether the switch could be judged at all.
        leaf: what is remembered of the switch for later runs; None where nothing is.
    """

    health: SwitchHealth
    diagnoses: tuple[Diagnosis, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    held: frozenset[str] = frozenset()
    answered: bool = True
    leaf: Leaf | None = None


def assess(task: Task, looking: CheckOptions) -> Result:
    """Check the host, and return its ``Assessment``. This is a Nornir task.

    Raises:
        NapalmException: the switch could not be asked.
    """
    host = task.host
    began = time.monotonic()
    try:
        facts: SwitchFacts = collect_facts(
            task, probes=Probes() if looking.probe else SILENT
        ).result
    except BaseException:
        drop_connection(host)
        raise
    if host.name not in looking.keep:
        drop_connection(host)
    seconds = time.monotonic() - began
    return Result(host, result=assessed(host, facts, looking, seconds))


def assessed(host: Host, facts: SwitchFacts, looking: CheckOptions, seconds: float) -> Assessment:
    """Judge the facts of a host."""
    if looking.vrf:
        named = tuple(g for g in facts.gateways if (g.vrf or DEFAULT_VRF) == looking.vrf)
        facts = replace(facts, gateways=named)
    expected = ExpectedFromSite(uplinks_of(host), looking.vms.get(host.name, {}))
    whole = assess_facts(
        facts,
        address=host.hostname or "",
        rack=rack_of(host),
        model=model_of(host),
        seconds=round(seconds, 3),
        hypervisors=looking.hypervisors,
        expected=expected,
    )
    # A switch that was named by its address tells its own name.
    nameless = {IDENTITY} if host.name == host.hostname else set()
    done = tuple(c for c in whole.judged if looking.wants(c) and c not in nameless)
    findings = (f for f in whole.findings if looking.wants(f.check) and f.check not in nameless)
    health = replace(whole, findings=tuple(findings), judged=done, checked=len(done))
    held = frozenset(str(v.address.ip) for g in facts.gateways for v in g.virtual)
    leaf = leaf_of(host.name, host.hostname or "", facts.hostname, vteps_of(facts))
    if not looking.diagnose:
        return Assessment(health, held=held, leaf=leaf)
    diagnoses = diagnose(facts, view=SwitchView(facts, expected))
    concerned = {diagnosis.interface for diagnosis in diagnoses}
    gateways = tuple(g for g in facts.gateways if g.interface in concerned)
    return Assessment(health, diagnoses, gateways, held, leaf=leaf)


def ports_of(gateway: Gateway, behind: Mapping[str, str]) -> dict[str, str]:
    """Return the hypervisors by port, for the ports that a gateway's stanza names.

    A bridge that lists its ports has no others. The ports of a VLAN-aware bridge stand in other
    stanzas, so all of them are returned; so they are where a pattern names them.
    """
    named = set(configured_ports(gateway))
    if not named and gateway.values("bridge-ports") != ("none",):
        return dict(behind)
    return {port: name for port, name in behind.items() if port in named}


def outcome(host: Host, results: MultiResult) -> Assessment:
    """Return the ``Assessment`` of a host's result; for a failed one, UNKNOWN with the reason."""
    if not results.failed:
        found: Assessment = results[0].result
        return found
    why = why_unanswered(host.name, results)
    health = unreachable(
        host.name, host.hostname or "", why.sentence, check=why.check, remedy=why.remedy
    )
    return Assessment(replace(health, rack=rack_of(host), model=model_of(host)), answered=False)


@dataclass(frozen=True)
class Unanswered:
    """Why a switch could not be judged.

    Attributes:
        check: the id, one of ``UNANSWERED``.
        sentence: what happened.
        remedy: what to do.
    """

    check: str
    sentence: str
    remedy: str


def why_unanswered(switch: str, results: MultiResult) -> Unanswered:
    """Return why a switch could not be judged, from its failed results."""
    from runbooks.run.explain import explain, root_cause  # noqa: PLC0415 - NAPALM is slow to import

    error = root_cause(results) or RuntimeError("it failed without an exception")
    said = explain(error, switch, reading=True)
    for check, kinds, remedy in _kinds():
        if isinstance(error, kinds):
            if check == "unreachable" and "host key" in said.sentence.lower():
                return Unanswered("host-key", said.sentence, _HOST_KEY)
            return Unanswered(check, said.sentence, said.advice or remedy)
    return Unanswered("unreadable", said.sentence, said.advice)


def _kinds() -> tuple[tuple[str, tuple[type[BaseException], ...], str], ...]:
    """Return an id, exceptions, and the advice for those that bring none of their own."""
    from napalm.base import exceptions as napalm  # noqa: PLC0415 - as above

    from napalm_cumulus import errors  # noqa: PLC0415 - as above

    return (
        (NOT_CHECKED, (NotStartedError, AbandonedError), "Run the check again."),
        (
            "no-answer",
            (HostDeadlineError, napalm.CommandTimeoutException),
            "It takes the connection and then hangs: log in by hand and look at its load.",
        ),
        ("no-root", (errors.NoRootError,), ""),
        (
            LOGIN_REFUSED,
            (napalm.ConnectAuthError,),
            "Check the user, and the key or the password (docs/ssh.md), and sudo.",
        ),
        (
            "unreachable",
            (napalm.ConnectionException,),
            "Look whether it is up, and whether the management network is reachable from here.",
        ),
    )
