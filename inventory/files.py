"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

_LONGEST = 100  # of the name that is kept, so that the file system takes the longer one


def write_whole(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    durable: bool = False,
    own: Callable[[int], None] | None = None,
) -> None:
    """Write a file by another name beside it, and put it in its place when it is whole.

    Args:
        path: the file; one that is there is replaced.
        data: its content.
        mode: its permissions, less what the process's umask takes.
        durable: see it onto the disk before it is put in its place.
        own: is given the descriptor of the new file, to settle whose it is.

    Raises:
        OSError: it could not be written; what stood there stands there still.
    """
    temporary = path.with_name(f".{path.name[:_LONGEST]}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, mode)
        try:
            if own is not None:
                own(descriptor)
            write_all(descriptor, data)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        if durable:
            sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, however little the system takes at once."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_directory(directory: Path) -> None:
    """See a new name onto the disk; a file system that cannot is not asked again."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
