"""``vip check --format nagios``, as a plugin of Nagios, Icinga and their like: it never fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNKNOWN = 3
_FORM = "nagios"


def is_asked_for(words: Sequence[str]) -> bool:
    """Whether a command line asks for a plugin, whatever else is wrong with it.

    >>> is_asked_for(["check", "--format=nagios", "--wrokers", "3"])
    True
    >>> is_asked_for(["check", "-f", "nagios", "-f", "json"]), is_asked_for(["heal", "nagios"])
    (False, False)

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
    return form == _FORM


def tell_unknown(error: BaseException) -> int:
    """Tell a failure in the plugin's one line on stdout; gives its exit code, UNKNOWN.

    Nagios takes 0 to 3: the exit code 2 of a wrong option or setting would read as CRITICAL.
    """
    # Every command line asks this module whether it is for it, also one that asks for help alone.
    from runbooks.run.story import forgiving, printable  # noqa: PLC0415

    if (usage := getattr(error, "format_message", None)) is not None:  # Typer's own complaint
        sentence = str(usage())
    else:
        from runbooks.run.explain import explain  # noqa: PLC0415 - heavy, and most runs end well

        sentence = explain(error).sentence
    line = printable(" ".join(sentence.split())).replace("|", "/")
    print(f"VIP UNKNOWN - {line}", file=forgiving(sys.stdout), flush=True)
    return _UNKNOWN
