IGNORE_ISOLATE=IgnoreOnIsolate=yes

start_timer() { # OPTION...
    # If the job itself is killed, systemd runs it again.
    within 30 systemd-run -q --collect --unit="vipkeeper-revert-$ID" --on-active="${wait}s" \
        --timer-property=AccuracySec=50ms -p KillSignal=SIGKILL -p TimeoutStopSec=5 \
        -p Restart=on-abnormal -p RestartSec=200ms -p StartLimitIntervalSec=0 "$@" \
        /bin/sh "$D/program.$ID" expire "$ID" >>"$T/log" 2>&1
}

arm() {
    wait=$(number "$T/revert_in") || wait=0
    if [ "$wait" -lt 1 ] || [ "$wait" -gt "$LONGEST" ]; then
        printf 'revert_in is no whole number of seconds from 1 to %s\n' "$LONGEST" >>"$T/log"
        return 1
    fi
    printf '%s\n' "$(($(seconds_up) + wait))" >"$T/deadline"
    date +%s >"$T/created"
    cp "$T/transaction.sh" "$D/program.$ID" || return 1
    if with_systemd; then
        # `systemctl isolate` must not stop it; an old systemd has no option for that.
        if start_timer -p "$IGNORE_ISOLATE" --timer-property="$IGNORE_ISOLATE"; then
            : >"$T/isolate"
        else
            start_timer || return 1
        fi
        within 30 systemctl -q is-active "vipkeeper-revert-$ID.timer" || return 1
    else
        setsid sh -c 'sleep "$1"; exec sh "$2" expire "$3"' \
            vipkeeper-revert "$wait" "$D/program.$ID" "$ID" </dev/null >/dev/null 2>&1 8>&- &
        printf '%s\n' "$!" >"$T/sleeper"
        kill -0 "$!" || return 1
    fi
    : >"$T/armed"
}

late() { # is its time over? Also if its time cannot be read
    deadline=$(number "$T/deadline") || return 0
    [ "$(seconds_up)" -ge "$deadline" ]
}

disarm() {
    if [ -s "$T/sleeper" ]; then
        # In `expire` itself the sleeper is this process: it has nothing left to do.
        # The process id of a dead one may belong to another process by now.
        pid=$(number "$T/sleeper") && [ "$pid" != "$$" ] &&
            grep -q "$ID" "/proc/$pid/cmdline" 2>/dev/null && kill -KILL "-$pid" 2>/dev/null
    else
        within "$ASKING" systemctl stop "vipkeeper-revert-$ID.timer" 2>/dev/null
    fi
}

detached() { # VERB: run it outside the SSH session, wait for its end, return its exit status
    if with_systemd; then
        # A killed rollback or confirm is continued. A killed run is not repeated but rolled back.
        again=on-abnormal
        [ "$1" = run ] && again=no
        also=Restart=$again # given twice where there is no other option
        [ ! -e "$T/isolate" ] || also=$IGNORE_ISOLATE
        systemd-run -q --collect --wait --unit="vipkeeper-$1-$ID" -p KillSignal=SIGKILL \
            -p TimeoutStopSec=5 -p "Restart=$again" -p RestartSec=200ms -p StartLimitIntervalSec=0 \
            -p "$also" /bin/sh "$D/program.$ID" "$1" "$ID" </dev/null >/dev/null 2>&1 8>&-
        status=$?
        # 1 is systemd-run's own failure (a full /run): none of the verbs ends so. A run that has
        # begun was killed: it is never run again over what the first one has left.
        [ "$status" -eq 1 ] || return "$status"
        [ "$1" != run ] || [ ! -e "$T/pid.run" ] || return "$status"
    fi
    setsid sh "$D/program.$ID" "$1" "$ID" </dev/null >/dev/null 2>&1 8>&- &
    wait "$!"
}
