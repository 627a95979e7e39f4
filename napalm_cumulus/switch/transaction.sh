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
# manifest listing unfamiliar changed removed new/ expect.new expect.keep expect.old, for a repair
# steps; from here: network/ outside/ outside.list attributes ballast created deadline armed runner
# progress log result refused failed batch unmet.*

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
BUSY=89   # ifupdown2: another one is running

# Exit statuses, read by transaction.py.
E_INTERNAL=70 E_CHANGED=71 E_PENDING=72 E_FOREIGN=73 E_NOT_ARMED=74 E_STAGING=75
E_NOTHING=76 E_FAILED=77 E_INCOMPLETE=78 E_REFUSED=79 E_WRITE=80

die() { # STATUS SENTENCE
    status=$1
    shift
    printf '== error\n %s\n' "$*"
    exit "$status"
}

mark() { printf '%s %s\n' "$(date +%s.%N)" "$1" >>"$T/progress"; }

note() { logger -t vipkeeper -- "$ID: $*" 2>/dev/null || :; }

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
    version=$(systemctl --version 2>/dev/null | awk 'NR == 1 { print $2 + 0 }')
    [ "${version:-0}" -ge 236 ] # --collect; --wait and --on-active are older
}

use() { # DIR: take a commit's directory as the one in hand
    T=$1
    ID=$(value "$T/id")
    MODE=$(value "$T/mode")
    INTERFACES=$(tr '\n' ' ' <"$T/interfaces")
}

# --- the kernel ---------------------------------------------------------------------------------

in_candidate() { # COMMAND...: run where the candidate stands in the place of the disk's files
    unshare -m sh -c '
        commit=$1
        shift
        mount --make-rprivate / || exit 70
        mount --bind "$commit/network" /etc/network || exit 70
        while IFS= read -r path; do
            mount --bind "$commit/outside$path" "$path" || exit 70
        done <"$commit/outside.list"
        umask 022
        exec "$@"' candidate "$T" "$@"
}

on_disk() { # COMMAND...
    (
        umask 022
        exec "$@"
    )
}

kill_ifupdown2() { # the one that holds ifupdown2's own lock
    inode=$(stat -c %i /run/network/.lock 2>/dev/null) || return 0
    awk -v inode="$inode" '$6 ~ ":" inode "$" { print $5 }' /proc/locks | while read -r pid; do
        note "killing a stuck ifupdown2, pid $pid"
        kill -KILL "$pid" 2>/dev/null
    done
}

bring_up() { # in_candidate|on_disk: make the kernel agree, waiting for other ifupdown2 runs
    where=$1
    # Interface names are checked by the client; the blanks between them are meant to split.
    # shellcheck disable=SC2086
    case $MODE in
    targeted)
        [ -n "$INTERFACES" ] || return 0 # only comments change
        set -- ifup $INTERFACES
        ;;
    *) set -- ifreload -a ;;
    esac
    attempt=0
    while :; do
        log=$T/log
        # On a full /run ifupdown2 must not die of its own messages.
        printf '+ %s: %s\n' "$where" "$*" 2>/dev/null >>"$log" || log=/dev/null
        "$where" timeout -s KILL "$LIMIT" "$@" >>"$log" 2>&1 </dev/null 8>&-
        status=$?
        attempt=$((attempt + 1))
        case $status in
        "$BUSY")
            [ $((attempt % 60)) -eq 0 ] && kill_ifupdown2
            [ "$attempt" -ge 240 ] && return "$status"
            sleep 0.5
            ;;
        137) # killed: the next run completes what this one left half done
            [ "$attempt" -ge 3 ] && return "$status"
            ;;
        *) return "$status" ;;
        esac
    done
}

links() { # "device UP" where it is up and not protocol-down, and "device MAC", of every device
    for net in /sys/class/net/*; do
        [ -r "$net/flags" ] || continue
        flags=0 down=0 mac=''
        read -r flags <"$net/flags" 2>/dev/null
        { read -r down <"$net/proto_down"; } 2>/dev/null
        { read -r mac <"$net/address"; } 2>/dev/null
        [ $((flags & 1)) -eq 1 ] && [ "${down:-0}" != 1 ] && printf '= %s UP\n' "${net##*/}"
        printf '= %s %s\n' "${net##*/}" "$mac"
    done
}

