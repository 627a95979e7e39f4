stage() { # make the complete candidate beside the disk's files
    # Reserved space: it is freed before a rollback, in case /run is full then.
    head -c 262144 /dev/zero >"$T/ballast" || return 1
    cp -a "$NETWORK" "$T/network" || return 1
    : >"$T/outside.list"
    while IFS= read -r path; do
        case $path in
        "$NETWORK"/*) target=$T/network${path#"$NETWORK"} ;;
        *)
            target=$T/outside$path
            printf '%s\n' "$path" >>"$T/outside.list"
            ;;
        esac
        # Never write through a link of the copy into a real file.
        mkdir -p "$(dirname "$target")" && rm -f "$target" && cp "$T/new$path" "$target" &&
            chmod 644 "$target" || return 1
    done <"$T/changed"
    while IFS= read -r path; do
        rm -f "$T/network${path#"$NETWORK"}" || return 1
    done <"$T/removed"
}

cmd_apply() {
    incoming=$1
    use "$incoming"
    trap 'rm -rf "$incoming"' EXIT
    require_root
    for tool in ifup ifreload unshare flock sha256sum ip timeout setsid; do
        command -v "$tool" >/dev/null || die "$E_INTERNAL" "The switch has no '$tool'."
    done
    printf '%s\n' "$$" >"$T/pid.front"
    sweep_incoming
    refuse_pending
    # The rest of a confirm that a power cut interrupted, where no boot unit has completed it.
    if [ -d "$V/confirm" ]; then boot_or_die; fi
    settle_previous
    refuse_foreign_owner
    refuse_changed_files
    why=$(stage 2>&1) ||
        die "$E_STAGING" "The candidate could not be staged in $D: $(printf '%s' "$why" | tail -n 1)"
    refuse_unrestorable
    refuse_new_complaints
    refuse_too_short
    # All of that took its time: another's commit may have begun meanwhile, or ended.
    refuse_pending
    refuse_changed_files
    mark staged
    if ! arm; then
        why=$(tail -n 1 "$T/log")
        disarm
        rm -f "$D/program.$ID"
        die "$E_NOT_ARMED" "The dead-man's timer could not be armed, nothing was changed: $why"
    fi
    mark armed
    # From this rename on the commit exists; its timer is running already.
    mv -T "$incoming" "$D/pending" 2>/dev/null || {
        disarm
        rm -f "$D/program.$ID"
        refuse_pending
        die "$E_STAGING" "The candidate could not be put in place in $D."
    }
    trap - EXIT
    use "$D/pending"
    # New files beside the old ones, from such a confirm.
    find "$NETWORK" -xdev -name '.*.vipkeeper.*' -delete
    mark pending
    detached run
    status=$?
    # The run was not started, or was killed; or the timer has claimed the commit and is still at
    # work.
    if ! has_settled; then
        detached rollback
        status=$E_FAILED
    fi
    for state in pending last claimed.revert claimed.confirm; do
        if [ "$(value "$D/$state/id")" = "$ID" ]; then
            use "$D/$state"
            print_outcome
            exit "$status"
        fi
    done
    die "$E_INTERNAL" "The commit's state has gone from $D."
}

has_settled() { # by its own record: a reboot also ends the wait for it with 0
    case $status in
    0 | "$E_FAILED" | "$E_INCOMPLETE") ;;
    *) return 1 ;;
    esac
    for state in pending claimed.confirm; do
        [ "$(value "$D/$state/id")" = "$ID" ] && [ "$(value "$D/$state/hold")" = pending ] &&
            [ "$(value "$D/$state/apply.status")" = 0 ] && return 0
    done
    [ "$(value "$D/last/id")" = "$ID" ]
}

ours() { [ "$(value "$D/pending/id")" = "$ID" ]; }

cmd_run() {
    use "$D/pending"
    [ "$ID" = "$1" ] || exit "$E_NOTHING"
    printf '%s\n' "$$" >"$T/pid.run"
    take_lock 60 || exit "$E_INTERNAL"
    # `expire` may have claimed it meanwhile: then nothing is applied.
    ours || exit "$E_FAILED"
    if is_repair; then run_repair; fi
    unmet "$T/expect.old" >"$T/unmet.before"
    # Without this record nothing could be compared after the rollback.
    if ! look "$T/kernel.before"; then
        claim revert || exit "$E_FAILED"
        why="nothing was applied: what the kernel has could not be read or written down"
        printf '%s\n' "$why" >"$T/unmet.new"
        end_with reverted "$why"
        exit "$E_FAILED"
    fi
    remember
    mark applying
    bring_up in_candidate
    status=$?
    # A bounce rolls back at once, so every later change is its own.
    [ "$(value "$T/hold")" = bounce ] || look "$T/kernel.after"
    unmet "$T/expect.new" >"$T/unmet.new"
    unmet "$T/expect.keep" >"$T/unmet.keep"
    newly_unmet keep >>"$T/unmet.new"
    # ifupdown2 complains of lines elsewhere in the files at each run; only the kernel counts.
    [ "$status" -eq 1 ] && [ "$(value "$T/hold")" = bounce ] && [ ! -s "$T/unmet.new" ] && status=0
    printf '%s\n' "$status" >"$T/apply.status"
    mark applied
    # A result that could not be recorded (a full /run) is not known to be right.
    if [ "$(value "$T/apply.status")" != 0 ] || [ -s "$T/unmet.new" ]; then
        claim revert || exit "$E_FAILED"
        take_back "the candidate was not applied as meant" && exit "$E_FAILED"
        exit "$E_INCOMPLETE"
    fi
    [ "$(value "$T/hold")" = bounce ] || exit 0
    claim revert || exit "$E_FAILED"
    take_back "bounced as asked"
}
