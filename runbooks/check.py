"""``vip check``, from the request to the report."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inventory.errors import TargetError
from inventory.names import did_you_mean, first_few
from runbooks.fleet.ask import CheckPace, interrupted
from runbooks.fleet.assess import NOT_CHECKED, CheckOptions
from runbooks.fleet.checker import LEFT_OUT, Checker, CheckRound, Progress
from runbooks.fleet.progress import progress_of
from runbooks.fleet.selection import select, uplinks_of
from runbooks.fleet.sources import RunSources, Sources
from runbooks.fleet.vms import HypervisorVms, place
from runbooks.output.forms import Form, find_form
from runbooks.output.render import report
from runbooks.run.errors import UsageError
from runbooks.run.story import Story, make_console
from tasks.health.judge import UNREAD, check_ids

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nornir_config.settings import Settings
    from runbooks.fleet.selection import SelectedSwitches, SwitchFilter
    from tasks.health.model import FleetHealth


@dataclass(frozen=True)
class CheckRequest:
    """What the command line asks for.

    Attributes:
        wish: the filter that chooses the switches.
        form: the form of the report.
        output: the report's file; None is stdout.
        pace: number of switches at once, and the deadline.
        probe: whether the switches send pings and ARP requests.
        only: ids of the checks to judge; empty means all.
        skip: ids of checks to leave out.
        with_vms: ask OpenStack for the VMs behind each switch, to judge by and to report.
        strict: whether an asymmetric fabric is a warning, not only a note.
        vrf: the only VRF whose gateways are judged; empty means all.
    """

    wish: SwitchFilter
    form: Form = field(default_factory=find_form)
    output: Path | None = None
    pace: CheckPace = field(default_factory=CheckPace)
    probe: bool = True
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    with_vms: bool = False
    strict: bool = False
    vrf: str = ""


def run_check(settings: Settings, sources: Sources, request: CheckRequest) -> int:
    """Check, report, and return the exit code.

    Raises:
        CancelledError: a signal stopped it; what was found until then has been shown to a person.
        VipkeeperError: there is nothing to check.
    """
    run = sources.for_run(settings, request.pace)
    selected, looking = prepare(settings, run, request)
    looking, hosted = ask_vms(run, request, selected, looking)
    pace = run.rest(request.pace)
    with closing(Checker(settings, selected, looking, pace, progress(request))) as checker:
        looked = checker.look()
    if looked.interrupted:
        if request.form.for_people and request.output is None:
            report(looked.health, request.form)
        raise_interrupted(looked)
    _require_vrf(request, looked.health)
    placement = None
    if request.form.needs_placement:
        placement = place(looked.health, selected.inventory, hosted)
    tell_of_vms(request, hosted)
    return report(
        looked.health, request.form, request.output, placement, site=settings.sources.site
    )


def _require_vrf(request: CheckRequest, health: FleetHealth) -> None:
    """Raise where no gateway is in the VRF that was named: nothing was judged then.

    Raises:
        TargetError: all that answered have none.
    """
    answered = [each for each in health.switches if each.checked]
    unread = any(finding.check == UNREAD for each in answered for finding in each.findings)
    if request.vrf and answered and not unread and not any(each.vips for each in answered):
        raise TargetError(
            f"no stanza with VIPs of {first_few([each.switch for each in answered])} is in VRF "
            f"{request.vrf}",
            "Check its spelling; the default VRF is called default.",
        )


def ask_vms(
    sources: RunSources, request: CheckRequest, selected: SelectedSwitches, looking: CheckOptions
) -> tuple[CheckOptions, HypervisorVms | None]:
    """Ask OpenStack for the VMs behind the switches, where the request asks for it.

    Returns:
        The options for the check with those VMs, and the VMs; None where they were not asked for.
    """
    if not request.with_vms:
        return looking, None
    hosted = HypervisorVms(sources.site())
    hosted.ask(name for host in selected.inventory.hosts.values() for name in uplinks_of(host))
    return replace(looking, vms=hosted.behind(selected.inventory)), hosted


def tell_of_vms(request: CheckRequest, hosted: HypervisorVms | None) -> None:
    """Tell what was missing or is in trouble at OpenStack; a plugin's line has no place for it."""
    if hosted is not None and not request.form.is_plugin:
        _notes((*hosted.problems, *hosted.notes))


def prepare(
    settings: Settings, sources: RunSources, request: CheckRequest
) -> tuple[SelectedSwitches, CheckOptions]:
    """Return the switches, and the options for checking them.

    Raises:
        UsageError: a named check does not exist.
        VipkeeperError: there is nothing to check.
    """
    skip = (*settings.check.skip, *request.skip)
    _require_known((*request.only, *skip))
    selected = select(settings, sources.site, request.wish, sources.find)
    if not request.form.is_plugin:
        _notes((*selected.notes, *sources.notes()))
    names = {name for host in selected.inventory.hosts.values() for name in uplinks_of(host)}
    looking = CheckOptions(
        probe=request.probe,
        only=frozenset(request.only),
        skip=frozenset(skip),
        strict=request.strict,
        vrf=request.vrf,
        hypervisors=tuple(sorted(names)),
    )
    return selected, looking


def progress(request: CheckRequest) -> Progress:
    """Return what shows the progress of a check."""
    return progress_of(bar=not request.form.is_plugin, lines=request.form.for_people)


def raise_interrupted(looked: CheckRound) -> None:
    """Raise the error of a round that a signal ended, with the number of unchecked switches.

    Raises:
        CancelledError: always.
    """
    switches = looked.health.switches
    left = sum(any(f.check == NOT_CHECKED for f in health.findings) for health in switches)
    raise interrupted(looked.interrupted, left, len(switches), "checked")


def _require_known(ids: Iterable[str]) -> None:
    known = sorted({*check_ids(), LEFT_OUT})
    for name in ids:
        if name not in known:
            hint = did_you_mean(name, known) or f"Known are: {', '.join(known)}."
            raise UsageError(f"there is no check {name!r}", hint)


def _notes(notes: Iterable[str]) -> None:
    story = Story(make_console(stderr=True))
    for note in notes:
        story.tell("note", note, "warn")
