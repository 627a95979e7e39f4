# One file is replaced by one rename. Several files need a journal on the disk, and a unit that runs
# before the network comes up. They complete an interrupted confirm in the journal's direction:
#   none      nothing is renamed yet: the prepared files are dropped
#   forward   the new files are put in place
#   back      that failed: the old ones are put back
# Both exist only while files are being renamed.
files_to_change() { cat "$T/changed" "$T/removed" | wc -l; }

prepare_journal() {
    [ "$(files_to_change)" -gt 1 ] || return 0
    make_journal
}

make_journal() {
    rm -rf "$V/confirm"
    mkdir -p "$V/confirm" || return 1
    for name in transaction.sh id owner changed removed written absent manifest; do
        cp "$T/$name" "$V/confirm/" || return 1
    done
    flush "$V/confirm"/* "$V/confirm" "$V" || return 1
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
        ln -sf ../vipkeeper-boot.service "$UNITS/$target.wants/vipkeeper-boot.service" &&
            flush "$UNITS/$target.wants" || return 1
    done
    flush "$UNITS/vipkeeper-boot.service" "$UNITS"
}

turn() { # forward|back|verified: the direction after a kill, and for the boot after a power cut
    printf '%s\n' "$1" >"$T/direction.new" && mv -f "$T/direction.new" "$T/direction" || return 1
    [ -d "$V/confirm" ] && [ "$T" != "$V/confirm" ] || return 0
    cp "$T/direction" "$V/confirm/direction.new" && flush "$V/confirm/direction.new" &&
        mv -f "$V/confirm/direction.new" "$V/confirm/direction" && flush "$V/confirm"
}

drop_prepared() { # the files beside the targets, the journal and its unit
    if [ -d "$V/confirm" ]; then
        rm -f "$V/confirm/direction"
        flush "$V/confirm"
    fi
    cat "$T/changed" "$T/removed" | while IFS= read -r path; do
        target=$(real "$path")
        rm -f "$(prepared "$target")" "$(kept "$target")" "$(kept "$path")"
    done
    rm -rf "$V/previous.new"
    [ -d "$V/confirm" ] || return 0
    rm -f "$UNITS/networking.service.wants/vipkeeper-boot.service" \
        "$UNITS/sysinit.target.wants/vipkeeper-boot.service" "$UNITS/vipkeeper-boot.service"
    rm -rf "$V/confirm"
}

finish_confirm() { # with the lock held and the commit claimed: it ends here, one way or the other
    direction=$(value "$T/direction")
    [ "$direction" != back ] || give_back
    if [ "$direction" != verified ]; then
        mark confirming
        words=$({ turn forward && put_files && check_written; } 2>&1) || {
            printf '%s\n' "${words:-no reason given}" | tail -n 1 >"$T/refused"
            give_back
        }
        turn verified # the boot need not check again
    fi
    promote_previous || note "what this confirm replaced could not be kept for a rollback"
    drop_prepared
    end_with confirmed "by $(value "$T/owner")"
    exit 0
}

give_back() { # restore the old files, and give the commit back to its timer
    # Without a journal of this, a power cut would leave the one new file.
    [ -d "$V/confirm" ] || make_journal 2>/dev/null
    turn back
    mark undoing
    if ! words=$(restore_files 2>&1); then
        printf '%s\n' "$words" >"$T/mixed"
        end_with mixed "$(value "$T/refused")"
        exit "$E_MIXED"
    fi
    drop_prepared
    mv -T "$T" "$D/pending" || { # another commit took its place, and its timer would not find it
        mv -T "$T" "$D/claimed.revert" && T=$D/claimed.revert
        take_back "it could not be confirmed"
        exit "$E_NOTHING"
    }
    T=$D/pending
    mark undone
    # The timer may have fired meanwhile, and found it claimed.
    if late; then end_late "$(value "$T/refused")"; fi
    exit "$E_WRITE"
}

cmd_boot() { # ends with E_MIXED where neither direction could be completed
    T=$V/confirm
    ID=$(value "$T/id")
    whose="a confirm by $(value "$T/owner") was cut off"
    direction=$(value "$T/direction")
    if [ "$direction" = forward ]; then
        if words=$({ put_files && check_written; } 2>&1); then
            promote_previous
            note "$whose and is finished now"
        else
            note "$whose and cannot be finished: $words"
            direction=back
            turn back
        fi
    fi
    if [ "$direction" = back ]; then
        if ! words=$(restore_files 2>&1); then
            printf '%s\n' "$words" >"$T/mixed"
            note "$whose; the disk holds a mixture: $words"
            return "$E_MIXED"
        fi
        note "$whose, the old files are in place"
    elif [ "$direction" = verified ]; then
        promote_previous
        note "$whose when all was written"
    elif [ "$direction" != forward ]; then
        note "$whose before it began and is dropped"
    fi
    drop_prepared
}

boot_alone() { # what the unit runs. `systemctl isolate` may also start it, beside a running confirm
    for state in pending claimed.revert claimed.confirm; do
        [ ! -d "$D/$state" ] || exit 0 # this is not a boot, and the journal belongs to that commit
    done
    mkdir -p "$D"
    take_lock 60 || exit "$E_INTERNAL"
    [ ! -d "$V/confirm" ] || cmd_boot
}

boot_or_die() { # for a caller that finds the journal of a confirm that a power cut or a failure left
    (cmd_boot) || die "$E_FOREIGN" "An earlier confirm left the disk with a mixture:" \
        "$(paste -sd ';' "$V/confirm/mixed")."
}
