"""The switch's configuration: every file that ifupdown2 reads, as one immutable value.

As one text (NAPALM's ``get_config``) the files follow one another, each after a marker line ``#
file: /etc/network/interfaces``. Loading such a text gives the same files again. A text without
markers stands for the main file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from napalm_cumulus.config.interfaces_file import Directive, InterfacesFile, Stanza
from napalm_cumulus.config.marked_text import (
    ConfigurationError,
    encoding_of,
    marked,
    sections,
    shown,
)
from napalm_cumulus.config.unified_diff import unified_diff

MAIN_FILE = "/etc/network/interfaces"
NETWORK_DIR = "/etc/network"

_MAX_SOURCE_DEPTH = 16
#: The names that ``source-directory`` reads, in ifupdown2 as in Debian's ifupdown.
_OF_DIRECTORY = re.compile(r"[a-zA-Z0-9_-]+")


class Located(NamedTuple):
    """A stanza, and the file that contains it."""

    file: InterfacesFile
    stanza: Stanza

    def __str__(self) -> str:
        """Return its place for a person: file and line."""
        return f"{self.file.path} line {self.stanza.first}"


@dataclass(frozen=True)
class Configuration:
    """A tree of files, and what ifupdown2 reads of it.

    Attributes:
        tree: path to text, of every file that may matter, whether it is read or not.
        main: the file that ifupdown2 reads first.
        directories: whether the switch's ifupdown2 follows ``source-directory`` lines.
    """

    tree: Mapping[str, str]
    main: str = MAIN_FILE
    directories: bool = False

    @cached_property
    def files(self) -> tuple[InterfacesFile, ...]:
        """Return the files that ifupdown2 reads, in the order of their first reading.

        Raises:
            ConfigurationError: files source each other in a circle.
        """
        return tuple({file.path: file for file, _ in self._reading}.values())

    @cached_property
    def _reading(self) -> tuple[tuple[InterfacesFile, Located | Directive | None], ...]:
        """Return what ifupdown2 reads, in its order: a ``source`` line is followed at once."""
        return tuple(self._read(self.main, ()))

    def _read(
        self, path: str, above: tuple[str, ...]
    ) -> Iterator[tuple[InterfacesFile, Located | Directive | None]]:
        if path in above or len(above) > _MAX_SOURCE_DEPTH:
            chain = " -> ".join([*above, path])
            raise ConfigurationError(f"The files source each other without end: {chain}.")
        if path not in self.tree:
            return
        file = self._parsed(path)
        yield file, None
        items: list[Stanza | Directive] = [*file.stanzas, *file.directives]
        for item in sorted(items, key=attrgetter("first")):
            if isinstance(item, Stanza):
                yield file, Located(file, item)
                continue
            yield file, item
            if item.sources:
                for sourced in sorted(p for p in self.tree if is_read_by(item, p)):
                    yield from self._read(sourced, (*above, path))

    def _parsed(self, path: str) -> InterfacesFile:
        return InterfacesFile.parse(self.tree[path], path, directories=self.directories)

    def stanzas(self) -> Iterator[Located]:
        """Yield every stanza of every file, in reading order."""
        return (item for _, item in self._reading if isinstance(item, Located))

    def stanzas_of(self, interface: str) -> tuple[Located, ...]:
        """Return the stanzas of an interface; ifupdown2 combines several of one name."""
        return tuple(
            at
            for at in self.stanzas()
            if at.stanza.keyword == "iface" and interface in at.stanza.interfaces
        )

    @cached_property
    def counted(self) -> Mapping[str, tuple[Located, ...]]:
        """Return the stanzas that take effect, by interface.

        ifupdown2 combines several stanzas of one interface, but ignores one that equals the first
        ("duplicate interface ... found").
        """
        counted: dict[str, list[Located]] = {}
        # What brings an interface up becomes more and never less, so its number says which it is.
        brought_up: dict[str, set[str]] = {}
        first_by: dict[str, int] = {}
        for _, item in self._reading:
            if isinstance(item, Located):
                for name in item.stanza.interfaces:
                    by = len(brought_up.get(name, ()))
                    if name not in counted:
                        counted[name] = [item]
                        first_by[name] = by
                    elif by != first_by[name] or item.stanza.says != counted[name][0].stanza.says:
                        counted[name].append(item)
            elif item is not None and not item.sources:
                for name in item.names:
                    brought_up.setdefault(name, set()).add(item.keyword)
        return {name: tuple(found) for name, found in counted.items()}

    @cached_property
    def auto(self) -> frozenset[str]:
        """Return the interfaces that ``ifreload -a`` and the boot bring up.

        ifupdown2 applies an ``auto`` line only to the stanzas that it reads after it.
        """
        words: set[str] = set()
        names: set[str] = set()
        for _, item in self._reading:
            if isinstance(item, Directive) and item.keyword == "auto":
                words.update(item.names)
            elif isinstance(item, Located) and ("all" in words or item.stanza.name in words):
                names.update(item.stanza.interfaces)
        return frozenset(names)

    def to_text(self) -> str:
        """Return all files that are read, as one text with a marker line before each.

        Raises:
            ConfigurationError: a file contains a line that looks like a marker.
        """
        return "".join(marked(file.path, file.text) for file in self.files)

    def replaced(self, text: str) -> Configuration:
        """Return the configuration that a whole new text stands for.

        A text with markers is the whole configuration: a file that was read and is not in the text
        is removed. A text without markers is the main file, and sourced files stay.
        """
        parts = {section.path: section for section in sections(text)}
        if not parts:
            return replace(self, tree={**self.tree, self.main: text})
        texts = {path: section.kept for path, section in parts.items()}
        gone = {file.path for file in self.files} - texts.keys()
        kept = {path: body for path, body in self.tree.items() if path not in gone}
        changed = replace(self, tree={**kept, **texts})
        unread = texts.keys() - {file.path for file in changed.files}
        if unread:
            named = ", ".join(f"{path} (line {parts[path].first - 1})" for path in sorted(unread))
            raise ConfigurationError(
                f"The text holds {named}, which no 'source' line reads; nothing in it would ever "
                "be applied."
            )
        return changed

    def changes_to(self, other: Configuration) -> dict[str, str | None]:
        """Return the files that differ in ``other``: path to new text, or None if removed."""
        paths = {f.path for f in self.files} | {f.path for f in other.files}
        return {
            path: other.tree.get(path)
            for path in sorted(paths)
            if self.tree.get(path) != other.tree.get(path)
        }

    def diff_to(self, other: Configuration) -> str:
        """Return a unified diff for each file; empty where nothing changes."""
        parts: list[str] = []
        for path, new in self.changes_to(other).items():
            old = self.tree.get(path, "")
            # The same characters may be other bytes.
            told = encoding_of(old) != encoding_of(new or "")
            parts += unified_diff(
                _diff_lines(old, told=told),
                _diff_lines(new or "", told=told),
                path if path in self.tree else "/dev/null",
                "/dev/null" if new is None else path,
            )
        return "\n".join(parts)


def _diff_lines(text: str, *, told: bool) -> list[str]:
    """Return a file's lines as a diff shows them.

    Args:
        text: as it is kept.
        told: whether to name the encoding where it matters, for the other file has another one.
    """
    encoding = encoding_of(text)
    lines = shown(text, encoding).split("\n")
    if told and encoding:
        lines = [line if line.isascii() else f"{line} ({encoding})" for line in lines]
    if lines[-1] == "":
        return lines[:-1]
    return [*lines[:-1], lines[-1] + " (no newline at its end)"]


def source_patterns(file: InterfacesFile) -> tuple[str, ...]:
    """Return the glob patterns of the files that a file reads (only a line's first word counts)."""
    return tuple(
        d.words[0] if d.keyword == "source" else f"{d.words[0].rstrip('/')}/*"
        for d in file.directives
        if d.sources
    )


def is_read_by(line: Directive, path: str) -> bool:
    """Return whether a ``source`` or ``source-directory`` line reads a file."""
    if line.keyword == "source":
        return glob_match(path, line.words[0])
    directory, _, name = path.rpartition("/")
    return _OF_DIRECTORY.fullmatch(name) is not None and glob_match(
        directory, line.words[0].rstrip("/")
    )


def glob_match(path: str, pattern: str) -> bool:
    """Return whether Python's ``glob`` matches the path: ``*`` stops at ``/`` and leading dots.

    >>> glob_match("/etc/network/interfaces.d/a.bak", "/etc/network/interfaces.d/*")
    True
    >>> glob_match("/etc/network/interfaces.d/.a.swp", "/etc/network/interfaces.d/*")
    False
    """
    names, globs = path.split("/"), pattern.split("/")
    return len(names) == len(globs) and all(
        fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
        for name, part in zip(names, globs, strict=True)
    )
