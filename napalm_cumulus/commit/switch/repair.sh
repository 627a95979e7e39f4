# The steps of a repair change only the kernel. The client checks their words; nothing here
# evaluates them. A step that fails is recorded, and the next one is taken: the kernel afterwards is
# what counts.

say() { printf '%s\n' "$*" >>"$T/log"; }

tried() { # WORDS COMMAND...: run it, and record that WORDS failed if it did
    words=$1
    shift
    say "+ $*"
    within 60 "$@" >>"$T/log" 2>&1 </dev/null 3<&- && return 0
    printf 'failed %s\n' "$words" >>"$T/failed"
    return 1
}

ifup_these() { # IFACE...: apply the disk's configuration; its exit status is no proof, so it is only logged
    # shellcheck disable=SC2086 # names are checked by the client
    INTERFACES=$* MODE=targeted
    bring_up on_disk 3<&-
    status=$?
    [ "$status" -eq 0 ] || say "ifup ended with exit status $status"
    INTERFACES=$(tr '\n' ' ' <"$T/interfaces")
    MODE=$(value "$T/mode")
}

ipv6_again() { # DEV: the lines for `ip -batch` that give it its global IPv6 addresses once more
    # Going down loses them, and coming up does not bring them back. They were there a moment ago,
    # so no duplicate address detection is needed.
    within "$ASKING" ip -6 -o addr show dev "$1" scope global 2>/dev/null |
        awk -v dev="$1" '!/ dynamic | temporary / {
            metric = ""
            for (i = 5; i < NF; i++) if ($i == "metric") metric = " metric " $(i + 1)
            print "addr replace " $4 " dev " dev metric " nodad"
        }'
}

down_and_up() { # DEV [MAC]: in one process, for the shortest outage, and never only half of it
    {
        printf 'link set dev %s down\n' "$1"
        [ -z "${2-}" ] || printf 'link set dev %s address %s\n' "$1" "$2"
        printf 'link set dev %s up\n' "$1"
        ipv6_again "$1"
    } >"$T/batch"
    mark disturbing
    tried "taking $1 down and up" ip -force -batch "$T/batch"
    mark "down and up $1"
}

carrier() { # DEV: does it have one, or get one within half a second?
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        has=0
        { read -r has <"/sys/class/net/$1/carrier"; } 2>/dev/null
        [ "$has" = 1 ] && return 0
        sleep 0.05
    done
    return 1
}

vrf_of() { # DEV: the VRF that it is in; nothing outside of one
    master=$(readlink "/sys/class/net/$1/master") || return 0
    ! [ -d "/sys/class/net/$1/master/bridge" ] || return 0
    ! [ -d "/sys/class/net/$1/master/bonding" ] || return 0
    printf '%s' "${master##*/}"
}

follow_vrf() { # DEV BELOW: put a VRR device into its SVI's VRF, where `ifup` leaves it in another one
    has=$(vrf_of "$1")
    needs=$(vrf_of "$2")
    [ "$has" != "$needs" ] || return 0
    into=nomaster
    [ -z "$needs" ] || into="master $needs"
    {
        printf 'link set dev %s %s\n' "$1" "$into"
        ipv6_again "$1"
    } >"$T/batch"
    tried "putting $1 into the VRF of $2" ip -force -batch "$T/batch"
}

lift() { # DEV: correct what keeps it from working although its addresses are right
    net=/sys/class/net/$1
    [ -e "$net" ] || return 0
    down=0 flags=1 port=3 stp=1 own='' under=''
    { read -r down <"$net/proto_down"; } 2>/dev/null
    if [ "${down:-0}" = 1 ]; then
        tried "clearing protodown of $1" ip link set dev "$1" protodown off
        # A device that has no carrier even then starts to work when it goes down and up.
        carrier "$1" || ip link set dev "$1" down
    fi
    read -r flags <"$net/flags"
    [ $((flags & 1)) -eq 0 ] && tried "bringing $1 up" ip link set dev "$1" up
    { read -r port <"$net/brport/state" && read -r stp <"$net/brport/bridge/bridge/stp_state"; } \
        2>/dev/null
    # Without STP nothing else makes such a port forward again.
    [ "$port" != 3 ] && [ "$stp" = 0 ] &&
        tried "making the port $1 forward" bridge link set dev "$1" state 3
    # ifupdown2 corrects the MTU only of the first VRR device.
    case $1 in
    *-v[0-9]*)
        below=$(basename "$(readlink "$net"/lower_* 2>/dev/null | head -n 1)")
        [ -n "$below" ] && read -r under <"/sys/class/net/$below/mtu" && read -r own <"$net/mtu"
        [ "$own" = "$under" ] ||
            tried "giving $1 the MTU of $below" ip link set dev "$1" mtu "$under"
        [ -z "$below" ] || follow_vrf "$1" "$below"
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

table_of() { # DEV: the number of its VRF's routing table; nothing outside of VRFs
    master=$(readlink "/sys/class/net/$1/master") || return 0
    # Before iproute2 4.6 only the VRF itself shows it.
    within "$ASKING" ip -d -o link show dev "${master##*/}" 2>/dev/null |
        sed -n 's/.* vrf table \([0-9]*\).*/\1/p'
}

reroute() { # DEV ADDRESS NETWORK METRIC: add the routes that the kernel makes for an address
    net=/sys/class/net/$1
    within "$ASKING" ip -4 -o addr show dev "$1" 2>/dev/null | grep -qF " $2/" || return 0
    table=$(table_of "$1")
    main=${table:-254}
    own=${table:-255} # a VRF has its local routes in the same table
    # First: the other route names the address as its source, which has to be the switch's own.
    [ -n "$(within "$ASKING" ip -4 route show table "$own" type local "$2" dev "$1")" ] ||
        tried "restoring the local route of $2" ip -4 route append local "$2" dev "$1" \
            proto kernel scope host src "$2" table "$own"
    [ -n "$(within "$ASKING" ip -4 route show table "$main" "$3" dev "$1" proto kernel)" ] || [ "$3" = "$2/32" ] ||
        # Appended: the routes of other VRR devices differ only in the device.
        tried "restoring the route $3 of $1" ip -4 route append "$3" dev "$1" proto kernel \
            scope link src "$2" metric "$4" table "$main"
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
    rm -f "$T/ballast" # records between two steps need space
    : >"$T/failed"
    unmet "$T/expect.new" >"$T/unmet.before"
    remember
    await_ifupdown2 # ifupdown2 gives back what a step takes away, so it must get its turn at once
    mark applying
    take_steps
    printf '0\n' >"$T/apply.status"
    unmet "$T/expect.new" >"$T/unmet.new"
    mark applied
    # A result that could not be recorded (a full /run) is not known to be right.
    if [ "$(value "$T/apply.status")" != 0 ] || newly_unmet new >/dev/null || is_lost; then
        claim revert || exit "$E_FAILED"
        take_back "the repair took something away" && exit "$E_FAILED"
        exit "$E_INCOMPLETE"
    fi
    claim revert || exit "$E_FAILED"
    end_with repaired "the disk was not touched"
    exit 0
}
