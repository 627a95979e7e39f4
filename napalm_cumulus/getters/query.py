"""A getter is a parser that says which commands it reads: ``@getter(COMMANDS)`` is all it takes.

The commands of any set of getters are known before any is run: that is how several of them cost one
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
    """What to run, and who reads the results (given in the order of the commands)."""

    commands: tuple[str, ...]
    parse: Callable[[Sequence[CommandResult]], Any]


@dataclass(frozen=True)
class Getter:
    """One of NAPALM's getters.

    Attributes:
        name: ``get_interfaces``.
        commands: gives the commands for the getter's arguments.
        parse: reads their results; it takes them one by one, and then the getter's arguments.
    """

    name: str
    commands: Callable[..., Sequence[str]]
    parse: Callable[..., Any]

    def query(self, **arguments: Any) -> GetterQuery:  # noqa: ANN401 - NAPALM's
        """Return what is asked of the switch for these arguments.

        Raises:
            CommandErrorException: One is of another kind than NAPALM has it.
        """
        with values.refused_as(errors.CommandErrorException, f"{self.name}: "):
            fit = {
                name: values.like(self._defaults.get(name, ""), value, name)
                for name, value in arguments.items()
            }
        return GetterQuery(tuple(self.commands(**fit)), lambda results: self.parse(*results, **fit))

    @functools.cached_property
    def _defaults(self) -> Mapping[str, object]:
        """The arguments of NAPALM's method, which its parser has as well."""
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.parse).parameters.items()
            if parameter.default is not parameter.empty
        }


#: Every getter, by its name; a parser enters itself when its module is imported.
GETTERS: dict[str, Getter] = {}


def getter(
    *commands: str, chosen: Callable[..., Sequence[str]] | None = None
) -> Callable[[Callable[_Arguments, _Model]], Callable[_Arguments, _Model]]:
    """Make ``parse_vlans`` NAPALM's ``get_vlans``.

    Args:
        commands: what it reads.
        chosen: gives the commands instead, where they hang on the getter's arguments.
    """

    def enter(parse: Callable[_Arguments, _Model]) -> Callable[_Arguments, _Model]:
        name = f"get_{parse.__name__.removeprefix(_PARSER)}"
        GETTERS[name] = Getter(name, chosen or functools.partial(_always, commands), parse)
        return parse

    return enter


def ask(name: str, /, **arguments: Any) -> GetterQuery | None:  # noqa: ANN401 - NAPALM's
    """Return the query of one of NAPALM's getters; None if it is not one of these."""
    found = GETTERS.get(name)
    return found.query(**arguments) if found else None


def _always(commands: Sequence[str], **_: object) -> Sequence[str]:
    return commands
