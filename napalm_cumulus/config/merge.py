"""NAPALM's merge for interfaces files: a stanza replaces the stanza of the same name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from napalm_cumulus.config.candidate import Candidate
from napalm_cumulus.config.configuration import Configuration, Located
from napalm_cumulus.config.interfaces_file import InterfacesFile, Stanza
from napalm_cumulus.config.marked_text import (
    ConfigurationError,
    Section,
    encoding_of,
    kept,
    sections,
    shown,
)
from napalm_cumulus.patterns import expand_range

#: The keyword and the name of a stanza, as written.
_Key = tuple[str, str]


@dataclass(slots=True)
class _Lines:
    """Lines, and for each the number of the text's line that it is; 0 for none."""

    text: list[str] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)

    def add(self, text: Sequence[str], origin: Sequence[int]) -> None:
        self.text += text
        self.origin += origin

    def close(self) -> None:
        """End the last line with a newline."""
        if self.text and not self.text[-1].endswith(("\n", "\r")):
            self.text[-1] += "\n"

    def fit(self, text: Sequence[str], origin: Sequence[int], encoding: str, path: str) -> None:
        """Add lines as a file of that encoding keeps them."""
        if encoding:
            pairs = zip(text, origin, strict=True)
            text = [kept(line, encoding, path, at) for line, at in pairs]
        self.add(text, origin)


class _Given(NamedTuple):
    """A stanza of the merge text: its address family, its lines, and their numbers."""

    family: str
    text: Sequence[str]
    origin: Sequence[int]


@dataclass(slots=True)
class _New:
    """What is appended to the main file: a stanza, or an auto line by itself.

    The auto lines of a new stanza are put in front of it, behind those that are there.
    """

    autos: _Lines = field(default_factory=_Lines)
    rest: _Lines = field(default_factory=_Lines)


@dataclass(slots=True)
class _Edit:
    """What becomes of the lines of a stanza: lines in front of it, and others in its place."""

    stanza: Stanza
    before: _Lines | None = None
    instead: _Given | None = None


def merge(base: Configuration, text: str) -> Candidate:
    """Return the configuration with the text's stanzas put in the place of those of the same name.

    An ``iface`` or ``vlan`` stanza replaces the one of that name where it stands (same file, same
    place), or is appended to the main file. The k-th stanza of a name replaces the k-th; where the
    text holds fewer of them, they are all of an address family, and replace those of it.
    ``auto`` and ``allow-*`` lines are added where the interface has none yet. What is added to a
    file is written in that file's encoding.

    Raises:
        ConfigurationError: the text contains other lines than stanzas and auto lines, has fewer
            stanzas of a name and family than the configuration, or changes a mako template.
    """
    merging = _Merge(base)
    found = sections(text) or [Section(base.main, text, "", 1)]
    patches = [(_patch(base, section), section.first) for section in found]
    _refuse_unmergeable(patches)
    given: defaultdict[_Key, list[_Given]] = defaultdict(list)
    for patch, first in patches:
        for stanza in patch.stanzas:
            lines = patch.physical_lines[stanza.first - 1 : stanza.last]
            origin = range(first + stanza.first - 1, first + stanza.last)
            given[stanza.keyword, stanza.words[0]].append(_Given(stanza.family, lines, origin))
    for key, texts in given.items():
        merging.put_stanzas(key, texts)
    for patch, first in patches:
        for directive in patch.directives:
            for word in directive.words:
                merging.put_auto(directive.keyword, word, first + directive.first - 1)
    return merging.result()


def _patch(base: Configuration, section: Section) -> InterfacesFile:
    return InterfacesFile.parse(_readable(section.text), directories=base.directories)


def _readable(text: str) -> str:
    """Return the text in characters, each line by itself: one may be UTF-8, another not."""
    return "\n".join(map(shown, text.split("\n"))) if encoding_of(text) else text


def _refuse_unmergeable(patches: list[tuple[InterfacesFile, int]]) -> None:
    for patch, first in patches:
        if patch.is_template:
            raise ConfigurationError(
                f"Line {first} of the merge text, or one after it, holds mako constructs; merge "
                "plain stanzas."
            )
        if patch.problems:
            problem = patch.problems[0]
            raise ConfigurationError(
                f"Line {first + problem.line - 1} of the merge text: {problem.message}."
            )
        for line in patch.directives:
            if line.sources:
                raise ConfigurationError(
                    f"Line {first + line.first - 1} of the merge text is a '{line.keyword}' line; "
                    "files can only be added by a replace."
                )
    if not any(patch.stanzas or patch.directives for patch, _ in patches):
        raise ConfigurationError("The merge text holds no stanza: there is nothing to merge.")


