arm() {
    wait=$(value "$T/revert_in")
    seconds_up | awk -v wait="$wait" '{ print $1 + wait }' >"$T/deadline"
    date +%s >"$T/created"
    cp "$T/transaction.sh" "$D/program.$ID" || return 1
    if with_systemd; then
        # Should the job itself be killed, systemd runs it again.
        systemd-run -q --collect --unit="vipkeeper-revert-$ID" --on-active="${wait}s" \
            --timer-property=AccuracySec=50ms -p KillSignal=SIGKILL -p TimeoutStopSec=5 \
            -p Restart=on-abnormal -p RestartSec=200ms -p StartLimitIntervalSec=0 \
            /bin/sh "$D/program.$ID" expire "$ID" >>"$T/log" 2>&1 || return 1
        systemctl -q is-active "vipkeeper-revert-$ID.timer" || return 1
    else
        setsid sh -c 'sleep "$1"; exec sh "$2" expire "$3"' \
            vipkeeper-revert "$wait" "$D/program.$ID" "$ID" </dev/null >/dev/null 2>&1 8>&- &
        printf '%s\n' "$!" >"$T/sleeper"
        kill -0 "$!" || return 1
    fi
    : >"$T/armed"
}

armed() { # is the timer of the commit in hand alive?
    [ -e "$T/armed" ] || return 1
    if [ -s "$T/sleeper" ]; then
        kill -0 "$(value "$T/sleeper")" 2>/dev/null
    else
        systemctl -q is-active "vipkeeper-revert-$ID.timer"
    fi
}

disarm() {
    if [ -s "$T/sleeper" ]; then
        # From `expire` itself the sleeper is this very process: it has nothing left to do.
        [ "$(value "$T/sleeper")" = "$$" ] || kill -KILL "-$(value "$T/sleeper")" 2>/dev/null
    else
        systemctl stop "vipkeeper-revert-$ID.timer" 2>/dev/null
    fi
}

detached() { # VERB: run it outside the SSH session, wait for its end, give its exit status
    if with_systemd; then
        # Rollback and confirm go on where they were when they are killed; a killed run is not
        # repeated but rolled back.
        again=on-abnormal
        [ "$1" = run ] && again=no
        systemd-run -q --collect --wait --unit="vipkeeper-$1-$ID" -p KillSignal=SIGKILL \
            -p TimeoutStopSec=5 -p "Restart=$again" -p RestartSec=200ms -p StartLimitIntervalSec=0 \
            /bin/sh "$D/program.$ID" "$1" "$ID" </dev/null >/dev/null 2>&1 8>&-
        status=$?
        # 1 is systemd-run's own failure (a full /run): none of the verbs ends so.
        [ "$status" -eq 1 ] || return "$status"
    fi
    setsid sh "$D/program.$ID" "$1" "$ID" </dev/null >/dev/null 2>&1 8>&- &
    wait "$!"
}
