# ifupdown2 opens /run/network/.lock and takes it with flock. It makes the file readable for all, so
# any user of the switch can hold it and keep ifupdown2 out (its exit status 89). Before each run a
# new file of root's alone replaces it, and the holder of the old file holds nothing. This is done
# only while no process of root's has it open; otherwise two runs could go on at once.
RUNDIR=/run/network LOCK=/run/network/.lock
HANG=30 # seconds after which another program's ifupdown2 counts as hanging

lock_openers() { # DEVICE:INODE: the processes that have this file open, one on each line
    timeout -s KILL 10 find -L /proc/[0-9]*/fd -mindepth 1 -maxdepth 1 -inum "${1#*:}" \
        -printf '%D:%i %h\n' 2>/dev/null 7<&- |
        awk -v file="$1" '$1 == file { split($2, part, "/"); if (!seen[part[3]]++) print part[3] }'
}

of_root() { # PID: root's, and not a program that lends root's rights to another user
    [ "$(awk '$1 == "Uid:" { print $2 + $3 + $4 }' "/proc/$1/status" 2>/dev/null)" = 0 ]
}

is_ifupdown2() { # PID: root's, of this system and not of a container, and ifupdown2 by its command line
    of_root "$1" || return 1
    [ "$(readlink "/proc/$1/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || return 1
    tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | head -n 3 |
        grep -qxE '(.*/)?(ifup|ifdown|ifreload|ifquery|ifupdown2d?)'
}

of_roots() { # DEVICE:INODE: the processes of root's that have it open, without this one
    # A descriptor of it that an earlier `own_lock` left open must not be found in this subshell.
    exec 7<&-
    lock_openers "$1" | while read -r pid; do
        [ "$pid" = "$$" ] || ! of_root "$pid" || printf '%s\n' "$pid"
    done
}

kill_ifupdown2() { # [DEVICE:INODE]: every ifupdown2 that has its lock open, and nothing else
    file=${1:-$(stat -c %d:%i "$LOCK" 2>/dev/null)}
    [ -n "$file" ] || return 0
    lock_openers "$file" | while read -r pid; do
        is_ifupdown2 "$pid" || continue
        note "killing a stuck ifupdown2, pid $pid"
        kill -KILL "$pid" 2>/dev/null
    done
}

lock_directory() { # it must exist and be root's alone; otherwise ifupdown2 always ends with 89
    [ -e "$RUNDIR" ] || (umask 022 && mkdir -p "$RUNDIR")
    [ -d "$RUNDIR" ] && [ ! -L "$RUNDIR" ] || return 1
    case $(stat -c '%u %A' "$RUNDIR") in
    '0 d????-??-?') return 0 ;;
    esac
    note "$RUNDIR could be written by others; taking that right away"
    chown 0:0 "$RUNDIR" && chmod 755 "$RUNDIR"
}

replace_lock() { # replace the old file by a new one of root's alone
    rm -f "$LOCK".vipkeeper.*
    fresh=$(mktemp "$LOCK.vipkeeper.XXXXXXXX") || return 1
    mv -T "$fresh" "$LOCK" && return 0
    rm -f "$fresh"
    return 1
}

own_lock() { # [held]: the lock file root's alone; false while a process of root's has the present
    # one open. `held`: it is root's alone already, and ifupdown2 finds it taken all the same.
    lock_directory || return 1
    case $(stat -c '%u %a %h %F' "$LOCK" 2>/dev/null) in
    '0 600 1 regular'*) [ -n "${1-}" ] || return 0 ;;
    *' regular'*) ;;
    *) # there is none, or nothing that ifupdown2 could lock
        replace_lock
        return
        ;;
    esac
    file=$(stat -c %d:%i "$LOCK")
    [ -z "$(of_roots "$file")" ] || return 1
    # An ifupdown2 that opened it at this moment does not get it while this program runs.
    { command exec 7<"$LOCK" && flock -n 7; } 2>/dev/null
    replace_lock || return 1
    waited=0
    while [ -n "$(of_roots "$file")" ]; do
        waited=$((waited + 1))
        [ $((waited % (HANG * 10))) -ne 0 ] || kill_ifupdown2 "$file"
        [ "$waited" -lt $((HANG * 20)) ] || break
        sleep 0.1
    done
}

free_lock() { # its holder has had enough time: ifupdown2 is killed, others no longer hold anything
    kill_ifupdown2
    sleep 0.1
    replace_lock
}

await_ifupdown2() { # before anything is taken away: no process holds ifupdown2's lock, or can
    began=$(seconds_up)
    until own_lock && [ -z "$(of_roots "$(stat -c %d:%i "$LOCK")")" ]; do
        if [ $(($(seconds_up) - began)) -ge "$HANG" ]; then
            free_lock
            return
        fi
        sleep 0.5
    done
}

take_lock() { # SECONDS: wait for the program that is changing the network
    exec 8>>"$D/lock"
    flock -w "$1" 8 || return 1
    printf '%s %s\n' "$$" "$VERB" >"$D/lock" # for the programs that wait
    return 0
}

end_program() { # VERB: kill that program of this commit and all its children, unless it is this one
    [ "$1" != "$VERB" ] || return 0
    unit=$1
    [ "$1" = expire ] && unit=revert
    with_systemd && within "$ASKING" systemctl kill -s KILL "vipkeeper-$unit-$ID.service" 2>/dev/null
    pid=$(value "$T/pid.$1")
    # The process id may belong to another process by now.
    [ -n "$pid" ] && grep -q "$ID" "/proc/$pid/cmdline" 2>/dev/null && kill -KILL "-$pid" 2>/dev/null
    return 0
}

holder_works() { # is the holder of the lock alive, and not stopped?
    read -r pid _ <"$D/lock" || return 1
    read -r _ _ state _ <"/proc/$pid/stat" || return 1
    case $state in T | t | Z | X) return 1 ;; esac
} 2>/dev/null

break_lock() { # SECONDS: the same, for a caller that must get it
    take_lock "$1" && return 0
    end_program run
    take_lock 5 && return 0
    # Another holder does the same work: if it were killed, systemd would start it again. So it is
    # waited for while it works.
    waited=0
    while [ "$waited" -lt "$LIMIT" ] && holder_works; do
        take_lock 1 && return 0
        waited=$((waited + 1))
    done
    for verb in rollback expire confirm; do end_program "$verb"; done
    kill_ifupdown2
    take_lock 30
}
