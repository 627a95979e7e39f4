"""Values from callers: typed, or as the text of a command line or a YAML file.

One table says what is accepted, for optional arguments and for the arguments of methods.
"""

from __future__ import annotations

import math
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TRUE, _FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_SHOWN = 60
#: A year: longer than anybody waits, and far below the limit of the system's timers.
LONGEST = 31_536_000


class UnfitValueError(ValueError):
    """A value has another type than is wanted; the text is a sentence for a person."""


@contextmanager
def refused_as(error: Callable[[str], Exception], prefix: str = "") -> Iterator[None]:
    """Raise an unfit value in this block as another exception, one of NAPALM's."""
    try:
        yield
    except UnfitValueError as reason:
        raise error(f"{prefix}{reason}") from reason


def boolean(value: object, what: str) -> bool:
    """Return a truth value; the only valid texts are ``true``, ``false``, ``yes`` and ``no``.

    >>> boolean("False", "sudo"), boolean("yes", "sudo"), boolean(1, "sudo")
    (False, True, True)

    Raises:
        UnfitValueError: it is neither true nor false.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise UnfitValueError(f"{what} is true or false (yes or no), not {shown(value)}.")
    return word in _TRUE


def number(value: object, what: str, least: float, most: float) -> float:
    """Return a number within its limits; whole ones as ``int``.

    >>> number("2.5", "timeout", 0, 10), number("22", "port", 1, 65535)
    (2.5, 22)

    Raises:
        UnfitValueError: it is not a number, or out of its limits.
    """
    found: float = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        found = float(value) if "." in value else int(value)
    if not least <= found <= most:  # False for NaN, too
        raise UnfitValueError(f"{what} is a number from {least} to {most}, not {shown(value)}.")
    return int(found) if isinstance(found, int) or found.is_integer() else found


def whole(value: object, what: str, least: int, most: int) -> int:
    """Return a whole number within its limits.

    >>> whole("2", "count", 1, 10), whole(2.0, "count", 1, 10)
    (2, 2)

    Raises:
        UnfitValueError: it is not a whole number, or out of its limits.
    """
    try:
        found = number(value, what, least, most)
    except UnfitValueError:
        found = math.nan
    if not isinstance(found, int):
        raise UnfitValueError(
            f"{what} is a whole number from {least} to {most}, not {shown(value)}."
        )
    return found


def text(value: object, what: str, *, secret: bool = False) -> str:
    """Return a text that can be a word of a command.

    Args:
        value: the value from the caller.
        what: its name, to begin the message with.
        secret: whether the message must not show it.

    Raises:
        UnfitValueError: it is not a text, has a NUL byte, or cannot be written in UTF-8.
    """
    seen = f"a {type(value).__name__}" if secret else shown(value)
    if not isinstance(value, str):
        hint = " Put it in quotes." if isinstance(value, (int, float)) else ""
        raise UnfitValueError(f"{what} is a text, not {seen}.{hint}")
    if "\0" in value:
        raise UnfitValueError(f"{what} contains a NUL byte.")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnfitValueError(f"{what} contains a character that UTF-8 cannot write.") from None
    return value


def path(value: object, what: str) -> Path:
    """Return a path, with its ``~`` expanded.

    Raises:
        UnfitValueError: it is not a path, or its home directory does not exist.
    """
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str):
        raise UnfitValueError(f"{what} is a path, not {shown(value)}.")
    try:
        return Path(text(given, what)).expanduser()
    except RuntimeError as error:  # the home directory of a user that does not exist
        raise UnfitValueError(f"{what} is {shown(given)}, which leads nowhere: {error}.") from error


def shown(value: object) -> str:
    """Return a value for a message: printable and not too long."""
    try:
        found = repr(value)
    except Exception:  # noqa: BLE001 - somebody else's class, or a number of too many digits
        found = f"a {type(value).__name__}"
    return found if len(found) <= _SHOWN else found[:_SHOWN] + "…"


def like(default: object, value: object, what: str) -> object:
    """Return a value of the type of the default; None means the default.

    >>> like(False, "yes", "longer"), like("", None, "vrf")
    (True, '')

    Raises:
        UnfitValueError: it has another type.
    """
    if value is None:
        return default
    return boolean(value, what) if isinstance(default, bool) else text(value, what)
