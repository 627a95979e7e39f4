"""Many commands in one round trip: a script for ``sh -s``, and the parsing of its output.

SSH carries stdout and stderr separately, so each has its own marks: after every command a random
word marks the end on both, on stdout with the exit status. The switch needs no temporary file (its
disk may be full), and any bytes may stand between the marks.
"""

from __future__ import annotations

import re
import secrets
import shlex
import zlib
from typing import TYPE_CHECKING

from napalm_cumulus import errors
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The command line that takes the script on its stdin.
SHELL = "sh -s"

#: The same, but stdout and stderr are each packed by gzip where the switch has it. A batch's output
#: then takes a few packets, not one or two for each command, which halves the client's work.
PACKED_SHELL = (
    "command -v gzip >/dev/null 2>&1 || exec sh -s; exec 4>&2; "
    "{ sh -s 2>&1 1>&3 3>&- 4>&- | gzip -1 >&4 3>&- 4>&-; } 3>&1 | gzip -1 4>&-"
)
_MAGIC = b"\x1f\x8b\x08"
_STATUS = re.compile(rb"\d{1,3}")

_PROLOGUE = """\
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH
framed() {
    sh -c "$1" </dev/null
    set -- $?
    printf '%s %s\\n' "$BOUNDARY" "$1"
    printf '%s\\n' "$BOUNDARY" >&2
}
"""


def new_boundary() -> str:
    """Return a word that no output contains: 128 random bits."""
    return f"--{secrets.token_hex(16)}"


def script(commands: Sequence[str], boundary: str) -> bytes:
    """Return the POSIX sh script that runs the commands in order, each in a shell of its own.

    >>> print(script(["true"], "--b").decode().splitlines()[-1])
    framed true

    Raises:
        CommandErrorException: a command contains a NUL byte, which no shell accepts.
    """
    for command in commands:
        if "\0" in command:
            raise errors.CommandErrorException(f"The command {command!r} contains a NUL byte.")
    calls = "".join(f"framed {shlex.quote(command)}\n" for command in commands)
    return f"BOUNDARY={boundary}\n{_PROLOGUE}{calls}".encode("utf-8", "surrogateescape")


def read(text: bytes) -> tuple[str, list[str]] | None:
    """Return the boundary and the commands of a script made here; None for any other text.

    >>> read(script(["true", "echo 'a b'"], "--b"))
    ('--b', ['true', "echo 'a b'"])
    """
    first, _, rest = text.decode("utf-8", "surrogateescape").partition("\n")
    name, _, boundary = first.partition("=")
    if name != "BOUNDARY" or not rest.startswith(_PROLOGUE):
        return None
    return boundary, shlex.split(rest.removeprefix(_PROLOGUE))[1::2]


def unpacked(data: bytes, boundary: str, limit: int) -> bytes:
    """Unpack the output of ``PACKED_SHELL``; text around it (from a login or sudo) is kept.

    The output of a switch without gzip begins with a boundary, and is returned unchanged. Of an
    output that was cut off, the part that arrived is unpacked.

    Raises:
        CommandErrorException: it is not gzip data, or is longer than ``limit`` bytes unpacked.
    """
    plain, magic, rest = data.partition(_MAGIC)
    if not magic or boundary.encode("ascii") in plain:
        return data
    packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = packed.decompress(magic + rest, limit)
    except zlib.error as error:
        raise errors.CommandErrorException(
            f"The switch's packed answer cannot be read: {error}"
        ) from error
    if packed.unconsumed_tail:
        raise errors.CommandErrorException(
            f"The batch wrote more than {limit} bytes. Ask for less, or raise max_output."
        )
    return plain + text + packed.unused_data


def parse(
    commands: Sequence[str], boundary: str, stdout: bytes, stderr: bytes
) -> list[CommandResult]:
    """Split the two outputs into one result for each command.

    Raises:
        CommandErrorException: marks are missing, since the script did not run to its end.
    """
    mark = boundary.encode("ascii")
    outputs: list[tuple[bytes, int]] = []
    rest = stdout
    while True:
        output, found, after = rest.partition(mark + b" ")
        if not found:
            break
        status, newline, rest = after.partition(b"\n")
        if not newline or not _STATUS.fullmatch(status):
            break
        outputs.append((output, int(status)))
    stderrs = stderr.split(mark + b"\n")[:-1]
    if len(outputs) != len(commands) or len(stderrs) != len(commands):
        done = min(len(outputs), len(stderrs))
        where = f" It stopped in {commands[done]!r}." if done < len(commands) else ""
        said = stderr.replace(mark, b"").decode("utf-8", "replace").strip()[-300:]
        raise errors.CommandErrorException(
            f"The switch's shell ended after {done} of {len(commands)} commands.{where}"
            f"{' It said: ' + said if said else ''} No result of the batch was used."
        )
    return [
        CommandResult(command, status, output, error)
        for command, (output, status), error in zip(commands, outputs, stderrs, strict=True)
    ]
