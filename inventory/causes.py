"""One line for one cause: what is said of hundreds of hosts in the same words is said once. Pure.

A dead system or a lost VPN speaks through every question, with another name in each sentence. A
person on call has to read the cause, not two hundred copies of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.errors import NO_TIME, VPN_DOWN, NoAnswerError, SourceError, SourceTimeoutError
from inventory.names import ago, first_few, short_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inventory.model import Answer

HYPERVISOR, SWITCH = "hypervisor", "switch"
_PLURAL = {HYPERVISOR: "hypervisors", SWITCH: "switches"}
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9_]")
#: Not the status of an answer, which is a cause: HTTP 503.
_NUMBER = re.compile(r"(?<!HTTP )\b\d+(?:[.:]\d+)*|(?<=[a-z])\d+")
_KEPT = re.compile(r" This is its answer of [^.]+ ago\.$")
_ASKED = re.compile(r"it was asked for .*? and ")
_AGAIN = re.compile(r"it hangs and is not asked again: ")


@dataclass(frozen=True)
class Note:
    """What is said of one host, or of none.

    Attributes:
        text: a sentence that can stand alone.
        subject: the host's name; empty where it is of none.
        kind: what the host is, ``HYPERVISOR`` or ``SWITCH``.
        failure: the failure of a system that it comes from; None where that is not known.
        kept: the time of the kept answer that is used instead; None where none is.
        lead: words of a note alone that are not the cause ("The switch x is left out.").
        leads: the same of several ("are left out").
    """

    text: str
    subject: str = ""
    kind: str = HYPERVISOR
    failure: SourceError | None = None
    kept: datetime | None = None
    lead: str = ""
    leads: str = ""

    @property
    def alone(self) -> str:
        """Return the sentence as it stands alone."""
        return f"{self.lead} {self.text}".strip()

    @property
    def named(self) -> str:
        """Return the sentence with the host's name in it."""
        said = self.alone.casefold()
        named = any(form in said for form in _forms(self.subject)) or not self.subject
        return self.alone if named else f"{self.subject}: {self.alone}"


class Notes:
    """Collects notes."""

    def __init__(self) -> None:
        self._notes: list[Note] = []

    def warn(self, text: str) -> None:
        """Note a sentence."""
        self._notes.append(Note(text))

    def answered(self, answer: Answer[Any], subject: str = "", kind: str = HYPERVISOR) -> None:
        """Note what speaks against an answer, if anything does."""
        if answer.warning:
            kept = answer.asked_at if answer.cached else None
            self._notes.append(Note(answer.warning, subject, kind, answer.failure, kept))

    def failed(self, error: Exception, lead: str = "", more: str = "") -> None:
        """Note a failure, with words before and after it."""
        failure = error if isinstance(error, SourceError) else None
        self._notes.append(Note(f"{error} {more}".strip(), failure=failure, lead=lead))

    def left_out(self, error: Exception, lead: str, subject: str, kind: str) -> None:
        """Note why a host is left out."""
        failure = error if isinstance(error, SourceError) else None
        leads = "are left out" if lead else ""
        self._notes.append(Note(str(error), subject, kind, failure, None, lead, leads))

    @property
    def failures(self) -> tuple[SourceError, ...]:
        """Return the failures of systems, in the order in which they were noted."""
        return tuple(note.failure for note in self._notes if note.failure is not None)

    @property
    def unanswered(self) -> bool:
        """Return whether a system failed, whether or not a kept answer serves."""
        return bool(self.failures)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line for one cause."""
        return in_lines(self._notes)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return every sentence, with the host's name in it."""
        return tuple(dict.fromkeys(note.named for note in self._notes))


def in_lines(notes: Iterable[Note]) -> tuple[str, ...]:
    """Return a line for each cause, in the order in which they were noted first.

    >>> in_lines([Note(f"Mimic: hv{n}.x is not drawn.", f"hv{n}.x") for n in range(5)])
    ('5 hypervisors (hv0, hv1, hv2 and 2 more): Mimic: … is not drawn.',)
    """
    known = list(dict.fromkeys(notes))
    names = {form for note in known for form in _forms(note.subject)}
    groups: dict[tuple[object, ...], list[Note]] = defaultdict(list)
    for note in known:
        groups[_cause(note, names)].append(note)
    lines = [_line(group, names) for group in groups.values()]
    return tuple(dict.fromkeys(lines))


