r"""One interfaces(5) file as ifupdown2 reads it, kept byte for byte.

Parsing never changes the text, every edit replaces whole lines, and
``InterfacesFile.parse(text).render() == text`` for any input. The meaning of the text follows
ifupdown2's own reader (``ifupdown/networkinterfaces.py``), including what surprises people:

* a backslash **anywhere** joins the text before it and the text after it, also across line ends
  and in comments;
* there are no comments at the end of a line, and indentation has no meaning;
* a stanza ends only at the next keyword, so a line after a blank line still belongs to it;
* ``\r\n``, ``\n`` and a lone ``\r`` all end a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from napalm_cumulus.patterns import expand_range

#: The characters that ifupdown2 strips from both ends of a line.
_BLANKS = "\n\t\r "
_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_SPLIT = re.compile(r"\s+")
#: Blanks that ifupdown2 splits at, and that neither it strips nor a line ends at.
_ODD_BLANKS = "\x0b\x0c\x1c\x1d\x1e\x1f"
_ODD_BLANK = re.compile(r"[^\S \t\r\n]")
#: Constructs of the mako engine. ifupdown2 renders a file only where it contains a "%".
_MAKO = re.compile(r"^\s*%|<%|</%|\$\{|\\\r?$", re.MULTILINE)

#: Much longer than a kernel's name (15), since a range can be longer than that.
_MAX_NAME = 100

_STANZA_KEYWORDS = ("iface", "vlan")
_KEYWORDS = frozenset({*_STANZA_KEYWORDS, "auto", "source"})


class LogicalLine(NamedTuple):
    """A line as ifupdown2 sees it, after joining at backslashes; its first and last line."""

    text: str
    first: int
    last: int


class Attribute(NamedTuple):
    """One attribute line of a stanza.

    Attributes:
        name: the name in ifupdown2's form (``_`` read as ``-``).
        value: the rest of the line, with ``$IFACE`` replaced.
        first: number of its first physical line, from 1.
        last: number of its last physical line.
    """

    name: str
    value: str
    first: int
    last: int


class _StanzaLines(NamedTuple):
    """The parts of a stanza; of its attribute lines, what an ``Attribute`` has."""

    keyword: str
    words: tuple[str, ...]
    body: tuple[tuple[str, str, int, int], ...]
    first: int
    last: int


class Stanza(_StanzaLines):
    """An ``iface`` or ``vlan`` stanza.

    Attributes:
        keyword: ``iface`` or ``vlan``.
        words: the words after the keyword: name, and address family and method where given.
        body: its attribute lines; ``attributes`` has them with names.
        first: the physical line of the keyword.
        last: the last physical line that belongs to it: an attribute, or an indented comment that
            follows without a blank line.
    """

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """Return its attribute lines, in order."""
        return tuple(map(Attribute._make, self.body))

    @property
    def name(self) -> str:
        """Return the interface's name; an alias (``eth0:1``) is its parent, a range as written."""
        return self.words[0].partition(":")[0] if self.words else ""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Return the names of the stanza: one, or all names of a range (``swp[1-3]``)."""
        name = self.name
        return expand_range(name) if "[" in name else (name,)

    @property
    def family(self) -> str:
        """Return the address family: ``inet6``, or ``inet`` also where none is given."""
        return self.words[1] if len(self.words) > 1 else "inet"

    @property
    def method(self) -> str:
        """Return the address method (``dhcp``, ``loopback``, ...); ``static`` if absent."""
        return self.words[2] if len(self.words) > 2 else "static"  # noqa: PLR2004 (third word)

    def lines(self, name: str) -> list[tuple[str, int]]:
        """Return the values of every line of that attribute, each with its line's number."""
        if name not in self.values_of:
            return []
        return [(value, first) for named, value, first, _ in self.body if named == name]

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every line of that attribute, in order."""
        return self.values_of.get(name, ())

    @cached_property
    def values_of(self) -> Mapping[str, tuple[str, ...]]:
        """Return the values of every attribute, by its name."""
        first = {name: (value,) for name, value, _, _ in self.body}
        if len(first) == len(self.body):  # none is given twice
            return first
        values: dict[str, list[str]] = {}
        for name, value, _, _ in self.body:
            values.setdefault(name, []).append(value)
        return {name: tuple(found) for name, found in values.items()}

    @property
    def says(self) -> object:
        """Return what ifupdown2 compares of it: only the order within an attribute counts."""
        return self.keyword, self.words[1:], self.values_of

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the values of the ``address`` lines, each with the ``netmask`` that follows it."""
        found = self.values("address")
        if "netmask" not in self.values_of:
            return found
        masks = [""] * len(found)
        last = -1
        for name, value, _, _ in self.body:
            last += name == "address"
            if name == "netmask" and last >= 0:
                masks[last] = masks[last] or value
        pairs = zip(found, masks, strict=True)
        return tuple(f"{a}/{mask}" if mask and "/" not in a else a for a, mask in pairs)


