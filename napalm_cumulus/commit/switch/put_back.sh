# If the files are spoilt while a toggle or a repair runs, what they gave before, and the kernel
# had, is put back without them.

remember() { # before anything is taken away: which of the given addresses and MACs are there
    [ -s "$T/given" ] || return 0
    unmet "$T/given" >"$T/given.before"
    fingerprint >"$T/files.before"
}

fingerprint() { # of all files below /etc/network
    find "$NETWORK" -xdev -type f ! -name '.*' -exec sha256sum {} + | sort | sha256sum
}

is_edited() { # has somebody changed the files since?
    [ -s "$T/files.before" ] && [ "$(fingerprint)" != "$(cat "$T/files.before")" ]
}

is_lost() { # did the stanzas give, and the kernel have, something that it lacks now?
    [ -e "$T/given.before" ] &&
        unmet "$T/given" | grep "^missing " | grep -vxF -f "$T/given.before" >"$T/lost"
}

put_back() { # what is missing after the rollback, with ip. True if there was something.
    is_lost || return 1
    say "+ put back what the files do not give any more"
    # A device gets its MAC when it is made; addresses come when it is up.
    sort -u "$T/lost" | awk '{ print ($3 == "UP") ? 2 : ($3 ~ /\//) ? 3 : 1, $0 }' | sort -n |
        while read -r _ _ device what; do
            case $what in
            UP) within "$ASKING" ip link set dev "$device" up ;;
            */*)
                metric=
                case $device in *-v[0-9]*) metric='metric 1024' ;; esac
                # shellcheck disable=SC2086 # two words or none
                within "$ASKING" ip addr replace "$what" dev "$device" $metric ||
                    within "$ASKING" ip addr replace "$what" dev "$device"
                ;;
            *)
                [ -e "/sys/class/net/$device" ] || make_vrr "$device"
                within "$ASKING" ip link set dev "$device" address "$what"
                ;;
            esac && printf '%s %s\n' "$device" "$what" >>"$T/restored"
        done >>"$T/log" 2>&1
    return 0
}

make_vrr() { # DEVICE: as ifupdown2 makes it
    for iface in $INTERFACES; do
        [ "$(printf %.13s "$iface" | tr . -)" = "${1%-v*}" ] || continue
        within "$ASKING" ip link add link "$iface" name "$1" type macvlan mode private
    done
}
