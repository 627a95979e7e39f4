"""Shows a check in the chosen form, on stdout or in a file.

Output for programs, and every file, is UTF-8, whatever the locale is. Output for a person on stdout
has the encoding of the terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from inventory.errors import ExitCode
from inventory.files import write_whole
from runbooks.output.forms import Checked
from runbooks.output.text import overall
from runbooks.run.errors import UsageError
from runbooks.run.records import HALVES
from tasks.faults.model import Status

if TYPE_CHECKING:
    from pathlib import Path

    from runbooks.output.forms import Form
    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth

#: The exit code of a check, by its worst finding.
EXIT_CODES = {
    Status.OK: ExitCode.OK,
    Status.WARNING: ExitCode.FOUND_WARNING,
    Status.CRITICAL: ExitCode.FOUND_CRITICAL,
    Status.UNKNOWN: ExitCode.FOUND_UNKNOWN,
}


def report(
    fleet: FleetHealth,
    form: Form,
    output: Path | None = None,
    placement: Placement | None = None,
    site: str = "",
) -> int:
    """Print the check, or write it to a file; return the exit code.

    Raises:
        UsageError: the file cannot be written.
    """
    if output is None and form.show is not None:
        form.show(fleet)
    else:
        text = form.render(Checked(fleet, placement, site))
        if output is not None:
            write(output, text)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(_encoded(text))
            sys.stdout.buffer.flush()
    return form.exit_code(fleet) if form.exit_code else EXIT_CODES[overall(fleet)]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", HALVES)


def write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all: a collector may read it at any time.

    Raises:
        UsageError: the file cannot be written.
    """
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe
        path.write_bytes(_encoded(text))
        return
    try:
        write_whole(path, _encoded(text), mode=0o666)  # minus the umask
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror}", "Name another file with --output."
        ) from None
