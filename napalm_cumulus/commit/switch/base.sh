#!/bin/sh
# The on-switch part of a commit, and of a repair (which changes no file): one POSIX-sh program, run
# as root, independent of the SSH session that sent it. It needs util-linux, coreutils, awk and
# ifupdown2, and uses systemd where there is one.
#
#   apply DIR     check, stage, arm the dead-man's timer, then `run` detached; print the outcome
#   run ID        apply the candidate to the kernel in a private mount namespace, or carry out the
#                 steps of a repair; the disk is not changed
#   rollback ID   restore the disk's configuration in the kernel (detached)
#   confirm ID    write the candidate to the disk, atomically, and disarm (detached)
#   expire ID     what the timer runs: rollback, or the end of an interrupted confirm
#   boot          the end of a confirm that a power cut interrupted between two files
#   status        what is pending
#   previous      the files that the newest confirm replaced, as a tar archive
#
# State, under /run (a reboot deletes it, and that is the rollback):
#   pending/          the only commit that waits. A rollback, a confirm or the timer claims it by
# renaming   claimed.revert/   it, so exactly one of them wins   claimed.confirm/
#   last/             the newest commit that has ended
#   lock              held while the kernel or the disk is being changed
# and under /var/lib (it survives a reboot):
#   previous/         the files that the newest confirm replaced, for a rollback of it;
# previous.new/ until                     it is confirmed
#   confirm/          the journal, while a confirm of several files is being written
#
# A commit's directory, from the client: id owner message diff revert_in hold mode interfaces
# manifest listing changed removed new/ expect.new expect.keep expect.old added gone named
# held devices, for a repair steps; from here: network/ outside/ outside.list ballast created
# deadline armed isolate progress log result refused failed batch unmet.* kernel.* pid.* stanzas complaints
# words given given.before mentioned commands lost restored
# absent written direction mixed damaged

set -u
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

D=/run/vipkeeper
V=/var/lib/vipkeeper
UNITS=/etc/systemd/system
NETWORK=/etc/network
LIMIT=300 # seconds after which a hung ifupdown2 is killed, hard: it hangs on TERM
TRIES=3   # how often ifupdown2 may be killed
ASKING=10 # seconds for a command that only reads
BUSY=89   # ifupdown2: another one is running
LONGEST=604800 # seconds, of a revert_in
LOG_BOUND=262144 # bytes of the output of commands that are kept

# Exit statuses, read by answers.py.
E_INTERNAL=70 E_CHANGED=71 E_PENDING=72 E_FOREIGN=73 E_NOT_ARMED=74 E_STAGING=75
E_NOTHING=76 E_FAILED=77 E_INCOMPLETE=78 E_REFUSED=79 E_WRITE=80 E_MIXED=81 E_LATE=84 E_TOO_SHORT=85

die() { # STATUS SENTENCE
    status=$1
    shift
    printf '== error\n %s\n' "$*"
    exit "$status"
}

# Every command may hang, but the rollback must not. So commands that only read, and those that
# change one thing, are killed after their time. They do not keep the lock.
within() { timeout -s KILL "$@" 8>&-; } # SECONDS COMMAND...

# Seconds since the boot: the clock may be set, and not every `date` knows %N.
mark() { read -r up _ </proc/uptime && printf '%s %s\n' "$up" "$1" >>"$T/progress"; }

note() { within 5 logger -t vipkeeper -- "$ID: $*" 2>/dev/null || :; }

seconds_up() {
    read -r up _ </proc/uptime
    printf '%s' "${up%%.*}"
}

with_systemd() {
    [ -d /run/systemd/system ] || return 1
    version=$(within "$ASKING" systemctl --version 2>/dev/null | awk 'NR == 1 { print $2 + 0 }')
    [ "${version:-0}" -ge 236 ] # --collect; --wait and --on-active are older
}

