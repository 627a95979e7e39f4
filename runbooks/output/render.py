"""A check in the form that was asked for, on stdout or in a file.

What programs read, and every file, is UTF-8, whatever the locale is; what a person reads on stdout
is in the encoding of the terminal.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from enum import Enum
from typing import TYPE_CHECKING

from rich.console import Console

from runbooks.output.as_json import to_json
from runbooks.output.nagios import to_nagios
from runbooks.output.table import render_table
from runbooks.output.text import overall
from runbooks.run.errors import EXIT_CODES, UsageError
from runbooks.run.records import HALVES
from runbooks.run.story import forgiving, make_console

if TYPE_CHECKING:
    from pathlib import Path

    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth


class Format(str, Enum):
    """The forms of a check's outcome."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    NAGIOS = "nagios"
    PROMETHEUS = "prometheus"
    HTML = "html"


def report(
    fleet: FleetHealth,
    form: Format,
    output: Path | None = None,
    placement: Placement | None = None,
    site: str = "",
) -> int:
    """Print the check, or write it to a file; gives the exit code.

    Raises:
        UsageError: the file cannot be written.
    """
    code = EXIT_CODES[overall(fleet)]
    if form is Format.TABLE and output is None:
        make_console().print(render_table(fleet))
        return code
    if form is Format.NAGIOS:
        text, code = to_nagios(fleet)
    else:
        text = _text(fleet, form, placement, site)
    if output is not None:
        write(output, text)
    elif form is Format.NAGIOS:
        print(text, end="", file=forgiving(sys.stdout), flush=True)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(_encoded(text))
        sys.stdout.buffer.flush()
    return code


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", HALVES)


def _text(fleet: FleetHealth, form: Format, placement: Placement | None, site: str) -> str:
    # Who wants one form need not import the libraries of the others.
    if form is Format.JSON:
        return to_json(fleet, placement=placement)
    if form is Format.JUNIT:
        from runbooks.output.junit import to_junit  # noqa: PLC0415

        return to_junit(fleet)
    if form is Format.PROMETHEUS:
        from runbooks.output.prometheus import to_prometheus  # noqa: PLC0415

        return to_prometheus(fleet)
    if form is Format.HTML:
        from runbooks.output.map import to_html  # noqa: PLC0415

        return to_html(fleet, placement=placement, site=site)
    file = io.StringIO()
    Console(
        file=file, width=120, color_system=None, highlight=False, emoji=False, markup=False
    ).print(render_table(fleet))
    return file.getvalue()


def write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all: a collector may read it at any time.

    Raises:
        UsageError: it cannot be written.
    """
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe
        path.write_bytes(_encoded(text))
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(_encoded(text))
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UsageError(
            f"{path} could not be written: {error.strerror}", "Name another file with --output."
        ) from None
