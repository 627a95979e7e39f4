"""The switches that see a hypervisor: log in to each, verify its name, and ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.given import NOT_ASKED
from inventory.leafs import LeafMemory, leaf_of
from inventory.names import command, short_host
from napalm_cumulus import errors as napalm
from runbooks.run.explain import explain
from runbooks.run.session import SwitchSession, switch_session
from tasks.errors import RefusedError
from tasks.model import Presence
from tasks.presence import check_presence

if TYPE_CHECKING:
    from contextlib import ExitStack

    from inventory.model import Switch
    from runbooks.incident.endpoints import Endpoint
    from runbooks.incident.path import TracedPath
    from runbooks.run.run import Run


@dataclass(frozen=True)
class AttachedLeaf:
    """A switch with an open session, and what it says of the hypervisor."""

    session: SwitchSession
    presence: Presence

    @property
    def switch(self) -> Switch:
        """Return the switch."""
        return self.session.switch

    @property
    def ports(self) -> tuple[str, ...]:
        """Return the ports of the hypervisor: from LLDP, else from the uplink source."""
        heard = tuple(port for port in self.presence.port.split(", ") if port)
        return heard or tuple(uplink.port for uplink in self.switch.uplinks if uplink.port)

    @property
    def contradicted(self) -> bool:
        """Return whether a table of the switch says that the hypervisor is somewhere else."""
        return self.presence.contradicted


@dataclass(frozen=True)
class Attachments:
    """The outcome of logging in to the switches on the path of a target."""

    answered: tuple[AttachedLeaf, ...]
    failures: tuple[napalm.NapalmException, ...]

    @property
    def confirmed(self) -> tuple[AttachedLeaf, ...]:
        """Return the switches that see the hypervisor."""
        return tuple(behind for behind in self.answered if behind.presence.confirmed)


def reach(
    run: Run, stack: ExitStack, followed: TracedPath, endpoints: tuple[Endpoint, ...]
) -> Attachments:
    """Log in to every switch on the path, verify its name, and ask for the hypervisor.

    Raises:
        WrongSwitchError: a switch has another name than the inventory says.
    """
    answered: list[AttachedLeaf] = []
    failures: list[napalm.NapalmException] = []
    memory = LeafMemory(run.settings.paths.cache)
    for answer in followed.chain.switches:
        switch = answer.value
        try:
            session = stack.enter_context(switch_session(run.settings, switch))
            presence = _look_for(session, switch, followed, endpoints)
        except napalm.NapalmException as failure:
            run.story.tell("switch", explain(failure, switch.name).sentence, "fail")
            failures.append(failure)
            continue
        run.report.presence[switch.name] = presence
        remember(memory, switch, presence)
        _tell(run, switch, presence, memory)
        answered.append(AttachedLeaf(session, presence))
    return Attachments(tuple(answered), tuple(failures))


def require_confirmed(
    run: Run, reached: Attachments, followed: TracedPath, *, force: bool
) -> tuple[AttachedLeaf, ...]:
    """Return the switches that see the hypervisor; with ``force``, all that answered.

    Raises:
        RefusedError: no switch sees it.
        NapalmException: no switch that might see it can be reached.
    """
    unseen = [
        f"{behind.switch.name} {_verdict(behind.presence)} ({behind.presence.explanation})"
        for behind in reached.answered
        if not behind.presence.confirmed
    ]
    if force and unseen:
        run.report.forced = tuple(unseen)
        run.story.tell("force", f"going on though {'; '.join(unseen)}", "warn")
    chosen = reached.answered if force else reached.confirmed
    if chosen:
        return chosen
    if reached.failures and not unseen:
        raise reached.failures[0]
    raise RefusedError(
        f"{_claim(run.target, followed)}, but {'; '.join(unseen)}; nothing was touched",
        _what_next(run, reached, followed),
    )


def _claim(target: str, followed: TracedPath) -> str:
    """Return in words who says that the target is behind which switches."""
    chain = followed.chain
    places = ", ".join(answer.value.name for answer in chain.switches)
    on = f" ({chain.hypervisor})" if chain.hypervisor else ""
    if chain.given.switch is not None:
        return f"--switch puts {target}{on} behind {places}"
    if chain.vm is None:
        return f"The uplink source puts {target}{on} behind {places}"
    asked = chain.vm.value.status != NOT_ASKED
    who = f"{'OpenStack' if asked else '--hypervisor'} and the uplink source put"
    return f"{who} {target}{on} behind {places}"


def _what_next(run: Run, reached: Attachments, followed: TracedPath) -> str:
    """Return what to type next: the leaf that the switch points to, where that is known."""
    memory = LeafMemory(run.settings.paths.cache)
    given, force = followed.chain.given, "If you know better than the switch: --force"
    search = command("vip", "find", run.target)
    vteps = dict.fromkeys(vtep for one in reached.answered for vtep in one.presence.behind)
    for vtep in vteps:
        for leaf in memory.behind(vtep):
            described = ["--hypervisor", given.hypervisor] if given.hypervisor else []
            described += [word for mac in given.macs for word in ("--mac", mac)]
            words = ("vip", "heal", run.target, "--switch", short_host(leaf.name), *described)
            return f"{vtep} is the VTEP of {leaf.name}: {command(*words)}"
    if vteps:
        unknown = ", ".join(vteps)
        # It is behind another leaf: no reason to offer --force.
        return f"Which leaf has the VTEP {unknown}: {search} asks all."
    vm = followed.chain.vm
    if vm and vm.value.status == NOT_ASKED and not (vm.value.hypervisor or vm.value.macs):
        named = "Name its hypervisor (--hypervisor) or its MAC (--mac)"
        return f"{named}; {search} shows them. {force}"
    return f"Find out which is right: {search} asks all switches. {force}"


def remember(memory: LeafMemory, switch: Switch, presence: Presence) -> None:
    """Remember a switch that was looked at, with its tunnel addresses."""
    leaf = leaf_of(switch.name, str(switch.address), presence.hostname, presence.vteps)
    memory.keep([leaf] if leaf else [])


def translated(memory: LeafMemory, presence: Presence) -> tuple[str, ...]:
    """Return in words which leafs have the VTEPs behind which the target was learnt."""
    return tuple(
        f"{vtep} is the VTEP of {leaf.name}"
        for vtep in presence.behind
        for leaf in memory.behind(vtep)
    )


def _verdict(presence: Presence) -> str:
    """Return, in words, that the switch does not see the hypervisor or cannot tell."""
    return "cannot tell whether it is there" if presence.unknown else "does not confirm it"


def _look_for(
    session: SwitchSession, switch: Switch, followed: TracedPath, endpoints: tuple[Endpoint, ...]
) -> Presence:
    presence: Presence = session.run(
        check_presence,
        hypervisor=followed.chain.hypervisor,
        ports=[uplink.port for uplink in switch.uplinks],
        macs=[mac for endpoint in endpoints for mac in endpoint.macs],
        addresses=[str(address) for endpoint in endpoints for address in endpoint.fixed],
    )
    return presence


def _tell(run: Run, switch: Switch, presence: Presence, memory: LeafMemory) -> None:
    if switch.name == str(switch.address) and presence.hostname:
        run.story.tell(switch.short_name, f"it calls itself {presence.hostname}", "info")
    for evidence in presence.evidence:
        kind = {True: "ok", False: "fail", None: "warn" if evidence.unread else "info"}[
            evidence.supports
        ]
        run.story.tell(switch.short_name, f"{evidence.source}: {evidence.text}", kind)
    for warning in presence.warnings:
        run.story.tell(switch.short_name, warning, "warn")
    for text in translated(memory, presence):
        run.story.tell(switch.short_name, text, "info")
