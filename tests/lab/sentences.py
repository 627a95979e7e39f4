"""What the sentences that a client gets claim, so that they can be compared with what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

#: Words of an error, and the configuration that it says the switch ends with.
_OLD = re.compile(
    r"[Nn]othing (?:on the switch )?was (?:changed|touched|written)|did not begin|"
    r"(?:was|has been|been) rolled back|switch is as before|has gone back|has restored|"
    r"goes back|is undone|runs the configuration on its disk|disk was not (?:touched|written)|"
    r"stays pending|rolls? back|old configuration"
)
_NEW = re.compile(r"(?<!not )(?<!cannot be )\bwas confirmed|finish(?:es|ed) (?:it|the confirm)")
_UNKNOWN = re.compile(
    r"not known|unknown|may (?:have|be|still)|whether|did not answer|perhaps|cannot be told|"
    r"session.{0,40}(?:lost|gone|closed|ended|dead)|Look at"
)
_LACKS = re.compile(r"\black(?:s|ed)?\b|is missing|are missing|incomplete|mixed|not restored")


@dataclass(frozen=True)
class Outcome:
    """What a client's call came to: its exception's text, or what it returned quietly.

    Attributes:
        verb: ``commit``, ``bounce``, ``confirm`` or ``rollback``.
        error: the exception's text; empty where there was none.
        report: the driver's report of its newest commit.
    """

    verb: str
    error: str
    report: Any = None

    @property
    def claims(self) -> set[str]:
        """``old`` or ``new``: with which configuration the switch is said to end."""
        if not self.error:
            return {"new"} if self.verb == "confirm" else {"old"}
        said = set()
        if _NEW.search(self.error):
            said.add("new")
        if _OLD.search(self.error):
            said.add("old")
        # "It goes back by itself, or the confirm was done" claims neither.
        return said if len(said) == 1 and not _UNKNOWN.search(self.error) else set()

    @property
    def admits(self) -> bool:
        """Whether it says that something is missing."""
        return bool(_LACKS.search(self.error))
