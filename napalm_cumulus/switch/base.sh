#!/bin/sh
# The on-switch half of a commit, and of a repair (which changes no file): one POSIX-sh program, run
# as root, independent of the SSH session that brought it. It needs util-linux, coreutils, awk and
# ifupdown2; systemd where there is one.
#
#   apply DIR     check, stage, arm the dead-man's timer, then `run` detached; print the outcome
#   run ID        bring the kernel to the candidate in a private mount namespace, or take the steps of
#                 a repair; the disk stays old
#   rollback ID   bring the kernel back to the disk's configuration (detached)
#   confirm ID    write the candidate to the disk, atomically, and disarm (detached)
#   expire ID     what the timer runs: rollback, or the end of a confirm that was cut off
#   boot          the end of a confirm that a power cut interrupted between two files
#   status        what is pending
#
# State, under /run (a reboot forgets it, and that is the rollback):
#   pending/          the one commit that waits; renaming it is how its outcome is claimed, so of a
#   claimed.revert/   rollback, a confirm and the timer exactly one wins
#   claimed.confirm/
#   last/             the newest commit that has ended
#   lock              held while the kernel or the disk is being changed
# and under /var/lib (survives a reboot):
#   previous/         the files that the newest confirm replaced, for a rollback of it
#   confirm/          while a confirm of several files is being written: the journal of it
#
# A commit's directory, from the client: id owner message diff revert_in hold mode interfaces
# manifest listing unfamiliar changed removed new/ expect.new expect.keep expect.old added gone named
# held, for a repair steps; from here: network/ outside/ outside.list attributes ballast created
# deadline armed isolate progress log result refused failed batch unmet.* kernel.* pid.* stanzas complaints
# words given given.before mentioned commands lost restored

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
TRIES=3   # how often it may be
ASKING=10 # seconds for a command that only asks
BUSY=89   # ifupdown2: another one is running

# Exit statuses, read by answers.py.
E_INTERNAL=70 E_CHANGED=71 E_PENDING=72 E_FOREIGN=73 E_NOT_ARMED=74 E_STAGING=75
E_NOTHING=76 E_FAILED=77 E_INCOMPLETE=78 E_REFUSED=79 E_WRITE=80 E_LATE=84 E_TOO_SHORT=85

die() { # STATUS SENTENCE
    status=$1
    shift
    printf '== error\n %s\n' "$*"
    exit "$status"
}

# Every command may hang, the way back must not: those that only ask, and those that change one thing,
# are killed after their time. Nothing of them keeps the lock.
within() { timeout -s KILL "$@" 8>&-; } # SECONDS COMMAND...

# Seconds since the boot: the clock may be stepped, and not every `date` knows %N.
mark() { read -r up _ </proc/uptime && printf '%s %s\n' "$up" "$1" >>"$T/progress"; }

note() { within 5 logger -t vipkeeper -- "$ID: $*" 2>/dev/null || :; }

value() { # FILE: its first line
    line=
    [ -r "$1" ] && IFS= read -r line <"$1"
    printf '%s' "$line"
}

seconds_up() {
    read -r up _ </proc/uptime
    printf '%s' "${up%%.*}"
}

with_systemd() {
    [ -d /run/systemd/system ] || return 1
    version=$(within "$ASKING" systemctl --version 2>/dev/null | awk 'NR == 1 { print $2 + 0 }')
    [ "${version:-0}" -ge 236 ] # --collect; --wait and --on-active are older
}

use() { # DIR: take a commit's directory as the one in hand
    T=$1
    ID=$(value "$T/id")
    MODE=$(value "$T/mode")
    INTERFACES=$(tr '\n' ' ' <"$T/interfaces")
}
