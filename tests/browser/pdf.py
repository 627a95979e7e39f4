"""The text of a PDF that Chromium printed: what a reader can select on its pages."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import NamedTuple

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>(?= *Tj)|\[(.*?)\] *TJ", re.DOTALL)
_CHAR = re.compile(rb"<(\w{4})> <(\w+)>\n")
_RANGE = re.compile(rb"<(\w{4})> <(\w{4})> <(\w{4})>\n")


class Pdf(NamedTuple):
    """Number of pages, and their text without any blanks."""

    pages: int
    text: str


def read(pdf: bytes) -> Pdf:
    """Read what Skia wrote: fonts with two-octet glyphs, each with a table to Unicode."""
    objects = {int(m[1]): m[2] for m in _OBJECT.finditer(pdf)}
    pages = [content for content in objects.values() if content.startswith(b"<</Type /Page\n")]
    text = "".join(_page(content, objects) for content in pages)
    text = unicodedata.normalize("NFKC", text)  # fonts have one glyph for "ff"
    return Pdf(len(pages), re.sub(r"\s+", "", text))


def _page(page: bytes, objects: dict[int, bytes]) -> str:
    fonts = {
        name: _unicode(objects[int(number)], objects)
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", page)
    }
    contents = re.search(rb"/Contents (\d+) 0 R", page)
    assert contents
    font: dict[bytes, str] = {}
    shown = []
    for name, one, many in _SHOWN.findall(_stream(objects[int(contents[1])])):
        if name:
            font = fonts[name]
        for glyphs in [one] if one else re.findall(rb"<([0-9A-Fa-f]+)>", many):
            shown += [font[glyphs[i : i + 4].upper()] for i in range(0, len(glyphs), 4)]
    return "".join(shown)


def _stream(content: bytes) -> bytes:
    return zlib.decompress(
        content.split(b"stream\n", 1)[1].rsplit(b"endstream", 1)[0].rstrip(b"\n")
    )


def _unicode(font: bytes, objects: dict[int, bytes]) -> dict[bytes, str]:
    reference = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert reference, "a font without a way back to text"
    table = _stream(objects[int(reference[1])])
    found: dict[bytes, str] = {}
    for kind, body in re.findall(rb"beginbf(char|range)\n(.*?)endbf", table, re.DOTALL):
        if kind == b"char":
            for glyph, text in _CHAR.findall(body):
                found[glyph.upper()] = bytes.fromhex(text.decode()).decode("utf-16-be")
        else:
            for low, high, first in _RANGE.findall(body):
                for step in range(int(high, 16) - int(low, 16) + 1):
                    found[b"%04X" % (int(low, 16) + step)] = chr(int(first, 16) + step)
    return found
