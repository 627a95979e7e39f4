"""What was made of a file, kept until the file changes: thousands of sessions read the same few."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

Value = TypeVar("Value")
_Signature = tuple[int, ...]


class FileCache(Generic[Value]):
    """Calls a function for a file once, and again whenever the file is another one.

    Args:
        make: called with the path and the further arguments; what it raises is not kept.
    """

    def __init__(self, make: Callable[..., Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._kept: dict[tuple[Path, tuple[Hashable, ...]], tuple[_Signature, Value]] = {}

    def get(self, path: Path, *arguments: Hashable) -> Value:
        """Return what the function makes of the file as it is now. It is shared: do not change it.

        Raises:
            OSError: There is no such file, or it cannot be read.
        """
        # Whoever comes second while it is being made waits for it instead of making it, too.
        with self._lock:
            # Looked at before reading: a change in between makes the next look differ.
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return self._make(path, *arguments)
            signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            name = (path, arguments)
            kept = self._kept.get(name)
            if kept is not None and kept[0] == signature:
                return kept[1]
            made = self._make(path, *arguments)
            self._kept[name] = signature, made
            return made
