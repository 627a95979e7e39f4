r"""Several files as one text: each after a marker line, so that every byte can be restored.

A marker is ``# file: /etc/network/interfaces``. It also has what the text alone would lose: that a
file's last line has no newline, and the encoding of a file that is not UTF-8. Such a file is shown
as Latin-1, which has a character for each byte.

Within this program the bytes of such a file are surrogates (``surrogateescape``). Strict UTF-8
output cannot write those, so every text that leaves the program goes through ``shown``.
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
    """A configuration text cannot be mapped to files, or cannot be merged."""


class Section(NamedTuple):
    """The part of a text for one file.

    Attributes:
        path: the path of the file.
        text: the part, in the characters that are shown.
        encoding: the encoding of the file: empty for UTF-8, or ``latin-1``.
        first: the number of its first line in the whole text, from 1.
    """

    path: str
    text: str
    encoding: str
    first: int

    @property
    def kept(self) -> str:
        """Return the text in the form in which a file's text is kept.

        Raises:
            ConfigurationError: a character does not exist in the encoding.
        """
        return kept(self.text, self.encoding, self.path, self.first)


def encoding_of(text: str) -> str:
    """Return the encoding of a kept text: empty for UTF-8, or ``latin-1``."""
    return LATIN_1 if _ESCAPED.search(text) else ""


def shown(text: str, encoding: str | None = None) -> str:
    r"""Return a kept text in characters that every UTF-8 output accepts.

    >>> shown(b"# r\xe9gion".decode("utf-8", "surrogateescape"))
    '# région'

    Args:
        text: the kept text.
        encoding: the file's encoding, if the text is a part of a file; None for the text's own.
    """
    if not (encoding_of(text) if encoding is None else encoding):
        return text
    return text.encode("utf-8", "surrogateescape").decode(LATIN_1)


def kept(text: str, encoding: str, path: str, first: int) -> str:
    """Return a text in the form in which a file of that encoding keeps it.

    Args:
        text: the characters; bytes that were not UTF-8 in their source stay unchanged.
        encoding: empty for UTF-8, or ``latin-1``.
        path: the path of the file, for the message.
        first: the number of the text's first line, for the message.

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
    """Return a file's kept text as it is shown, after its marker line.

    Raises:
        ConfigurationError: the text contains a line that looks like a marker.
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
    """Return the parts of a text with markers; none where it has no markers.

    Raises:
        ConfigurationError: there is text before the first marker, a file is named twice, or an
            encoding is not known.
    """
    marks = list(_MARKER.finditer(text))
    if marks and (before := text[: marks[0].start()]).strip():
        line = before[: len(before) - len(before.lstrip())].count("\n") + 1
        raise ConfigurationError(
            f"Line {line} of the text is before the first '# file: ...' marker."
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
    """Return the kept texts of a text with markers, or None where it has no markers.

    Raises:
        ConfigurationError: see ``sections``; or a character does not exist in a file's encoding.
    """
    return {section.path: section.kept for section in sections(text)} or None
