"""Reading the inventory anew while the rounds go on: switches are added and removed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from inventory.errors import VipkeeperError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runbooks.fleet.assess import CheckOptions
    from runbooks.fleet.selection import SelectedSwitches

Prepared = tuple["SelectedSwitches", "CheckOptions"]


class Refresh:
    """Reads the inventory in a thread of its own, so that a source that hangs delays no round."""

    def __init__(self, prepare: Callable[[], Prepared], every: float) -> None:
        """Take the function that reads the inventory, and the seconds between two readings."""
        self._prepare = prepare
        self._every = every
        self._due = time.monotonic() + every
        self._thread: threading.Thread | None = None
        self._found: Prepared | VipkeeperError | None = None

    def poll(self) -> Prepared | VipkeeperError | None:
        """Return the new inventory or its error, once; None while there is none."""
        if self._thread is not None:
            if self._thread.is_alive():
                return None
            self._thread, found = None, self._found
            self._due = time.monotonic() + self._every
            return found
        if time.monotonic() >= self._due:
            self._found = None
            self._thread = threading.Thread(target=self._ask, name="inventory", daemon=True)
            self._thread.start()
        return None

    def _ask(self) -> None:
        try:
            self._found = self._prepare()
        except VipkeeperError as error:
            self._found = error


def same_switches(one: SelectedSwitches, other: SelectedSwitches) -> bool:
    """Return whether two inventories have, and lack, the same switches at the same addresses."""

    def shape(selected: SelectedSwitches) -> object:
        hosts = selected.inventory.hosts
        found = {name: (host.hostname, str(host.data)) for name, host in hosts.items()}
        return found, selected.left_out

    return shape(one) == shape(other)
