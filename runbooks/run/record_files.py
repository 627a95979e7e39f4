"""Writing records whole or not at all, into files that only their owner can have made.

A line is appended under a lock. If it cannot be written whole (a full disk, a limit on the size of
files), its beginning is cut off again. If an earlier writer died in the middle of its line, the
next line begins on a line of its own.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from inventory import files
from napalm_cumulus.account import sudo_uid

_LOCK_SECONDS = 10.0  # others hold it only while they write one line
_POLL = 0.05


def append_whole(path: Path, data: bytes, *, guarded: bool = True) -> None:
    """Append to a file and sync it to the disk; all of the data, or nothing.

    Args:
        path: the file; where it is missing it is made, with its directory, for the user alone.
        data: whole lines.
        guarded: refuse a file or a directory that others could have made or can change.

    Raises:
        OSError: the file could not be written, or was refused.
    """
    _make_directory(path.parent, guarded=guarded)
    with _opened(path, guarded=guarded) as descriptor:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            data = b"\n" + data  # an earlier writer died in the middle of a line
        try:
            files.write_all(descriptor, data)
            os.fsync(descriptor)
            # A network file system may report its full disk only when a file is closed.
            os.close(os.dup(descriptor))
        except OSError:
            # The lock is held, so everything behind the old end is ours.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
                os.fsync(descriptor)
            raise
        if not end:
            files.sync_directory(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a new file, for the user alone, that appears whole or not at all.

    Raises:
        OSError: the file could not be written, or others can change files in its directory.
    """
    _make_directory(path.parent, guarded=True)
    files.write_whole(path, data, durable=True, own=lambda new: _own(new, path.parent))


@contextlib.contextmanager
def _opened(path: Path, *, guarded: bool) -> Iterator[int]:
    """Yield the open, locked file; where guarded, only if nobody else can have put it there."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    flags |= os.O_NOFOLLOW if guarded else 0
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        _own(descriptor, path.parent)
    except FileExistsError:
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, "it is a symbolic link; name the file itself") from None
            raise
    try:
        if guarded:
            _require_own(os.fstat(descriptor), "it")
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    until = time.monotonic() + _LOCK_SECONDS
    while not _got_lock(descriptor):
        if time.monotonic() >= until:
            said = f"another process has locked it for {_LOCK_SECONDS:g} s"
            raise OSError(errno.EAGAIN, said)
        time.sleep(_POLL)


def _got_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_directory(directory: Path, *, guarded: bool) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if guarded:
        _require_own(directory.stat(), f"the directory {directory}")


def _require_own(found: os.stat_result, what: str) -> None:
    """Raise where another user can decide what stands there; root is trusted."""
    directory = stat.S_ISDIR(found.st_mode)
    if not directory and not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"{what} is no regular file")
    if found.st_uid not in {0, os.geteuid(), sudo_uid()}:
        raise OSError(errno.EPERM, f"{what} belongs to another user (id {found.st_uid})")
    # In a directory like /tmp everybody makes files, and nobody can change those of others.
    shared = directory and found.st_mode & stat.S_ISVTX
    if found.st_mode & stat.S_IWOTH and not shared:
        raise OSError(errno.EPERM, f"{what} can be changed by everybody (chmod o-w)")


def _own(descriptor: int, directory: Path) -> None:
    """Give a file in a user's directory to that user, where root runs under sudo."""
    found = directory.stat()
    if sudo_uid() is not None and found.st_uid == sudo_uid():
        os.fchown(descriptor, found.st_uid, found.st_gid)
