"""An index of host names, full or short; built once where thousands of names are looked up."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

from inventory.names import compared_host, first_label, same_host

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class HostIndex(Generic[T]):
    """Pairs of a host's name and a value, found by any form of the name.

    >>> index = HostIndex([("sw3", 1), ("SW3.a.example", 2), ("sw4.a.example", 3)])
    >>> index.find("sw3.a.example"), index.find("sw4"), index.find("sw4.b.example")
    ([('SW3.a.example', 2)], [('sw4.a.example', 3)], [])
    """

    def __init__(self, pairs: Iterable[tuple[str, T]] = ()) -> None:
        """Take the pairs; those with the same name keep their order."""
        self._whole: dict[str, list[tuple[str, T]]] = defaultdict(list)
        self._label: dict[str, list[tuple[str, T]]] = defaultdict(list)
        for name, thing in pairs:
            self._whole[compared_host(name)].append((name, thing))
            self._label[first_label(name)].append((name, thing))

    def find(self, name: str) -> list[tuple[str, T]]:
        """Return the pairs with exactly that name in any case; else all that can be that host."""
        exact = self._whole.get(compared_host(name))
        if exact:
            return exact
        # Forms of one host's name begin alike, so few are compared, not thousands.
        return [pair for pair in self._label.get(first_label(name), ()) if same_host(pair[0], name)]

    def only(self, name: str) -> T | None:
        """Return the value of the only host that it can be; None of none, and of several."""
        found = self.find(name)
        return found[0][1] if len(found) == 1 else None
