"""A page that a web source fetched, and what its headers say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

# Other charsets are not used on the web, and some of Python's need time that grows with the square.
_CHARSET = re.compile(r"utf-?8|us-ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """A body that arrived completely, with status 200 and an expected type.

    Attributes:
        url: its final address, without credentials.
        content_type: the type without parameters, lower case.
        body: the bytes, decompressed.
        charset: the charset of the header, or utf-8.
        date: the server's clock (UTC) when it answered; None where it does not tell.
    """

    url: str
    content_type: str
    body: bytes
    charset: str = "utf-8"
    date: datetime | None = None

    @property
    def text(self) -> str:
        """Return the body as text.

        Bytes that do not decode become U+FFFD, which no name may contain.
        """
        known = _CHARSET.fullmatch(self.charset) is not None
        try:
            return self.body.decode(self.charset if known else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")


def type_of(header: str) -> tuple[str, str]:
    """Return the type and the charset that a Content-Type header says."""
    kind, _, parameters = header.partition(";")
    charset = "utf-8"
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value:
            charset = value.strip("\"'")
    return kind.strip().lower(), charset


def date_of(header: str) -> datetime | None:
    """Return the time of a Date header (UTC); None where it has none."""
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
