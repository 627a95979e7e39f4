"""The program's own lock, and ifupdown2's, which anybody on the switch may have opened."""

from __future__ import annotations

import pytest

from tests.unit.napalm_cumulus.commit.switch.conftest import ID, Program

STAT = "stat -c '%u %a %h %F' \"$LOCK\""
#: ``sh`` under the name of a program of ifupdown2, with the lock open.
IFUP = '#!/bin/sh\nexec 5>>"$1"\nflock 5\nsleep 60\n'


def test_one_at_a_time_and_who_it_is_is_written_down(program: Program) -> None:
    said = program.run(
        'VERB=run; take_lock 1 && cat "$D/lock" | grep -c "^$$ run$"\n'
        "(exec 8>&-; VERB=confirm; take_lock 0.2 || echo taken)\n"
        "exec 8>&-; (VERB=confirm; take_lock 0.2 && echo free)"
    )
    assert said.lines == ["1", "taken", "free"]


def test_a_stopped_or_dead_holder_does_not_work(program: Program) -> None:
    said = program.run(
        'sleep 60 & pid=$!; echo "$pid run" >"$D/lock"; holder_works && echo works\n'
        "kill -STOP $pid; sleep 0.1; holder_works || echo stopped\n"
        "kill -KILL $pid; wait $pid 2>/dev/null; holder_works || echo dead\n"
        ': >"$D/lock"; holder_works || echo nobody'
    )
    assert [line for line in said.lines if "Killed" not in line] == (
        ["works", "stopped", "dead", "nobody"]
    )


def test_who_must_get_the_lock_kills_a_stopped_run_of_the_same_commit(program: Program) -> None:
    said = program.run(
        f'setsid sh -c \'exec 8>>"$1"; flock 8; echo $$ >"$2"; kill -STOP $$; : {ID}\' '
        'sh "$D/lock" "$T/pid.run" &\n'
        'for _ in 1 2 3 4 5 6 7 8 9; do [ -s "$T/pid.run" ] && break; sleep 0.1; done\n'
        "VERB=rollback; break_lock 0.3 && echo mine"
    )
    assert said.lines[-1] == "mine"


def test_who_holds_the_lock_for_another_commit_is_not_killed(program: Program) -> None:
    said = program.run(
        "setsid sh -c 'sleep 60; : ba9876543210' & other=$!\n"
        'echo $other >"$T/pid.run"; sleep 0.1\n'
        "VERB=rollback; end_program run; sleep 0.1; kill -0 $other && echo lives"
    )
    assert said.out == "lives\n"


@pytest.mark.parametrize(
    "make",
    [
        "true",
        'ln -s "$W/elsewhere" "$LOCK"',
        'mkdir "$LOCK"; rmdir "$LOCK"',
        ': >"$LOCK"; chmod 644 "$LOCK"',
        ': >"$LOCK"; ln "$LOCK" "$RUNDIR/second"; chmod 600 "$LOCK"',
        'mkfifo "$LOCK"',
    ],
)
def test_ifupdown2s_lock_becomes_a_file_of_roots_alone(program: Program, make: str) -> None:
    said = program.run(f'{make}; own_lock && {STAT}; ls "$W/elsewhere" 2>/dev/null; true')
    assert said.out == "0 600 1 regular empty file\n"


def test_one_that_is_roots_alone_stays_the_same_file(program: Program) -> None:
    said = program.run(
        'umask 077; : >"$LOCK"; a=$(stat -c %i "$LOCK"); own_lock; b=$(stat -c %i "$LOCK")\n'
        '[ "$a" = "$b" ] && echo same\n'
        'own_lock held; [ "$b" = "$(stat -c %i "$LOCK")" ] || echo new'
    )
    assert said.lines == ["same", "new"]


def test_while_a_process_of_roots_has_it_open_it_is_not_replaced(program: Program) -> None:
    said = program.run(
        ': >"$LOCK"; chmod 644 "$LOCK"; a=$(stat -c %i "$LOCK")\n'
        'sh -c \'exec 5>>"$1"; sleep 60\' sh "$LOCK" & sleep 0.2\n'
        'own_lock || echo no; [ "$a" = "$(stat -c %i "$LOCK")" ] && echo same'
    )
    assert said.lines == ["no", "same"]


@pytest.mark.parametrize("mode", ["777", "775", "1777"])
def test_a_directory_that_others_can_write_to_is_taken_from_them(
    program: Program, mode: str
) -> None:
    said = program.run(f'chmod {mode} "$RUNDIR"; lock_directory && stat -c %a "$RUNDIR"')
    assert said.out.strip()[-3:] == "755"
    assert "taking that right away" in program.spoken


@pytest.mark.parametrize(
    "make", ['rmdir "$RUNDIR"; ln -s "$W" "$RUNDIR"', 'rmdir "$RUNDIR"; : >"$RUNDIR"']
)
def test_a_directory_that_is_none_is_not_used(program: Program, make: str) -> None:
    assert program.run(f'rmdir "$RUNDIR"; {make}; lock_directory || echo no').out == "no\n"


def test_a_missing_directory_is_made(program: Program) -> None:
    assert program.run('rmdir "$RUNDIR"; lock_directory && stat -c %a "$RUNDIR"').out == "755\n"


def test_of_those_that_hold_it_only_an_ifupdown2_is_killed(program: Program) -> None:
    program.write({"bin/ifup": IFUP, "bin/backup": IFUP})
    said = program.run(
        'ifup "$LOCK" & one=$!; backup "$LOCK" & two=$!; sleep 0.3\n'
        "kill_ifupdown2; sleep 0.1\n"
        "kill -0 $one 2>/dev/null || echo killed; kill -0 $two && echo lives"
    )
    assert [line for line in said.lines if "Killed" not in line] == ["killed", "lives"]
    assert "killing a stuck ifupdown2" in program.spoken


def test_a_hanging_ifupdown2_is_waited_for_and_then_killed(program: Program) -> None:
    program.write({"bin/ifreload": IFUP})
    said = program.run(
        'HANG=1; ifreload "$LOCK" & one=$!; sleep 0.2\n'
        "await_ifupdown2; kill -0 $one 2>/dev/null || echo killed\n"
        f"{STAT}"
    )
    assert "killed" in said.lines
    assert said.lines[-1] == "0 600 1 regular empty file"
