"""Following a target to its switches; each step is told and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from inventory.errors import SourceError, TargetError
from inventory.given import COMMAND_LINE, NOT_ASKED, NOTHING_GIVEN, Given
from inventory.leafs import Leaf, LeafMemory
from inventory.model import Answer, Switch, VirtualMachine
from inventory.names import age_in_words, ago, command, first_few
from inventory.target import Kind, TargetPath, resolve
from runbooks.incident.endpoints import RUNNING
from runbooks.run.records import now
from runbooks.run.report import TargetTrace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.run.run import Run
    from runbooks.run.story import Story

_NAMES = {"vm": "VM", "uplinks": "uplinks", "neighbours": "VMs beside", "switch": "switch"}
_FEW = 4
_JUST_NOW = 5


@dataclass(frozen=True)
class PathStep:
    """One question on the path, and its answer.

    Attributes:
        question: what was asked for (``VM``, ``uplinks``, ``VMs beside``, ``switch``).
        answer: the answer in words.
        source: who answered.
        asked_at: when it was given.
        age_seconds: how old it was when it was used.
        cached: whether it is a kept answer, because the source is failing now.
        warning: why the answer deserves less trust; may be empty.
    """

    question: str
    answer: str
    source: str
    asked_at: datetime
    age_seconds: float
    cached: bool
    warning: str

    @property
    def age(self) -> str:
        """Return how old the answer is, in words.

        An old answer of a failing source is called kept.
        """
        fresh = self.age_seconds < _JUST_NOW
        age = "now" if fresh else age_in_words(self.age_seconds)
        return f"kept, {age}" if self.cached else age


@dataclass(frozen=True)
class TracedPath:
    """How far the path of a target was followed.

    Attributes:
        chain: what is known; without switches when a source failed on the path.
        steps: the questions and their answers.
        failure: what stopped it; None when the path was followed to its end.
    """

    chain: TargetPath
    steps: tuple[PathStep, ...]
    failure: SourceError | None = None


def follow(site: Site, target: str, story: Story, given: Given = NOTHING_GIVEN) -> TracedPath:
    """Follow a target, and tell each answer as it comes.

    A source that fails after the VM was found is returned in ``failure`` and not raised: whether
    the VM answers can be found out without that source. Its advice says how to go on without it.

    Args:
        site: the sources.
        target: the target.
        story: is told each answer.
        given: what the person says of the path.

    Raises:
        TargetError: nothing has that name, or several things have it.
        SourceError: a source failed before anything was known.
    """
    steps: list[PathStep] = []
    vms: list[Answer[VirtualMachine]] = []
    known: set[str] = set()

    def on_step(name: str, answer: Answer[Any]) -> None:
        step = _step(name, answer)
        steps.append(step)
        known.add(name)
        if name == "vm":
            vms.append(answer)
        old = f" (its answer of {age_in_words(step.age_seconds)} ago)" if answer.cached else ""
        sure = not answer.cached and answer.source != COMMAND_LINE
        story.tell(answer.source, step.answer + old, "ok" if sure else "warn")

    try:
        chain = resolve(site, target, on_step=on_step, given=given)
    except SourceError as failure:
        _show_way_round(site, target, failure, known)
        if not vms:
            raise
        story.tell(failure.system, failure.message, "fail")
        vm = vms[0]
        chain = TargetPath(target, Kind.VM, vm, vm.value.hypervisor, given=given)
        return TracedPath(chain, tuple(steps), failure)
    for line in chain.lines:
        story.tell("note", line, "warn")
    return TracedPath(chain, tuple(steps))


def _show_way_round(site: Site, target: str, failure: SourceError, known: set[str]) -> None:
    """Add to a failure how to go on without that source."""
    if failure.system == site.compute.system and "vm" not in known:
        way = (
            "To go on without it, name the VM's address and its place: vip heal ADDRESS --switch "
            "SWITCH --hypervisor NAME (or --mac MAC); vip find ADDRESS shows them."
        )
    elif failure.system == site.address.system and "uplinks" in known:
        # That source would be asked for a name as well.
        way = "To go on without it, give the switch's management address: --switch ADDRESS"
    else:
        search = command("vip", "find", target)
        way = f"To go on without it, name the switch: --switch NAME; to find it: {search}"
    failure.advise(way)


def record(run: Run, followed: TracedPath) -> None:
    """Store the path in the run's report."""
    chain = followed.chain
    run.report.way = TargetTrace(
        chain.kind, chain.hypervisor, followed.steps, tuple(chain.warnings)
    )