unmet() { # FILE of lines "+ device WHAT" and "- device WHAT": where the kernel differs; WHAT is an
    # address, UP, or a MAC
    { ip -o addr show && links; } | awk -v wishes="$1" '
        BEGIN {
            while ((getline line <wishes) > 0) {
                split(line, part, " ")
                wish[part[2] " " part[3]] = part[1]
            }
        }
        $1 == "=" { have[$2 " " $3] = 1 }
        $3 ~ /^inet6?$/ { sub(/@.*/, "", $2); have[$2 " " $4] = 1 }
        END {
            for (key in wish) {
                if (wish[key] == "+" && !(key in have)) print "missing " key
                if (wish[key] == "-" && (key in have)) print "left over " key
            }
        }' | sort
}

take_lock() { # SECONDS: wait for whoever is changing the network
    exec 8>"$D/lock"
    flock -w "$1" 8
}

break_lock() { # SECONDS: the same for those who must get it: after that a hung holder is killed
    take_lock "$1" && return 0
    for verb in run rollback confirm; do
        with_systemd && systemctl kill -s KILL "vipkeeper-$verb-$ID.service" 2>/dev/null
        pid=$(value "$T/pid.$verb")
        [ -n "$pid" ] && [ "$pid" != "$$" ] && kill -KILL "-$pid" 2>/dev/null
    done
    kill_ifupdown2
    flock -w 30 8
}

# --- the dead-man's timer -----------------------------------------------------------------------

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

# --- the steps of a repair ----------------------------------------------------------------------

# They work on the kernel alone. Their words are checked by the client; nothing here evaluates them.
# A step that fails is written down and the next one taken: what counts is the kernel afterwards.

say() { printf '%s\n' "$*" >>"$T/log"; }

tried() { # WORDS COMMAND...: run it, and write down that WORDS failed if it did
    words=$1
    shift
    say "+ $*"
    "$@" >>"$T/log" 2>&1 </dev/null 8>&- 3<&- && return 0
    printf 'failed %s\n' "$words" >>"$T/failed"
    return 1
}

ifup_these() { # IFACE...: what the disk says; its exit status says nothing, so it is only logged
    # shellcheck disable=SC2086 # names are checked by the client
    INTERFACES=$* MODE=targeted
    bring_up on_disk 3<&-
    status=$?
    [ "$status" -eq 0 ] || say "ifup ended with exit status $status"
    INTERFACES=$(tr '\n' ' ' <"$T/interfaces")
    MODE=$(value "$T/mode")
}

down_and_up() { # DEV [MAC]: in one process, for the shortest outage and no half of it
    {
        printf 'link set dev %s down\n' "$1"
        [ -z "${2-}" ] || printf 'link set dev %s address %s\n' "$1" "$2"
        printf 'link set dev %s up\n' "$1"
        # Going down loses IPv6 addresses, and coming up does not bring them back. They were there a
        # moment ago: no neighbour need be asked whether they are free.
        ip -6 -o addr show dev "$1" scope global 2>/dev/null |
            awk -v dev="$1" '!/ dynamic | temporary / {
                metric = ""
                for (i = 5; i < NF; i++) if ($i == "metric") metric = " metric " $(i + 1)
                print "addr replace " $4 " dev " dev metric " nodad"
            }'
    } >"$T/batch"
    mark disturbing
    tried "taking $1 down and up" ip -force -batch "$T/batch"
    mark "down and up $1"
}

carrier() { # DEV: whether it has one, or gets one in this half second
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        has=0
        { read -r has <"/sys/class/net/$1/carrier"; } 2>/dev/null
        [ "$has" = 1 ] && return 0
        sleep 0.05
    done
    return 1
}

