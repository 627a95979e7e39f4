"""What the commands of ``vip`` share: their arguments, the settings, and the ends of a run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nornir_config.stopping import Stopped
from runbooks.cli import complete
from runbooks.cli.interrupt import loaded
from runbooks.run.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.model import Switch
    from inventory.site import Site
    from inventory.sources.limit import Limit
    from nornir_config.settings import Settings
    from runbooks.run.approval import Agreement
    from runbooks.run.run import Run
    from runbooks.run.story import Story
    from tasks.gateways import GatewayQuery

#: What most commands import: the site's sources and NAPALM.
_HEAVY = (
    "nornir_config.inventory_plugin",
    "runbooks.incident.path",
    "runbooks.run.run",
    "runbooks.toggle",
)

Target = Annotated[
    str,
    typer.Argument(
        help="A VM (name, id, fixed or floating address), a hypervisor or a switch.",
        metavar="TARGET",
    ),
]
CutOffTarget = Annotated[
    str | None,
    typer.Argument(
        help="A VM (name, id, fixed or floating address), or a hypervisor for its VMs.",
        metavar="TARGET",
    ),
]
SwitchName = Annotated[
    str,
    typer.Argument(
        help="A switch's name or management address.",
        metavar="SWITCH",
        autocompletion=complete.switches,
    ),
]
Behind = Annotated[
    str | None,
    typer.Option(
        "--switch",
        metavar="SWITCH",
        autocompletion=complete.switches,
        help="The switch it is behind (name or address); Mimic is not asked. The switch has to "
        "confirm it.",
    ),
]
OnHypervisor = Annotated[
    str | None,
    typer.Option(
        "--hypervisor", metavar="NAME", help="The VM's hypervisor, if OpenStack cannot be asked."
    ),
]
Macs = Annotated[
    list[str] | None,
    typer.Option("--mac", metavar="MAC", help="The VM's MAC, if OpenStack cannot be asked."),
]
Vrf = Annotated[
    str | None,
    typer.Option(
        "--vrf",
        metavar="NAME",
        help="The VRF that is meant (default: the default one), where several have the same "
        "addresses.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing a switch.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the plan; change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass
class Globals:
    """The options in front of the command, and whether the command may change a switch.

    Attributes:
        config: the settings file.
        changes: whether the command may change a switch; True until the command says otherwise.
    """

    config: Path | None
    changes: bool = True

    def settings(self) -> Settings:
        """Return the settings, read and checked."""
        from nornir_config.settings import load_settings

        return load_settings(self.config)


def settings_of(ctx: typer.Context, modules: Sequence[str] = _HEAVY, *, changes: bool) -> Settings:
    """Return the settings, once the command has imported what it needs; until then Ctrl-C ends it.

    Args:
        ctx: the command's context.
        modules: names of the modules to import.
        changes: whether the command may change a switch. When a command that cannot has failed,
            the message gives no advice on changes under way.
    """
    given: Globals = ctx.obj
    given.changes = changes
    for module in modules:
        import_module(module)
    loaded()
    return given.settings()


def site_of(settings: Settings, limit: Limit | None = None) -> Site:
    """Return the site's sources; none of them is asked yet."""
    from inventory.sources.limit import ENDLESS
    from nornir_config.inventory_plugin import site_from_settings

    settings.require_site()
    return site_from_settings(settings, limit or ENDLESS)


def switch_of(
    settings: Settings, name: str, story: Story, site: Callable[[], Site] | None = None
) -> Switch:
    """Return the switch of that name or address.

    Args:
        settings: the settings.
        name: its name or address.
        story: is told the answer.
        site: returns the sources that are open already; None opens them where they are needed.
    """
    from inventory.leafs import LeafMemory
    from inventory.names import is_address
    from runbooks.incident.path import find_switch

    if is_address(name):
        return find_switch(None, name, story)
    require_switch_name(name)
    opened = site() if site else site_of(settings)
    return find_switch(opened, name, story, LeafMemory(settings.paths.cache))


