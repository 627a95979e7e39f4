"""Records on file systems that are full, limited, or shared with people who are not trusted."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runbooks.run import record_files
from runbooks.run.records import RecordError, append_audit, now, write_report

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
_LONG = "x" * 3000


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few pages."""
    at = tmp_path / "disk"
    at.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", str(at)], check=False
    )
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield at
    subprocess.run(["umount", str(at)], check=True)


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@AS_ROOT
def test_a_full_disk_leaves_no_half_of_a_line(full_disk: Path) -> None:
    path = full_disk / "audit.jsonl"
    for number in range(4):
        append_audit(path, {"n": number, "diff": _LONG})
    with pytest.raises(RecordError, match="No space left on device"):
        append_audit(path, {"n": 4, "diff": _LONG * 2})
    assert [line["n"] for line in lines_of(path)] == [0, 1, 2, 3]
    assert path.read_bytes().endswith(b"\n")
    # What fits is written; it is a line of its own.
    append_audit(path, {"n": "short"})
    assert lines_of(path)[-1] == {"n": "short"}


@AS_ROOT
def test_a_full_disk_leaves_no_half_of_a_report(full_disk: Path) -> None:
    with pytest.raises(RecordError, match="No space left on device"):
        write_report(full_disk, "heal", now(), {"diff": _LONG * 10})
    assert list(full_disk.iterdir()) == []


def test_a_limit_on_the_size_of_files_leaves_no_half_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    append_audit(path, {"n": 1})
    before = path.read_bytes()
    child = os.fork()
    if child == 0:  # the limit is the process's
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            append_audit(path, {"n": 2, "diff": _LONG})
        except RecordError as error:
            os._exit(0 if "File too large" in str(error) else 2)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() == before


def test_a_line_that_a_crash_tore_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"n":1}\n{"n":2,"di')
    append_audit(path, {"n": 3})
    assert path.read_text() == '{"n":1}\n{"n":2,"di\n{"n":3}\n'


@pytest.mark.parametrize("call", ["os.fsync", "os.dup"])
def test_a_disk_that_is_full_only_at_the_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "audit.jsonl"
    append_audit(path, {"n": 1})

    def full(_: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(RecordError, match="No space left"):
        append_audit(path, {"n": 2})
    assert path.read_text() == '{"n":1}\n'


def test_nobody_cuts_off_what_another_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer fails and takes its time over it; the other's line is there afterwards."""
    path = tmp_path / "audit.jsonl"
    real, failing = os.fsync, threading.Event()

    def slow(descriptor: int) -> None:
        if threading.current_thread().name != "fails":
            real(descriptor)
            return
        failing.set()
        time.sleep(0.3)
        raise OSError(28, "No space left on device")

    def fail() -> None:
        with pytest.raises(RecordError):
            append_audit(path, {"n": "fails"})

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(target=fail, name="fails")
    thread.start()
    failing.wait(60)
    append_audit(path, {"n": "other"})
    thread.join()
    assert lines_of(path) == [{"n": "other"}]


def test_a_lock_that_is_never_given_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    append_audit(path, {"n": 1})
    monkeypatch.setattr(record_files, "_LOCK_SECONDS", 0.2)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RecordError, match=r"another process has locked it for 0\.2 s"):
            append_audit(path, {"n": 2})
    assert lines_of(path) == [{"n": 1}]


def _link(path: Path) -> None:
    target = path.with_name("shadow")
    target.write_text("root:x\n")
    path.symlink_to(target)


def _foreign(path: Path) -> None:
    path.write_text("")
    os.chown(path, 12345, 12345)


def _writable(path: Path) -> None:
    path.write_text("")
    path.chmod(0o666)


def _directory_of_another(path: Path) -> None:
    os.chown(path.parent, 12345, 12345)


def _open_directory(path: Path) -> None:
    path.parent.chmod(0o777)


@AS_ROOT
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link, "symbolic link"),
        (os.mkfifo, "no regular file"),
        (_foreign, r"it belongs to another user \(id 12345\)"),
        (_writable, "it can be changed by everybody"),
        (_directory_of_another, "the directory .* belongs to another user"),
        (_open_directory, "the directory .* can be changed by everybody"),
    ],
)
def test_an_audit_log_that_others_could_have_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None], words: str
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    path = tmp_path / "records" / "audit.jsonl"
    path.parent.mkdir(mode=0o700)
    spoil(path)
    with pytest.raises(RecordError, match=words):
        append_audit(path, {"n": 1})
    left = path.parent / "shadow"
    assert not left.exists() or left.read_text() == "root:x\n"


@AS_ROOT
def test_a_report_is_not_written_where_everybody_can_change_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(RecordError, match="can be changed by everybody"):
        write_report(tmp_path, "heal", now(), {})
    assert list(tmp_path.iterdir()) == []


@AS_ROOT
def test_under_sudo_the_records_stay_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next run without sudo could record nothing, and so change nothing."""
    monkeypatch.setenv("SUDO_UID", "12345")
    directory = tmp_path / "state"
    directory.mkdir()
    os.chown(directory, 12345, 12346)
    append_audit(directory / "audit.jsonl", {"n": 1})
    append_audit(directory / "audit.jsonl", {"n": 2})
    report = write_report(directory, "heal", now(), {})
    for path in (directory / "audit.jsonl", report):
        found = path.stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, 0o600)


def test_an_open_umask_opens_nothing(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        append_audit(tmp_path / "a" / "audit.jsonl", {"n": 1})
        report = write_report(tmp_path / "b", "heal", now(), {})
    finally:
        os.umask(old)
    for path in (tmp_path / "a" / "audit.jsonl", report):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
