"""How the output of one command becomes a section of the facts, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address, ip_interface, ip_network
from typing import TypeVar

from napalm.base.exceptions import NapalmException

from inventory.text import one_line
from napalm_cumulus.output import NOT_FOUND
from napalm_cumulus.result import CommandResult
from tasks.health.facts import IpAddress, IpInterface, IpNetwork, Section

Row = TypeVar("Row")
Results = Mapping[str, CommandResult]

#: Everything that unforeseen output can make a parser raise.
MISREAD = (
    NapalmException,
    ValueError,  # of JSON too
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_TIMED_OUT = (124, 137)
_SHOWN = 60
#: What a person calls the longer scripts, by words that only they hold.
_SCRIPTS = {
    "lldpctl -f": "lldpctl",
    "who_has_vip": "the probes",
    "vipkeeper/.incoming": "the search for left-overs",
    "tar -cf - etc/network": "reading /etc/network",
}


def section(
    results: Results,
    name: str,
    parse: Callable[[CommandResult], Iterable[Row]],
    *,
    absent: Callable[[CommandResult], bool] | None = None,
) -> Section[Row]:
    """The rows of one command, or why there are none to be trusted.

    Args:
        results: what each command left behind, by its name.
        name: the command's.
        parse: makes rows of it; may raise anything of `MISREAD`.
        absent: whether the program is not there; by default when the shell did not find it.
    """
    result = results.get(name)
    if result is None:
        return Section(unread=f"{name}: the switch was not asked")
    result = replace(result, command=_plain(result.command))
    if result.exit_status == NOT_FOUND or (absent is not None and absent(result)):
        return Section(absent=True)
    if result.exit_status in _TIMED_OUT:
        return Section(unread=f"{shown(result)} did not end in time on the switch")
    try:
        return Section(tuple(parse(result)))
    except MISREAD as error:
        return Section(unread=unread(result, error))


def unread(result: CommandResult, error: BaseException) -> str:
    """The sentence for output that is not understood."""
    why = str(error) if isinstance(error, NapalmException) else f"{type(error).__name__}: {error}"
    if shown(result) in why:
        return one_line(why, 300)
    return one_line(f"{shown(result)}: its output is not understood ({why})", 300)


def shown(result: CommandResult) -> str:
    """The command as a person knows it: without the timeout, the fallback and long scripts."""
    return f"'{_plain(result.command)}'"


def _plain(command: str) -> str:
    named = next((name for mark, name in _SCRIPTS.items() if mark in command), "")
    first = command.removeprefix("timeout 10 ").split(" 2>/dev/null || ")[0].split("\n", 1)[0]
    return named or (first if len(first) <= _SHOWN else first[:_SHOWN] + "…")


# The same addresses and prefixes come from every leaf of a fleet, and making one takes longer
# than all else that is done with a row.
@lru_cache(maxsize=16384)
def address(text: str) -> IpAddress:
    """An IP address."""
    return ip_address(text)


@lru_cache(maxsize=4096)
def interface(text: str) -> IpInterface:
    """An IP address with its prefix length."""
    return ip_interface(text)


@lru_cache(maxsize=16384)
def network(text: str) -> IpNetwork:
    """A prefix; an address alone is one of full length."""
    return ip_network(text)
