"""A getter is a parser with the commands whose output it reads: ``@getter(COMMANDS)``.

The commands of any set of getters are known before any of them runs. So several getters cost one
round trip.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from napalm_cumulus import errors, values
from napalm_cumulus.result import CommandResult

_Arguments = ParamSpec("_Arguments")
_Model = TypeVar("_Model")
_PARSER = "parse_"


@dataclass(frozen=True)
class GetterQuery:
    """The commands to run, and the parser of their results (in the order of the commands)."""

    commands: tuple[str, ...]
    parse: Callable[[Sequence[CommandResult]], Any]


@dataclass(frozen=True)
class Getter:
    """One of NAPALM's getters.

    Attributes:
        name: its name, such as ``get_interfaces``.
        commands: returns the commands for the getter's arguments.
        parse: parses their results; it takes them one by one, and then the getter's arguments.
    """

    name: str
    commands: Callable[..., Sequence[str]]
    parse: Callable[..., Any]

    def query(self, **arguments: Any) -> GetterQuery:  # noqa: ANN401 - NAPALM's
        """Return the query for these arguments.

        Raises:
            CommandErrorException: an argument has another type than in NAPALM's method.
        """
        with values.refused_as(errors.CommandErrorException, f"{self.name}: "):
            fit = {
                name: values.like(self._defaults.get(name, ""), value, name)
                for name, value in arguments.items()
            }
        return GetterQuery(tuple(self.commands(**fit)), lambda results: self.parse(*results, **fit))

    @functools.cached_property
    def _defaults(self) -> Mapping[str, object]:
        """Return the defaults of NAPALM's method; its parser has the same arguments."""
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.parse).parameters.items()
            if parameter.default is not parameter.empty
        }


#: Every getter, by its name; importing a parser's module registers its getter.
GETTERS: dict[str, Getter] = {}


def getter(
    *commands: str, chosen: Callable[..., Sequence[str]] | None = None
) -> Callable[[Callable[_Arguments, _Model]], Callable[_Arguments, _Model]]:
    """Register a parser, such as ``parse_vlans``, as NAPALM's ``get_vlans``.

    Args:
        commands: the commands whose output it reads.
        chosen: returns the commands instead, where they depend on the getter's arguments.
    """

    def enter(parse: Callable[_Arguments, _Model]) -> Callable[_Arguments, _Model]:
        name = f"get_{parse.__name__.removeprefix(_PARSER)}"
        GETTERS[name] = Getter(name, chosen or functools.partial(_always, commands), parse)
        return parse

    return enter


def ask(name: str, /, **arguments: Any) -> GetterQuery | None:  # noqa: ANN401 - NAPALM's
    """Return the query of one of NAPALM's getters; None for any other name."""
    found = GETTERS.get(name)
    return found.query(**arguments) if found else None


def _always(commands: Sequence[str], **_: object) -> Sequence[str]:
    return commands