def require_switch_name(name: str) -> None:
    """Raise TargetError where a text is neither a switch's name nor an address."""
    from inventory.errors import TargetError
    from inventory.names import is_address, is_hostname

    mistyped = "." in name and name.replace(".", "").isdigit()
    if not is_address(name) and (mistyped or not is_hostname(name)):
        raise TargetError(f"{name!r} is neither a switch's name nor an address")


def described_path(
    switch: str | None, hypervisor: str | None, macs: Sequence[str] | None
) -> tuple[str, str, tuple[str, ...]]:
    """Return what the command line says of a path, checked: switch, hypervisor and MACs.

    Raises:
        TargetError: a name can be that of no switch, or of no hypervisor.
        UsageError: a MAC is none.
    """
    from inventory.errors import TargetError
    from inventory.names import is_hostname
    from napalm_cumulus.patterns import normal_mac

    if switch is not None:
        require_switch_name(switch)
    if hypervisor is not None and not is_hostname(hypervisor):
        raise TargetError(f'"{hypervisor}" cannot be the name of a hypervisor.')
    found = {text: normal_mac(text) for text in macs or ()}
    wrong = [text for text, mac in found.items() if not mac]
    if wrong:
        raise UsageError(f"--mac {wrong[0]!r} is no MAC address")
    return switch or "", hypervisor or "", tuple(mac for mac in found.values() if mac)


def vrf_of(vrf: str | None) -> str:
    """Return the VRF that is meant, checked; empty for none.

    Raises:
        UsageError: the name can be that of no VRF.
    """
    from tasks.shell import interface_name

    try:
        return interface_name(vrf) if vrf else ""
    except ValueError:
        raise UsageError(f"--vrf {vrf!r} can be the name of no VRF") from None


def wanted_of(vip: str | None, interface: str | None, vrf: str | None = None) -> GatewayQuery:
    """Return the gateway that is meant; exactly one of the first two arguments must be given."""
    from ipaddress import ip_address

    from tasks.gateways import GatewayQuery
    from tasks.shell import interface_name

    if (vip is None) == (interface is None):
        raise UsageError("say which gateway: --vip ADDRESS or --interface NAME (one of them)")
    try:
        if vip is not None:
            return GatewayQuery(vip=ip_address(vip), vrf=vrf_of(vrf))
        return GatewayQuery(interface=interface_name(interface or ""), vrf=vrf_of(vrf))
    except ValueError as error:
        raise UsageError(str(error)) from None


def new_run(settings: Settings, command: str, target: str) -> Run:
    """Return a run that tells its story on stdout."""
    from runbooks.run.run import Run

    return Run(settings, tell_story(), command, target)


def tell_story(*, stderr: bool = False, quiet: bool = False) -> Story:
    """Return a story that is told on stdout or stderr; a quiet one is only kept."""
    from runbooks.run.story import Story, make_console

    return Story(make_console(stderr=stderr), quiet=quiet)


def agreement(*, yes: bool) -> Agreement:
    """Return how the operator's agreement is obtained: it is given (``--yes``) or asked for."""
    from runbooks.run.approval import Agreement

    def ask(question: str) -> bool:
        if not is_terminal():
            raise UsageError(
                "there is nobody to ask (no terminal), and --yes was not given; "
                "nothing on the switch was touched",
                "Look at the plan above; to carry it out: --yes",
            )
        try:
            return typer.confirm(question)
        except typer.Abort as abort:  # Ctrl-C or the end of the input: not a yes
            if isinstance(abort.__context__, Stopped):
                raise abort.__context__ from None
            return False
        except OSError:  # the terminal was closed
            return False

    return Agreement(yes, ask)


def is_terminal() -> bool:
    """Return whether there is a terminal on which somebody can be asked."""
    return sys.stdin.isatty()