def systems_of(failures: Iterable[SourceError]) -> str:
    """Return the names of the systems that failed: "Mimic and OpenStack"."""
    names = list(dict.fromkeys(failure.system for failure in failures))
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _cause(note: Note, names: set[str]) -> tuple[object, ...]:
    """Return what notes of one cause have in common."""
    if isinstance(note.failure, NoAnswerError):
        # Of several systems it is the network, or the VPN. Of no host nothing can be kept.
        old = note.kept is None and bool(note.subject)
        return NoAnswerError, old, note.leads, note.failure.reason == NO_TIME
    words = _without_names(_ASKED.sub("", _AGAIN.sub("", _KEPT.sub("", note.text))), names)
    kind = note.kind if note.subject else ""
    return kind, note.leads, note.kept is None, _NUMBER.sub("#", words)


def _line(notes: Sequence[Note], names: set[str]) -> str:
    first = notes[0]
    nobody = not any(note.subject for note in notes)
    if len(notes) == 1 or (nobody and len({note.alone for note in notes}) == 1):
        return first.alone
    failures = [note.failure for note in notes if note.failure is not None]
    if isinstance(first.failure, NoAnswerError):
        return _no_answer(notes, failures)
    texts = {_KEPT.sub("", note.text) for note in notes}
    text = first.text if len(texts) == 1 else _without_names(first.text, names)
    whom = f"{_whom(notes)} {first.leads}".strip()
    return f"{whom}: {_KEPT.sub('', text)}{_instead(notes)}".removeprefix(": ")


def _no_answer(notes: Sequence[Note], failures: Sequence[SourceError]) -> str:
    systems = systems_of(failures)
    several = len({failure.system for failure in failures}) > 1
    # What was given up is no reason of its own.
    first = min(failures, key=lambda failure: _AGAIN.search(failure.message) is not None)
    reasons = [failure.reason for failure in failures if isinstance(failure, NoAnswerError)]
    reason = "; ".join(dict.fromkeys(filter(None, reasons))) or first.message
    hosts = [note for note in notes if note.subject]
    whom = _whom(hosts) if len(hosts) > 1 else ""
    over = NO_TIME in reasons
    hint = f" {VPN_DOWN}" if several and not over else ""
    hangs = isinstance(first, SourceTimeoutError) and not over
    verb = "do not answer" if several else "hangs" if hangs else "does not answer"
    if over:
        verb = "could not be asked"
    leads = notes[0].leads
    about = f" (asked for {whom})" if whom and not leads else ""
    left = f" {whom} {leads}." if whom and leads else ""
    return f"{systems} {verb}{about}: {reason.rstrip('.')}.{hint}{left}{_instead(notes)}"


def _whom(notes: Sequence[Note]) -> str:
    """Return who is concerned: the first few by name, the others by number."""
    parts = []
    for kind in dict.fromkeys(note.kind for note in notes if note.subject):
        hosts = [short_host(note.subject) for note in notes if note.subject and note.kind == kind]
        hosts = list(dict.fromkeys(hosts))
        named = first_few(hosts)
        parts.append(f"{len(hosts)} {_PLURAL[kind]} ({named})" if len(hosts) > 1 else named)
    return " and ".join(parts)


def _instead(notes: Sequence[Note]) -> str:
    """Return the words about the kept answers, with the age of the oldest."""
    times = [note.kept for note in notes if note.kept is not None]
    if not times:
        return ""
    return f" Kept answers serve, the oldest of {ago(min(times))}."


def without_names(text: str, names: Iterable[str]) -> str:
    """Return the text with a sign in the place of the hosts' names, full or short, and addresses.

    >>> without_names("10.5.0.41 (SW1): no route", ["sw1.example", "10.5.0.41"])
    '… (…): no route'
    """
    return _without_names(text, {form for name in names for form in _forms(name)})


def _without_names(text: str, forms: set[str]) -> str:
    return _WORD.sub(lambda m: "…" if m[0].casefold() in forms else m[0], text)


def _forms(name: str) -> set[str]:
    return {name.casefold(), short_host(name).casefold()} if name else set()
