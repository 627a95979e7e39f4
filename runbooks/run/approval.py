"""The operator's agreement, without which nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks.run.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Agreement:
    """How the operator's agreement is obtained: given with ``--yes``, or asked for."""

    yes: bool
    ask: Callable[[str], bool]

    def require(self, question: str) -> None:
        """Return only if the operator agrees.

        Raises:
            CancelledError: the answer is no.
            UsageError: there is nobody to ask.
        """
        if not self.yes and not self.ask(question):
            raise CancelledError("not confirmed; nothing on the switch was touched")
