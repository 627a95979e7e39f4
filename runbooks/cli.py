"""The ``vip`` command. Every exit code is documented in ``docs/errors.md``.

Only what the command line itself needs is imported above: NAPALM and its like cost a second, and
neither ``vip --help`` nor ``vip lab`` needs them. Each command imports its runbook when it runs.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from inventory.text import is_hostname
from runbooks import errors
from runbooks.entry import loaded
from runbooks.errors import UsageError
from runbooks.guard import GuardedGroup
from runbooks.story import Story, make_console

if TYPE_CHECKING:
    from inventory.model import Switch
    from inventory.site import Site
    from nornir_config.settings import Settings
    from runbooks.run import Run
    from runbooks.toggle import Agreement
    from tasks.gateways import Wanted

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

#: What the helpers below import, and with it nearly all that a command needs.
_HEAVY = ("inventory.plugin", "runbooks.chain", "runbooks.run", "runbooks.toggle")

Target = Annotated[
    str,
    typer.Argument(help="A VM (name, id, address), a hypervisor or a switch.", metavar="TARGET"),
]
SwitchName = Annotated[
    str, typer.Argument(help="A switch's name or management address.", metavar="SWITCH")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing a switch.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the plan; change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)
class Globals:
    """The options in front of the command."""

    config: Path | None

    def settings(self) -> Settings:
        """The settings, read and checked."""
        from nornir_config.settings import load_settings

        return load_settings(self.config)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vip {version('vipkeeper')}")
        raise typer.Exit(errors.OK)


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
    if debug:
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format=form)
    else:
        # A library's warning is no sentence for a person on call; ours are printed.
        logging.getLogger().addHandler(logging.NullHandler())
    ctx.obj = Globals(config)


@app.command()
def trace(
    ctx: typer.Context,
    target: Target,
    as_json: AsJson = False,
    ask_switches: Annotated[
        bool, typer.Option(help="Log in to the switches and let them confirm it.")
    ] = True,
) -> None:
    """Show the way from a VM or hypervisor to its switches, and who says so."""
    from runbooks.trace import run_trace

    settings = _settings(ctx)
    story = Story(make_console(), quiet=True)
    code = run_trace(
        settings, _site(settings), target, story, ask_switches=ask_switches, as_json=as_json
    )
    raise typer.Exit(code)


@app.command()
def heal(  # noqa: PLR0917 - Typer reads the options from the signature
    ctx: typer.Context,
    target: Target,
    dry_run: DryRun = False,
    toggle: Annotated[
        bool, typer.Option("--toggle", help="Toggle the gateway even when the target answers.")
    ] = False,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though the switch does not see the hypervisor.")
    ] = False,
) -> None:
    """Find the gateway of a VM that is cut off, toggle it, and prove that the VM answers."""
    from runbooks.heal import HealOptions, run_heal

    settings = _settings(ctx)
    run = _new_run(settings, "heal", target)
    chosen = HealOptions(dry_run=dry_run, toggle=toggle, force=force)
    try:
        run_heal(run, _site(settings), _agreement(yes=yes), chosen)
    finally:
        _tell_end(run)
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
) -> None:
    """Take one gateway's addresses away for an instant and give them back."""
    from runbooks.toggle import run_toggle

    wanted = _wanted(vip, interface)
    settings = _settings(ctx)
    run = _new_run(settings, "toggle", switch)
    try:
        run_toggle(
            run, _switch(settings, switch, run.story), wanted, _agreement(yes=yes), dry_run=dry_run
        )
    finally:
        _tell_end(run)
    raise typer.Exit(run.exit_code)


@app.command()
def pending(ctx: typer.Context, switch: SwitchName) -> None:
    """Show the commit that waits on a switch for its confirmation."""
    from runbooks.pending import show_pending

    settings = _settings(ctx)
    story = Story(make_console())
    show_pending(settings, _switch(settings, switch, story), story)


@app.command()
def confirm(ctx: typer.Context, switch: SwitchName) -> None:
    """Make the pending commit of a switch lasting; fails when nothing is pending."""
    _settle(ctx, "confirm", switch)


@app.command()
def rollback(ctx: typer.Context, switch: SwitchName) -> None:
    """Go back from the pending commit of a switch; fails when nothing is pending."""
    _settle(ctx, "rollback", switch)


