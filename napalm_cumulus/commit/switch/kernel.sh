in_candidate() { # COMMAND...: run it with the candidate in place of the disk's files
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

bring_up() { # in_candidate|on_disk: make the kernel agree
    where=$1
    # The client checks interface names; the shell has to split them at the blanks.
    # shellcheck disable=SC2086
    case $MODE in
    targeted)
        [ -n "$INTERFACES" ] || return 0 # only comments change
        set -- ifup $INTERFACES
        ;;
    *) set -- ifreload -a ;;
    esac
    patiently "$where" "$LIMIT" "$@"
}

patiently() { # in_candidate|on_disk SECONDS COMMAND...: run ifupdown2, and wait for other runs of it
    where=$1 limit=$2
    shift 2
    attempt=0 began=$(seconds_up) patience=$HANG
    while :; do
        own_lock || :
        printf '+ %s: %s\n' "$where" "$*" 2>/dev/null >>"$T/log"
        logged "$where" timeout -s KILL "$limit" "$@"
        status=$?
        case $status in
        "$BUSY")
            busy_for=$(($(seconds_up) - began))
            [ "$busy_for" -lt $((HANG * 4)) ] || return "$status"
            if [ "$busy_for" -ge "$patience" ]; then
                free_lock
                patience=$((patience + HANG))
            elif ! own_lock held; then
                sleep 0.5
            fi
            ;;
        137) # killed: the next run completes what this one left half done
            attempt=$((attempt + 1))
            [ "$attempt" -lt "$TRIES" ] || return "$status"
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

ip_answers() { # a command that does not answer is not run again and again
    SILENT=
    within "$ASKING" ip -o link show dev lo >/dev/null 2>&1 || SILENT=yes
    [ -z "$SILENT" ]
}

list_addresses() { [ -z "${SILENT-}" ] && within "$ASKING" ip -o addr show; }

unmet() { # FILE of lines "+ device WHAT" and "- device WHAT": where the kernel differs; WHAT is an
# address, UP, or a MAC
    addresses=$(list_addresses) || {
        printf 'unknown: ip did not tell the addresses within %s s\n' "$ASKING"
        return 0
    }
    { printf '%s\n' "$addresses" && links; } | awk -v wishes="$1" '
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
