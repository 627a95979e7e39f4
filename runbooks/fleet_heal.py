"""``vip check --fix`` and ``vip heal --all-unhealthy``: check, and heal what can be healed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.errors import ExitCode
from runbooks.check import (
    CheckRequest,
    ask_vms,
    prepare,
    progress,
    raise_interrupted,
    run_check,
    tell_of_vms,
)
from runbooks.fleet.checker import Checker
from runbooks.fleet.rollout import FleetOptions, heal_fleet
from runbooks.fleet.sources import RunSources, Sources
from runbooks.output.render import report
from runbooks.run.run import Run
from runbooks.run.story import Story, make_console

if TYPE_CHECKING:
    from nornir_config.settings import Settings
    from runbooks.run.approval import Agreement


#: Exit codes of a healing after which all switches are checked once more.
_TOLD = frozenset({ExitCode.OK, ExitCode.HEALED_FOR_NOW, ExitCode.NOT_HEALED})


@dataclass(frozen=True)
class FixOptions:
    """The options of healing all unhealthy switches.

    Attributes:
        dry_run: show the plan and change nothing.
        force: go on where most leafs are ill, or where one that shares a VIP is not well.
        then_check: show the check before and after; the second check then gives the exit code.
    """

    dry_run: bool = False
    force: bool = False
    then_check: bool = False


def run_fix(
    settings: Settings,
    sources: Sources,
    request: CheckRequest,
    agreement: Agreement,
    options: FixOptions,
) -> int:
    """Check, heal, and return the exit code.

    Raises:
        CancelledError: ctrl-C, or the operator said no.
        VipkeeperError: there is nothing to check, or the healing was refused.
    """
    asked = sources.for_run(settings, request.pace)
    selected, looking = prepare(settings, asked, request)
    looking, hosted = ask_vms(asked, request, selected, replace(looking, diagnose=True))
    tell_of_vms(request, hosted)
    pace = asked.rest(request.pace)
    with closing(Checker(settings, selected, looking, pace, progress(request))) as checker:
        looked = checker.look()
    if looked.interrupted:
        raise_interrupted(looked)
    if options.then_check:
        code = report(looked.health, request.form)
        if code == ExitCode.OK:
            return code
    run = Run(settings, Story(make_console()), "heal", "all-unhealthy")
    healing = RunSources(sources, None)  # curing has no deadline
    try:
        heal_fleet(
            run,
            selected,
            looked.assessments,
            agreement,
            FleetOptions(options.dry_run, options.force),
            compute=lambda: healing.site().compute,
        )
    finally:
        run.tell_end()
    if options.then_check and run.exit_code in _TOLD and run.switches:
        found = run_check(settings, sources, request)
        # A fault that is covered may come back as a mere finding, which would hide that it was
        # cured.
        return run.exit_code if run.exit_code == ExitCode.HEALED_FOR_NOW else found
    return run.exit_code
