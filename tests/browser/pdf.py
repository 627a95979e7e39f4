"""The text of a PDF that Chromium printed: what a reader can select on its pages."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import NamedTuple

from pypdf import PdfReader


class Pdf(NamedTuple):
    """Number of pages, and their text without any blanks."""

    pages: int
    text: str


def read(pdf: bytes) -> Pdf:
    """Read all pages."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    # Fonts have one glyph for "ff".
    text = unicodedata.normalize("NFKC", "".join(page.extract_text() for page in pages))
    return Pdf(len(pages), re.sub(r"\s+", "", text))
