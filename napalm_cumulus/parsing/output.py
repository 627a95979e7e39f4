"""Parses a command's output; output that is not understood is an error, never an empty answer."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from napalm_cumulus import errors
from napalm_cumulus.patterns import MAC
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable

_Arguments = ParamSpec("_Arguments")
_Model = TypeVar("_Model")

#: The line that says that a command could not answer in JSON and that text follows.
TEXT_FOLLOWS = "# text\n"
#: How a command begins that keeps what it printed, to look at it on the switch.
_KEPT, _KEPT_END = "out=$(", " 2>/dev/null)"
_TIMEOUT = re.compile(r"timeout \d+ ")
#: The shell's exit status when the command is not installed.
NOT_FOUND = 127
_MAC = re.compile(MAC)
_SHOWN = 120


def shown(command: str) -> str:
    """Return what a person calls a command: without what the switch makes of its answer.

    >>> shown("out=$(timeout 10 ip -j addr show 2>/dev/null) && echo")
    'ip -j addr show'
    """
    if command.startswith(_KEPT):
        command = command.removeprefix(_KEPT).split(_KEPT_END, 1)[0]
    return _TIMEOUT.sub("", command, count=1) if _TIMEOUT.match(command) else command


def text_of(result: CommandResult) -> str:
    """Return the output of a command that succeeded.

    Raises:
        CommandErrorException: the command did not succeed.
    """
    if result.exit_status != 0:
        said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
        missing = (
            " The program is not installed on the switch, or not in its PATH."
            if result.exit_status == NOT_FOUND
            else ""
        )
        raise errors.CommandErrorException(
            f"{shown(result.command)!r} failed with exit status {result.exit_status}: "
            f"{said or 'it said nothing'}.{missing}"
        )
    return result.stdout.decode("utf-8", "replace")


def json_of(result: CommandResult) -> Any:  # noqa: ANN401 - JSON is anything until it is looked at
    """Return the JSON document that a command printed.

    Raises:
        CommandErrorException: it failed, or did not print a whole JSON document.
    """
    text = text_of(result)
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        raise errors.CommandErrorException(
            f"{shown(result.command)!r} did not print a whole JSON document ({error.msg} at "
            f"character {error.pos} of {len(text)}): {text.strip()[:_SHOWN]!r}. The output may be "
            "cut off, or the program too old for JSON."
        ) from error
    except ValueError as error:
        raise errors.CommandErrorException(
            f"{shown(result.command)!r} printed JSON that cannot be read ({error}): "
            f"{text.strip()[:_SHOWN]!r}."
        ) from error


def loads(text: str | bytes) -> Any:  # noqa: ANN401 - JSON is anything until it is looked at
    """Return the same as ``json.loads``, with pydantic's parser where it is installed.

    Raises:
        json.JSONDecodeError: the text is not a whole JSON document.
        ValueError: it is nested too deeply, or has a number with thousands of digits.
    """
    quicker = _quicker_parser()
    if quicker is not None:
        # json handles half a surrogate pair, and has better messages for some errors.
        with contextlib.suppress(ValueError, TypeError):
            return quicker(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@functools.cache
def _quicker_parser() -> Callable[[str | bytes], Any] | None:
    """Return pydantic's parser, which is twice as fast; the extra ``fast`` installs it."""
    try:
        from pydantic_core import from_json  # noqa: PLC0415 - a check has it, others need no JSON
    except ImportError:
        return None
    return from_json


def rows_of(
    result: CommandResult,
    from_text: Callable[[str], list[dict[str, Any]]] | None = None,
    as_today: Callable[[Any], Any] | None = None,
) -> list[dict[str, Any]]:
    """Return a JSON list of objects, as ``ip -j`` and ``bridge -j`` print it, without empty ones.

    Older versions of iproute2 print an empty object for each entry that a filter hides; still older
    ones print no JSON at all.

    Args:
        result: the result of the command.
        from_text: makes rows of the text that a version without JSON prints.
        as_today: makes of an older version's document what a newer one prints.

    Raises:
        CommandErrorException: the output is something else.
    """
    if from_text is not None and is_text(result):
        return from_text(text_of(result).removeprefix(TEXT_FOLLOWS))
    rows = json_of(result)
    if as_today is not None:
        rows = as_today(rows)
    if not isinstance(rows, list) or not set(map(type, rows)) <= {dict}:
        raise unexpected(result, "a list of objects")
    return [row for row in rows if row]


def is_text(result: CommandResult) -> bool:
    """Return whether a command that was asked for JSON, or else text, printed text.

    Some versions accept the option for JSON without supporting it. Empty output without the mark
    that text follows is no answer.
    """
    beginning = result.stdout.lstrip()[:1]
    return beginning not in {b"", b"[", b"{", b'"'}


def unexpected(result: CommandResult, wanted: str) -> errors.CommandErrorException:
    """Return the error for an answer in another form than the command is known for."""
    said = result.stdout.decode("utf-8", "replace").strip()[:_SHOWN]
    return errors.CommandErrorException(
        f"{shown(result.command)!r} printed something else than {wanted}: {said!r}."
    )


def reader(parse: Callable[_Arguments, _Model]) -> Callable[_Arguments, _Model]:
    """Make a parser raise a NAPALM error that names the commands, for any unexpected output.

    A field that is missing or of another type would otherwise raise a bare KeyError or TypeError.
    """

    @functools.wraps(parse)
    def read(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Model:
        try:
            return parse(*args, **kwargs)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            commands = " or ".join(repr(shown(result.command)) for result in _results(args))
            raise errors.CommandErrorException(
                f"The output of {commands} does not have the form that this driver knows "
                f"({type(error).__name__}: {error}). Please report it with the output."
            ) from error

    return read


def _results(args: tuple[object, ...]) -> list[CommandResult]:
    found: list[CommandResult] = []
    for arg in args:
        if isinstance(arg, CommandResult):
            found.append(arg)
        elif isinstance(arg, (list, tuple)):
            found += _results(tuple(arg))
    return found


def mac_address(value: object) -> str:
    """Return a MAC address in NAPALM's form; "" where the interface has none.

    >>> mac_address("0e:2e:1a:97:af:71"), mac_address("0.0.0.0")
    ('0E:2E:1A:97:AF:71', '')
    """
    text = str(value or "")
    return text.upper() if _MAC.fullmatch(text) else ""
