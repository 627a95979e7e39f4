"""From what a person names (a VM, an address, a hypervisor, a switch) to the switches behind it.

Every step keeps its ``Answer``: which system gave it, when, and what speaks against it. This module
decides whether the target exists and is unique, not whether a VM that is shut off may be healed.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar

from inventory.causes import SWITCH, Notes, systems_of
from inventory.errors import (
    VPN_DOWN,
    NoAnswerError,
    SourceError,
    TargetError,
    UnknownHypervisorError,
    UnknownSwitchError,
    VipkeeperError,
)
from inventory.given import COMMAND_LINE, NOTHING_GIVEN, Given, said
from inventory.model import Answer, Switch, Uplink, VirtualMachine, date_notes
from inventory.names import is_address, is_hostname, one_line, same_host, whole_names
from inventory.sources.one_vm import BY_NAME, kept_names, one_vm, vms_named
from inventory.sources.openstack.source import classify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.site import Site

T = TypeVar("T")


class Kind(str, Enum):
    """What a target turned out to be; also the prefix that says so beforehand (``vm:NAME``).

    ``name:NAME`` is a VM as well, by its name alone.
    """

    VM = "vm"
    HYPERVISOR = "hypervisor"
    SWITCH = "switch"


@dataclass(frozen=True)
class TargetPath:
    """The path from a target to its switches.

    Attributes:
        target: as the person wrote it.
        kind: what it turned out to be.
        vm: the VM, where it is one.
        hypervisor: its name; empty for a switch, and for a VM that runs nowhere.
        neighbours: all VMs of the hypervisor; None where they could not be asked for.
        uplinks: the hypervisor's cables; None for a switch, and for a VM that runs nowhere.
        switches: one for each distinct switch, each with the uplinks that lead to it.
        warnings: all that lowers confidence, one sentence each: failing sources, old dates,
            contradictions.
        lines: the same for a person, one line for one cause.
        given: what the person said of it.
    """

    target: str
    kind: Kind
    vm: Answer[VirtualMachine] | None = None
    hypervisor: str = ""
    neighbours: Answer[tuple[VirtualMachine, ...]] | None = None
    uplinks: Answer[tuple[Uplink, ...]] | None = None
    switches: tuple[Answer[Switch], ...] = ()
    warnings: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    given: Given = NOTHING_GIVEN

    @property
    def vms(self) -> tuple[VirtualMachine, ...]:
        """Return the VM, or of a hypervisor its VMs as far as they are known."""
        if self.vm is not None:
            return (self.vm.value,)
        return self.neighbours.value if self.neighbours else ()


def resolve(
    site: Site,
    target: str,
    *,
    today: date | None = None,
    on_step: Callable[[str, Answer[Any]], None] | None = None,
    given: Given = NOTHING_GIVEN,
) -> TargetPath:
    """Follow a target to its switches.

    Args:
        site: whom to ask.
        target: a VM's name, id, fixed or floating address, a hypervisor or a switch, full or
            short; ``vm:``, ``hypervisor:`` or ``switch:`` in front says which where a name could
            be several, and ``name:`` that the rest is a VM's name, whatever it looks like. A
            switch's management address needs ``switch:``.
        today: against which LLDP dates are aged.
        on_step: told each answer as it comes ("vm", "uplinks", "neighbours", "switch"), so that a
            person sees how far it went when a later step fails.
        given: what the person says of the path.

    Raises:
        TargetError: nothing is called that, several things are, or OpenStack contradicts what is
            given.
        SourceError: a system that is needed failed and there is no earlier answer of it.
    """
    walk = _Walk(site, today or datetime.now(timezone.utc).date(), on_step, given)
    prefix, colon, rest = target.partition(":")
    if colon and prefix == BY_NAME:
        classify(rest)
        return walk.from_vm(target, rest, by_name=True)
    wanted = {kind.value: kind for kind in Kind}.get(prefix) if colon else None
    text = rest if wanted else target
    what = classify(text)
    named = is_hostname(text) or (wanted is Kind.SWITCH and is_address(text))
    if wanted in {Kind.HYPERVISOR, Kind.SWITCH} and not named:
        raise TargetError(f'"{one_line(text, 80)}" cannot be the name of a {prefix}.')
    if wanted is None and isinstance(what, str):
        wanted = walk.kind_of(text) if is_hostname(text) else Kind.VM
    if wanted is Kind.SWITCH:
        return walk.from_switch(target, text)
    if wanted is Kind.HYPERVISOR:
        return walk.from_hypervisor(target, text)
    return walk.from_vm(target, text)


def several_kinds(name: str, kinds: Sequence[Kind]) -> TargetError:
    """Return the error for a name that several things have."""
    return TargetError(
        f'"{name}" is the name of a {" and of a ".join(kind.value for kind in kinds)}.',
        f"Say which: {', '.join(f'{kind.value}:{name}' for kind in kinds)}.",
    )


def _not_asked(name: str, failed: list[tuple[Kind, SourceError]]) -> SourceError:
    """Return the error for a name that no system knows, of those that could be asked."""
    first = failed[0][1]
    kinds = " or a ".join("VM" if kind is Kind.VM else kind.value for kind, _ in failed)
    others = systems_of(failure for _, failure in failed if failure.system != first.system)
    advice = first.advice
    if others and all(isinstance(failure, NoAnswerError) for _, failure in failed):
        advice = VPN_DOWN
    and_others = f" {others} could not be asked either." if others else ""
    return SourceError(
        first.system,
        f'it could not be asked whether there is a {kinds} called "{name}": '
        f"{first.message}{and_others}",
        advice,
    )


def _knows(kind: Kind, answer: Answer[Any], name: str) -> bool:
    if kind is Kind.HYPERVISOR:
        return any(same_host(known, name) for known in answer.value)
    return kind is Kind.SWITCH or bool(answer.value)


class _Walk:
    """One resolution under way."""

    def __init__(
        self,
        site: Site,
        today: date,
        on_step: Callable[[str, Answer[Any]], None] | None,
        given: Given,
    ) -> None:
        self._site = site
        self._given = given
        self._today = today
        self._on_step = on_step
        self._notes = Notes()
        self._vms: Future[Answer[tuple[VirtualMachine, ...]]] | None = None
        self._known: list[str] = []

    def kind_of(self, name: str) -> Kind:
        """Return which kind of thing has this name; all three systems are asked at once.

        Raises:
            TargetError: none, or several kinds have it.
            SourceError: none has it as far as is known, but a system could not be asked.
        """
        with ThreadPoolExecutor(3) as pool:
            self._vms = pool.submit(self._site.compute.find_vms, name)
            asked: dict[Kind, Future[Any]] = {
                Kind.VM: self._vms,
                Kind.HYPERVISOR: pool.submit(self._site.uplink.list_hypervisors),
                Kind.SWITCH: pool.submit(self._site.address.address_of, name),
            }
        found: list[Kind] = []
        failed: list[tuple[Kind, SourceError]] = []
        for kind, future in asked.items():
            try:
                answer = future.result()
                if _knows(kind, answer, name):
                    found.append(kind)
                elif kind is Kind.HYPERVISOR:
                    self._known += answer.value
            except UnknownSwitchError as exc:  # noqa: PERF203  # three rounds; each for itself
                self._known += exc.known
            except SourceError as exc:
                if exc.sound:  # a contradiction (two addresses) is knowledge of the name, too
                    found.append(kind)
                else:
                    failed.append((kind, exc))
        return self._only_kind(name, found, failed)

    def _only_kind(
        self, name: str, found: list[Kind], failed: list[tuple[Kind, SourceError]]
    ) -> Kind:
        if len(found) > 1:
            raise several_kinds(name, found)
        if found:
            for _, failure in failed:
                self._notes.failed(failure, more=f"It may know a {name} as well.")
            return found[0]
        if failed:
            raise _not_asked(name, failed)
        nothing = TargetError(
            f'Nothing is called "{name}": no VM ({self._site.compute.system}), no hypervisor '
            f"({self._site.uplink.system}), no switch ({self._site.address.system}).",
            "Check the spelling; the case of a VM's name matters.",
        )
        kept = (*kept_names(self._site.compute), *kept_names(self._site.address))
        raise nothing.naming(name, (*self._known, *kept))

    def from_vm(self, target: str, text: str, *, by_name: bool = False) -> TargetPath:
        """Return the path of a VM."""
        answer = self._vm(text, by_name=by_name)
        vm = answer.value
        self._step("vm", answer)
        self._warn_of_host((vm,))
        if not vm.hypervisor and self._given.switch is None:
            return self._path(TargetPath(target, Kind.VM, answer))
        return self._behind(target, Kind.VM, vm.hypervisor, answer)

    def _vm(self, text: str, *, by_name: bool) -> Answer[VirtualMachine]:
        """Return the VM; where OpenStack cannot be asked, as the person describes it."""
        try:
            found = self._find_vms(text, by_name=by_name)
        except SourceError as failure:
            if failure.sound or by_name or not self._given.describes(text):
                raise
            self._notes.warn(f"{failure} {text} is only known from the command line.")
            return self._given.vm(text)
        vm = one_vm(found, text, self._site.compute, by_name=by_name)
        answer = Answer(
            vm, found.source, found.asked_at, found.cached, found.warning, failure=found.failure
        )
        return self._given.agreed(answer, self._notes.warn)

    def _find_vms(self, text: str, *, by_name: bool) -> Answer[tuple[VirtualMachine, ...]]:
        compute = self._site.compute

        def ask() -> Answer[tuple[VirtualMachine, ...]]:
            if self._vms is not None:
                return self._vms.result()
            return vms_named(compute, text) if by_name else compute.find_vms(text)

        if self._given.switch is not None:
            return ask()
        with ThreadPoolExecutor(1) as pool:
            # The list of hypervisors is slow and the next step wants it: it is asked for now.
            warm_up = pool.submit(self._site.uplink.list_hypervisors)
            try:
                return ask()
            finally:
                with suppress(VipkeeperError):  # the next step meets it again, and says so
                    warm_up.result()

    def from_hypervisor(self, target: str, text: str) -> TargetPath:
        """Return the path of a hypervisor."""
        self._given.require_no_vm(text)
        try:
            return self._behind(target, Kind.HYPERVISOR, text, None)
        except UnknownHypervisorError as unknown:
            unknown.asked = text
            with suppress(VipkeeperError):
                unknown.known = self._site.uplink.list_hypervisors().value
            raise

    def from_switch(self, target: str, text: str) -> TargetPath:
        """Return the path of a switch: its address. The switch knows best who is behind it."""
        self._given.require_nothing(text)
        answer = (
            said(Switch(text, ip_address(text)))
            if is_address(text)
            else self._site.address.address_of(text)
        )
        self._step("switch", answer)
        return self._path(TargetPath(target, Kind.SWITCH, switches=(answer,)))

    def _path(self, path: TargetPath) -> TargetPath:
        """Return the path with the warnings, and what the person said."""
        told = self._notes
        return replace(path, warnings=told.sentences, lines=told.lines, given=self._given)

    def _behind(
        self, target: str, kind: Kind, hypervisor: str, vm: Answer[VirtualMachine] | None
    ) -> TargetPath:
        if self._given.switch is not None:
            return self._behind_given(self._given.switch, target, kind, hypervisor, vm)
        with ThreadPoolExecutor(2) as pool:
            cables = pool.submit(self._site.uplink.uplinks_of, hypervisor)
            others = pool.submit(self._site.compute.vms_on, hypervisor)
            uplinks = cables.result()
        self._step("uplinks", uplinks)
        for note in date_notes(uplinks.value, self._today, self._site.stale_days):
            self._notes.warn(note)
        neighbours = self._neighbours(others)
        switches = self._switches(uplinks.value)
        # As Nova spells it where Nova was asked, else as the uplink source does.
        spelled = hypervisor if vm else uplinks.value[0].hypervisor
        return self._path(TargetPath(target, kind, vm, spelled, neighbours, uplinks, switches))

    def _behind_given(
        self,
        switch: Switch,
        target: str,
        kind: Kind,
        hypervisor: str,
        vm: Answer[VirtualMachine] | None,
    ) -> TargetPath:
        """Return the path over the switch that the person names; no source is asked for it."""
        neighbours = None
        if hypervisor and (vm is None or vm.source != COMMAND_LINE):
            with ThreadPoolExecutor(1) as pool:
                neighbours = self._neighbours(pool.submit(self._site.compute.vms_on, hypervisor))
        answer = said(switch)
        self._notes.warn(
            f"{self._site.uplink.system} was not asked: {switch.name} is named on the command "
            "line, and has to confirm the target itself."
        )
        self._step("switch", answer)
        return self._path(TargetPath(target, kind, vm, hypervisor, neighbours, switches=(answer,)))

    def _switches(self, uplinks: tuple[Uplink, ...]) -> tuple[Answer[Switch], ...]:
        """Return the switches of the uplinks; a neighbour without an address hides no other.

        Raises:
            SourceError: none of them has an address.
        """
        names = whole_names(uplink.switch for uplink in uplinks)
        wanted = list(dict.fromkeys(names[uplink.switch] for uplink in uplinks))
        with ThreadPoolExecutor(max(1, min(len(wanted), 4))) as pool:
            asked = {name: pool.submit(self._site.address.address_of, name) for name in wanted}
        found: list[Answer[Switch]] = []
        failures: list[VipkeeperError] = []
        for name, future in asked.items():
            here = tuple(uplink for uplink in uplinks if names[uplink.switch] == name)
            try:
                answer = future.result()
            except (SourceError, TargetError) as exc:
                behind = ", ".join(sorted({f"{u.hypervisor} {u.interface}" for u in here}))
                lead = f"The neighbour {name} of {behind} is left out."
                self._notes.left_out(exc, lead, name, SWITCH)
                failures.append(exc)
                continue
            switch = Switch(name, answer.value.address, answer.value.seen, here)
            answer = replace(answer, value=switch)
            self._step("switch", answer)
            found.append(answer)
        if failures and not found:
            raise failures[0]
        return tuple(found)

    def _neighbours(
        self, future: Future[Answer[tuple[VirtualMachine, ...]]]
    ) -> Answer[tuple[VirtualMachine, ...]] | None:
        """Return the hypervisor's VMs, to compare with; without them the way is still known."""
        try:
            answer = future.result()
        except VipkeeperError as exc:
            self._notes.failed(exc, "The other VMs of the hypervisor are not known.")
            return None
        self._step("neighbours", answer)
        self._warn_of_host(answer.value)
        return answer

    def _warn_of_host(self, vms: tuple[VirtualMachine, ...]) -> None:
        """Warn of a compute service in trouble: Nova goes on telling the VMs' last states."""
        for trouble in filter(None, (vm.host_trouble for vm in vms)):
            said = f"{self._site.compute.system}: {trouble}: its VMs' states may be old"
            self._notes.warn(f"{said}, and it may be down, or somebody may be working on it.")

    def _step(self, name: str, answer: Answer[Any]) -> None:
        self._notes.answered(answer)
        if self._on_step is not None:
            self._on_step(name, answer)