class Directive(NamedTuple):
    """A line outside stanzas: ``auto``, ``allow-CLASS``, ``source`` or ``source-directory``."""

    keyword: str
    words: tuple[str, ...]
    first: int
    last: int

    @property
    def sources(self) -> bool:
        """Return whether it reads other files; else it is about interfaces."""
        return self.keyword.startswith("source")

    @property
    def names(self) -> tuple[str, ...]:
        """Return its words, and after each range the interfaces that it stands for."""
        found = [*self.words]
        for word in self.words:
            if "[" in word:
                found += expand_range(word)
        return tuple(found)


@dataclass(frozen=True)
class Problem:
    """A line that ifupdown2 reports, or ignores silently."""

    line: int
    message: str


@dataclass(frozen=True)
class InterfacesFile:
    """An interfaces file: its path, its exact text, and what ifupdown2 reads in it."""

    path: str
    text: str
    #: Whether this release of ifupdown2 knows ``source-directory``.
    directories: bool = False

    @classmethod
    def parse(
        cls, text: str, path: str = "/etc/network/interfaces", *, directories: bool = False
    ) -> InterfacesFile:
        """Read a file. It never fails: what ifupdown2 would not understand is in ``problems``."""
        return cls(path, text, directories)

    def render(self) -> str:
        """Return the file's text, exactly as it was read or edited."""
        return self.text

    @cached_property
    def physical_lines(self) -> tuple[str, ...]:
        """Return the lines with their line ends; joined, they are the text."""
        if self.has_odd_blanks:
            return tuple(_PHYSICAL_LINE.findall(self.text))
        return tuple(self.text.splitlines(keepends=True))

    @cached_property
    def has_odd_blanks(self) -> bool:
        """Return whether the methods of str, which are quicker, would split the text otherwise."""
        if self.text.isascii():
            return any(blank in self.text for blank in _ODD_BLANKS)
        return _ODD_BLANK.search(self.text) is not None

    @cached_property
    def is_template(self) -> bool:
        """Return whether it is a mako template, whose lines are not those ifupdown2 reads."""
        return "%" in self.text and _MAKO.search(self.text) is not None

    @property
    def stanzas(self) -> tuple[Stanza, ...]:
        """Return the ``iface`` and ``vlan`` stanzas, in order."""
        return self._parsed[0]

    @property
    def directives(self) -> tuple[Directive, ...]:
        """Return the ``auto``, ``allow-*`` and ``source`` lines, in order."""
        return self._parsed[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the lines that ifupdown2 reports or ignores."""
        return self._parsed[2]

    @property
    def logical_lines(self) -> Iterable[LogicalLine]:
        """Return the lines as ifupdown2 sees them (``process_interfaces``)."""
        if "\\" in self.text:
            return _joined_lines(self.physical_lines)
        return (
            LogicalLine(stripped, number, number)
            for number, line in enumerate(self.physical_lines, start=1)
            if (stripped := line.strip(_BLANKS))
        )

    def _split_lines(self) -> Iterator[_SplitLine]:
        if "\\" not in self.text and not self.has_odd_blanks:
            for number, line in enumerate(self.physical_lines, start=1):
                words = line.split(None, 1)
                if len(words) > 1:
                    yield words[0], words[1].rstrip(), line, number, number
                elif words:
                    yield words[0], None, line, number, number
            return
        for text, first, last in self.logical_lines:
            word, *rest = _SPLIT.split(text, maxsplit=1)
            yield word, rest[0] if rest else None, text, first, last

    @cached_property
    def _parsed(
        self,
    ) -> tuple[tuple[Stanza, ...], tuple[Directive, ...], tuple[Problem, ...]]:
        return _Reader(self).read(self._split_lines())

    def comment_out(self, stanza: Stanza, prefix: str = "address") -> InterfacesFile:
        """Return the file with some attribute lines of the stanza commented out.

        A ``#`` is put before the attribute's first character. A continued line is commented out as
        a whole, because a comment also goes on after a backslash.

        Args:
            stanza: one of this file's stanzas.
            prefix: the beginning of the attributes' names; the VIP toggle passes ``address``.
        """
        lines = list(self.physical_lines)
        for attribute in stanza.attributes:
            if attribute.name.startswith(prefix):
                line = lines[attribute.first - 1]
                body = line.lstrip(_BLANKS)
                lines[attribute.first - 1] = line[: len(line) - len(body)] + "#" + body
        return replace(self, text="".join(lines))

    def stanza_text(self, stanza: Stanza) -> str:
        """Return the stanza's own physical lines."""
        return "".join(self.physical_lines[stanza.first - 1 : stanza.last])


def _joined_lines(physical: Sequence[str]) -> Iterator[LogicalLine]:
    r"""Join at backslashes and split at line ends; keep where each line came from.

    ifupdown2 does ``' '.join(d.strip() for d in text.split('\\'))`` on a text whose line ends were
    made ``\n`` by Python's universal newlines.
    """
    text = "\n".join(line.rstrip("\r\n") for line in physical)
    line, number = "", 1
    numbers: list[int] = []
    for index, segment in enumerate(text.split("\\")):
        body = segment.lstrip()
        number += segment.count("\n", 0, len(segment) - len(body))
        line += " " if index else ""
        first, *others = body.rstrip().split("\n")
        for at, part in enumerate([first, *others], start=number):
            if at > number:
                if (stripped := line.strip(_BLANKS)) and numbers:
                    yield LogicalLine(stripped, numbers[0], numbers[-1])
                line, numbers = "", []
            line += part
            numbers += [at] if part else []
        number += body.count("\n")
    if (stripped := line.strip(_BLANKS)) and numbers:
        yield LogicalLine(stripped, numbers[0], numbers[-1])


#: The first word of a line, the rest (None where it has one word), all, and its physical lines.
_SplitLine = tuple[str, str | None, str, int, int]


class _Reader:
    """Groups logical lines into stanzas and directives."""

    def __init__(self, file: InterfacesFile) -> None:
        self._file = file
        self._stanzas: list[Stanza] = []
        self._directives: list[Directive] = []
        self._problems: list[Problem] = []
        self._head: tuple[str, int, int] | None = None
        self._words: list[str] = []  # after the keyword
        self._body: list[tuple[str, str, int, int]] = []

    def read(
        self, lines: Iterable[_SplitLine]
    ) -> tuple[tuple[Stanza, ...], tuple[Directive, ...], tuple[Problem, ...]]:
        keywords = _KEYWORDS | {"source-directory"} if self._file.directories else _KEYWORDS
        split = _SPLIT.split if self._file.has_odd_blanks else str.split
        for word, rest, text, first, last in lines:
            if word[:1] == "#":
                continue
            if word in keywords or (word[:5] == "allow" and word[5:6] in ("", "-")):
                self._close()
                words = [] if rest is None else split(rest)
                if word in _STANZA_KEYWORDS:
                    self._head, self._words = (word, first, last), words
                elif words:
                    self._directives.append(Directive(word, tuple(words), first, last))
                else:
                    self._problems.append(Problem(first, f"'{word}' without a name"))
            elif self._head is None:
                why = f"error processing line '{text.strip(_BLANKS)}'"
                self._problems.append(Problem(first, why))
            elif rest is None:
                self._problems.append(Problem(first, f"attribute '{word}' without a value"))
            else:
                value = rest
                if "$IFACE" in value and self._words:
                    value = value.replace("$IFACE", self._words[0][:_MAX_NAME])
                self._body.append((word.replace("_", "-"), value, first, last))
        self._close()
        return tuple(self._stanzas), tuple(self._directives), tuple(self._problems)

    def _close(self) -> None:
        if self._head is None:
            return
        keyword, first, last = self._head
        body = tuple(self._body)
        self._head, self._body = None, []
        if not self._words:
            self._problems.append(Problem(first, f"'{keyword}' without a name"))
            return
        last = self._with_comments(body[-1][-1] if body else last)
        self._stanzas.append(Stanza(keyword, tuple(self._words), body, first, last))

    def _with_comments(self, last: int) -> int:
        """Count indented comments directly below the last attribute as part of the stanza."""
        lines = self._file.physical_lines
        while last < len(lines):
            following = lines[last]
            if "#" not in following or not following[0].isspace():
                break
            if not following.lstrip(_BLANKS).startswith("#"):
                break
            if "\\" in following:  # such a comment continues in the next line: leave it alone
                break
            last += 1
        return last
