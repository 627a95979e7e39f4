"""The ``vip`` command. Every exit code is documented in ``docs/errors.md``.

Only what the command line itself needs is imported above. NAPALM and other libraries cost a second,
which ``vip --help`` and ``vip lab`` need not pay. Each command imports its runbook when it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from inventory.errors import ExitCode
from runbooks.cli import complete
from runbooks.cli.fleet import (
    Deadline,
    Switches,
    Workers,
    check,
    heal_all,
    settings_and_sources,
    watch,
)
from runbooks.cli.guard import GuardedGroup
from runbooks.cli.options import (
    AsJson,
    Behind,
    CutOffTarget,
    DryRun,
    Globals,
    Macs,
    OnHypervisor,
    SwitchName,
    Target,
    Vrf,
    Yes,
    agreement,
    described_path,
    new_run,
    settings_of,
    site_of,
    switch_of,
    tell_story,
    vrf_of,
    wanted_of,
)
from runbooks.run.errors import UsageError

app = typer.Typer(
    cls=GuardedGroup,
    name="vip",
    help="Find, diagnose and heal the gateway virtual IPs of Cumulus Linux leaf switches.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
inventory_app = typer.Typer(
    help="The site's switches, from Mimic and the subnet page.", no_args_is_help=True
)
app.add_typer(inventory_app, name="inventory")
app.command()(check)
app.command()(watch)


#: The forms of ``vip find``.
_FIND_FORMS = ("table", "json")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"vip {version('vipkeeper')}")
        raise typer.Exit(ExitCode.OK)


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The settings file.")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log to stderr, with tracebacks of failures.")
    ] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find, diagnose and heal the gateway virtual IPs of Cumulus Linux leaf switches."""
    del show_version
    import logging

    if debug:
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format=form)
    else:
        # A library's warning is no sentence for a person on call; ours are printed.
        logging.getLogger().addHandler(logging.NullHandler())
    ctx.obj = Globals(config)


@app.command()
def trace(  # noqa: PLR0917 - Typer reads the options from the signature
    ctx: typer.Context,
    target: Target,
    as_json: AsJson = False,
    ask_switches: Annotated[
        bool, typer.Option(help="Log in to the switches and let them confirm it.")
    ] = True,
    probe: Annotated[
        bool, typer.Option(help="Ping the target, and others to see how many are cut off.")
    ] = True,
    switch: Behind = None,
    hypervisor: OnHypervisor = None,
    macs: Macs = None,
    vrf: Vrf = None,
) -> None:
    """Show the way from a VM, hypervisor or switch to its switches, and who says so."""
    described = described_path(switch, hypervisor, macs)
    from runbooks.incident.path import given_of
    from runbooks.trace import run_trace

    settings = settings_of(ctx, changes=False)
    story = tell_story(quiet=True)
    site = site_of(settings)
    code = run_trace(
        settings,
        site,
        target,
        story,
        ask_switches=ask_switches,
        as_json=as_json,
        probe=probe,
        given=given_of(settings, site, story, *described),
        vrf=vrf_of(vrf),
    )
    raise typer.Exit(code)


@app.command()
def find(  # noqa: PLR0917 - as above
    ctx: typer.Context,
    target: Annotated[
        str,
        typer.Argument(help="A VM (name, id, address), a hypervisor or a MAC.", metavar="TARGET"),
    ],
    switches: Switches = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help=f"One of: {', '.join(_FIND_FORMS)}.",
            autocompletion=complete.words(*_FIND_FORMS),
        ),
    ] = "table",
    deadline: Deadline = None,
    workers: Workers = None,
    vrf: Vrf = None,
) -> None:
    """Ask all known switches at once which of them sees a VM, a hypervisor or a MAC."""
    if form not in _FIND_FORMS:
        raise UsageError(f"--format {form!r} is none of: {', '.join(_FIND_FORMS)}")
    settings, sources = settings_and_sources(ctx, ("runbooks.find",), changes=False)
    from runbooks.find import SearchRequest, run_find
    from runbooks.fleet.ask import CheckPace

    pace = CheckPace(workers, deadline)
    request = SearchRequest(target, tuple(switches or ()), form == "json", pace, vrf_of(vrf))
    raise typer.Exit(run_find(settings, sources, request))


