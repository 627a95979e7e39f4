"""Turns the output of one command into a section of the facts, whatever the output is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from inventory.names import one_line
from napalm_cumulus import errors
from napalm_cumulus.parsing import output
from napalm_cumulus.parsing.output import NOT_FOUND
from napalm_cumulus.result import CommandResult
from tasks.errors import UnreadableAnswerError
from tasks.facts.model import Section

Row = TypeVar("Row")
Results = Mapping[str, CommandResult]

_TIMED_OUT = (124, 137)
_SHOWN = 60
#: The names of the longer scripts for a person, by words that only they contain.
_SCRIPTS = {
    "-j vlan show": "bridge -j vlan show",
    "-j vlan tunnelshow": "bridge -j vlan tunnelshow",
    "lldpctl -f": "lldpctl",
    "who_has_vip": "the probes",
    "vipkeeper/.incoming": "the search for left-overs",
    "tar -cf - etc/network": "reading /etc/network",
}


def misread() -> tuple[type[Exception], ...]:
    """Return every exception that a parser can raise on unexpected output."""
    return (
        errors.NapalmException,
        ValueError,  # also that of JSON
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    )


def section(
    results: Results,
    name: str,
    parse: Callable[[CommandResult], Iterable[Row]],
    *,
    absent: Callable[[CommandResult], bool] | None = None,
) -> Section[Row]:
    """Return the rows of one command, or why they cannot be used.

    Args:
        results: the result of each command, by its name.
        name: the name of the command.
        parse: makes rows of the output; may raise any exception of ``misread``.
        absent: tells whether the program is missing; by default, when the shell did not find it.
    """
    result = results.get(name)
    if result is None:
        return Section(unread=f"{name}: the switch was not asked")
    result = CommandResult(_plain(result.command), result.exit_status, result.stdout, result.stderr)
    if result.exit_status == NOT_FOUND or (absent is not None and absent(result)):
        return Section(absent=True)
    if result.exit_status in _TIMED_OUT:
        return Section(unread=f"{shown(result)} did not end in time on the switch")
    try:
        return Section(tuple(parse(result)))
    except misread() as error:
        return Section(unread=unread(result, error))


def require_read(switch: str, **sections: Section[Any]) -> None:
    """Raise where a table was not read, before anything is concluded from what it lacks.

    Args:
        switch: the switch's name, for the message.
        sections: the needed sections, by their name in the facts.

    Raises:
        UnreadableAnswerError: a section was not read; the message says which and why.
    """
    for name, each in sections.items():
        if not each.known:
            why = each.unread or f"{name}: the program for it is not installed, or not running"
            raise UnreadableAnswerError(f"{switch}: {why}", "Try the command on the switch.")


def unread(result: CommandResult, error: BaseException) -> str:
    """Return the sentence for output that is not understood."""
    why = (
        str(error)
        if isinstance(error, errors.NapalmException)
        else f"{type(error).__name__}: {error}"
    )
    if shown(result) in why:
        return one_line(why, 300)
    return one_line(f"{shown(result)}: its output is not understood ({why})", 300)


def shown(result: CommandResult) -> str:
    """Return the command as a person knows it, without timeout, fallback or long script."""
    return f"'{_plain(result.command)}'"


@lru_cache(maxsize=64)  # every switch is asked the same
def _plain(command: str) -> str:
    named = next((name for mark, name in _SCRIPTS.items() if mark in command), "")
    first = output.shown(command).split("\n", 1)[0]
    return named or (first if len(first) <= _SHOWN else first[:_SHOWN] + "…")
