"""Which host keys are trusted: reading known_hosts files as OpenSSH does.

paramiko's own reader knows neither `@revoked` nor wildcards, and stops a whole file at one odd
line; trust is too important for that. Nothing here touches the network.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_STANDARD_PORT = 22
_HASH_MARK = "|1|"
#: The signature algorithms that a key of each type can be asked for. SHA-1 signatures are not.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


@dataclass(frozen=True)
class KnownKey:
    """One line of a known_hosts file: which hosts, which key, and where it stands."""

    patterns: str
    key_type: str
    blob: bytes
    revoked: bool
    source: str

    @property
    def fingerprint(self) -> str:
        """The fingerprint as `ssh-keygen -lf` prints it."""
        return fingerprint(self.blob)


def fingerprint(blob: bytes) -> str:
    """The SHA256 fingerprint of a public key blob, as OpenSSH writes it.

    >>> fingerprint(b"key")
    'SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM'
    """
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


def host_entry(name: str, port: int) -> str:
    """The name under which a host stands in known_hosts.

    >>> host_entry("Leaf1", 22), host_entry("leaf1", 2222)
    ('leaf1', '[leaf1]:2222')
    """
    lowered = name.lower()
    return lowered if port == _STANDARD_PORT else f"[{lowered}]:{port}"


def parse_known_hosts(text: str, source: str) -> list[KnownKey]:
    """Every usable line of a known_hosts text; lines OpenSSH would skip are skipped.

    Lines of certificate authorities are left out: host certificates are not supported, and a
    CA's key must never be taken for a host's.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        marker = fields.pop(0) if fields[0].startswith("@") else ""
        if marker not in {"", "@revoked"} or len(fields) < 3:  # noqa: PLR2004 - hosts, type, key
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        found.append(
            KnownKey(fields[0], fields[1], blob, marker == "@revoked", f"{source}:{number}")
        )
    return found


def load_known_hosts(paths: Iterable[Path]) -> list[KnownKey]:
    """Read several known_hosts files; a file that is not there holds no keys.

    Raises:
        OSError: A file is there but cannot be read.
    """
    keys: list[KnownKey] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            continue
        keys.extend(parse_known_hosts(text, str(path)))
    return keys


def matches(patterns: str, entry: str) -> bool:
    """Whether the first field of a known_hosts line means this host.

    >>> matches("*.example.org,!bad.example.org", "good.example.org")
    True
    >>> matches("*.example.org,!bad.example.org", "bad.example.org")
    False
    """
    if patterns.startswith(_HASH_MARK):
        return _matches_hashed(patterns, entry)
    hit = False
    for pattern in patterns.lower().split(","):
        negated = pattern.startswith("!")
        # `[` is an ordinary character in known_hosts ("[host]:port"), but a class in fnmatch.
        glob = pattern.removeprefix("!").replace("[", "[[]")
        if fnmatchcase(entry, glob):
            if negated:
                return False
            hit = True
    return hit


def _matches_hashed(field: str, entry: str) -> bool:
    try:
        salt, wanted = (base64.b64decode(part) for part in field[len(_HASH_MARK) :].split("|"))
    except (binascii.Error, ValueError):
        return False
    # SHA-1 is what the file format says; it hides names, it protects nothing.
    return hmac.compare_digest(hmac.new(salt, entry.encode(), hashlib.sha1).digest(), wanted)


def keys_of(known: Iterable[KnownKey], entry: str) -> list[KnownKey]:
    """The lines that speak of this host, trusted and revoked."""
    return [key for key in known if matches(key.patterns, entry)]


def preferred_algorithms(held: Iterable[KnownKey], available: Sequence[str]) -> tuple[str, ...]:
    """The host key algorithms to ask for: those that known_hosts can judge come first.

    Without it a host known by its ECDSA key alone would be refused for showing its Ed25519 key.
    """
    wanted = [
        algorithm
        for key in held
        if not key.revoked
        for algorithm in _ALGORITHMS.get(key.key_type, (key.key_type,))
    ]
    return tuple(
        [name for name in available if name in wanted]
        + [name for name in available if name not in wanted]
    )
