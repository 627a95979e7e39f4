"""Taking secrets out of text that is kept: those that are known, and what looks like one."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REMOVED = "<removed>"

_SAYING = (
    r"[\w.-]{0,64}(?:password|passwd|passphrase|secret|token|psk|api[_-]?key|auth[_-]?key|"
    r"private[_-]?key|pre-?shared[_-]?key|authentication[_-]key|key[_-]?string|wep[_-]?key|"
    r"wireless[_-]key|wpa[_-]key(?!-mgmt)|rocommunity6?|rwcommunity6?|trapcommunity|mka[_-]cak|"
    r"_pwd|credentials?)"
)
#: A value in quotes (also in escaped ones, as JSON within JSON has them), or one word.
_VALUE = (
    r'\\"(?:(?!\\").)*(?:\\")?|"(?:\\.|[^"\\\n])*"?'
    r"""|'[^'\n]*'?|[^\s,;"'\\}\])&]+"""
)
#: What may stand between a word and its value: how the value is written (``password 7 0822``,
#: ``isis password md5 x``), or the grammar of a comment (``the password is x``).
_HOW = (
    r"(?:(?:\d{1,2}|clear|cleartext|plain|encrypted|md5|sha\d*|hmac-[\w-]+|is|was|string)[ \t]+)*"
)
#: No value follows: an option, or the rest of a sentence.
_NONE = (
    r"(?!--|(?:of|for|in|on|from|and|or|to|the|must|should|see|here|are|ring|bucket|"
    r"authentication|encryption|required)\b)"
)
#: The rest of ``the password of x is kept at y``.
_NO_WORD_OF_A_SENTENCE = r"(?!(?:with|in|at|on|not|the|kept|known|required)\b)"
_ASSIGNED = (
    rf"""(?<![\w./=-])((?:--?)?{_SAYING}(?:[\w.-]{{0,64}}\\?["']?[ \t]*[:=][ \t]*|"""
    # Where only blanks follow, what goes on after a hyphen is a name: ``alias AP-secret-lab``.
    rf"""\w{{0,64}}\\?["']?[ \t]+{_NONE}){_HOW})"""
    rf"(?:{_VALUE})"
)
#: A line of an interfaces file, or of FRR: its value goes on to the line's end.
_OPTION = (
    r"^([ \t+#-]*(?:no[ \t]+)?(?:enable[ \t]+|isis[ \t]+|area-|domain-)?"
    r"[\w-]{0,64}(?:password|passwd|passphrase|psk|secret|[-_]key(?!-mgmt)|key[_-]string)\d*[ \t]+"
    rf"{_NONE}{_HOW})\S.*$"
)
#: Programs whose options are secrets, and which; of the rest of a line nothing is known.
_PROGRAMS = (
    (r"curl|wget", r"-[a-zA-Z]{0,4}?[uU](?=[ \t=]|[^\s-]*:)|--(?:proxy-)?user(?=[ \t=])"),
    # A cookie; without "=" it is a file.
    ("curl", r"-[a-zA-Z]{0,4}?b(?=[ \t]*[\"']?[\w.-]+=)|--cookie(?=[ \t=]+[\"']?[\w.-]+=)"),
    (r"(?:user|group)(?:add|mod)", r"-[a-zA-Z]{0,4}?p"),
    (r"openssl", r"-(?:[kK]|hmac)(?=[ \t])|-macopt[ \t]+(?:hex)?key:|-pass[ \t]+pass:"),
    (r"ssh-keygen", r"-N"),
    (r"redis-cli", r"-a"),
    (r"snmp(?:get|set|walk|bulkwalk|bulkget|getnext|trap|inform|table|status|df)", r"-[cAXkK]"),
    (r"sshpass|mysql\w*|mariadb", r"-p(?!ort)"),
    (r"ldap\w+", r"-w"),
    (r"ipmi\w+", r"-P"),
    (r"smbclient|rpcclient|net", r"-U"),
)
#: A private key's end may be missing where the text was cut.
_KEY = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
_ROUTING = r"\b(?:bgp|ospf6?|isis|rip|eigrp|neighbor|digest|vrrp|ldp|key)\b[^\n]{0,200}?"
_I = re.IGNORECASE
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(_KEY, re.DOTALL), REMOVED),
    # Hashes as crypt(3) makes them, /etc/shadow's above all.
    (re.compile(r"\$(?:\d\w?|y|gy|md5|sha1|bcrypt-sha256)\$[\w./$,=*+-]+"), REMOVED),
    # A password in a URL may hold an @; a long word in its place is a token.
    (re.compile(r"(://[^\s/:@]*:)[^\s/]+(?=@)"), rf"\1{REMOVED}"),
    (re.compile(r"(://)[\w-]{20,}(?=@)"), rf"\1{REMOVED}"),
    (
        re.compile(r"([?&](?:key|sig|signature|auth|code|access_key)=)[^\s&\"']+", _I),
        rf"\1{REMOVED}",
    ),
    (
        re.compile(r"""\b((?:Proxy-)?Authorization\\?["']?[ \t]*[:=][ \t]*)[^\n"']+""", _I),
        rf"\1{REMOVED}",
    ),
    (
        re.compile(r"\b((?:X-[\w-]*(?:Key|Auth)|Set-Cookie|Cookie):[ \t]*)[^\n\"']+", _I),
        rf"\1{REMOVED}",
    ),
    (re.compile(r"\b((?:Basic|Bearer)\s+)(?=\S*[\d=])[\w.~+/=-]{6,}", _I), rf"\1{REMOVED}"),
    # net-snmp's ``createUser name MD5 pass DES pass``, and its other words for communities.
    (re.compile(r"\b(createUser\s+(?:-e\s+\S+\s+)?\S+)[^\n]*", _I), rf"\1 {REMOVED}"),
    (re.compile(r"\b(com2sec6?(?:[ \t]+\S+){2}[ \t]+)\S+", _I), rf"\1{REMOVED}"),
    (re.compile(r"\b((?:trap2?sink|informsink)[ \t]+\S+[ \t]+)\S+", _I), rf"\1{REMOVED}"),
    (re.compile(r"\b(snmp-server[ \t]+community[ \t]+)\S+", _I), rf"\1{REMOVED}"),
    # Keys of the kernel: ``ip macsec ... key 00 HEX``, ``ip xfrm state add ... enc aes 0xHEX``.
    (re.compile(r"(\bkey[ \t]+[0-9a-f]{1,32}[ \t]+)[0-9a-f]{16,}", _I), rf"\1{REMOVED}"),
    (
        re.compile(
            r"(\b(?:enc|auth|auth-trunc|aead)[ \t]+(?:'[^']*'|\"[^\"]*\"|[\w()-]+)[ \t]+)"
            r"(?:0x[0-9a-f]+|\"[^\"\n]*\"|'[^'\n]*')",
            _I,
        ),
        rf"\1{REMOVED}",
    ),
    # Routing: ``message-digest-key 1 md5 x``, ``authentication-key 10 md5 x``.
    (
        re.compile(rf"({_ROUTING}\bmd5[ \t]+(?:\d[ \t]+)?)(?!sum)(?:{_VALUE})", _I | re.MULTILINE),
        rf"\1{REMOVED}",
    ),
    (
        re.compile(
            r"\b((?:tacacs|radius)\S*[ \t]+(?:[^\n]{0,200}?[ \t])?key[ \t]+(?:\d[ \t]+)?)"
            rf"(?:{_VALUE})",
            _I,
        ),
        rf"\1{REMOVED}",
    ),
    (re.compile(rf"(\bauthentication[ \t]+string[ \t]+)(?:{_VALUE})", _I), rf"\1{REMOVED}"),
    # Programs that take a password without an option of its own.
    (
        re.compile(
            r"(\b(?:(?:ht|mosquitto_)passwd(?=[^\n;|]{0,400}?[ \t]-[a-zA-Z]{0,9}b)|mkpasswd|"
            rf"openssl[ \t]+passwd)[ \t]+)(?!{REMOVED})(?:'[^'\n]*'|\"[^\"\n]*\"|[^\n;|&'\"])+"
        ),
        rf"\1{REMOVED}",
    ),
    *(
        (
            re.compile(
                rf"(\b(?:{programs})\b[^\n;|]{{0,400}}?[ \t](?:{options})[ \t=]*)"
                rf"(?![ \t=]|{REMOVED})(?:{_VALUE})"
            ),
            rf"\1{REMOVED}",
        )
        for programs, options in _PROGRAMS
        for _ in range(3)  # one of several options in a line at a time
    ),
    (re.compile(rf"(-pass(?:in|out)[ \t]+pass:)(?:{_VALUE})"), rf"\1{REMOVED}"),
    (
        re.compile(
            r"(?<![\w.-])((?:\w+[_-])?(?:(?:pass|pw)[:=][ \t]*|pw[ \t]+(?:is|was)[ \t]+"
            rf"{_NO_WORD_OF_A_SENTENCE}))(?:{_VALUE})",
            _I,
        ),
        rf"\1{REMOVED}",
    ),
    # A comment: ``the password for the BMC is x``.
    (
        re.compile(
            r"(\b(?:password|passwd|passphrase|psk|secret|token|pw)[ \t]+(?:of|for|on)[ \t]"
            r"[^\n:=]{1,60}?(?:[:=]|[ \t](?:is|was)[ \t])[ \t]*)"
            rf"{_NO_WORD_OF_A_SENTENCE}(?:{_VALUE})",
            _I,
        ),
        rf"\1{REMOVED}",
    ),
    (
        re.compile(
            r"(\b(?:echo|printf)[ \t][^\n|:]{1,99}:)[^\n|]+?(?=[ \t\"']*\|[^\n|]*\bchpasswd\b)"
        ),
        rf"\1{REMOVED}",
    ),
    (re.compile(_OPTION, _I | re.MULTILINE), rf"\1{REMOVED}"),
    (re.compile(_ASSIGNED, _I), rf"\1{REMOVED}"),
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


@cache
def _nothing_known() -> Callable[[str], str]:
    return redactor(())


def without_secrets(text: str) -> str:
    """Return the text without what looks like a secret, for configuration above all.

    >>> without_secrets("    wpa-psk hunter two")
    '    wpa-psk <removed>'
    >>> without_secrets("    post-up curl -u me:pw https://x/y")
    '    post-up curl -u <removed> https://x/y'
    """
    return _nothing_known()(text)
