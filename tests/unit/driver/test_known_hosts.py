"""known_hosts as OpenSSH reads it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from napalm_cumulus.known_hosts import (
    host_entry,
    keys_of,
    load_known_hosts,
    matches,
    parse_known_hosts,
    preferred_algorithms,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(b"a key").decode()
AVAILABLE = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


def hashed(name: str) -> str:
    salt = b"0123456789abcdef0123"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def test_plain_listed_and_ported_names() -> None:
    known = parse_known_hosts(f"leaf1,10.5.0.41 ssh-ed25519 {KEY} a comment\n", "kh")
    assert keys_of(known, "leaf1")[0].blob == b"a key"
    assert keys_of(known, "10.5.0.41")[0].source == "kh:1"
    assert not keys_of(known, host_entry("leaf1", 2222))
    ported = parse_known_hosts(f"[leaf1]:2222 ssh-ed25519 {KEY}\n", "kh")
    assert keys_of(ported, host_entry("LEAF1", 2222))
    assert not keys_of(ported, "leaf1")


def test_brackets_are_no_character_class() -> None:
    assert not matches("[leaf1]:2222", "l")
    assert matches("[*.example.org]:2222", "[leaf1.example.org]:2222")


def test_hashed_names() -> None:
    known = parse_known_hosts(f"{hashed('[leaf1]:2222')} ssh-ed25519 {KEY}\n", "kh")
    assert keys_of(known, "[leaf1]:2222")
    assert not keys_of(known, "leaf1")
    assert not matches("|1|broken", "leaf1")


def test_negated_pattern_excludes() -> None:
    assert not matches("*,!leaf1", "leaf1")
    assert matches("*,!leaf1", "leaf2")


def test_markers_comments_and_rubbish() -> None:
    text = (
        f"# comment\n\n@revoked leaf1 ssh-ed25519 {KEY}\n@cert-authority * ssh-ed25519 {KEY}\n"
        "leaf1 ssh-ed25519 !!!\nleaf1\n"
    )
    known = parse_known_hosts(text, "kh")
    assert [(key.revoked, key.source) for key in known] == [(True, "kh:3")]


def test_absent_file_is_empty(tmp_path: Path) -> None:
    assert load_known_hosts([tmp_path / "none"]) == []


def test_algorithms_that_can_be_judged_come_first() -> None:
    held = parse_known_hosts(f"leaf1 ssh-rsa {KEY}\n", "kh")
    assert preferred_algorithms(held, AVAILABLE)[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    revoked = parse_known_hosts(f"@revoked leaf1 ssh-rsa {KEY}\n", "kh")
    assert preferred_algorithms(revoked, AVAILABLE) == AVAILABLE