lift() { # DEV: what keeps it from working although its addresses are right
    net=/sys/class/net/$1
    [ -e "$net" ] || return 0
    down=0 flags=1 port=3 stp=1 own='' under=''
    { read -r down <"$net/proto_down"; } 2>/dev/null
    if [ "${down:-0}" = 1 ]; then
        tried "clearing protodown of $1" ip link set dev "$1" protodown off
        # One that has no carrier even then comes to life by going up anew.
        carrier "$1" || ip link set dev "$1" down
    fi
    read -r flags <"$net/flags"
    [ $((flags & 1)) -eq 0 ] && tried "bringing $1 up" ip link set dev "$1" up
    { read -r port <"$net/brport/state" && read -r stp <"$net/brport/bridge/bridge/stp_state"; } \
        2>/dev/null
    # Without STP nothing ever makes such a port forward again.
    [ "$port" != 3 ] && [ "$stp" = 0 ] &&
        tried "making the port $1 forward" bridge link set dev "$1" state 3
    # ifupdown2 mends the MTU of the first VRR device only.
    case $1 in
    *-v[0-9]*)
        below=$(basename "$(readlink "$net"/lower_* 2>/dev/null | head -n 1)")
        [ -n "$below" ] && read -r under <"/sys/class/net/$below/mtu" && read -r own <"$net/mtu"
        [ "$own" = "$under" ] ||
            tried "giving $1 the MTU of $below" ip link set dev "$1" mtu "$under"
        ;;
    esac
    return 0
}

lift_all() { # every device that must be up
    while read -r sign device what; do
        [ "$sign $what" = "+ UP" ] && lift "$device"
    done <"$T/expect.new"
    return 0
}

reroute() { # DEV ADDRESS NETWORK METRIC: the routes that the kernel makes for an address
    net=/sys/class/net/$1
    ip -4 -o addr show dev "$1" 2>/dev/null | grep -qF " $2/" || return 0
    table=$(ip -d -o link show dev "$1" | sed -n 's/.* vrf_slave table \([0-9]*\).*/\1/p')
    [ -n "$(ip -4 route show table all "$3" dev "$1" proto kernel)" ] || [ "$3" = "$2/32" ] ||
        # Appended: those of other VRR devices differ in nothing but the device.
        tried "restoring the route $3 of $1" ip -4 route append "$3" dev "$1" proto kernel \
            scope link src "$2" metric "$4" table "${table:-254}"
    [ -n "$(ip -4 route show table all type local "$2" dev "$1")" ] ||
        tried "restoring the local route of $2" ip -4 route append local "$2" dev "$1" \
            proto kernel scope host src "$2" table "${table:-255}"
}

take_steps() {
    while read -r verb one two three four <&3; do
        say "+ step: $verb $one $two $three $four"
        case $verb in
        reapply)
            # shellcheck disable=SC2086 # names that are meant to split
            ifup_these $one $two $three $four
            lift_all
            ;;
        reload)
            MODE=full
            bring_up on_disk 3<&- || say "ifreload ended with exit status $?"
            lift_all
            ;;
        flap) down_and_up "$one" ;;
        set-mac) down_and_up "$one" "$two" ;;
        recreate)
            mark disturbing
            [ ! -e "/sys/class/net/$one" ] || tried "deleting $one" ip link delete dev "$one"
            mark "delete $one"
            ifup_these "$two"
            lift_all
            ;;
        reroute) reroute "$one" "$two" "$three" "$four" ;;
        *) printf 'failed %s: no such step\n' "$verb" >>"$T/failed" ;;
        esac
        mark "took $verb"
    done 3<"$T/steps"
    mark settled
}

is_repair() { [ "$(value "$T/hold")" = repair ]; }

run_repair() { # with the lock held
    rm -f "$T/ballast" # what is remembered between two steps must find room
    : >"$T/failed"
    unmet "$T/expect.new" >"$T/unmet.before"
    mark applying
    take_steps
    printf '0\n' >"$T/apply.status"
    unmet "$T/expect.new" >"$T/unmet.new"
    mark applied
    if newly_unmet new >/dev/null; then
        claim revert || exit "$E_FAILED"
        take_back "the repair took something away" && exit "$E_FAILED"
        exit "$E_INCOMPLETE"
    fi
    claim revert || exit "$E_FAILED"
    end_with repaired "the disk was not touched"
    exit 0
}

