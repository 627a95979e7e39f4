from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path

import pytest
from pydantic import SecretStr

from runbooks.run.records import RecordError, append_audit, now, plain, write_report


def test_a_report_is_whole_and_private(tmp_path: Path) -> None:
    path = write_report(tmp_path / "new", "heal-../../etc", now(), {"vip": ip_address("10.0.0.1")})
    assert path.parent == tmp_path / "new"
    assert json.loads(path.read_text()) == {"vip": "10.0.0.1"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_report_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordError, match="No space left"):
        write_report(tmp_path, "heal", now(), {})
    assert list(tmp_path.iterdir()) == []


def test_audit_lines_of_many_writers_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append_audit(path, {"n": n, "diff": "x" * 5000}), range(64)))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(line["n"] for line in lines) == list(range(64))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_audit_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    append_audit(path, {"n": 1})
    append_audit(path, {"n": 2})
    assert path.read_text() == '{"n":1}\n{"n":2}\n'


def test_half_a_character_in_a_name_keeps_nothing_from_being_recorded(tmp_path: Path) -> None:
    target = "vm-\udcff"  # a word of the command line that is no UTF-8
    append_audit(tmp_path / "audit.jsonl", {"target": target})
    report = write_report(tmp_path, "heal", now(), {"target": target})
    for path in (tmp_path / "audit.jsonl", report):
        assert json.loads(path.read_text("utf-8")) == {"target": target}


def test_a_secret_stays_one() -> None:
    assert "hunter2" not in json.dumps(plain({"pin": SecretStr("hunter2")}))
