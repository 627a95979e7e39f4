claim() { # revert|confirm: own the outcome of the pending commit; one rename decides
    ours && mv -T "$D/pending" "$D/claimed.$1" 2>/dev/null || return 1
    T=$D/claimed.$1
    mark "claimed.$1"
}

take_back() { # WHY. With the lock held and the commit claimed: restore the disk's configuration
    rm -f "$T/ballast"
    mark reverting
    # In a bounce `ip` has answered a moment ago.
    if [ "$(value "$T/hold")" != bounce ] && ! ip_answers; then
        # ifupdown2 runs `ip`, too: the limits are made for a switch that works.
        printf 'ip does not answer\n' >>"$T/log"
        LIMIT=60 TRIES=1
    fi
    if cut_short; then
        take_down_added
        look "$T/kernel.now" && delete_left
    fi
    bring_up on_disk
    status=$?
    if is_repair; then lift_all; fi
    unmet "$T/expect.old" >"$T/unmet.old"
    if [ "$MODE" = targeted ] && newly_unmet old >/dev/null && is_edited && put_back; then
        # Before a full reload, which might remove what other stanzas no longer give.
        unmet "$T/expect.old" >"$T/unmet.old"
        status=0
    fi
    if [ "$MODE" = targeted ] && { [ "$status" -gt 1 ] || newly_unmet old >/dev/null; }; then
        # Reloading these interfaces was not enough: let ifupdown2 reload everything.
        MODE=full
        bring_up on_disk
        if is_repair; then lift_all; fi
        unmet "$T/expect.old" >"$T/unmet.old"
    fi
    if put_back; then unmet "$T/expect.old" >"$T/unmet.old"; fi
    if [ -e "$T/kernel.before" ]; then sweep; fi
    drop_prepared
    if newly_unmet old >/dev/null || [ -s "$T/restored" ]; then
        end_with incomplete "$1; $(newly_unmet old | head -n 8 | tr '\n' ';')"
        return "$E_INCOMPLETE"
    fi
    end_with reverted "$1"
}

sweep() { # remove what the disk's configuration alone did not correct; then find what is still wrong
    look "$T/kernel.now" || {
        printf 'unknown: what the kernel has could not be read\n' >>"$T/unmet.old"
        return 0
    }
    [ -n "$(differences)" ] || return 0
    delete_left
    lost=$(differences | sed -n 's/^missing device //p' | grep -xF -f - "$T/gone")
    # shellcheck disable=SC2086 # checked by the client
    [ -z "$lost" ] || patiently on_disk "$LIMIT" ifup $lost
    unmet "$T/expect.old" >"$T/unmet.old"
    if newly_unmet old >/dev/null; then # a deleted device may have been in the way
        MODE=full
        bring_up on_disk
        put_back || : # a reload also removes what was put back
        unmet "$T/expect.old" >"$T/unmet.old"
    fi
    if look "$T/kernel.now"; then
        differences >>"$T/unmet.old"
    else
        printf 'unknown: what the kernel has could not be read\n' >>"$T/unmet.old"
    fi
}

newly_unmet() { # old|keep|new: what the kernel lacks now but had before; fails where that is nothing
    {
        [ -e "$T/unmet.$1" ] || echo "unknown: what the kernel has could not be written down"
        grep '^unknown' "$T/unmet.$1"
        grep -v '^unknown' "$T/unmet.$1" | grep -vxF -f "$T/unmet.before"
    } | grep .
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

cmd_rollback() { # ID WHY: a rollback that was interrupted is continued in its claimed directory
    ID=$1
    if ! claim revert; then
        [ "$(value "$D/claimed.revert/id")" = "$ID" ] || exit "$E_NOTHING"
    fi
    use "$D/claimed.revert"
    printf '%s\n' "$$" >"$T/pid.$VERB"
    break_lock 2 || exit "$E_INTERNAL"
    [ -d "$D/claimed.revert" ] || exit 0 # the holder of the lock has done it
    [ -e "$T/unmet.before" ] || : >"$T/unmet.before"
    take_back "$2"
}

cmd_expire() {
    if [ "$(value "$D/claimed.confirm/id")" = "$1" ]; then
        ID=$1
        use "$D/claimed.confirm"
        printf '%s\n' "$$" >"$T/pid.$VERB"
        break_lock 60 || exit "$E_INTERNAL"
        [ -d "$D/claimed.confirm" ] && finish_confirm
        # It has ended meanwhile, or failed and was given back.
    fi
    # A commit that was armed but never became the pending one leaves only its program.
    if [ "$(value "$D/pending/id")" != "$1" ] && [ "$(value "$D/claimed.revert/id")" != "$1" ] &&
        [ "$(value "$D/claimed.confirm/id")" != "$1" ]; then
        rm -f "$D/program.$1"
        sweep_incoming
    fi
    cmd_rollback "$1" "not confirmed in time"
}