# --- apply --------------------------------------------------------------------------------------

refuse_foreign_owner() {
    if head -n 20 "$NETWORK/interfaces" 2>/dev/null | grep -q 'Auto-generated by NVUE'; then
        die "$E_FOREIGN" "The interfaces files are generated by NVUE; change them with 'nv set'."
    fi
    if [ -d /etc/nclu ] && command -v net >/dev/null &&
        timeout 10 net pending 2>/dev/null | grep -q '^[+-]'; then
        die "$E_FOREIGN" "NCLU has pending changes; end them with 'net commit' or 'net abort'."
    fi
}

refuse_changed_files() {
    listing=$(find "$NETWORK" -xdev \( -type f -o -type l \) ! -name '.*.vipkeeper.*' | sort)
    if [ "$listing" != "$(cat "$T/listing")" ] ||
        ! sha256sum --check --status "$T/manifest" 2>/dev/null; then
        die "$E_CHANGED" "The files in $NETWORK were changed by somebody else since they were read."
    fi
}

refuse_pending() {
    for state in pending claimed.revert claimed.confirm; do
        if [ -d "$D/$state" ]; then
            print_pending "$D/$state"
            die "$E_PENDING" "A commit is pending."
        fi
    done
}

stage() { # make the complete candidate beside the disk's files
    # Room that is given back before a rollback, should /run be full by then.
    head -c 262144 /dev/zero >"$T/ballast" || return 1
    cp -a "$NETWORK" "$T/network" || return 1
    : >"$T/outside.list"
    while IFS= read -r path; do
        case $path in
        "$NETWORK"/*) target=$T/network${path#"$NETWORK"} ;;
        *)
            target=$T/outside$path
            printf '%s\n' "$path" >>"$T/outside.list"
            ;;
        esac
        # Never write through a link of the copy into a real file.
        mkdir -p "$(dirname "$target")" && rm -f "$target" && cp "$T/new$path" "$target" &&
            chmod 644 "$target" || return 1
    done <"$T/changed"
    while IFS= read -r path; do
        rm -f "$T/network${path#"$NETWORK"}" || return 1
    done <"$T/removed"
}

refuse_new_complaints() { # `ifreload -s` errs both ways, so only what the candidate adds counts
    [ "$MODE" = full ] && ! is_repair || return 0
    for where in on_disk in_candidate; do
        "$where" timeout -s KILL "$LIMIT" ifreload -s -a 2>&1 </dev/null |
            sed 's/line *[0-9]*: *//' | sort -u >"$T/syntax.$where"
    done
    # Two complaints of release 3.0.0 are about what it then applies without a fault.
    complaints=$(grep -vxF -f "$T/syntax.on_disk" "$T/syntax.in_candidate" |
        grep -vE 'invalid value "none"|bridge inherits mtu' | head -n 5)
    [ -z "$complaints" ] || die "$E_STAGING" "ifupdown2 rejects the candidate: $complaints"
}

sweep_incoming() { # what was being sent or staged when its connection or its program died
    find "$D" -maxdepth 1 -name '.incoming.*' -mmin +60 -exec rm -rf {} +
    for left in "$D"/.incoming.*; do
        pid=$(value "$left/pid.front")
        [ -z "$pid" ] || kill -0 "$pid" 2>/dev/null || rm -rf "$left"
    done
}

require_root() { # the state directory shows nothing to others, which must not read as "nothing"
    [ "$(id -u)" -eq 0 ] || die "$E_INTERNAL" "This must run as root: log in as root or use sudo."
}

