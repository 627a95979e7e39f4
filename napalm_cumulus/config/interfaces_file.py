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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

#: The characters that ifupdown2 strips from both ends of a line.
_BLANKS = "\n\t\r "
_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_SPLIT = re.compile(r"[\s\t]\s*")
_RANGE = re.compile(r"^([\w.]+)\[(\d+)-(\d+)\]([.\w]+)?")
#: Constructs of the mako engine. ifupdown2 renders a file only where it contains a "%".
_MAKO = re.compile(r"^\s*%|<%|</%|\$\{|\\\r?$", re.MULTILINE)

#: Much longer than a kernel's name (15), since a range can be longer than that.
_MAX_NAME = 100
_MAX_RANGE = 10_000
_DIGITS = 9

_STANZA_KEYWORDS = ("iface", "vlan")


class LogicalLine(NamedTuple):
    """A line as ifupdown2 sees it, after joining at backslashes.

    Attributes:
        text: the joined text without blanks at its ends.
        first: number of its first physical line, from 1.
        last: number of its last physical line.
    """

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


@dataclass(frozen=True)
class Stanza:
    """An ``iface`` or ``vlan`` stanza.

    Attributes:
        keyword: ``iface`` or ``vlan``.
        words: the words after the keyword: name, and address family and method where given.
        attributes: its attribute lines, in order.
        first: the physical line of the keyword.
        last: the last physical line that belongs to it: an attribute, or an indented comment that
            follows without a blank line.
    """

    keyword: str
    words: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    first: int
    last: int

    @cached_property
    def name(self) -> str:
        """Return the interface's name; an alias (``eth0:1``) is its parent, a range as written."""
        return self.words[0].split(":", 1)[0] if self.words else ""

    @cached_property
    def interfaces(self) -> tuple[str, ...]:
        """Return the names of the stanza: one, or all names of a range (``swp[1-3]``)."""
        return expand_range(self.name)

    @property
    def family(self) -> str:
        """Return the address family: ``inet6``, or ``inet`` also where none is given."""
        return self.words[1] if len(self.words) > 1 else "inet"

    @property
    def method(self) -> str:
        """Return the address method (``dhcp``, ``loopback``, ...); ``static`` if absent."""
        return self.words[2] if len(self.words) > 2 else "static"  # noqa: PLR2004 (third word)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every line of that attribute, in order."""
        return self._values.get(name, ())

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        values: dict[str, tuple[str, ...]] = {}
        for attribute in self.attributes:
            values[attribute.name] = (*values.get(attribute.name, ()), attribute.value)
        return values

    @property
    def says(self) -> object:
        """Return what ifupdown2 compares of it: only the order within an attribute counts."""
        return self.keyword, self.words[1:], self._values

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Return the values of the ``address`` lines, each with the ``netmask`` that follows it."""
        if "netmask" not in self._values:
            return self.values("address")
        found, masks = self.values("address"), [""] * len(self.values("address"))
        last = -1
        for attribute in self.attributes:
            last += attribute.name == "address"
            if attribute.name == "netmask" and last >= 0:
                masks[last] = masks[last] or attribute.value
        pairs = zip(found, masks, strict=True)
        return tuple(f"{a}/{mask}" if mask and "/" not in a else a for a, mask in pairs)


@dataclass(frozen=True)
class Directive:
    """A line outside stanzas: ``auto``, ``allow-CLASS`` or ``source``."""

    keyword: str
    words: tuple[str, ...]
    first: int
    last: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return its words, and after each range the interfaces that it stands for."""
        return tuple(name for word in self.words for name in (word, *expand_range(word)))


@dataclass(frozen=True)
class Problem:
    """A line that ifupdown2 reports, or ignores silently."""

    line: int
    message: str


def expand_range(name: str) -> tuple[str, ...]:
    """Return the interfaces that a name stands for.

    >>> expand_range("swp[1-3]")
    ('swp1', 'swp2', 'swp3')
    >>> expand_range("swp[1-2].100")
    ('swp1.100', 'swp2.100')
    >>> expand_range("vlan453")
    ('vlan453',)

    A range of more interfaces than a switch can have is no range: the name stays as written.

    >>> expand_range("swp[1-999999999]")
    ('swp[1-999999999]',)
    """
    match = _RANGE.match(name) if "[" in name else None
    if match is None:
        return (name,)
    prefix, start, end, suffix = match.groups()
    if len(end) > _DIGITS or len(start) > _DIGITS or int(end) - int(start) >= _MAX_RANGE:
        return (name,)
    return tuple(f"{prefix}{number}{suffix or ''}" for number in range(int(start), int(end) + 1))


