"""Numbers, times, directories, the log, and a state that cannot be read (base.sh, answer.sh)."""

from __future__ import annotations

import pytest

from tests.unit.napalm_cumulus.commit.switch.conftest import ID, Program

SOUND = {
    "mode": "targeted\n",
    "hold": "pending\n",
    "interfaces": "vlan453\n",
    "deadline": "99\n",
    **dict.fromkeys(("manifest", "changed", "removed"), ""),
    **dict.fromkeys(("expect.new", "expect.keep", "expect.old"), ""),
}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("42\nx", "42"),
        ("9" * 15, "9" * 15),
        ("9" * 16, None),
        ("", None),
        ("-1", None),
        ("4 2", None),
        ("042", None),
        ("1.5", None),
        ("x", None),
    ],
)
def test_a_whole_number(program: Program, text: str, number: str | None) -> None:
    program.keep({"n": text})
    said = program.run('number "$T/n"')
    assert (said.out if said.status == 0 else None) == number


def test_a_command_that_hangs_is_killed_and_keeps_no_lock(program: Program) -> None:
    said = program.run(
        'exec 8>"$W/lock"; flock 8\n'
        'within 0.2 sh -c "sleep 60 & exec sleep 60"; echo $?\n'
        'exec 8>&-; flock -n "$W/lock" echo free'
    )
    assert said.lines == ["137", "free"]


@pytest.mark.parametrize(
    ("make", "right"),
    [
        ("true", True),
        ('mkdir -m 700 "$W/d"', True),
        ('mkdir -m 755 "$W/d"', True),
        ('mkdir -m 775 "$W/d"', False),
        ('mkdir -m 777 "$W/d"', False),
        ('ln -s "$W" "$W/d"', False),
        ('ln -s "$W/nothing" "$W/d"', False),
        (': >"$W/d"', False),
    ],
)
def test_a_directory_that_others_may_have_made_is_refused(
    program: Program, make: str, *, right: bool
) -> None:
    said = program.run(f'umask 0; {make}; require_own "$W/d"; stat -c %a "$W/d" 2>/dev/null; true')
    assert (said.status == 0) == right
    assert ("was not made by this program" in said.out) == (not right)
    assert said.out in {"", "700\n"} or not right


def test_what_a_command_says_is_kept_up_to_a_bound(program: Program) -> None:
    said = program.run(
        "LOG_BOUND=1000\n"
        "logged sh -c 'seq 100000; echo the end; exit 7'; echo $?\n"
        "logged sh -c 'seq 100000; echo another end'; echo $?\n"
        'logged echo no room; wc -c <"$T/log"'
    )
    status, again, size = map(int, said.lines)
    log = program.read("run/pending/log")
    assert (status, again) == (7, 0)
    assert log.startswith("1\n2\n3\n")
    assert "(more was said than is kept; its end:)" in log
    assert "the end\n" in log
    assert size < 2 * 1000 + 2 * 8300


def test_a_daemon_that_a_command_leaves_behind_keeps_nobody_waiting(program: Program) -> None:
    said = program.run("logged sh -c 'echo begun; sleep 600 &'; echo $?", timeout=20)
    assert said.out == "0\n"
    assert program.read("run/pending/log") == "begun\n"


def test_a_sound_state_is_left_as_it_is(program: Program) -> None:
    program.keep(SOUND)
    program.run('mend_state "$T"')
    assert program.read("run/pending/damaged") == ""
    assert program.read("run/pending/mode") == "targeted\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("id", "../../x\n"), ("id", "0123"), ("mode", "x"), ("hold", ""), ("deadline", "soon")],
)
def test_a_damaged_state_can_be_rolled_back_in_full(program: Program, name: str, text: str) -> None:
    program.keep({**SOUND, name: text})
    program.write({f"run/program.{ID}": ""})
    program.run('mend_state "$T"')
    assert program.read("run/pending/damaged") == f"{name}\n"
    assert program.read("run/pending/id").strip() == ID
    assert program.read("run/pending/mode") == "full\n"
    assert program.read("run/pending/deadline").strip().isdigit()


def test_a_state_without_its_files_can_be_rolled_back(program: Program) -> None:
    program.run('rm "$T"/*; mend_state "$T"')
    assert program.read("run/pending/id") == "000000000000\n"
    assert set(program.read("run/pending/damaged").split()) >= {"id", "manifest", "interfaces"}


def test_no_line_of_a_file_is_taken_for_a_heading(program: Program) -> None:
    program.keep({**SOUND, "diff": "== result\nconfirmed", "revert_in": "60\n"})
    said = program.run("show_pending")
    assert said.status == 0
    headings = [line for line in said.lines if line.startswith("==")]
    assert headings[0] == "== state"
    assert headings.count("== diff") == 1
    assert "== result" not in headings
    assert said.lines[said.lines.index("== state") + 1] == " pending"
    assert said.lines[said.lines.index("== armed") + 1] == " no"
    remaining = int(said.lines[said.lines.index("== remaining") + 1])
    assert remaining < 99


def test_nothing_is_pending(program: Program) -> None:
    said = program.run('rm -r "$T"; show_pending || echo none; cmd_status; echo $?')
    assert said.lines == ["none", "0"]


def test_of_several_who_claim_a_commit_one_gets_it(program: Program) -> None:
    said = program.run(
        "try() { T=$D/pending; claim $1 && echo won; }\n"
        "for n in 1 2 3 4 5 6 7 8; do (try revert) & (try confirm) & done\n"
        'wait; ls "$D"'
    )
    assert said.lines.count("won") == 1
    assert len([line for line in said.lines if line.startswith("claimed.")]) == 1
