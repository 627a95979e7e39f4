"""The root of the command line: it turns any failure into a sentence, advice and an exit code."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from inventory.errors import ExitCode
from inventory.names import did_you_mean
from nornir_config.stopping import stopped_by
from runbooks.cli.interrupt import loaded
from runbooks.cli.options import Globals
from runbooks.output.forms import FORMS, find_form
from runbooks.run import errors

LAB = "lab"
#: The command that monitoring systems run.
_CHECK = "check"
#: The help of ``lab.cli.app``; ``vip --help`` does not import the lab for this one line.
LAB_HELP = "A fabric of real switches on this machine, to rehearse on."
_LAB_MISSING = "the embedded lab is not installed on this machine ({reason})"
_LAB_NEEDS = "flask"
_LAB_ADVICE = "Install it: pip install 'vipkeeper[lab]'"

#: Every usage error of Typer's own: its module differs by version.
_USAGE: Any = typer.BadParameter.__base__ or typer.BadParameter


class GuardedGroup(TyperGroup):
    """Runs the commands; no exception leaves it, only exit codes."""

    _tell_as_plugin: Callable[[BaseException], int] | None = None

    def main(self, args: Sequence[str] | None = None, *more: Any, **how: Any) -> Any:  # noqa: ANN401 - as below
        """Run a command line and leave; for a plugin its own errors are told in their own way."""
        words = sys.argv[1:] if args is None else args
        others = {*self.commands, LAB} - {_CHECK}
        form = "" if command_of(words) in others else form_asked_for(words)
        tell = self._tell_as_plugin = find_form(form).tell_failure if form in FORMS else None
        if tell is None:
            return super().main(args, *more, **how)
        try:
            code = super().main(args, *more, **{**how, "standalone_mode": False})
        except Exception as error:  # noqa: BLE001 - a wrong option, and ``invoke`` lets no other by
            code = tell(error)
        sys.exit(code)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own, by version
        """Return the names of all commands, the lab's last."""
        return [*super().list_commands(ctx), LAB]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """Return a command; the lab's commands are imported only when somebody asks for them."""
        if cmd_name == LAB:
            return _LabCommand(LAB, callback=None, help=LAB_HELP)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Return the command of that name; one that is unknown may be misspelt."""
        try:
            return super().resolve_command(ctx, args)
        except _USAGE as error:
            near = did_you_mean(args[0], self.list_commands(ctx))
            if near and "Did you mean" not in error.message:
                error.message = f"{error.message} {near}"
            raise

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Run a command; a failure is told on stderr."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, SystemExit):
            raise
        except typer.Abort as abort:
            by = stopped_by(abort)
            said = f"stopped by {by}" if by else "stopped"
            stopped = errors.CancelledError(f"{said}; nothing was changed after that")
            raise typer.Exit(self._tell(stopped, ctx)) from None
        except BrokenPipeError:
            # The reader has gone. What is left to flush at the end has nowhere to go either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.OK) from None
        except (Exception, KeyboardInterrupt) as error:
            if _is_usage_error(error):
                raise
            if ctx.params.get("debug"):
                import logging

                logging.getLogger(__name__).exception("the failure in full")
            raise typer.Exit(self._tell(error, ctx)) from None

    def _tell(self, error: BaseException, ctx: Any) -> int:  # noqa: ANN401 - as above
        """Tell a failure where the caller looks for it; return the exit code."""
        if self._tell_as_plugin is not None:
            return self._tell_as_plugin(error)
        reading = isinstance(ctx.obj, Globals) and not ctx.obj.changes
        return tell_failure(error, reading=reading)


def command_of(words: Sequence[str]) -> str:
    """Return the command in a command line; empty where there is none.

    >>> command_of(["-c", "find", "check", "-f", "nagios"]), command_of(["--debug"])
    ('check', '')

    Args:
        words: the command line without the program's name.
    """
    value = False
    for word in words:
        if not value and not word.startswith("-"):
            return word
        value = not value and word in {"-c", "--config"}
    return ""


def form_asked_for(words: Sequence[str]) -> str:
    """Return the form that a command line asks for, whatever else is wrong with it.

    >>> form_asked_for(["check", "--format=nagios", "--wrokers", "3"])
    'nagios'
    >>> form_asked_for(["check", "-f", "nagios", "-fjson"]), form_asked_for(["heal", "nagios"])
    ('json', '')

    Args:
        words: the command line without the program's name.
    """
    form, follows = "", False
    for word in words:
        if follows:
            form, follows = word, False
        elif word == "--":
            break
        elif word in {"-f", "--format"}:
            follows = True
        elif word.startswith("--format="):
            form = word.removeprefix("--format=")
        elif word.startswith("-f"):
            form = word.removeprefix("-f")
    return form


def tell_failure(error: BaseException, *, reading: bool = False) -> int:
    """Tell a failure on stderr; return its exit code.

    Args:
        error: what went wrong.
        reading: whether the command changes nothing on any switch.
    """
    from rich.text import Text

    from runbooks.run.explain import explain
    from runbooks.run.story import make_console, printable

    said = explain(error, reading=reading)
    console = make_console(stderr=True)
    for number, line in enumerate(said.lines):
        text = printable(line)
        console.print(Text(f"vip: {text}" if number == 0 else f"     {text}"), style="red")
    return said.exit_code


def _is_usage_error(error: BaseException) -> bool:
    """Return whether it is a usage error of Typer's own, which Typer prints itself."""
    return isinstance(error, _USAGE)


class _LabCommand(TyperCommand):
    """Stands for the lab's commands; they are imported once somebody calls one."""

    def make_context(self, *args: Any, **how: Any) -> Any:  # noqa: ANN401 - as above
        """Let the lab's own commands read the command line."""
        return _lab().make_context(*args, **how)


def _require(module: str) -> None:
    """Raise ImportError where a module is not installed, without importing it."""
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"No module named '{module}'")


def _lab() -> Any:  # noqa: ANN401 - a command of Typer's own class, by version
    try:
        _require(_LAB_NEEDS)  # which its stand-ins alone import
        from lab.cli import app

        loaded(changing=False)
    except ImportError as missing:
        reason = str(missing)
        app = typer.Typer(help="The embedded lab (not installed).", add_completion=False)

        @app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
        def explain_absence() -> None:
            """Say what is missing, whichever of the lab's commands was called."""
            raise errors.UsageError(_LAB_MISSING.format(reason=reason), _LAB_ADVICE)

    return typer.main.get_command(app)