@dataclass(frozen=True)
class InterfacesFile:
    """An interfaces file: its path, its exact text, and what ifupdown2 reads in it."""

    path: str
    text: str

    @classmethod
    def parse(cls, text: str, path: str = "/etc/network/interfaces") -> InterfacesFile:
        """Read a file. It never fails: what ifupdown2 would not understand is in ``problems``."""
        return cls(path, text)

    def render(self) -> str:
        """Return the file's text, exactly as it was read or edited."""
        return self.text

    @cached_property
    def physical_lines(self) -> tuple[str, ...]:
        """Return the lines with their line ends; joined, they are the text."""
        return tuple(_PHYSICAL_LINE.findall(self.text))

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

    @cached_property
    def logical_lines(self) -> tuple[LogicalLine, ...]:
        """Return the lines as ifupdown2 sees them (``process_interfaces``)."""
        if "\\" in self.text:
            return _joined_lines(self.physical_lines)
        return tuple(
            LogicalLine(stripped, number, number)
            for number, line in enumerate(self.physical_lines, start=1)
            if (stripped := line.strip(_BLANKS))
        )

    @cached_property
    def _parsed(
        self,
    ) -> tuple[tuple[Stanza, ...], tuple[Directive, ...], tuple[Problem, ...]]:
        return _Reader(self).read()

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
        return InterfacesFile(self.path, "".join(lines))

    def stanza_text(self, stanza: Stanza) -> str:
        """Return the stanza's own physical lines."""
        return "".join(self.physical_lines[stanza.first - 1 : stanza.last])

    def replace_stanza(self, stanza: Stanza, text: str) -> InterfacesFile:
        """Return the file with the stanza's lines replaced by other text."""
        lines = self.physical_lines
        if stanza.last < len(lines) or lines[stanza.last - 1].endswith(("\n", "\r")):
            text = _with_final_newline(text)
        before, after = lines[: stanza.first - 1], lines[stanza.last :]
        return InterfacesFile(self.path, "".join(before) + text + "".join(after))


def _with_final_newline(text: str) -> str:
    return text if text.endswith(("\n", "\r")) else text + "\n"


#: A character of the file, with the number of its physical line.
_Placed = tuple[str, int]


def _joined_lines(physical: Sequence[str]) -> tuple[LogicalLine, ...]:
    r"""Join at backslashes and split at line ends; keep where each line came from.

    ifupdown2 does ``' '.join(d.strip() for d in text.split('\\'))`` on a text whose line ends were
    made ``\n`` by Python's universal newlines.
    """
    lines: list[LogicalLine] = []
    current: list[_Placed] = []
    for placed in [*_joined_at_backslashes(physical), ("\n", 0)]:
        if placed[0] != "\n":
            current.append(placed)
            continue
        numbers = [number for _, number in current if number]
        stripped = "".join(char for char, _ in current).strip(_BLANKS)
        if stripped and numbers:
            lines.append(LogicalLine(stripped, min(numbers), max(numbers)))
        current = []
    return tuple(lines)


def _joined_at_backslashes(physical: Sequence[str]) -> list[_Placed]:
    """Return the text with each backslash, and the blanks around it, replaced by one blank."""
    segments: list[list[_Placed]] = [[]]
    for number, line in enumerate(physical, start=1):
        for char in [*line.rstrip("\r\n"), "\n"]:
            if char == "\\":
                segments.append([])
            else:
                segments[-1].append((char, number))
    joined: list[_Placed] = []
    for segment in segments:
        if joined or segment is not segments[0]:
            joined.append((" ", 0))
        joined.extend(_stripped(segment))
    return joined


def _stripped(segment: list[_Placed]) -> list[_Placed]:
    start, end = 0, len(segment)
    while start < end and segment[start][0].isspace():
        start += 1
    while end > start and segment[end - 1][0].isspace():
        end -= 1
    return segment[start:end]


class _Reader:
    """Groups logical lines into stanzas and directives."""

    def __init__(self, file: InterfacesFile) -> None:
        self._file = file
        self._stanzas: list[Stanza] = []
        self._directives: list[Directive] = []
        self._problems: list[Problem] = []
        self._head: LogicalLine | None = None
        self._words: list[str] = []  # of the head
        self._attributes: list[Attribute] = []

    def read(self) -> tuple[tuple[Stanza, ...], tuple[Directive, ...], tuple[Problem, ...]]:
        for line in self._file.logical_lines:
            if line.text.startswith("#"):
                continue
            word, *rest = _SPLIT.split(line.text, maxsplit=1)
            if word in _STANZA_KEYWORDS:
                self._close()
                self._head, self._words = line, _SPLIT.split(line.text)
            elif word in ("auto", "source") or word.split("-")[0] == "allow":
                self._close()
                self._directive(line)
            elif self._head is not None:
                self._attribute(line, word, rest)
            else:
                self._problems.append(Problem(line.first, f"error processing line '{line.text}'"))
        self._close()
        return tuple(self._stanzas), tuple(self._directives), tuple(self._problems)

    def _directive(self, line: LogicalLine) -> None:
        keyword, *words = _SPLIT.split(line.text)
        if not words:
            self._problems.append(Problem(line.first, f"'{keyword}' without a name"))
            return
        self._directives.append(Directive(keyword, tuple(words), line.first, line.last))

    def _attribute(self, line: LogicalLine, name: str, rest: list[str]) -> None:
        if not rest:
            self._problems.append(Problem(line.first, f"attribute '{name}' without a value"))
            return
        interface = self._words[1][:_MAX_NAME] if len(self._words) > 1 else "$IFACE"
        value = rest[0].replace("$IFACE", interface)
        self._attributes.append(Attribute(name.replace("_", "-"), value, line.first, line.last))

    def _close(self) -> None:
        head, attributes = self._head, tuple(self._attributes)
        self._head, self._attributes = None, []
        if head is None:
            return
        keyword, *words = self._words
        if not words:
            self._problems.append(Problem(head.first, f"'{keyword}' without a name"))
            return
        last = max([head.last, *(a.last for a in attributes)])
        self._stanzas.append(
            Stanza(keyword, tuple(words), attributes, head.first, self._with_comments(last))
        )

    def _with_comments(self, last: int) -> int:
        """Count indented comments directly below the last attribute as part of the stanza."""
        lines = self._file.physical_lines
        while last < len(lines):
            following = lines[last]
            if not following[:1].isspace() or not following.lstrip(_BLANKS).startswith("#"):
                break
            if "\\" in following:  # such a comment continues in the next line: leave it alone
                break
            last += 1
        return last