def find_switch(
    site: Site | None, name: str, story: Story, memory: LeafMemory | None = None
) -> Switch:
    """Return the switch with that name or management address.

    Args:
        site: the sources to ask for the address; not needed where the address is given.
        name: a switch's name, full or short, or an IP address.
        story: is told the answer.
        memory: the leafs that were looked at, for when the address source is down.

    Raises:
        TargetError: the address source knows no such switch.
        SourceError: the address source failed, and the switch was never looked at.
    """
    try:
        return Switch(name, ip_address(name))
    except ValueError:
        pass
    if site is None:
        raise TargetError(f"{name} is not an address, and no source of addresses is configured")
    try:
        answer = site.address.address_of(name)
    except SourceError as failure:
        leaf = memory.named(name) if memory and not failure.sound else None
        if leaf is None:
            if not failure.sound:
                way = "To go on without it: the switch's management address in place of its name."
                failure.advise(way)
            raise
        answer = remembered(leaf, str(failure))
    step = _step("switch", answer)
    story.tell(answer.source, step.answer, "warn" if answer.cached else "ok")
    if answer.warning:
        story.tell("note", answer.warning, "warn")
    return answer.value


def given_of(  # noqa: PLR0917 - three sources, three words of the person
    settings: Settings, site: Site, story: Story, switch: str, hypervisor: str, macs: Sequence[str]
) -> Given:
    """Return what the person says of a path, with the address of the switch.

    Raises:
        TargetError: the address source knows no such switch.
        SourceError: the address source failed, and the switch was never looked at.
    """
    memory = LeafMemory(settings.paths.cache)
    found = find_switch(site, switch, story, memory) if switch else None
    return Given(found, hypervisor, tuple(macs))


def remembered(leaf: Leaf, why: str) -> Answer[Switch]:
    """Return a leaf's address as it was when the leaf was last looked at.

    Args:
        leaf: the leaf.
        why: why no source is asked, as a sentence.
    """
    warning = f"{why} {leaf.name} answered at {leaf.address} {ago(leaf.seen)}."
    return Answer(
        Switch(leaf.name, leaf.address), "Last look", leaf.seen, cached=True, warning=warning
    )


def _step(name: str, answer: Answer[Any]) -> PathStep:
    age = max(0.0, (now() - answer.asked_at).total_seconds())
    return PathStep(
        question=_NAMES.get(name, name),
        answer=_words(name, answer.value),
        source=answer.source,
        asked_at=answer.asked_at,
        age_seconds=round(age, 1),
        cached=answer.cached,
        warning=answer.warning,
    )


def _words(name: str, value: Any) -> str:  # noqa: ANN401 - each step has a value of its own kind
    if name == "vm" and value.status == NOT_ASKED:
        where = (
            f"on {value.hypervisor}" if value.hypervisor else "on a hypervisor that is not named"
        )
        return f"{value.name} {where}{''.join(f', {mac}' for mac in value.macs)}"
    if name == "vm":
        addresses = ", ".join(str(a.ip) for a in value.addresses) or "no address"
        where = f"on {value.hypervisor}" if value.hypervisor else "on no hypervisor"
        fault = f" ({value.fault})" if value.fault else ""
        trouble = f"; {value.host_trouble}" if value.host_trouble else ""
        return f"{value.name} ({addresses}) is {value.status}{fault} {where}{trouble}"
    if name == "uplinks":
        return "; ".join(
            f"{u.hypervisor} {u.interface} is on {u.switch} {u.port}".rstrip()
            + (f" (seen {u.observed})" if u.observed else "")
            for u in value
        )
    if name == "neighbours":
        names = [vm.name if vm.status == RUNNING else f"{vm.name} ({vm.status})" for vm in value]
        return f"{len(names)} VMs on that hypervisor: {first_few(names, _FEW)}"
    if value.name == str(value.address):
        return f"the switch at {value.address}"
    seen = f", seen {value.seen}" if value.seen else ""
    return f"{value.name} is {value.address}{seen}"
