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