number() { # FILE: the whole number in it; fails where there is none
    line=$(value "$1")
    case $line in
    '' | *[!0-9]* | 0?* | ????????????????*) return 1 ;;
    esac
    printf '%s' "$line"
}

require_own() { # DIR: nothing in it is read or written unless only root can have made it
    [ -e "$1" ] || [ -L "$1" ] || return 0
    found=$(stat -c '%u %a %F' "$1")
    case $found in
    '0 700 directory') ;;
    '0 7'[0145][0145]' directory') chmod 700 "$1" ;;
    *) die "$E_FOREIGN" "$1 was not made by this program (owner, mode and kind: $found)." \
        "Look who made it, and remove it." ;;
    esac
}

logged() { # COMMAND...: run it; its output goes to the log, up to a limit. The rest is read and dropped,
# so that no writer is stopped or killed by it, not even a daemon that it leaves behind
    pipe=$T/said.$$
    [ -p "$pipe" ] || mkfifo "$pipe" 2>/dev/null || {
        "$@" >/dev/null 2>&1 </dev/null 8>&-
        return
    }
    keep_bounded "$T/log" <"$pipe" >/dev/null 2>&1 7<&- 8>&- &
    reader=$!
    exec 9>"$pipe"
    "$@" >&9 2>&1 </dev/null 8>&- 9>&-
    said=$?
    exec 9>&-
    rm -f "$pipe"
    # Such a daemon keeps the pipe open; it is not waited for longer than this second.
    turns=0
    while [ "$turns" -lt 200 ] && kill -0 "$reader" 2>/dev/null; do
        sleep 0.005
        turns=$((turns + 1))
    done
    return "$said"
}

keep_bounded() { # LOG: the beginning and the end of stdin
    size=$(wc -c <"$1") || size=0
    if [ "$size" -lt $((2 * LOG_BOUND)) ]; then
        room=$((size < LOG_BOUND ? LOG_BOUND - size : 0))
        # Each piece as it comes: a daemon that is left behind does not end.
        dd bs=4096 count="$room" iflag=count_bytes status=none >>"$1"
        rest=$(tail -c 8192)
        [ -z "$rest" ] || printf '\n(more was said than is kept; its end:)\n%s\n' "$rest" >>"$1"
    fi
    cat # nothing, or the part beyond the limit
}

mend_state() { # DIR: unreadable files in it must not prevent a rollback
    case $(value "$1/id") in
    *[!0-9a-f]* | '' | ?????????????*) damaged "$1" id "$(id_of_program)" ;;
    ????????????) ;;
    *) damaged "$1" id "$(id_of_program)" ;;
    esac
    case $(value "$1/mode") in full | targeted) ;; *) damaged "$1" mode full ;; esac
    case $(value "$1/hold") in pending | bounce | repair) ;; *) damaged "$1" hold bounce ;; esac
    [ -f "$1/interfaces" ] || damaged "$1" interfaces ''
    number "$1/deadline" >/dev/null || damaged "$1" deadline "$(seconds_up)"
    for name in manifest changed removed expect.new expect.keep expect.old; do
        [ -f "$1/$name" ] || damaged "$1" "$name" ''
    done
    # It is not known what it changed, so everything is restored.
    [ ! -s "$1/damaged" ] || printf 'full\n' >"$1/mode"
} 2>/dev/null

damaged() { # DIR NAME TEXT: note it, and replace it by something that can be read
    printf '%s\n' "$2" >>"$1/damaged"
    rm -rf "${1:?}/$2"
    printf '%s' "${3:+$3
}" >"$1/$2"
}

id_of_program() { # of the only commit
    for program in "$D"/program.*; do printf '%.12s' "${program##*.}"; done | cut -c 1-12 |
        grep -xE '[0-9a-f]{12}' || printf '000000000000'
}

use() { # DIR: take a commit's directory as the current one
    T=$1
    ID=$(value "$T/id")
    MODE=$(value "$T/mode")
    INTERFACES=$(tr '\n' ' ' <"$T/interfaces")
}