refuse_unknown_attributes() { # ifupdown2 ignores what it does not know, and says nothing
    [ -s "$T/unfamiliar" ] || return 0
    ifquery --syntax-help 2>/dev/null | awk '/^  [^ ]/ { print $1 }' >"$T/attributes"
    [ -s "$T/attributes" ] || return 0 # a release that cannot tell
    while read -r name place; do
        grep -qxF -- "$name" "$T/attributes" ||
            die "$E_STAGING" "$place: this switch's ifupdown2 does not know the attribute '$name'"
    done <"$T/unfamiliar"
}

cmd_apply() {
    incoming=$1
    use "$incoming"
    trap 'rm -rf "$incoming"' EXIT
    require_root
    for tool in ifup ifreload unshare flock sha256sum ip timeout setsid; do
        command -v "$tool" >/dev/null || die "$E_INTERNAL" "The switch has no '$tool'."
    done
    printf '%s\n' "$$" >"$T/pid.front"
    sweep_incoming
    refuse_pending
    # What a confirm that lost its power left, where no boot unit has seen to it.
    if [ -d "$V/confirm" ]; then (cmd_boot); fi
    rm -rf "$V/previous.new"
    refuse_foreign_owner
    refuse_changed_files
    stage >>"$T/log" 2>&1 ||
        die "$E_STAGING" "The candidate could not be staged in $D: $(tail -n 1 "$T/log")"
    refuse_unknown_attributes
    refuse_new_complaints
    mark staged
    if ! arm; then
        why=$(tail -n 1 "$T/log")
        disarm
        rm -f "$D/program.$ID"
        die "$E_NOT_ARMED" "The dead-man's timer could not be armed, nothing was changed: $why"
    fi
    mark armed
    # From this rename on there is a commit; its timer is alive already.
    mv -T "$incoming" "$D/pending" 2>/dev/null || {
        disarm
        rm -f "$D/program.$ID"
        refuse_pending
        die "$E_STAGING" "The candidate could not be put in place in $D."
    }
    trap - EXIT
    use "$D/pending"
    # New files beside the old ones that such a confirm had prepared.
    find "$NETWORK" -xdev -name '.*.vipkeeper.*' -delete
    mark pending
    detached run
    status=$?
    case $status in
    0 | "$E_FAILED" | "$E_INCOMPLETE") ;;
    *) # the run was not started, or was killed: do not wait for the timer
        detached rollback
        status=$E_FAILED
        ;;
    esac
    for state in pending last claimed.revert; do
        if [ "$(value "$D/$state/id")" = "$ID" ]; then
            use "$D/$state"
            print_outcome
            exit "$status"
        fi
    done
    die "$E_INTERNAL" "The commit's state has gone from $D."
}

ours() { [ "$(value "$D/pending/id")" = "$ID" ]; }

cmd_run() {
    use "$D/pending"
    [ "$ID" = "$1" ] || exit "$E_NOTHING"
    printf '%s\n' "$$" >"$T/pid.run"
    take_lock 60 || exit "$E_INTERNAL"
    # `expire` may have claimed it meanwhile: then nothing is applied.
    ours || exit "$E_FAILED"
    if is_repair; then run_repair; fi
    unmet "$T/expect.old" >"$T/unmet.before"
    mark applying
    bring_up in_candidate
    status=$?
    printf '%s\n' "$status" >"$T/apply.status"
    unmet "$T/expect.new" >"$T/unmet.new"
    unmet "$T/expect.keep" >"$T/unmet.keep"
    newly_unmet keep >>"$T/unmet.new"
    mark applied
    if [ "$status" -ne 0 ] || [ -s "$T/unmet.new" ]; then
        claim revert || exit "$E_FAILED"
        take_back "the candidate was not applied as meant" && exit "$E_FAILED"
        exit "$E_INCOMPLETE"
    fi
    [ "$(value "$T/hold")" = bounce ] || exit 0
    claim revert || exit "$E_FAILED"
    take_back "bounced as asked"
}

# --- rollback -----------------------------------------------------------------------------------

claim() { # revert|confirm: own the outcome of the pending commit; one rename decides
    ours && mv -T "$D/pending" "$D/claimed.$1" 2>/dev/null || return 1
    T=$D/claimed.$1
    mark "claimed.$1"
}

