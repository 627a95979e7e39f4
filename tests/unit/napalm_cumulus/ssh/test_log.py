"""The session log: what stands in it, what must not, and that it never disturbs."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import shlex
import stat
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from napalm.base.exceptions import (
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionException,
)

from napalm_cumulus import CumulusDriver, batch
from napalm_cumulus.redaction import REMOVED, redactor
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh import log as session_log
from napalm_cumulus.ssh.log import SessionLog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.napalm_cumulus.conftest import Site

HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z cumulus@127\.0\.0\.1:\d+ \[\w{4}\] ")


def log_of(path: Path, *secrets: str) -> SessionLog:
    return SessionLog(path, "me@leaf:22", secrets)


def result(command: str = "true", stdout: bytes = b"", stderr: bytes = b"") -> CommandResult:
    return CommandResult(command, 0, stdout, stderr)


def test_a_session_is_logged_from_open_to_close(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "log"
    session = site.session(site.server(), session_log=str(path))
    session.run("cat; echo err >&2; exit 3", stdin=b"one\ntwo\n")
    with pytest.raises(CommandTimeoutException):
        session.run("sleep 3", timeout=0.2)
    session.close()
    session.close()
    lines = path.read_text().splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert all(HEAD.match(line) for line in heads)
    said = [HEAD.sub("", line) for line in lines]
    assert said[0] == "opened"
    assert re.fullmatch(r"exit 3, 0\.\d{3} s, stdin 8 B: cat; echo err >&2; exit 3", said[1])
    assert said[2:4] == [r"    stdout 8 B: one\ntwo", "    stderr 4 B: err"]
    assert re.fullmatch(r"no result, 0\.\d{3} s, stdin 0 B: sleep 3", said[4])
    assert said[5].startswith("    CommandTimeoutException: 'sleep 3' on 127.0.0.1")
    assert said[6:] == ["closed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_batch_is_logged_command_by_command(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "log"
    device = CumulusDriver(
        "x", "u", "p", transport=site.session(site.server(), session_log=str(path))
    )
    device.open()
    device.cli(["echo 'a b'", "echo no >&2; exit 4"], check=False)
    text = path.read_text()
    assert "    $ echo 'a b' (exit 0)\n    stdout 4 B: a b\n" in text
    assert "    $ echo no >&2; exit 4 (exit 4)\n    stderr 3 B: no\n" in text
    assert "BOUNDARY" not in text


def test_a_batch_without_a_result_names_its_commands(tmp_path: Path) -> None:
    script = batch.script(["echo a", "sleep 5"], "--b")
    log_of(tmp_path / "log").failed(batch.SHELL, script, 1, TimeoutError("late"))
    assert "    $ echo a\n    $ sleep 5\n    TimeoutError: late\n" in (tmp_path / "log").read_text()


def test_a_login_that_fails_is_logged(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "log"
    server = site.server(authorized=[], password="right")
    with pytest.raises(ConnectAuthError):
        site.session(server, "wrong-one", key_file="", session_log=str(path))
    text = path.read_text()
    assert "not opened: ConnectAuthError" in text
    assert "wrong-one" not in text


# --- secrets ----------------------------------------------------------------------------------

PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("login with s3cret!", "s3cret!"),
        (f"a\n{PEM}\nb", "b3BlbnNzaC1"),
        (PEM[:50], "b3Blbn"),
        ("root:$6$saltsalt$Aa./0hash:19000:0:99999", "Aa./0hash"),
        ("root:$y$j9T$salt$hash.1:1:", "hash.1"),
        ("neighbor 10.0.0.1 password 7 0822455D0A16", "0822455D0A16"),
        ("neighbor swp1 password hunter2", "hunter2"),
        ('{"bgpPassword": "hun\\"ter2", "x": 1}', "ter2"),
        ('"{\\"password\\": \\"hunter2\\"}"', "hunter2"),
        ("export OS_PASSWORD='hunter 2'", "hunter 2"),
        ("OS_TOKEN=hunter2; id", "hunter2"),
        ("--auth-key hunter2", "hunter2"),
        ("    wpa-psk hunter2", "hunter2"),
        ("rocommunity hunter2 default", "hunter2"),
        ("createUser me MD5 hunter2 DES other3", "other3"),
        ("https://me:hunter2@host/path", "hunter2"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
    ],
)
def test_secrets_are_removed(text: str, hidden: str) -> None:
    redacted = redactor(["s3cret!"])(text)
    assert hidden not in redacted
    assert REMOVED in redacted


@pytest.mark.parametrize(
    "text",
    [
        "ip -j -d addr show",
        "iface vlan453\n    address-virtual 00:00:5e:00:01:c5 130.246.212.1/22",
        "swp1 is up, no password",
        "key\n",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redactor(["s3cret!", "", None])(text) == text


@pytest.mark.parametrize("secret", ["it's 'quoted'", 'say "x"', "a\\b", "späte Grüße", "a/b c"])
def test_a_secret_is_found_however_it_is_spelt(secret: str, tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", secret)
    spellings = (secret, shlex.quote(secret), json.dumps(secret), quote(secret, safe=""))
    for spelling in spellings:
        log.ran(result(f"echo {spelling}", spelling.encode(), spelling.encode()), b"", 0)
    text = (tmp_path / "log").read_text()
    assert text.count(REMOVED) == 3 * len(spellings)
    assert not any(spelling.strip("'\"") in text for spelling in spellings)


def test_no_secret_shows_where_the_output_is_cut(tmp_path: Path) -> None:
    secret = "correct horse battery staple"
    path = tmp_path / "log"
    log = log_of(path, secret)
    # Much is removed before the place where the window ends, in the midst of the secret.
    for shift in range(0, len(secret), 3):
        key = PEM.replace("AAAA", "A" * (session_log._WINDOW - len(PEM) - 10 - shift))
        log.ran(result(stdout=f"{key}{'x' * 10}{secret}".encode() * 2), b"", 0)
    text = path.read_text()
    assert "corr" not in text
    assert "AAAA" not in text


# --- bounds -----------------------------------------------------------------------------------


def test_long_things_are_shortened_and_stay_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log_of(path).ran(result("x" * 5000 + "\n", b"\x1b[31m\r\n\0\xff" * 50_000), b"", 0)
    text = path.read_text()
    assert len(text) < 2500
    assert len(text.splitlines()) == 2
    assert "stdout 450000 B" in text or "stdout 400000 B" in text
    assert "\x1b" not in text
    assert "…" in text


def test_the_log_is_bounded_and_one_old_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, entry = session_log.LIMIT, session_log._ENTRY
    assert (limit, entry) == (1024 * 1024, limit // 4)
    monkeypatch.setattr(session_log, "LIMIT", limit // 32)
    monkeypatch.setattr(session_log, "_ENTRY", entry // 32)
    path = tmp_path / "log"
    log = log_of(path)
    many = [f"echo {'y' * 400} {number}" for number in range(160)]
    script = batch.script(many, "--b")
    for _ in range(14):
        log.failed(batch.SHELL, script, 0, TimeoutError())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log", "log.1"]
    for each in tmp_path.iterdir():
        assert each.stat().st_size <= session_log.LIMIT
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert (tmp_path / "log.1").stat().st_size > session_log.LIMIT / 2


def test_sessions_share_a_file_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_log, "LIMIT", 20_000)
    path = tmp_path / "log"

    def work(number: int) -> None:
        log = log_of(path)
        for turn in range(25):
            log.note(f"turn {number}.{turn} {'x' * 50}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (tmp_path / "log.1").read_text() + path.read_text()
    assert (
        len(re.findall(r"^\d{4}\S+ me@leaf:22 \[\w{4}\] turn \d\.\d+ x{50}$", text, re.MULTILINE))
        == 200
    )
    assert len(text.splitlines()) == 200


# --- trouble ----------------------------------------------------------------------------------


def trouble(path: Path, kind: str) -> Path:
    if kind == "no folder":
        return path / "nowhere" / "log"
    if kind == "folder":
        path.mkdir()
    if kind == "link":
        (path.parent / "target").write_text("mine")
        path.symlink_to(path.parent / "target")
    if kind == "pipe":
        os.mkfifo(path)
    return path


@pytest.mark.parametrize("kind", ["no folder", "folder", "link", "pipe"])
def test_a_log_that_cannot_be_written_is_said_once(
    site: Site, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").mkdir()
    path = trouble(tmp_path / "logs" / "log", kind)
    with caplog.at_level(logging.WARNING, "napalm_cumulus"):
        session = site.session(site.server(), session_log=str(path))
        assert session.run("echo on").stdout == b"on\n"
        assert session.run("echo on").stdout == b"on\n"
    warnings = [each for each in caplog.records if "cannot be written" in each.getMessage()]
    assert len(warnings) == 1
    if kind == "link":
        assert (tmp_path / "logs" / "target").read_text() == "mine"


def test_a_log_that_somebody_holds_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log"
    begun = time.monotonic()
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with caplog.at_level(logging.WARNING, "napalm_cumulus"):
            log_of(path).note("hello")
    assert time.monotonic() - begun < 30
    assert "holds its lock" in caplog.text


def test_an_open_file_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch(0o644)
    log_of(path).note("hello")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- the time of the whole --------------------------------------------------------------------


def test_the_sessions_time_ends_it(site: Site) -> None:
    session = site.session(site.server(), session_timeout=0.5)
    # A command that has begun may end: half a change would be worse.
    assert session.run("sleep 0.7; echo whole").stdout == b"whole\n"
    with pytest.raises(CommandTimeoutException, match=r"not begun .*0\.5 s \(session_timeout\)"):
        session.run("touch never")
    assert not session.connected()
    assert not session.is_alive()


def test_a_session_whose_time_is_over_is_opened_anew_for_reads(site: Site) -> None:
    server = site.server()
    device = CumulusDriver(
        "127.0.0.1",
        "cumulus",
        "",
        5,
        {
            "port": server.port,
            "key_file": str(site.key_file),
            "known_hosts_file": str(site.known_hosts),
            "ssh_config_file": str(site.config),
            "use_agent": False,
            "session_timeout": 0.4,
        },
    )
    device.open()
    site.stack.callback(device.close)
    threading.Event().wait(0.5)
    assert device.is_alive() == {"is_alive": False}
    device.open()
    assert device.cli(["echo new"]) == {"echo new": "new\n"}


@pytest.mark.parametrize("value", [-1, "nan", "inf"])
def test_a_time_must_make_sense(site: Site, value: object) -> None:
    with pytest.raises(ConnectionException, match="session_timeout is a number from 0 to"):
        site.options(site.server(), session_timeout=value)
