"""known_hosts as OpenSSH reads it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from napalm_cumulus.ssh.known_hosts import (
    KnownHosts,
    KnownKey,
    host_entry,
    known_keys,
    matches,
    parse_known_hosts,
    preferred_algorithms,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(b"a key").decode()
AVAILABLE = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


def keys_of(known: list[KnownKey], entry: str) -> list[KnownKey]:
    return KnownHosts(known).keys_of(entry)


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
    assert not keys_of(parse_known_hosts(f"|1|broken ssh-ed25519 {KEY}\n", "kh"), "leaf1")


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
    assert known_keys([tmp_path / "none"], "leaf1") == []
    assert known_keys([tmp_path / "none" / "none"], "leaf1") == []


def test_lines_are_found_in_their_order_however_they_name_the_host() -> None:
    lines = ["*", "leaf1,leaf2", hashed("leaf1"), "Leaf1,leaf1", "leaf?,!leaf1", "leaf?"]
    known = parse_known_hosts("".join(f"{x} ssh-ed25519 {KEY}\n" for x in lines), "kh")
    assert [key.source for key in keys_of(known, "leaf1")] == [f"kh:{n}" for n in (1, 2, 3, 4, 6)]


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"leaf1 ssh-ed25519 {KEY}\n")
    assert len(known_keys([file], "leaf1")) == 1
    file.write_text(f"leaf1 ssh-ed25519 {KEY}\n@revoked leaf1 ssh-ed25519 {KEY}\n")
    assert [key.revoked for key in known_keys([file], "leaf1")] == [False, True]
    file.unlink()
    assert known_keys([file], "leaf1") == []


def test_a_file_is_read_once_for_all_hosts(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"leaf{n} ssh-ed25519 {KEY}\n" for n in range(3)))
    (first,), (again,) = known_keys([file], "leaf1"), known_keys([file], "leaf1")
    assert first is again


def test_algorithms_that_can_be_judged_come_first() -> None:
    held = parse_known_hosts(f"leaf1 ssh-rsa {KEY}\n", "kh")
    assert preferred_algorithms(held, AVAILABLE)[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    revoked = parse_known_hosts(f"@revoked leaf1 ssh-rsa {KEY}\n", "kh")
    assert preferred_algorithms(revoked, AVAILABLE) == AVAILABLE
