# Whether a program or timer will end a commit. A check of the fleet sends only this part, before
# its own script, so it needs no other part.

value() { # FILE: its first line
    line=
    [ -r "$1" ] && IFS= read -r line <"$1"
    printf '%s' "$line"
}

armed() { # DIR ID: will anything end that commit? yes, no, or unknown
    # A run that has claimed it rolls back by itself.
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
        # The command may hang; it does not keep the lock.
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
