"""The batch of commands: what the real `sh` makes of the script, and how its output is cut."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus import batch

BOUNDARY = "--0123456789abcdef"


LIMIT = 1_000_000


def run_packed(
    commands: list[str], *, path: str | None = None, before: str = ""
) -> list[tuple[int, bytes, bytes]]:
    done = subprocess.run(
        ["sh", "-c", f"{before}{batch.PACKED_SHELL}"],
        input=batch.script(commands, BOUNDARY),
        capture_output=True,
        check=False,
        timeout=20,
        env={"PATH": path} if path else None,
    )
    outputs = [batch.unpacked(data, BOUNDARY, LIMIT) for data in (done.stdout, done.stderr)]
    results = batch.parse(commands, BOUNDARY, *outputs)
    return [(result.exit_status, result.stdout, result.stderr) for result in results]


def test_a_packed_batch_is_the_same_batch() -> None:
    commands = ["cat; echo a; echo b >&2; exit 3", "true", "seq 20000", "printf '\\037\\213\\010'"]
    assert run_packed(commands) == run(commands)
    assert run_packed(["echo x"]) == [(0, b"x\n", b"")]


def test_what_a_login_says_before_does_not_spoil_a_packed_batch() -> None:
    (result,) = run_packed(["echo x"], before="echo 'sudo: unable to resolve host' >&2; ")
    assert result == (0, b"x\n", b"sudo: unable to resolve host\n")


def test_without_gzip_a_batch_is_not_packed(tmp_path: Path) -> None:
    for tool in ("sh", "gunzip"):
        (tmp_path / tool).symlink_to(f"/bin/{tool}")
    commands = ["echo x", "printf '\\037\\213\\010'"]
    assert run_packed(commands, path=str(tmp_path)) == [(0, b"x\n", b""), (0, b"\x1f\x8b\x08", b"")]


def test_a_packed_answer_that_was_cut_off_is_not_believed() -> None:
    script = batch.script(["seq 20000", "true"], BOUNDARY)
    done = subprocess.run(
        ["sh", "-c", batch.PACKED_SHELL], input=script, capture_output=True, check=True
    )
    half = batch.unpacked(done.stdout[: len(done.stdout) // 2], BOUNDARY, LIMIT)
    assert half.startswith(b"1\n2\n")
    with pytest.raises(CommandErrorException, match="ended after 0 of 2"):
        batch.parse(["seq 20000", "true"], BOUNDARY, half, b"")


def test_a_packed_answer_has_its_limits() -> None:
    bomb = gzip.compress(b"0" * 100_000)
    with pytest.raises(CommandErrorException, match="more than 1000 bytes"):
        batch.unpacked(bomb, BOUNDARY, 1000)
    with pytest.raises(CommandErrorException, match="cannot be read"):
        batch.unpacked(bomb[:20] + b"garbage" * 9, BOUNDARY, 1000)


def run(commands: list[str], boundary: str = BOUNDARY) -> list[tuple[int, bytes, bytes]]:
    done = subprocess.run(
        ["sh", "-s"],
        input=batch.script(commands, boundary),
        capture_output=True,
        check=False,
        timeout=20,
    )
    results = batch.parse(commands, boundary, done.stdout, done.stderr)
    assert [result.command for result in results] == commands
    return [(result.exit_status, result.stdout, result.stderr) for result in results]


def test_each_command_keeps_its_own_output_and_status() -> None:
    assert run(["echo a; echo b >&2; exit 3", "true", "printf c"]) == [
        (3, b"a\n", b"b\n"),
        (0, b"", b""),
        (0, b"c", b""),
    ]


def test_output_is_binary_safe() -> None:
    (result,) = run(["printf '\\000\\377\\n\\r\\n'; printf '\\001' >&2"])
    assert result == (0, b"\0\xff\n\r\n", b"\x01")


def test_output_that_looks_like_a_boundary_is_output() -> None:
    other = BOUNDARY[:-1]
    (first, second) = run([f"echo '{other} 0'", "echo '--0123 7'"])
    assert first == (0, f"{other} 0\n".encode(), b"")
    assert second == (0, b"--0123 7\n", b"")


def test_commands_cannot_read_the_rest_of_the_script() -> None:
    assert run(["cat", "echo still here"]) == [(0, b"", b""), (0, b"still here\n", b"")]


def test_quotes_newlines_and_dollars_reach_the_shell_unharmed() -> None:
    assert run(["x='it'\"'\"'s'; echo \"$x\" $((1+1))\necho `echo two`"]) == [
        (0, b"it's 2\ntwo\n", b"")
    ]


def test_an_exit_or_a_syntax_error_ends_only_its_own_command() -> None:
    first, second, third = run(["exit 7", "if then", "echo on"])
    assert first[0] == 7
    assert second[0] == 2
    assert second[2]
    assert third == (0, b"on\n", b"")


def test_a_killed_command_has_the_shells_status() -> None:
    assert run(["kill -KILL $$"])[0][0] == 137


def test_a_batch_that_was_cut_is_an_error_that_names_the_command() -> None:
    commands = ["echo one", "echo two"]
    stdout = f"one\n{BOUNDARY} 0\ntw".encode()
    with pytest.raises(CommandErrorException, match=r"1 of 2 commands.*'echo two'"):
        batch.parse(commands, BOUNDARY, stdout, f"{BOUNDARY}\n".encode())


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(CommandErrorException, match="NUL"):
        batch.script(["echo \0"], BOUNDARY)


def test_boundaries_differ() -> None:
    assert batch.new_boundary() != batch.new_boundary()
