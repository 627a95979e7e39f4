"""How names and addresses of the kernel are written."""

from __future__ import annotations

import re
from functools import lru_cache

#: A MAC address with colons.
MAC = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
#: A network interface in a command line; the kernel allows 15 characters.
INTERFACE = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}"

_RANGE = re.compile(r"^([\w.]+)\[(\d+)-(\d+)\]([.\w]+)?")
_MAX_RANGE = 10_000
_DIGITS = 9
_LOOSE_MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}")


@lru_cache(maxsize=4096)  # an anycast gateway has one MAC in hundreds of stanzas
def normal_mac(text: str) -> str:
    """Return a MAC address as the kernel writes it; empty where the text is none.

    Files and programs also write it in upper case and without leading zeros; two are the same
    where their numbers are.

    >>> normal_mac("0:0:5E:0:1:c5"), normal_mac("none")
    ('00:00:5e:00:01:c5', '')
    """
    if not _LOOSE_MAC.fullmatch(text):
        return ""
    return ":".join(f"{int(part, 16):02x}" for part in text.split(":"))


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
    return _expanded(name) if "[" in name else (name,)


@lru_cache(maxsize=16)  # a stanza's names are asked for again and again
def _expanded(name: str) -> tuple[str, ...]:
    match = _RANGE.match(name)
    if match is None:
        return (name,)
    prefix, start, end, suffix = match.groups()
    if len(end) > _DIGITS or len(start) > _DIGITS or int(end) - int(start) >= _MAX_RANGE:
        return (name,)
    return tuple(f"{prefix}{number}{suffix or ''}" for number in range(int(start), int(end) + 1))
