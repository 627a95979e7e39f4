"""The commands of ``vip`` that are about many switches: ``check`` and ``watch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runbooks.cli import complete
from runbooks.cli.options import (
    Vrf,
    Yes,
    agreement,
    settings_of,
    site_of,
    switch_of,
    tell_story,
    vrf_of,
)
from runbooks.output.forms import ALIASES, DEFAULT, FORMS, find_form
from runbooks.run.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nornir_config.settings import Settings
    from runbooks.fleet.selection import SwitchFilter
    from runbooks.fleet.sources import Sources
    from runbooks.run.story import Story

#: The site's sources are imported when they are asked, NAPALM when a switch is changed.
_HEAVY = ("runbooks.check",)

Switches = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names or management addresses; none means all.",
        metavar="SWITCH",
        autocompletion=complete.switches,
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="KEY=VALUE", help="Only these: name, rack, model or site."),
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Only switches of this Nornir group.")
]
Deadline = Annotated[
    float | None,
    typer.Option(
        "--deadline", min=0.1, help="Seconds for the inventory and all switches together."
    ),
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, max=500, help="Switches at once.")]
Probe = Annotated[
    bool, typer.Option("--probe/--no-probe", help="Let the switches send pings and ARP.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--check", metavar="ID", help="Judge only this check.", autocompletion=complete.checks
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip", metavar="ID", help="Leave this check out.", autocompletion=complete.checks
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Count what is only noted, too: an asymmetric fabric.")
]


FormName = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        help=f"One of: {', '.join(FORMS)} (or map).",
        autocompletion=complete.words(*FORMS, *ALIASES),
    ),
]


def check(  # noqa: PLR0917 - Typer reads the options from the signature
    ctx: typer.Context,
    switches: Switches = None,
    filters: Filters = None,
    groups: Groups = None,
    form: FormName = DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not to stdout.")
    ] = None,
    deadline: Deadline = None,
    workers: Workers = None,
    probe: Probe = True,
    only: Only = None,
    skip: Skip = None,
    vrf: Vrf = None,
    strict: Strict = False,
    with_vms: Annotated[
        bool, typer.Option("--with-vms", help="Ask OpenStack for the VMs, and judge by it.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Cure what can be cured: a canary first, one by one.")
    ] = False,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --fix: also when most switches are ill.")
    ] = False,
) -> None:
    """Check every VIP of the switches, and judge them together."""
    if form not in FORMS and form not in ALIASES:
        raise UsageError(f"--format {form!r} is none of: {', '.join(FORMS)}")
    if fix and (form != DEFAULT or output is not None):
        raise UsageError(f"--fix tells its story; it goes with a {DEFAULT} on stdout alone")
    if (force or yes) and not fix:
        raise UsageError("--yes and --force belong to --fix; a check changes nothing")

    settings, sources = settings_and_sources(ctx, changes=fix)
    from runbooks.check import CheckRequest, run_check
    from runbooks.fleet.ask import CheckPace

    request = CheckRequest(
        _wish(switches, filters, groups),
        find_form(form),
        output,
        CheckPace(workers, deadline),
        probe=probe,
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        with_vms=with_vms,
        strict=strict,
        vrf=vrf_of(vrf),
    )
    if not fix:
        raise typer.Exit(run_check(settings, sources, request))
    from runbooks.fleet_heal import FixOptions, run_fix

    options = FixOptions(force=force, then_check=True)
    raise typer.Exit(run_fix(settings, sources, request, agreement(yes=yes), options))


def watch(  # noqa: PLR0917 - as above
    ctx: typer.Context,
    switches: Switches = None,
    filters: Filters = None,
    groups: Groups = None,
    interval: Annotated[
        float | None, typer.Option("--interval", min=1, help="Seconds between two rounds.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where Prometheus asks.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="The file of what began and ended (JSON lines).")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="End after so many rounds.")
    ] = None,
    deadline: Deadline = None,
    workers: Workers = None,
    probe: Probe = True,
    only: Only = None,
    skip: Skip = None,
    vrf: Vrf = None,
    strict: Strict = False,
) -> None:
    """Check again and again over kept connections, for Prometheus and for a log of changes."""
    settings, sources = settings_and_sources(ctx, changes=False)
    from runbooks.check import CheckRequest
    from runbooks.fleet.ask import CheckPace
    from runbooks.watch import WatchOptions, run_watch

    request = CheckRequest(
        _wish(switches, filters, groups),
        pace=CheckPace(workers, deadline),
        probe=probe,
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        strict=strict,
        vrf=vrf_of(vrf),
    )
    options = WatchOptions(interval, listen, log, rounds)
    raise typer.Exit(run_watch(settings, sources, request, options, tell_story().console))


def heal_all(ctx: typer.Context, *, dry_run: bool, yes: bool, force: bool) -> int:
    """Heal all unhealthy switches, as ``vip heal --all-unhealthy`` does; return the exit code."""
    settings, sources = settings_and_sources(ctx, changes=True)
    from runbooks.check import CheckRequest
    from runbooks.fleet.selection import SwitchFilter
    from runbooks.fleet_heal import FixOptions, run_fix

    options = FixOptions(dry_run=dry_run, force=force)
    return run_fix(settings, sources, CheckRequest(SwitchFilter()), agreement(yes=yes), options)


def _wish(
    names: list[str] | None, filters: list[str] | None, groups: list[str] | None
) -> SwitchFilter:
    from runbooks.fleet.selection import SwitchFilter, parse_filters

    return SwitchFilter(tuple(names or ()), parse_filters(filters or ()), tuple(groups or ()))


def settings_and_sources(
    ctx: typer.Context, modules: Sequence[str] = _HEAVY, *, changes: bool
) -> tuple[Settings, Sources]:
    """Return the settings, as ``settings_of`` does, and the sources; none of them is asked yet."""
    settings = settings_of(ctx, modules, changes=changes)
    from runbooks.fleet.sources import Sources

    quiet = tell_story(stderr=True, quiet=True)
    return settings, Sources(
        lambda limit: site_of(settings, limit),
        lambda site, name: switch_of(settings, name, quiet, site),
        lambda: _taken(quiet),
    )


def _taken(quiet: Story) -> tuple[str, ...]:
    """Take the notes out of a quiet story; vip watch finds its switches again and again."""
    events, quiet.events = quiet.events, []
    return tuple(event.text for event in events if event.step == "note")
