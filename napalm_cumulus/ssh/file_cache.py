"""A result made from a file, kept until the file changes.

Thousands of sessions read the same files.
"""

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
    """Calls a function for a file once, and again when the file has changed.

    Args:
        make: called with the path and the further arguments; its exceptions are not kept.
    """

    def __init__(self, make: Callable[..., Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._kept: dict[tuple[Path, tuple[Hashable, ...]], tuple[_Signature, Value]] = {}

    def get(self, path: Path, *arguments: Hashable) -> Value:
        """Return the function's result for the present file. It is shared: do not change it.

        Raises:
            OSError: the file does not exist, or cannot be read.
        """
        # A second caller waits while the first one makes the result.
        with self._lock:
            # Checked before reading: after a change in between the next check differs.
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
