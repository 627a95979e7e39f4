"""Checks of names that come from outside, and removal of secrets from texts.

Every name from a site system may later be part of a command line or be an SSH destination. So it is
checked where it comes in, against a narrow alphabet, and later code can trust it.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
)
from urllib.parse import urlsplit, urlunsplit

IpAddress = IPv4Address | IPv6Address
IpInterface = IPv4Interface | IPv6Interface
IpNetwork = IPv4Network | IPv6Network

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_MAX_HOSTNAME = 253
# LLDP port texts are free: "swp1s3", "TenGigabitEthernet 0/12", "Eth1/1 [uplink]". Characters that
# a shell would act on (quotes, $, `, ;, &, |, <, >, backslash, *, ?) are not allowed.
_PORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/:@+,#()\[\]-]{0,126}", re.ASCII)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}", re.ASCII)


def is_hostname(text: str) -> bool:
    r"""Return whether ``text`` can be a host name, short or full.

    >>> is_hostname("swt-sn2100-03.example.internal"), is_hostname("-oProxyCommand=x")
    (True, False)
    >>> is_hostname("hv50\n"), is_hostname(""), is_hostname("a..b")
    (False, False, False)
    """
    return len(text) <= _MAX_HOSTNAME and _HOSTNAME.fullmatch(text) is not None


def is_port_text(text: str) -> bool:
    """Return whether ``text`` is a port's name that is safe to show and to pass on.

    >>> is_port_text("swp1s3"), is_port_text("Te 0/12"), is_port_text("$(reboot)")
    (True, True, False)
    """
    return _PORT.fullmatch(text) is not None


def is_mac(text: str) -> bool:
    """Return whether ``text`` is a MAC address written with colons."""
    return _MAC.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """Return whether ``text`` is printable: without control or format characters."""
    return text.isprintable()


def is_address(text: str) -> bool:
    """Return whether ``text`` is an IP address.

    >>> is_address("10.5.0.43"), is_address("10.5.0.999"), is_address("swt-sn2100-03")
    (True, False, False)
    """
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def short_host(name: str) -> str:
    """Return the name up to its first dot; the whole name where it is an address.

    >>> short_host("swt-sn2100-03.example.internal"), short_host("10.5.0.43")
    ('swt-sn2100-03', '10.5.0.43')
    """
    return name if is_address(name) else name.split(".", 1)[0]


def compared_host(name: str) -> str:
    """Return the form of a name that is compared: in one case, without the dot of the root.

    >>> compared_host("SWT-03.example.")
    'swt-03.example'
    """
    return name.casefold().removesuffix(".")


def first_label(name: str) -> str:
    """Return what all forms of one host's name begin with, as it is compared.

    >>> first_label("SWT-03.example."), first_label("10.5.0.43")
    ('swt-03', '10.5.0.43')
    """
    return compared_host(short_host(name))


def same_host(one: str, other: str) -> bool:
    """Return whether two names can belong to one host: equal, or one is the other's short form.

    >>> same_host("HV50.example.internal", "hv50"), same_host("hv50.a.example", "hv50.b.example")
    (True, False)
    >>> same_host("10.5.0.43", "10"), same_host("hv50.a.example.", "hv50.a.example")
    (False, True)
    """
    one, other = compared_host(one), compared_host(other)
    if one == other:
        return True
    if "." in one and "." in other:
        return False
    return short_host(one) == short_host(other)


def spelled_like(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names that somebody may have meant, the likeliest first.

    >>> spelled_like("hv5O", ["hv50.a.example", "hv61.a.example", "other"])
    ['hv50.a.example']
    """
    wanted = name.casefold()
    by_form: dict[str, list[str]] = {}
    for one in dict.fromkeys(known):
        for form in {one.casefold(), short_host(one).casefold()}:
            by_form.setdefault(form, []).append(one)
    near = difflib.get_close_matches(wanted, by_form, n=most, cutoff=0.75)
    return list(dict.fromkeys(one for form in near for one in by_form[form]))[:most]


def whole_names(names: Iterable[str]) -> dict[str, str]:
    """Return one spelling for each name: the full one before the short, lower case before upper.

    A short name that can be several hosts stays as it is.

    >>> whole_names(["SW3", "sw3.a.example", "SW3.A.example"])["SW3"]
    'sw3.a.example'
    >>> whole_names(["sw3", "sw3.a.example", "sw3.b.example"])["sw3"]
    'sw3'
    """
    spelled: dict[str, str] = {}
    # Names of one host begin alike, so each is compared with few others, not with thousands.
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names), key=lambda n: (-n.count("."), n != n.lower(), n)):
        known = alike[first_label(name)]
        same = [other for other in known if same_host(other, name)]
        same = [other for other in same if compared_host(other) == compared_host(name)] or same
        spelled[name] = same[0] if len(same) == 1 else name
        if spelled[name] == name:
            known.append(name)
    return spelled


def without_credentials(text: str) -> str:
    """Return ``text`` without the user and password of every URL in it.

    >>> without_credentials("GET https://me:secret@host/x failed")
    'GET https://host/x failed'
    """
    return _USERINFO.sub("", text)


def clean_url(url: str) -> str:
    """Return a URL for a person: without credentials and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def one_line(text: object, limit: int = 200) -> str:
    r"""Return ``text`` on one printable line of bounded length, without credentials.

    >>> one_line("a\n  b\x1b[31m")
    'a b?[31m'
    """
    words = " ".join(without_credentials(str(text)).split())
    if not words.isprintable():
        words = "".join(char if char.isprintable() else "?" for char in words)
    return words if len(words) <= limit else words[: limit - 1] + "…"


def command(*words: str) -> str:
    """Return a command for a person to type, so that a shell takes each word as it is.

    Names of VMs and of LLDP neighbours are chosen by others.

    >>> command("vip", "heal", "web 1; reboot", "--switch", "swt-03")
    "vip heal 'web 1; reboot' --switch swt-03"
    """
    return shlex.join(words)


def age_in_words(seconds: float) -> str:
    """Return an age in words, to the precision that a person needs.

    >>> age_in_words(108_000), age_in_words(90.5), age_in_words(1), age_in_words(-3)
    ('30 hours', '90 seconds', '1 second', '0 seconds')
    """
    whole = max(0, int(seconds))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}s"
    return "1 second" if whole == 1 else f"{whole} seconds"


def ago(when: datetime) -> str:
    """Return how long ago a time was, in words: "30 hours ago"."""
    return f"{age_in_words((datetime.now(timezone.utc) - when).total_seconds())} ago"


def first_few(items: Sequence[str], most: int = 3) -> str:
    """Return the first few of many things, and the number of the others.

    >>> first_few(["a", "b", "c"], most=2), first_few(["a", "b"], most=2)
    ('a, b and 1 more', 'a, b')
    """
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question whether a known name was meant; empty where none is like it.

    >>> did_you_mean("hela", ["heal", "check"]), did_you_mean("x", ["heal"])
    ('Did you mean heal?', '')
    >>> did_you_mean("vlan543", ["vlan453", "vlan553"])
    'Did you mean vlan553 or vlan453?'

    A name that is known is no misspelling, whatever failed:

    >>> did_you_mean("hv50", ["hv50", "hv51"])
    ''
    """
    known = tuple(known)
    if name in known:
        return ""
    near = spelled_like(name, known)
    return f"Did you mean {' or '.join(near)}?" if near else ""
