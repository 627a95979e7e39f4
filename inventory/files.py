"""Writing files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

#: The modes by which others than a file's owner may write it.
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_LONGEST = 100  # of the original name, so that the file system accepts the longer one


def write_whole(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    durable: bool = False,
    own: Callable[[int], None] | None = None,
) -> None:
    """Write a file under another name beside it, and rename it when it is whole.

    Args:
        path: the file; an existing one is replaced.
        data: its content.
        mode: its permissions, minus the process's umask.
        durable: whether to sync it to the disk before it is renamed.
        own: is called with the descriptor of the new file, to change its owner.

    Raises:
        OSError: it could not be written; an existing file is unchanged.
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
    """Write all of it, even if the system accepts only a part at a time."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_directory(directory: Path) -> None:
    """Sync a new name to the disk; an error of a file system that cannot do so is ignored."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
