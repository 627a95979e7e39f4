"""A candidate, with the line of the given text that each of its lines comes from."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from napalm_cumulus import values
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.marked_text import sections
from napalm_cumulus.config.problems import CandidateProblem


@dataclass(frozen=True)
class Candidate:
    """The configuration that a text stands for.

    Attributes:
        configuration: the configuration that the switch would have.
        origin: by file, the line number in the text for each of its lines; 0 for none.
    """

    configuration: Configuration
    origin: Mapping[str, Sequence[int]]

    def said(self, problem: CandidateProblem) -> str:
        """Return a problem with its place in the text, or else in the file."""
        lines = self.origin.get(problem.path, ())
        line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else 0
        if not line:
            return str(problem)
        return f"line {line} of the text ({problem.path}): {problem.message}."


class _Pause:
    """Pauses Python's collector of reference cycles, which takes a quarter of the time.

    Nothing here makes a cycle. The collector is the whole process's: the last of several threads
    that pause it lets it go on.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_on:
                gc.enable()


#: For reading and judging files: thousands of objects, all of which are kept.
COLLECTOR_PAUSED = _Pause()


def replace(base: Configuration, text: str) -> Candidate:
    """Return the candidate of a whole new text (``Configuration.replaced``).

    Raises:
        ConfigurationError: the text cannot be mapped to files.
    """
    replaced = base.replaced(text)
    starts = {section.path: section.first for section in sections(text)} or {base.main: 1}
    origin = {
        path: range(first, first + replaced.tree[path].count("\n") + 1)
        for path, first in starts.items()
    }
    return Candidate(replaced, origin)


def given(filename: object, config: object, error: type[Exception]) -> str:
    """Return the candidate's text; the file takes precedence, as in NAPALM.

    A byte order mark, with which some editors begin a file, is no part of the text.

    Raises:
        MergeConfigException: or the other class given as ``error``: there is no usable text.
    """
    with values.refused_as(error):
        if filename is not None and filename != "":
            path = values.path(filename, "filename")
            try:
                text = path.read_bytes().decode("utf-8", "surrogateescape")
            except OSError as reason:
                raise error(f"The candidate file {path} cannot be read: {reason}") from reason
        elif config is not None:
            text = config  # type: ignore[assignment]  # looked at below
        else:
            raise error("Neither a file nor a configuration text was given.")
        if isinstance(text, str) and "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            raise values.UnfitValueError(f"Line {line} of the text contains a NUL byte.")
        return values.text(text, "The candidate").removeprefix("\ufeff")
