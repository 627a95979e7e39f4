# Whether anything sees to the end of a commit. A check of the fleet sends this part alone, before its
# own script: it stands on no other part.

value() { # FILE: its first line
    line=
    [ -r "$1" ] && IFS= read -r line <"$1"
    printf '%s' "$line"
}

armed() { # DIR ID: does anything see to the end of that commit? yes, no, or unknown
    # A run that has claimed it goes back itself.
    case $1 in
    */claimed.*) run=run ;;
    *) run=revert ;;
    esac
    if [ ! -e "$1/armed" ]; then
        echo no
    elif [ -s "$1/sleeper" ]; then
        for name in sleeper pid.expire pid.rollback pid.confirm "pid.$run"; do
            pid=$(value "$1/$name")
            [ -n "$pid" ] && grep -q "$2" "/proc/$pid/cmdline" 2>/dev/null && echo yes && return
        done
        echo no
    else
        # The command may hang; nothing of it keeps the lock.
        states=$(timeout -s KILL "${ASKING:-10}" systemctl is-active "vipkeeper-revert-$2.timer" \
            "vipkeeper-revert-$2.service" "vipkeeper-rollback-$2.service" \
            "vipkeeper-confirm-$2.service" "vipkeeper-$run-$2.service" 2>/dev/null 8>&-)
        if [ -z "$states" ]; then
            echo unknown
        elif printf '%s\n' "$states" | grep -qE '^(active|activating|deactivating)$'; then
            echo yes
        else
            echo no
        fi
    fi
}