take_back() { # WHY. With the lock held and the commit claimed: the disk's configuration again
    rm -f "$T/ballast"
    mark reverting
    bring_up on_disk
    status=$?
    if is_repair; then lift_all; fi
    unmet "$T/expect.old" >"$T/unmet.old"
    if [ "$MODE" = targeted ] && { [ "$status" -ne 0 ] || newly_unmet old >/dev/null; }; then
        # The few interfaces alone did not do it: let ifupdown2 put everything right.
        MODE=full
        bring_up on_disk
        status=$?
        if is_repair; then lift_all; fi
        unmet "$T/expect.old" >"$T/unmet.old"
    fi
    drop_prepared
    if newly_unmet old >/dev/null; then
        end_with incomplete "$1"
        return "$E_INCOMPLETE"
    fi
    end_with reverted "$1"
}

newly_unmet() { # old|keep|new: what the kernel lacks now and had before; false where that is nothing
    grep -vxF -f "$T/unmet.before" "$T/unmet.$1"
}

end_with() { # RESULT WHY: the commit is over
    printf '%s %s\n' "$1" "$2" >"$T/result"
    mark "$1"
    disarm
    rm -rf "$D/last"
    mv -T "$T" "$D/last"
    T=$D/last
    rm -f "$D/program.$ID"
    note "$1: $2"
}

cmd_rollback() { # ID WHY: the claimed directory of a rollback that was cut off is taken up again
    ID=$1
    if ! claim revert; then
        [ "$(value "$D/claimed.revert/id")" = "$ID" ] || exit "$E_NOTHING"
    fi
    use "$D/claimed.revert"
    break_lock 2 || exit "$E_INTERNAL"
    printf '%s\n' "$$" >"$T/pid.rollback"
    [ -d "$D/claimed.revert" ] || exit 0 # whoever held the lock has done it
    [ -e "$T/unmet.before" ] || : >"$T/unmet.before"
    take_back "$2"
}

cmd_expire() {
    if [ "$(value "$D/claimed.confirm/id")" = "$1" ]; then
        ID=$1
        use "$D/claimed.confirm"
        break_lock 60 || exit "$E_INTERNAL"
        [ -d "$D/claimed.confirm" ] || exit 0
        finish_confirm
        exit
    fi
    # A commit that was armed but never became the pending one leaves only its program.
    if [ "$(value "$D/pending/id")" != "$1" ] && [ "$(value "$D/claimed.revert/id")" != "$1" ]; then
        rm -f "$D/program.$1"
        sweep_incoming
    fi
    cmd_rollback "$1" "not confirmed in time"
}

# --- confirm ------------------------------------------------------------------------------------

cmd_confirm() {
    ID=$1
    if [ "$(value "$D/claimed.confirm/id")" = "$ID" ]; then # killed on its way: go on
        use "$D/claimed.confirm"
        take_lock 60 || exit "$E_INTERNAL"
        [ -d "$D/claimed.confirm" ] || exit 0
        finish_confirm
        exit
    fi
    ours || exit "$E_NOTHING"
    use "$D/pending"
    take_lock 60 || exit "$E_INTERNAL"
    ours || exit "$E_NOTHING"
    printf '%s\n' "$$" >"$T/pid.confirm"
    [ "$(value "$T/hold")" = pending ] ||
        refuse_confirm "it was made to be taken back, not to be kept: the switch ends it by itself"
    unmet "$T/expect.new" >"$T/unmet.new"
    if [ -s "$T/unmet.new" ]; then
        refuse_confirm "the kernel no longer has the candidate"
    fi
    if ! sha256sum --check --status "$T/manifest" 2>/dev/null; then
        refuse_confirm "the files on disk were changed while the commit was pending"
    fi
    mark preparing
    if ! { prepare_files && keep_previous && prepare_journal; } 2>>"$T/log"; then
        drop_prepared
        printf '%s\n' "$(tail -n 1 "$T/log")" >"$T/refused"
        exit "$E_WRITE"
    fi
    mark prepared
    claim confirm || {
        drop_prepared
        exit "$E_NOTHING"
    }
    finish_confirm
}

