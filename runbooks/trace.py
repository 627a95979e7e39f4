"""``vip trace``: the path from a target to its switches, and what the switches say themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inventory.errors import ExitCode, SourceError, VipkeeperError
from inventory.given import NOT_ASKED, NOTHING_GIVEN, Given
from inventory.leafs import LeafMemory
from inventory.names import command, short_host
from napalm_cumulus import errors as napalm
from runbooks.incident.attachment import remember, translated
from runbooks.incident.endpoints import RUNNING
from runbooks.incident.impact import Impact
from runbooks.incident.path import TracedPath, follow
from runbooks.incident.reachability import Probe, ProbeError, probe_all
from runbooks.incident.survey import ImpactSurvey
from runbooks.incident.tenants import Tenant, gateway_for
from runbooks.run.explain import explain
from runbooks.run.records import now, plain
from runbooks.run.session import switch_session
from runbooks.run.story import make_table
from tasks.errors import RefusedError
from tasks.identity import check_identity
from tasks.model import Gateway, Presence
from tasks.presence import check_presence

if TYPE_CHECKING:
    from rich.console import Console

    from inventory.model import Switch
    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.run.story import Story

SCHEMA = "vipkeeper/trace/1"
#: At most so many VMs of a hypervisor are pinged.
_MOST_PINGED = 8


@dataclass
class SwitchAnswer:
    """What a switch says itself.

    Attributes:
        switch: its name.
        hostname: what it calls itself; empty when it could not be asked.
        presence: whether it sees the hypervisor; None when that was not asked or not answered.
        gateway: the gateway of the target's address on it; None when there is none.
        problems: what is wrong or could not be found out; each is a sentence.
        exit_code: 0, or that of the worst problem.
        translated: which leafs have the VTEPs behind which the target is, in words.
    """

    switch: str
    hostname: str = ""
    presence: Presence | None = None
    gateway: Gateway | None = None
    problems: list[str] = field(default_factory=list)
    exit_code: int = ExitCode.OK
    translated: tuple[str, ...] = ()


@dataclass(frozen=True)
class PingAnswer:
    """The outcome of the pings.

    Attributes:
        probes: the pings of the target.
        impact: who else is cut off; None where no other VM was pinged.
        problem: why nothing could be pinged; empty where it could.
    """

    probes: tuple[Probe, ...] = ()
    impact: Impact | None = None
    problem: str = ""


def run_trace(
    settings: Settings,
    site: Site,
    target: str,
    story: Story,
    *,
    ask_switches: bool = True,
    as_json: bool = False,
    probe: bool = True,
    given: Given = NOTHING_GIVEN,
    vrf: str = "",
) -> int:
    """Trace a target and show its path; return the exit code.

    Args:
        settings: the settings for logins and pings.
        site: the sources to ask.
        target: the target to trace.
        story: is told each step.
        ask_switches: log in to the switches and let them confirm the path.
        as_json: print JSON instead of a table.
        probe: ping the target, and other VMs to compare with.
        given: what the person says of the path, in place of a source that is down.
        vrf: the VRF of the target's gateway, where several have the same addresses.

    Raises:
        TargetError: nothing has that name, or several things have it.
        SourceError: a source failed.
    """
    followed = follow(site, target, story, given)
    survey = (
        ImpactSurvey(site, followed.chain, settings.heal.blast_sample)
        if probe and followed.chain.hypervisor and followed.failure is None
        else None
    )
    tenant = Tenant(followed.chain.vms, lambda: site.compute, vrf)
    words = [
        _ask(settings, answer.value, followed, tenant)
        for answer in followed.chain.switches
        if ask_switches
    ]
    reach = _reach(followed, survey, words) if probe else PingAnswer()
    if as_json:
        story.console.print(json.dumps(plain(_report(target, followed, words, reach)), indent=2))
    else:
        _show(story.console, followed, words, reach)
        if advice := _next(target, followed, words, reach):
            story.console.print(f"Next: {advice}", soft_wrap=True)
    if followed.failure is not None:
        raise followed.failure
    return max(
        (word.exit_code for word in answers_that_count(followed, words)), default=ExitCode.OK
    )


def answers_that_count(followed: TracedPath, words: list[SwitchAnswer]) -> list[SwitchAnswer]:
    """Return the answers that count: not the "no" of a switch where another one says "yes".

    That is where the uplink source gives several switches for one interface, as it cannot date its
    cables: then one "yes" and one "no" are what was to be found out.
    """
    cables = {answer.value.name: answer.value.uplinks for answer in followed.chain.switches}
    seen = {
        uplink.interface
        for word in words
        if _confirmed(word.presence)
        for uplink in cables[word.switch]
    }

    def decided(word: SwitchAnswer) -> bool:
        own = {uplink.interface for uplink in cables[word.switch]}
        says_no = _confirmed(word.presence) is False and not word.problems
        return says_no and bool(own) and own <= seen

    return [word for word in words if not decided(word)]


def _reach(
    followed: TracedPath, survey: ImpactSurvey | None, words: list[SwitchAnswer]
) -> PingAnswer:
    """Return who answers: the target, and other VMs to compare with."""
    vms = [vm for vm in followed.chain.vms if vm.status in {RUNNING, NOT_ASKED}]
    addresses = [str(address.ip) for vm in vms for address in vm.addresses][:_MOST_PINGED]
    try:
        probes = probe_all(addresses)
        if survey is None or not addresses:
            return PingAnswer(probes)
        heard = [name for word in words if word.presence for name in word.presence.heard]
        impact = survey.finish(
            addresses,
            heard,
            several=len(vms) > 1,
            answers=any(p.answers for p in probes),
            hostnames={word.switch: word.hostname for word in words},
        )
    except ProbeError as error:
        return PingAnswer(problem=str(error))
    return PingAnswer(probes, impact)


def _ask(settings: Settings, switch: Switch, followed: TracedPath, tenant: Tenant) -> SwitchAnswer:
    chain, vms = followed.chain, followed.chain.vms
    addresses = [address.ip for vm in vms for address in vm.addresses]
    word = SwitchAnswer(switch.name)
    try:
        with switch_session(settings, switch) as session:
            word.hostname = session.run(check_identity)
            if chain.hypervisor or chain.vm:
                word.presence = session.run(
                    check_presence,
                    hypervisor=chain.hypervisor,
                    ports=[uplink.port for uplink in switch.uplinks],
                    macs=[mac for vm in vms for mac in vm.macs],
                    addresses=[str(address) for address in addresses],
                )
                memory = LeafMemory(settings.paths.cache)
                remember(memory, switch, word.presence)
                word.translated = translated(memory, word.presence)
                if not word.presence.confirmed:
                    word.exit_code = ExitCode.REFUSED
            if addresses:
                word.gateway = gateway_for(session, addresses[0], tenant)
    except RefusedError as refusal:
        word.problems.append(str(refusal))
        word.exit_code = ExitCode.REFUSED
    except (napalm.NapalmException, VipkeeperError) as failure:
        said = explain(failure, switch.name)
        word.problems.append(said.sentence)
        word.exit_code = said.exit_code
    return word


def _report(
    target: str, followed: TracedPath, words: list[SwitchAnswer], reach: PingAnswer
) -> dict[str, Any]:
    failure: SourceError | None = followed.failure
    return {
        "schema": SCHEMA,
        "target": target,
        "at": now(),
        "kind": followed.chain.kind,
        "hypervisor": followed.chain.hypervisor,
        "steps": followed.steps,
        "warnings": followed.chain.warnings,
        "switches": [{**plain(word), "confirmed": _confirmed(word.presence)} for word in words],
        "probes": reach.probes,
        "impact": {**plain(reach.impact), "sentence": reach.impact.sentence}
        if reach.impact
        else None,
        "failure": str(failure) if failure else None,
    }


def _confirmed(presence: Presence | None) -> bool | None:
    """Return whether the hypervisor is behind the switch; None where that is not known."""
    return None if presence is None or presence.unknown else presence.confirmed


def _next(target: str, followed: TracedPath, words: list[SwitchAnswer], reach: PingAnswer) -> str:
    """Return what to type next; empty where nobody is cut off, or the rows say what is wrong."""
    counted = answers_that_count(followed, words)
    if any(word.problems for word in counted):
        return ""
    if any(_confirmed(word.presence) is False for word in counted):
        return command("vip", "find", target)
    seen = any(_confirmed(word.presence) for word in counted)
    if not seen or not reach.probes or any(probe.answers for probe in reach.probes):
        return ""
    return command("vip", "heal", target, *followed.chain.given.options, "--dry-run")


def _show(
    console: Console, followed: TracedPath, words: list[SwitchAnswer], reach: PingAnswer
) -> None:
    table = make_table("step", "answer", "source", "age")
    for step in followed.steps:
        table.add_row(step.question, step.answer, step.source, step.age)
    for word in words:
        for step_name, answer, source in _rows(word):
            table.add_row(step_name, answer, source, "now")
    for probe in reach.probes:
        table.add_row("answers?", str(probe), "ping", "now")
    if reach.impact is not None:
        table.add_row("cut off", reach.impact.sentence, "ping", "now")
    console.print(table)
    for text in filter(None, (reach.problem, *(reach.impact.warnings if reach.impact else ()))):
        console.print(f"! {text}")
    for line in followed.chain.lines:
        console.print(f"! {line}")


def _rows(word: SwitchAnswer) -> list[tuple[str, str, str]]:
    rows = []
    switch = short_host(word.switch)
    if word.presence is not None:
        verdict = {True: "yes", False: "NO", None: "not known"}[_confirmed(word.presence)]
        rows.append(("behind it?", f"{verdict}: {word.presence.explanation}", switch))
        rows += [("warning", text, switch) for text in word.presence.warnings]
        rows += [("that leaf", text, "last look") for text in word.translated]
    elif word.hostname:
        rows.append(("identity", f"it calls itself {word.hostname}", switch))
    if word.gateway is not None:
        gateway = word.gateway
        text = f"{gateway.vip.address} on {gateway.vip.device} ({gateway.place})"
        rows.append(("gateway", text, switch))
    rows += [("problem", problem, switch) for problem in word.problems]
    return rows
