"""Taking secrets out of text that is kept: those that are known, and what looks like one."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REMOVED = "<removed>"

_WORD = (
    r"[\w.-]*(?:password|passwd|passphrase|secret|token|psk|api[_-]?key|auth[_-]?key|"
    r"private[_-]?key|key[_-]?string|rocommunity6?|rwcommunity6?|credentials?)[\w.-]*"
)
#: A value in quotes (also in escaped ones, as JSON within JSON has them), or one word.
_VALUE = (
    r'\\"(?:(?!\\").)*(?:\\")?|"(?:\\.|[^"\\\n])*"?'
    r"""|'[^'\n]*'?|[^\s,;"'\\}\])&]+"""
)
#: A digit before the value says how the value is encoded (``password 7 0822``).
_ASSIGNED = rf"""(?<![\w.-])({_WORD}\\?["']?[ \t]*(?:[:=][ \t]*|[ \t])(?:\d[ \t]+)?)(?:{_VALUE})"""
#: A private key's end may be missing where the text was cut.
_KEY = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(_KEY, re.DOTALL), REMOVED),
    # Hashes as crypt(3) makes them, /etc/shadow's above all.
    (re.compile(r"\$(?:\d\w?|y|gy|md5|sha1|bcrypt-sha256)\$[\w./$,=*+-]+"), REMOVED),
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"), rf"\1{REMOVED}"),
    (re.compile(r"\b((?:Basic|Bearer)\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1{REMOVED}"),
    # net-snmp's ``createUser name MD5 pass DES pass``.
    (re.compile(r"\b(createUser\s+(?:-e\s+\S+\s+)?\S+)[^\n]*", re.IGNORECASE), rf"\1 {REMOVED}"),
    (re.compile(_ASSIGNED, re.IGNORECASE), rf"\1{REMOVED}"),
)


def redactor(secrets: Iterable[str | None]) -> Callable[[str], str]:
    r"""Return a function that takes these secrets, and all that looks like one, out of a text.

    It removes too much rather than too little.

    >>> redact = redactor(["it's me"])
    >>> redact("login it's me, echo 'it'\"'\"'s me'")
    "login <removed>, echo '<removed>'"
    >>> redact("neighbor swp1 password 8 0822455D; description uplink")
    'neighbor swp1 password 8 <removed>; description uplink'
    """
    spellings = {
        spelling
        for secret in secrets
        if secret
        for spelling in (
            secret,
            shlex.quote(secret).strip("'"),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            quote(secret, safe=""),
        )
        if spelling
    }
    # The longest first: a secret may be part of another.
    ordered = sorted(spellings, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def redact(text: str) -> str:
        if known is not None:
            text = known.sub(REMOVED, text)
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        return text

    return redact


def longest(secrets: Iterable[str | None]) -> int:
    """Return the most characters of a secret that a cut at the end of a text can leave."""
    # Percent-encoding makes three characters of a byte, a character has up to four bytes.
    return max((len(secret) * 12 for secret in secrets if secret), default=0)