refuse_confirm() {
    printf '%s\n' "$1" >"$T/refused"
    exit "$E_REFUSED"
}

prepared() { # PATH: the dot file beside it; `source DIR/*` never reads such a name
    printf '%s/.%s.vipkeeper.%s' "$(dirname "$1")" "$(basename "$1")" "$ID"
}

drop_prepared() {
    while IFS= read -r path; do
        rm -f "$(prepared "$(real "$path")")"
    done <"$T/changed"
    rm -rf "$V/previous.new"
    drop_journal
}

real() { # PATH: where a link leads
    readlink -f "$1" || printf '%s' "$1"
}

flush() { sync "$@" 2>/dev/null || sync; } # fsync(2) of each; coreutils before 8.24 syncs all

prepare_files() { # every new file complete and durable beside its target; no target touched yet
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        rm -f "$fresh"
        if [ -e "$target" ]; then
            cp -a --attributes-only "$target" "$fresh" || return 1
        else
            : >"$fresh" && chmod 644 "$fresh" || return 1
        fi
        cat "$T/new$path" >"$fresh" && flush "$fresh" && flush "$(dirname "$fresh")" || return 1
    done <"$T/changed"
}

keep_previous() { # the files as they are now, and how the new ones will be known
    rm -rf "$V/previous.new"
    mkdir -p "$V/previous.new/files" && chmod 700 "$V" || return 1
    cp "$T/id" "$T/owner" "$T/message" "$V/previous.new/" || return 1
    cat "$T/changed" "$T/removed" | while IFS= read -r path; do
        [ -e "$path" ] || continue
        mkdir -p "$V/previous.new/files$(dirname "$path")" &&
            cp -p "$(real "$path")" "$V/previous.new/files$path" || return 1
    done || return 1
    while IFS= read -r path; do
        digest=$(sha256sum <"$T/new$path") && printf '%s %s\n' "${digest%% *}" "$path" || return 1
    done <"$T/changed" >"$V/previous.new/written"
    cp "$T/removed" "$V/previous.new/removed"
}

# One file changes in one rename. Several cannot: a journal on the disk and a unit that runs before
# the network comes up finish what a power cut interrupts. Both exist only while the files are
# being renamed.

files_to_change() { cat "$T/changed" "$T/removed" | wc -l; }