@app.command()
def heal(  # noqa: PLR0917 - as above
    ctx: typer.Context,
    target: CutOffTarget = None,
    dry_run: DryRun = False,
    toggle: Annotated[
        bool, typer.Option("--toggle", help="Toggle the gateway whatever is wrong, if anything.")
    ] = False,
    yes: Yes = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Go on though the switch does not see the hypervisor, or on suspicion only; with "
            "--all-unhealthy: also when most switches are ill.",
        ),
    ] = False,
    all_unhealthy: Annotated[
        bool, typer.Option("--all-unhealthy", help="Check all switches, and heal what can be.")
    ] = False,
    switch: Behind = None,
    hypervisor: OnHypervisor = None,
    macs: Macs = None,
    vrf: Vrf = None,
) -> None:
    """Find out why a VM is cut off, do the least that cures it, and prove that it answers."""
    described = described_path(switch, hypervisor, macs)
    if all_unhealthy and (any(described) or vrf):
        raise UsageError(
            "--switch, --hypervisor, --mac and --vrf are of one VM, not --all-unhealthy"
        )
    if all_unhealthy:
        if target is not None or toggle:
            raise UsageError("--all-unhealthy finds its targets itself, and never toggles blindly")
        raise typer.Exit(heal_all(ctx, dry_run=dry_run, yes=yes, force=force))
    if target is None:
        raise UsageError("say who is cut off: vip heal TARGET (or: --all-unhealthy)")
    from runbooks.heal import HealOptions, run_heal

    settings = settings_of(ctx, changes=True)
    run = new_run(settings, "heal", target)
    chosen = HealOptions(dry_run, toggle, force, *described, vrf=vrf_of(vrf))
    try:
        run_heal(run, site_of(settings), agreement(yes=yes), chosen)
    finally:
        run.tell_end()
    raise typer.Exit(run.exit_code)


@app.command()
def toggle(  # noqa: PLR0917 - as above
    ctx: typer.Context,
    switch: SwitchName,
    vip: Annotated[str | None, typer.Option("--vip", help="The gateway's virtual address.")] = None,
    interface: Annotated[
        str | None, typer.Option("--interface", "-i", help="Or the gateway's SVI (vlan453).")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    vrf: Vrf = None,
) -> None:
    """Take one gateway's addresses away for an instant and give them back."""
    from runbooks.run.run import recorded_so_far
    from runbooks.toggle import run_toggle

    wanted = wanted_of(vip, interface, vrf)
    settings = settings_of(ctx, changes=True)
    run = new_run(settings, "toggle", switch)
    try:
        with recorded_so_far(run):
            found = switch_of(settings, switch, run.story)
        run_toggle(run, found, wanted, agreement(yes=yes), dry_run=dry_run)
    finally:
        run.tell_end()
    raise typer.Exit(run.exit_code)


@app.command()
def pending(ctx: typer.Context, switch: SwitchName) -> None:
    """Show the commit that waits on a switch for its confirmation."""
    from runbooks.pending import show_pending

    settings = settings_of(ctx, changes=False)
    story = tell_story()
    show_pending(settings, switch_of(settings, switch, story), story)


@app.command()
def confirm(ctx: typer.Context, switch: SwitchName) -> None:
    """Make the pending commit of a switch lasting; fails when nothing is pending."""
    _settle(ctx, "confirm", switch)


@app.command()
def rollback(ctx: typer.Context, switch: SwitchName) -> None:
    """Go back from the pending commit of a switch; fails when nothing is pending."""
    _settle(ctx, "rollback", switch)


@app.command()
def evidence(
    ctx: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            help="A report's name, or 'last'.", metavar="RUN", autocompletion=complete.reports
        ),
    ] = "last",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the next poll where that is pending.")
    ] = False,
) -> None:
    """Ask the monitoring what it saw of a run, and complete the run's report."""
    settings = settings_of(ctx, ("runbooks.evidence",), changes=False)
    from runbooks.evidence import run_evidence

    raise typer.Exit(run_evidence(settings, run, tell_story(), wait=wait))


@inventory_app.command("show")
def inventory_show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every switch with its address and its hypervisors."""
    from runbooks import inventory as inventory_runbook

    settings = settings_of(ctx, changes=False)
    built = inventory_runbook.build(settings, site_of(settings))
    inventory_runbook.show(built, tell_story().console, as_json=as_json)
    inventory_runbook.tell_shortfalls(built, tell_story(stderr=True))


@inventory_app.command("refresh")
def inventory_refresh(ctx: typer.Context) -> None:
    """Ask all sources, and keep their answers for the day when one is down."""
    from runbooks import inventory as inventory_runbook

    settings = settings_of(ctx, changes=False)
    raise typer.Exit(inventory_runbook.refresh(settings, site_of(settings), tell_story()))


@inventory_app.command("write")
def inventory_write(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(help="Where the files go.", metavar="DIR")],
) -> None:
    """Write hosts.yaml, groups.yaml and defaults.yaml for Nornir's SimpleInventory."""
    from runbooks import inventory as inventory_runbook

    settings = settings_of(ctx, changes=False)
    built = inventory_runbook.build(settings, site_of(settings))
    story = tell_story()
    inventory_runbook.tell_shortfalls(built, story)
    inventory_runbook.write_files(built, directory, story)


def _settle(ctx: typer.Context, command: str, name: str) -> None:
    from runbooks.pending import settle_pending
    from runbooks.run.run import recorded_so_far

    settings = settings_of(ctx, changes=True)
    run = new_run(settings, command, name)
    try:
        with recorded_so_far(run):
            switch = switch_of(settings, name, run.story)
        settle_pending(run, switch, confirm=command == "confirm")
    finally:
        run.tell_end()
    raise typer.Exit(run.exit_code)
