"""Trusted host keys: reads known_hosts files as OpenSSH does.

paramiko's own reader supports neither ``@revoked`` nor wildcards, and stops reading a file at one
odd line; trust is too important for that. Nothing here uses the network.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from napalm_cumulus.ssh.file_cache import FileCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_STANDARD_PORT = 22
_HASH_MARK = "|1|"
_PATTERN = re.compile(r"[*?!]")
_SHA1_BLOCK = 64
_MAX_PATTERN = 1024
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
#: The signature algorithms for a key of each type; without SHA-1 signatures.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a known_hosts file: its hosts, its key, and its place."""

    patterns: str
    key_type: str
    blob: bytes
    revoked: bool
    source: str

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as ``ssh-keygen -lf`` prints it."""
        return fingerprint(self.blob)


def fingerprint(blob: bytes) -> str:
    """Return the SHA256 fingerprint of a public key blob, as OpenSSH writes it.

    >>> fingerprint(b"key")
    'SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM'
    """
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


def host_entry(name: str, port: int) -> str:
    """Return the name of a host in known_hosts.

    >>> host_entry("Leaf1", 22), host_entry("leaf1", 2222)
    ('leaf1', '[leaf1]:2222')
    """
    lowered = name.lower()
    return lowered if port == _STANDARD_PORT else f"[{lowered}]:{port}"


def parse_known_hosts(text: str, source: str) -> list[KnownKey]:
    """Return every usable line of a known_hosts text; lines that OpenSSH would skip are skipped.

    Lines of certificate authorities are left out: host certificates are not supported, and a CA's
    key must never be used as a host's.
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


class KnownHosts:
    """The lines of one known_hosts file, indexed by name, since a site's file has thousands.

    Args:
        keys: the file's lines, in order.
    """

    def __init__(self, keys: Iterable[KnownKey]) -> None:
        self._keys = tuple(keys)
        self._named: dict[str, list[int]] = {}
        self._hashed: list[tuple[bytes, bytes, bytes, int]] = []
        self._patterns: list[int] = []
        for place, key in enumerate(self._keys):
            if key.patterns.startswith(_HASH_MARK):
                self._hashed += [(*pads, place) for pads in _hmac_pads(key.patterns)]
            elif _PATTERN.search(key.patterns):
                self._patterns.append(place)
            else:
                for name in set(key.patterns.lower().split(",")):
                    self._named.setdefault(name, []).append(place)

    def keys_of(self, entry: str) -> list[KnownKey]:
        """Return the lines about this host, trusted and revoked."""
        places = [*self._named.get(entry, [])]
        places += [place for place in self._patterns if matches(self._keys[place].patterns, entry)]
        # Every hashed line has to be tried. Python's own HMAC takes three times as long.
        name, sha1 = entry.encode(), hashlib.sha1
        places += [
            place
            for inner, outer, wanted, place in self._hashed
            if sha1(outer + sha1(inner + name).digest()).digest() == wanted
        ]
        return [self._keys[place] for place in sorted(places)]


def _hmac_pads(field: str) -> list[tuple[bytes, bytes, bytes]]:
    """Return the pads of HMAC-SHA1 for the salt of a hashed name, and the hash.

    Nothing for a malformed field.
    """
    try:
        salt, wanted = (base64.b64decode(part) for part in field[len(_HASH_MARK) :].split("|"))
    except (binascii.Error, ValueError):
        return []
    # OpenSSH's salts have 20 bytes; one longer than a block would have to be hashed first.
    if len(salt) > _SHA1_BLOCK:
        return []
    block = salt.ljust(_SHA1_BLOCK, b"\0")
    return [(block.translate(_INNER), block.translate(_OUTER), wanted)]


def _read(path: Path) -> KnownHosts:
    text = path.read_text(encoding="utf-8", errors="replace")
    return KnownHosts(parse_known_hosts(text, str(path)))


_FILES = FileCache(_read)


def known_keys(paths: Iterable[Path], entry: str) -> list[KnownKey]:
    """Return the keys of one host in several known_hosts files; a missing file has none.

    Raises:
        OSError: a file exists but cannot be read.
    """
    return [key for path in paths for key in _keys_in(path, entry)]


def _keys_in(path: Path, entry: str) -> list[KnownKey]:
    try:
        return _FILES.get(path).keys_of(entry)
    except (FileNotFoundError, NotADirectoryError):
        return []


def matches(patterns: str, entry: str) -> bool:
    """Return whether plain or wildcard names of a known_hosts line match this host.

    >>> matches("*.example.org,!bad.example.org", "good.example.org")
    True
    >>> matches("*.example.org,!bad.example.org", "bad.example.org")
    False
    """
    hit = False
    for pattern in patterns.lower().split(","):
        if len(pattern) > _MAX_PATTERN:  # as in OpenSSH: the line matches no host
            return False
        negated = pattern.startswith("!")
        # ``[`` is an ordinary character in known_hosts ("[host]:port"), but a class in fnmatch.
        glob = pattern.removeprefix("!").replace("[", "[[]")
        if fnmatchcase(entry, glob):
            if negated:
                return False
            hit = True
    return hit


def preferred_algorithms(held: Iterable[KnownKey], available: Sequence[str]) -> tuple[str, ...]:
    """Return the host key algorithms to ask for; those that known_hosts can verify come first.

    Otherwise a host that is known only by its ECDSA key would be refused for showing its Ed25519
    key.
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
