"""Lines of a candidate that would not do what they say."""

from __future__ import annotations

from dataclasses import dataclass

from napalm_cumulus.config.configuration import Located


@dataclass(frozen=True)
class CandidateProblem:
    """A line that would not mean what it says, and its place.

    Attributes:
        path: the path of the file.
        line: the number of the line, from 1.
        message: what is wrong with it, without a full stop.
        is_warning: whether it is odd but legal: it is reported, and the candidate is not refused.
    """

    path: str
    line: int
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        """Return file, line and sentence."""
        return f"{self.path} line {self.line}: {self.message}."


def error(at: Located, line: int, message: str) -> CandidateProblem:
    """Return a mistake in a stanza."""
    return CandidateProblem(at.file.path, line, f"{at.stanza.name}: {message}")


def warning(at: Located, line: int, message: str) -> CandidateProblem:
    """Return a warning about something in a stanza that is odd but legal."""
    return CandidateProblem(at.file.path, line, f"{at.stanza.name}: {message}", is_warning=True)
