r"""Several files as one text: each behind a marker line, and every byte of them can come back.

A marker is ``# file: /etc/network/interfaces``. It also names what the text alone would lose: that
a file's last line has no newline, and the encoding of a file that is not UTF-8. Such a file is
shown as Latin-1, which has a character for each byte.

Within this program the bytes of such a file are surrogates (``surrogateescape``), which no output
in strict UTF-8 can write: what leaves goes through ``shown``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LATIN_1 = "latin-1"

_OPEN_END = " (no newline at its end)"
_MARKER = re.compile(
    r"^# file: (?P<path>/\S+)(?: \(encoding: (?P<encoding>[\w.-]{1,40})\))?"
    r"(?P<open> \(no newline at its end\))?\r?$",
    re.MULTILINE,
)
_ESCAPED = re.compile("[\udc80-\udcff]")


class ConfigurationError(ValueError):
    """A configuration text that cannot be mapped to files or merged; a sentence for a person."""


class Section(NamedTuple):
    """The part of a text that stands for one file.

    Attributes:
        path: the file's.
        text: the part, in characters as they are shown.
        encoding: how the file is written: empty for UTF-8, or ``latin-1``.
        first: number of the whole text's line that is its first, from 1.
    """

    path: str
    text: str
    encoding: str
    first: int

    @property
    def kept(self) -> str:
        """Return the text as it is kept of a file that was read.

        Raises:
            ConfigurationError: a character does not exist in the encoding.
        """
        return kept(self.text, self.encoding, self.path, self.first)


def encoding_of(text: str) -> str:
    """Return the encoding of a file's text as it is kept: empty for UTF-8, or ``latin-1``."""
    return LATIN_1 if _ESCAPED.search(text) else ""


def shown(text: str, encoding: str | None = None) -> str:
    r"""Return a kept text in characters that every UTF-8 output takes.

    >>> shown(b"# r\xe9gion".decode("utf-8", "surrogateescape"))
    '# région'

    Args:
        text: as it is kept.
        encoding: the file's, where the text is a part of it; None for the text's own.
    """
    if not (encoding_of(text) if encoding is None else encoding):
        return text
    return text.encode("utf-8", "surrogateescape").decode(LATIN_1)


def kept(text: str, encoding: str, path: str, first: int) -> str:
    """Return a text in characters as a file of that encoding keeps it.

    Args:
        text: in characters; bytes that were no UTF-8 where it comes from stay what they are.
        encoding: empty for UTF-8, or ``latin-1``.
        path: the file's, to name it.
        first: number of the text's first line, to name it.

    Raises:
        ConfigurationError: a character does not exist in the encoding.
    """
    if not encoding:
        return text
    try:
        data = text.encode(LATIN_1, "surrogateescape")
    except UnicodeEncodeError as error:
        line = first + text.count("\n", 0, error.start)
        raise ConfigurationError(
            f"Line {line} of the text holds {text[error.start]!r}, which {path} cannot have: it is "
            f"written in {encoding}."
        ) from None
    return data.decode("utf-8", "surrogateescape")


def marked(path: str, text: str) -> str:
    """Return a file's text as it is kept, shown behind its marker line.

    Raises:
        ConfigurationError: it holds a line that looks like a marker.
    """
    encoding = encoding_of(text)
    readable = shown(text, encoding)
    if _MARKER.search(readable):
        raise ConfigurationError(
            f"{path} holds a line that looks like a marker ('# file: ...'); "
            "change that comment before the files are handled as one text."
        )
    closed = not text or text.endswith("\n")
    named = f" (encoding: {encoding})" if encoding else ""
    marker = f"# file: {path}{named}{'' if closed else _OPEN_END}\n"
    return marker + readable + ("" if closed else "\n")


def sections(text: str) -> list[Section]:
    """Return the parts of a marked text, none where it has no markers.

    Raises:
        ConfigurationError: text in front of the first marker, a file named twice, or an encoding
            that is not known here.
    """
    marks = list(_MARKER.finditer(text))
    if marks and (before := text[: marks[0].start()]).strip():
        line = before[: len(before) - len(before.lstrip())].count("\n") + 1
        raise ConfigurationError(
            f"Line {line} of the text stands in front of the first '# file: ...' marker."
        )
    found: dict[str, Section] = {}
    line, counted = 1, 0
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        line += text.count("\n", counted, mark.start())
        counted = mark.start()
        path, encoding = mark["path"], (mark["encoding"] or "").lower()
        if path in found:
            raise ConfigurationError(f"The text holds {path} twice, again in line {line}.")
        if encoding not in ("", LATIN_1):
            raise ConfigurationError(
                f"Line {line} of the text names the encoding {encoding!r} for {path}; known is "
                f"{LATIN_1}, and without a name a file is UTF-8."
            )
        body = text[mark.end() + 1 : following.start() if following else len(text)]
        if mark["open"] and body.endswith("\n"):
            body = body[:-1]
        found[path] = Section(path, body, encoding, line + 1)
    return list(found.values())


def split_marked(text: str) -> dict[str, str] | None:
    """Return the files of a marked text as they are kept, or None where it has no markers.

    Raises:
        ConfigurationError: see ``sections``; or a character does not exist in a file's encoding.
    """
    return {section.path: section.kept for section in sections(text)} or None
