"""Regular expressions for names and addresses of the kernel."""

from __future__ import annotations

import re
from functools import lru_cache

#: A MAC address with colons.
MAC = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
#: A network interface in a command line; the kernel allows 15 characters.
INTERFACE = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}"

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
