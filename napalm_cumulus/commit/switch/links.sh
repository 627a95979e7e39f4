# What a change has added to the kernel or removed from it, beyond its configuration. A killed
# ifreload saves no state, so the next one does not know what it has made.

look() { # FILE: devices, those that are up, and addresses; complete, or not there at all
    listed=$(list_addresses) || return 1
    {
        for net in /sys/class/net/*; do
            [ -r "$net/flags" ] || continue
            flags=0 number=0
            { read -r flags <"$net/flags" && read -r number <"$net/ifindex"; } 2>/dev/null
            printf 'device %s %s\n' "${net##*/}" "$number"
            [ $((flags & 1)) -eq 1 ] && printf 'up %s\n' "${net##*/}"
        done
        # Addresses that come and go by themselves are not part of any change.
        printf '%s\n' "$listed" | awk '$3 ~ /^inet6?$/ && !/ dynamic | temporary | scope link / {
            sub(/@.*/, "", $2)
            print "address", $2, $4
        }'
    } >"$1.part" && mv -f "$1.part" "$1"
}

cut_short() { # was applying begun and not completed?
    [ -e "$T/kernel.before" ] || return 1
    case $(value "$T/apply.status") in
    '' | 137) return 0 ;;
    esac
    return 1
}

take_down_added() { # take down what only the candidate has, with the candidate's own files
    names=$(awk 'NR == FNR { if ($1 == "up") was[$2] = 1; next } !($1 in was)' \
        "$T/kernel.before" "$T/added")
    set --
    for name in $names; do # checked by the client: no blanks, no patterns
        [ -e "/sys/class/net/$name" ] && set -- "$@" "$name"
    done
    # A command of the candidate that hangs will hang again.
    [ $# -eq 0 ] || (TRIES=1 && patiently in_candidate 60 ifdown -u "$@")
}

# Kinds of devices that a command makes and that are never a port. A port may be a veth, or a tap.
KINDS="bridge vlan vxlan macvlan bond vrf dummy gre gretap ip6gre ipip ip6tnl sit vti"

delete_left() { # delete devices and addresses in kernel.now that the change has made, the newest first.
# Only devices that its own lines name, or VRR devices of such; none that the disk gives: if one was
# missing before, the rollback has made it
    awk '
        FILENAME ~ /before$/ { if ($1 == "device") was[$2] = 1; next }
        FILENAME ~ /named$/ { named[$1] = 1; next }
        FILENAME ~ /devices$/ { given[$1] = 1; next }
        $1 == "device" && !($2 in was) && !($2 in given) {
            base = $2
            sub(/-v[0-9]+$/, "", base)
            if (base in named || $2 in named) print $3, $2
        }' "$T/kernel.before" "$T/named" "$T/devices" "$T/kernel.now" | sort -rn >"$T/left"
    if [ -s "$T/left" ]; then
        for kind in $KINDS; do within "$ASKING" ip -o link show type "$kind"; done 2>/dev/null |
            awk -F': ' '{ sub(/@.*/, "", $2); print $2 }' >"$T/virtual"
    else
        : >"$T/virtual"
    fi
    {
        awk 'NR == FNR { virtual[$1] = 1; next } $2 in virtual { print "link delete dev " $2 }' \
            "$T/virtual" "$T/left"
        # Only addresses that the candidate itself gives.
        differences | awk 'NR == FNR { if ($1 == "-") given[$2 " " $3] = 1; next }
            $1 == "left" && ($3 " " $4) in given { print "address delete " $4 " dev " $3 }' \
            "$T/expect.old" -
    } >"$T/batch"
    [ -s "$T/batch" ] || return 0
    note "deleting what was left: $(head -c 300 "$T/batch" | tr '\n' ';')"
    within 120 ip -force -batch "$T/batch" >>"$T/log" 2>&1 </dev/null
    look "$T/kernel.now"
}

differences() { # between kernel.before and kernel.now, caused by the change. Where kernel.after is known,
# what has not changed since kernel.after was there then, or is not ours
    [ -e "$T/kernel.after" ] && set -- "$T/kernel.after"
    # After a bounce the client checks, since it knows what was wrong before.
    awk -v keep="$([ "$(value "$T/hold")" = bounce ] && echo no)" -v after="$#" '
        FILENAME ~ /before$/ { before[$1 " " $2 " " ($1 == "address" ? $3 : "")] = 1; next }
        FILENAME ~ /after$/ { then[$1 " " $2 " " ($1 == "address" ? $3 : "")] = 1; next }
        FILENAME ~ /now$/ { now[$1 " " $2 " " ($1 == "address" ? $3 : "")] = 1; next }
        FILENAME ~ /held$/ { held[$1 " " $2] = 1; next }
        FILENAME ~ /added$/ { added[$1] = 1; next }
        FILENAME ~ /devices$/ { given[$1] = 1; next }
        END {
            for (key in before) {
                if (key in now || (after && (key in then))) continue
                split(key, part, " ")
                if (part[1] == "device") print "missing device " part[2]
                else if (!(("device " part[2] " ") in now)) continue
                else if (part[1] == "up") print "missing " part[2] " UP"
                else if (keep != "no") print "missing " part[2] " " part[3]
            }
            for (key in now) {
                if (key in before || (after && !(key in then))) continue
                split(key, part, " ")
                new = !(("device " part[2] " ") in before)
                if (part[1] == "device") {
                    # The first device of its kind, which a kernel module makes when it is loaded.
                    if (!(part[2] in given) && part[2] !~ /^(bond0|dummy0|gre0|gretap0|erspan0|tunl0|sit0|ip6tnl0|ip6gre0|ip_vti0)$/)
                        print "left over device " part[2]
                } else if (new) continue
                else if (part[1] == "up") { if (part[2] in added) print "left over " part[2] " UP" }
                else if (!((part[2] " " part[3]) in held) && !((part[2] " *") in held))
                    print "left over " part[2] " " part[3]
            }
        }' "$T/kernel.before" "$@" "$T/kernel.now" "$T/held" "$T/added" "$T/devices" | sort
}
