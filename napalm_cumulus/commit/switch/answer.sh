section() { # NAME FILE: a file's lines, indented so that none looks like a heading
    printf '== %s\n' "$1"
    # awk ends every line, also a last one without a newline.
    [ -r "$2" ] && head -c 1048576 "$2" | awk '{ print " " $0 }'
    return 0
}

print_outcome() {
    for name in result progress apply.status unmet.before unmet.new unmet.old failed refused restored mixed; do
        [ -e "$T/$name" ] && section "$name" "$T/$name"
    done
    printf '== log\n'
    tail -c 65536 "$T/log" 2>/dev/null | tail -n 200 | sed 's/^/ /'
}

print_pending() { # DIR
    use "$1"
    printf '== state\n %s\n' "${1##*/}"
    for name in id owner message created mode hold interfaces diff damaged; do
        [ -e "$T/$name" ] && section "$name" "$T/$name"
    done
    printf '== armed\n %s\n' "$(armed "$T" "$ID")"
    deadline=$(number "$T/deadline") || deadline=0
    printf '== remaining\n %s\n' "$((deadline - $(seconds_up)))"
    return 0
}

show_pending() { # the pending commit; fails where there is none. One that is claimed, given back or ended
# while it is read is read again: half of it would look like one whose timer is dead
    for _ in 1 2 3 4 5 6 7 8 9; do
        shown=
        for state in pending claimed.revert claimed.confirm pending; do
            [ -d "$D/$state" ] || continue
            shown=$(print_pending "$D/$state" 2>/dev/null)
            [ -d "$D/$state" ] && break 2
            break
        done
        [ -n "$shown" ] || return 1
    done
    printf '%s\n' "$shown"
}

cmd_status() {
    require_root
    show_pending
    return 0
}

ended_or_pending() { # print how the commit ID ended
    for state in last pending claimed.revert claimed.confirm; do
        if [ "$(value "$D/$state/id")" = "$1" ]; then
            use "$D/$state"
            print_outcome
            return 0
        fi
    done
}

cmd_front() { # rollback|confirm ID: the detached verb, then its outcome
    require_root
    ID=$2
    found=
    for state in pending claimed.revert claimed.confirm pending; do
        [ "$(value "$D/$state/id")" = "$ID" ] && found=$state
    done
    case $1.$found in
    *.) die "$E_NOTHING" "No commit of that id is pending." ;;
    rollback.claimed.confirm)
        T=$D/$found
        [ "$(armed "$T" "$ID")" = no ] ||
            die "$E_NOTHING" "It is being confirmed: its files are being written."
        # No program continues that confirm, so it is completed first.
        detached confirm
        [ ! -d "$D/claimed.confirm" ] ||
            die "$E_INTERNAL" "Its confirm was cut off and cannot be brought to its end."
        ours || case $(value "$D/last/result") in
        confirmed*) die "$E_NOTHING" "It had been confirmed: what was left to do of that is done now." ;;
        *) die "$E_NOTHING" "Its confirm failed, and it has ended: $(value "$D/last/result")." ;;
        esac
        found=pending
        ;;
    confirm.claimed.revert)
        die "$E_NOTHING" "It is being rolled back already."
        ;;
    esac
    T=$D/$found
    detached "$1"
    status=$?
    ended_or_pending "$ID"
    # The wait for the verb also ends with 0 when systemd itself goes down, on a reboot.
    if [ "$status" -eq 0 ] && ! is_recorded "$1"; then
        die "$E_INTERNAL" "It was ended before it had written down its result: is the switch rebooting?"
    fi
    exit "$status"
}

is_recorded() { # rollback|confirm: did the commit ID end so, by its own record?
    case $1.$(value "$D/last/id").$(value "$D/last/result") in
    "confirm.$ID.confirmed"* | "rollback.$ID.reverted"*) return 0 ;;
    esac
    return 1
}
