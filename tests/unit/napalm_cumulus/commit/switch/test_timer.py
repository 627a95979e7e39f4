"""The dead-man's timer without systemd, and whether anything sees to a commit's end."""

from __future__ import annotations

import pytest

from tests.unit.napalm_cumulus.commit.switch.conftest import ID, OTHER, Program

#: Runs in the place of the whole program when the timer goes off.
EXPIRED = 'printf "%s " "$@" >>"${0%/*}/expired"\n'


@pytest.mark.parametrize("seconds", ["", "0", "-5", "x", "1.5", "604801", "99999999999"])
def test_a_timer_of_no_sensible_length_is_not_armed(program: Program, seconds: str) -> None:
    program.keep({"revert_in": f"{seconds}\n", "transaction.sh": EXPIRED})
    said = program.run("arm || echo refused; ls $T")
    assert "refused" in said.lines
    assert "armed" not in said.lines
    assert "sleeper" not in said.lines
    assert "no whole number of seconds" in program.read("run/pending/log")


def test_it_goes_off_after_its_time_and_not_before(program: Program) -> None:
    expired = 'read -r up _ </proc/uptime; echo "$up $*" >"${0%/*}/expired"\n'
    program.keep({"revert_in": "1\n", "transaction.sh": expired})
    said = program.run(
        "read -r began _ </proc/uptime; arm || echo not armed\n"
        '[ -e "$T/armed" ] && sleep 0.2 && armed "$T" "$ID"\n'
        'until [ -s "$D/expired" ]; do sleep 0.1; done\n'
        'sleep 0.2; late || echo not late; armed "$T" "$ID"; echo "$began"'
    )
    assert said.lines[:-1] == ["yes", "no"]
    up, *words = program.read("run/expired").split()
    assert words == ["expire", ID]
    assert float(up) - float(said.lines[-1]) >= 1


def test_one_that_was_disarmed_never_goes_off(program: Program) -> None:
    program.keep({"revert_in": "1\n", "transaction.sh": EXPIRED})
    said = program.run('arm; disarm; sleep 1.5; armed "$T" "$ID"; ls "$D"')
    assert said.lines[0] == "no"
    assert "expired" not in said.lines


def test_disarming_kills_nobody_who_has_got_the_timers_number(program: Program) -> None:
    said = program.run(
        'setsid sleep 60 & other=$!; printf "%s\\n" "$other" >"$T/sleeper"; : >"$T/armed"\n'
        'disarm; sleep 0.1; kill -0 "$other" && echo lives; armed "$T" "$ID"'
    )
    assert said.lines == ["lives", "no"]


def test_a_deadline_that_cannot_be_read_is_over(program: Program) -> None:
    said = program.run(
        'late && echo none; echo x >"$T/deadline"; late && echo odd\n'
        'seconds=$(seconds_up); echo $((seconds + 50)) >"$T/deadline"; late || echo to come'
    )
    assert said.lines == ["none", "odd", "to come"]


@pytest.mark.parametrize(
    ("state", "file", "told"),
    [
        ("pending", "pid.expire", "yes"),
        ("pending", "pid.rollback", "yes"),
        ("pending", "pid.revert", "yes"),
        ("pending", "pid.run", "no"),  # it has ended its work, and waits for nothing
        ("claimed.revert", "pid.run", "yes"),
        ("claimed.confirm", "pid.confirm", "yes"),
    ],
)
def test_who_is_at_it_sees_to_its_end(program: Program, state: str, file: str, told: str) -> None:
    said = program.run(
        f'C=$D/{state}; mkdir -p "$C"; : >"$C/armed"; echo 999999 >"$C/sleeper"\n'
        f'sh -c "sleep 60; : {ID}" & echo $! >"$C/{file}"; sleep 0.1; armed "$C" {ID}'
    )
    assert said.out == f"{told}\n"


def test_a_process_of_another_commit_does_not(program: Program) -> None:
    said = program.run(
        f': >"$T/armed"; sh -c "sleep 60; : {OTHER}" & echo $! >"$T/sleeper"; sleep 0.1\n'
        'armed "$T" "$ID"'
    )
    assert said.out == "no\n"


@pytest.mark.parametrize(
    ("systemctl", "told"),
    [
        ("echo inactive; echo active", "yes"),
        ("echo deactivating", "yes"),
        ("echo inactive; echo failed", "no"),
        ("exit 1", "unknown"),
        ("sleep 60", "unknown"),
    ],
)
def test_what_systemd_says_of_the_timer(program: Program, systemctl: str, told: str) -> None:
    program.write({"bin/systemctl": f"#!/bin/sh\n{systemctl}\n"})
    said = program.run('ASKING=0.3; : >"$T/armed"; armed "$T" "$ID"')
    assert said.out == f"{told}\n"