class _Merge:
    """What is to be done to the files of a configuration; each is then rewritten once."""

    def __init__(self, base: Configuration) -> None:
        self._base = base
        self._standing: defaultdict[_Key, list[Located]] = defaultdict(list)
        for at in base.stanzas():
            self._standing[at.stanza.keyword, at.stanza.words[0]].append(at)
        directives = [line for file in base.files for line in file.directives]
        self._named = {(line.keyword, word) for line in directives for word in line.words}
        self._auto_words = {
            name for line in directives if line.keyword == "auto" for name in line.names
        }
        self._auto = set(base.auto)
        self._edits: defaultdict[str, dict[int, _Edit]] = defaultdict(dict)
        self._appended: list[_New] = []
        self._new: dict[str, _New] = {}

    def put_stanzas(self, key: _Key, texts: list[_Given]) -> None:
        keyword, name = key
        standing = self._standing.get(key, [])
        for at, lines in _places(name, standing, texts):
            self._edit(at, lines.origin[0]).instead = lines
        for lines in texts[len(standing) :]:
            new = _New()
            new.rest.add(lines.text, lines.origin)
            self._appended.append(new)
            self._new.setdefault(name, new)
            parent = name.split(":", 1)[0]
            # At the end of the main file every auto line has been read.
            if keyword == "iface" and ("all" in self._auto_words or parent in self._auto_words):
                self._auto.update(expand_range(parent))

    def put_auto(self, keyword: str, name: str, line: int) -> None:
        covered = keyword == "auto" and set(expand_range(name)) <= self._auto
        if covered or (keyword, name) in self._named:
            return
        self._named.add((keyword, name))
        added = ([f"{keyword} {name}\n"], [line])
        standing = self._standing.get(("iface", name)) or self._standing.get(("vlan", name))
        if standing:
            edit = self._edit(standing[0], line)
            edit.before = edit.before or _Lines()
            edit.before.add(*added)
        elif name in self._new:
            self._new[name].autos.add(*added)
        else:
            alone = _New()
            alone.rest.add(*added)
            self._appended.append(alone)

    def _edit(self, at: Located, line: int) -> _Edit:
        if at.file.is_template:
            raise ConfigurationError(
                f"Line {line} of the merge text is about {at.stanza.words[0]}, which stands in "
                f"{at.file.path}, a mako template whose lines are not what ifupdown2 sees; edit "
                "the template by hand."
            )
        edits = self._edits[at.file.path]
        return edits.setdefault(at.stanza.first, _Edit(at.stanza))

    def result(self) -> Candidate:
        tree = dict(self._base.tree)
        origin: dict[str, list[int]] = {}
        if self._appended:
            _ = self._edits[self._base.main]
        for path, edits in self._edits.items():
            appended = self._appended if path == self._base.main else []
            lines = _edited(InterfacesFile.parse(tree.get(path, ""), path), edits, appended)
            tree[path], origin[path] = "".join(lines.text), lines.origin
        return Candidate(replace(self._base, tree=tree), origin)


def _places(
    name: str, standing: list[Located], texts: list[_Given]
) -> Iterator[tuple[Located, _Given]]:
    """Yield each standing stanza that is replaced, with what replaces it.

    If the text holds fewer, they are those of an address family: ``inet`` or ``inet6``.
    """
    if len(standing) <= len(texts):
        yield from zip(standing, texts, strict=False)
        return
    for family in dict.fromkeys(given.family for given in texts):
        old = [at for at in standing if at.stanza.family == family]
        new = [given for given in texts if given.family == family]
        if len(old) != len(new):
            places = ", ".join(str(at) for at in standing)
            raise ConfigurationError(
                f"{name} has {len(standing)} stanzas ({places}) and the merge text holds "
                f"{len(texts)} of them (line {texts[0].origin[0]}): give all, in that order, or "
                f"all of one family; {len(old)} of them are {family}."
            )
        yield from zip(old, new, strict=True)


def _edited(file: InterfacesFile, edits: dict[int, _Edit], appended: list[_New]) -> _Lines:
    encoding = encoding_of(file.text)
    old = file.physical_lines
    made = _Lines()
    done = 0
    for first, edit in sorted(edits.items()):
        made.add(old[done : first - 1], [0] * (first - 1 - done))
        if edit.before is not None:
            made.fit(edit.before.text, edit.before.origin, encoding, file.path)
        done = first - 1
        if edit.instead is not None:
            made.fit(edit.instead.text, edit.instead.origin, encoding, file.path)
            done = edit.stanza.last
            if done < len(old) or old[done - 1].endswith(("\n", "\r")):
                made.close()
    made.add(old[done:], [0] * (len(old) - done))
    for new in appended:
        made.close()
        if made.text and not "".join(made.text[-2:]).endswith("\n\n"):
            made.add(["\n"], [0])
        for lines in (new.autos, new.rest):
            made.fit(lines.text, lines.origin, encoding, file.path)
        made.close()
    return made