@inventory_app.command("show")
def inventory_show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every switch with its address and its hypervisors."""
    from runbooks import inventory as inventory_runbook

    settings = _settings(ctx)
    built = inventory_runbook.build(settings, _site(settings))
    inventory_runbook.show(built, make_console(), as_json=as_json)
    inventory_runbook.tell_shortfalls(built, Story(make_console(stderr=True)))


@inventory_app.command("refresh")
def inventory_refresh(ctx: typer.Context) -> None:
    """Ask all sources, and keep their answers for the day when one is down."""
    from runbooks import inventory as inventory_runbook

    settings = _settings(ctx)
    built = inventory_runbook.build(settings, _site(settings))
    story = Story(make_console())
    inventory_runbook.tell_shortfalls(built, story)
    hosts = built.inventory.hosts
    story.tell("refreshed", f"{len(hosts)} switches, kept in {settings.paths.cache}")


@inventory_app.command("write")
def inventory_write(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(help="Where the files go.", metavar="DIR")],
) -> None:
    """Write hosts.yaml, groups.yaml and defaults.yaml for Nornir's SimpleInventory."""
    from runbooks import inventory as inventory_runbook

    settings = _settings(ctx)
    built = inventory_runbook.build(settings, _site(settings))
    story = Story(make_console())
    inventory_runbook.tell_shortfalls(built, story)
    inventory_runbook.write_files(built, directory, story)


def _settings(ctx: typer.Context) -> Settings:
    for module in _HEAVY:
        import_module(module)
    loaded()
    given: Globals = ctx.obj
    return given.settings()


def _site(settings: Settings) -> Site:
    from inventory.plugin import site_from_settings

    settings.require_site()
    return site_from_settings(settings)


def _switch(settings: Settings, name: str, story: Story) -> Switch:
    from runbooks.chain import find_switch

    try:
        ip_address(name)
    except ValueError:
        if not is_hostname(name):
            raise UsageError(f"{name!r} is neither a switch's name nor an address") from None
        return find_switch(_site(settings), name, story)
    return find_switch(None, name, story)


def _wanted(vip: str | None, interface: str | None) -> Wanted:
    from tasks.commands import interface_name
    from tasks.gateways import Wanted

    if (vip is None) == (interface is None):
        raise UsageError("say which gateway: --vip ADDRESS or --interface NAME (one of them)")
    try:
        if vip is not None:
            return Wanted(vip=ip_address(vip))
        return Wanted(interface=interface_name(interface or ""))
    except ValueError as error:
        raise UsageError(str(error)) from None


def _new_run(settings: Settings, command: str, target: str) -> Run:
    from runbooks.run import Run

    return Run(settings, Story(make_console()), command, target)


def _agreement(*, yes: bool) -> Agreement:
    from runbooks.toggle import Agreement

    def ask(question: str) -> bool:
        if not _is_terminal():
            raise UsageError(
                "there is nobody to ask (no terminal), and --yes was not given; "
                "nothing on the switch was touched",
                "Look at the plan above; to carry it out: --yes",
            )
        try:
            return typer.confirm(question)
        except typer.Abort:  # Ctrl-C or the end of the input: not a yes
            return False

    return Agreement(yes, ask)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _settle(ctx: typer.Context, command: str, name: str) -> None:
    from runbooks.pending import settle_pending

    settings = _settings(ctx)
    run = _new_run(settings, command, name)
    try:
        switch = _switch(settings, name, run.story)
        settle_pending(run, switch, confirm=command == "confirm")
    finally:
        _tell_end(run)
    raise typer.Exit(run.exit_code)


def _tell_end(run: Run) -> None:
    """The outcome in one sentence and where the report lies; a failure is told by the guard."""
    console = run.story.console
    if run.exit_code in {errors.OK, errors.NOT_HEALED} and run.sentence:
        style = "bold green" if run.exit_code == errors.OK else "bold red"
        console.print(Text(f"{run.verdict.upper()}: {run.sentence}", style=style))
        if run.advice:
            console.print(Text(run.advice))
    if run.report is not None:
        console.print(Text(f"Report: {run.report}", style="dim"))