prepare_journal() {
    [ "$(files_to_change)" -gt 1 ] || return 0
    rm -rf "$V/confirm"
    mkdir -p "$V/confirm" || return 1
    cp "$T/transaction.sh" "$T/id" "$T/owner" "$T/changed" "$T/removed" "$V/confirm/" || return 1
    [ -d /run/systemd/system ] || return 0
    cat >"$UNITS/vipkeeper-boot.service" <<UNIT || return 1
[Unit]
Description=Finish a configuration change that a power cut interrupted
DefaultDependencies=no
RequiresMountsFor=$V $NETWORK
After=local-fs.target
Before=network-pre.target networking.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh $V/confirm/transaction.sh boot
UNIT
    mkdir -p "$UNITS/networking.service.wants" "$UNITS/sysinit.target.wants" || return 1
    for target in networking.service sysinit.target; do
        ln -sf ../vipkeeper-boot.service "$UNITS/$target.wants/vipkeeper-boot.service" || return 1
        flush "$UNITS/$target.wants"
    done
    flush "$UNITS/vipkeeper-boot.service" "$UNITS" "$V/confirm"/* "$V/confirm" "$V"
}

begin_journal() { # from this rename on the boot goes forward
    [ -d "$V/confirm" ] || return 0
    : >"$V/confirm/begun.new"
    mv -f "$V/confirm/begun.new" "$V/confirm/begun"
    flush "$V/confirm"
}

drop_journal() {
    [ -d "$V/confirm" ] || return 0
    rm -f "$V/confirm/begun"
    flush "$V/confirm"
    rm -f "$UNITS/networking.service.wants/vipkeeper-boot.service" \
        "$UNITS/sysinit.target.wants/vipkeeper-boot.service" "$UNITS/vipkeeper-boot.service"
    rm -rf "$V/confirm"
}

put_files() { # rename each prepared file over its target; what is done already is passed over
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        [ -e "$fresh" ] && mv -f "$fresh" "$target" && flush "$(dirname "$target")"
        mark "written $path"
    done <"$T/changed"
    while IFS= read -r path; do
        rm -f "$path" && flush "$(dirname "$path")"
        mark "removed $path"
    done <"$T/removed"
}

finish_confirm() { # with the lock held and the commit claimed: from here on there is only forward
    begin_journal
    mark confirming
    put_files
    if [ -d "$V/previous.new" ]; then
        rm -rf "$V/previous"
        mv -T "$V/previous.new" "$V/previous"
        flush "$V"
    fi
    drop_journal
    end_with confirmed "by $(value "$T/owner")"
}

cmd_boot() {
    T=$V/confirm
    ID=$(value "$T/id")
    if [ -e "$T/begun" ]; then
        put_files
        note "a confirm by $(value "$T/owner") was cut off and is finished now"
    else
        drop_prepared
        note "a confirm by $(value "$T/owner") was cut off before it began and is dropped"
    fi
    drop_journal
}

# --- what the client reads ----------------------------------------------------------------------

section() { # NAME FILE: a file's lines, indented so that none looks like a heading
    printf '== %s\n' "$1"
    [ -r "$2" ] && awk '{ print " " $0 }' "$2" # ends every line, also a last one without its end
    return 0
}

print_outcome() {
    for name in result progress apply.status unmet.before unmet.new unmet.old failed refused; do
        [ -e "$T/$name" ] && section "$name" "$T/$name"
    done
    printf '== log\n'
    tail -n 200 "$T/log" 2>/dev/null | sed 's/^/ /'
}

print_pending() { # DIR
    use "$1"
    printf '== state\n %s\n' "${1##*/}"
    for name in id owner message created mode interfaces diff; do
        section "$name" "$T/$name"
    done
    armed && printf '== armed\n yes\n'
    printf '== remaining\n %s\n' "$(($(value "$T/deadline") - $(seconds_up)))"
    return 0
}

cmd_status() {
    require_root
    for state in pending claimed.revert claimed.confirm; do
        if [ -d "$D/$state" ]; then
            print_pending "$D/$state"
            return 0
        fi
    done
    return 0
}

ended_or_pending() { # print what became of the commit ID
    for state in last pending claimed.revert claimed.confirm; do
        if [ "$(value "$D/$state/id")" = "$1" ]; then
            use "$D/$state"
            print_outcome
            return 0
        fi
    done
}

cmd_front() { # rollback|confirm ID: the detached verb, then what became of it
    require_root
    ID=$2
    found=
    for state in pending claimed.revert claimed.confirm; do
        [ "$(value "$D/$state/id")" = "$ID" ] && found=$state
    done
    case $1.$found in
    *.) die "$E_NOTHING" "No commit of that id is pending." ;;
    rollback.claimed.confirm)
        die "$E_NOTHING" "It is confirmed already: its files are being written."
        ;;
    confirm.claimed.revert)
        die "$E_NOTHING" "It is being rolled back already."
        ;;
    esac
    detached "$1"
    status=$?
    ended_or_pending "$ID"
    exit "$status"
}

main() {
    case ${1-} in
    apply | run | expire) "cmd_$1" "$2" ;;
    boot) cmd_boot ;;
    confirm) cmd_confirm "$2" ;;
    rollback) cmd_rollback "$2" "rolled back by request" ;;
    front-rollback) cmd_front rollback "$2" ;;
    front-confirm) cmd_front confirm "$2" ;;
    status) cmd_status ;;
    *) die "$E_INTERNAL" "unknown verb '${1-}'" ;;
    esac
    exit
}

# The shell reads a script as it goes: nothing may follow this line.
main "$@"
