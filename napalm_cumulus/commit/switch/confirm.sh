cmd_confirm() {
    ID=$1
    if [ "$(value "$D/claimed.confirm/id")" = "$ID" ]; then # it was killed on its way: go on
        use "$D/claimed.confirm"
        take_lock 60 || exit "$E_INTERNAL"
        [ -d "$D/claimed.confirm" ] && finish_confirm
        # The holder of the lock has given it back, or ended it.
        ours && exit "$E_WRITE"
        case $(value "$D/last/result") in confirmed*) exit 0 ;; esac
        exit "$E_NOTHING"
    fi
    ours || exit "$E_NOTHING"
    use "$D/pending"
    take_lock 60 || exit "$E_INTERNAL"
    ours || exit "$E_NOTHING"
    printf '%s\n' "$$" >"$T/pid.confirm"
    rm -f "$T/refused" "$T/direction"
    [ ! -s "$T/damaged" ] ||
        refuse_confirm "its state on the switch is damaged ($(paste -sd ' ' "$T/damaged")); roll it back"
    if late; then # its timer is dead, or fires at this moment
        printf 'its time was over %s s ago\n' "$(($(seconds_up) - $(number "$T/deadline")))" >"$T/refused"
        exit "$E_LATE"
    fi
    [ "$(value "$T/hold")" = pending ] ||
        refuse_confirm "it was made to be taken back, not to be kept: the switch ends it by itself"
    unmet "$T/expect.new" >"$T/unmet.new"
    if grep -q '^unknown' "$T/unmet.new"; then
        refuse_confirm "what the kernel has is not known, because ip does not answer"
    fi
    if [ -s "$T/unmet.new" ]; then
        refuse_confirm "the kernel no longer has the candidate"
    fi
    if ! sha256sum --check --status "$T/manifest" 2>/dev/null; then
        refuse_confirm "the files on disk were changed while the commit was pending"
    fi
    mark preparing
    if ! words=$({ prepare_files && keep_previous && prepare_journal; } 2>&1); then
        drop_prepared
        printf '%s\n' "$words" | tail -n 1 >"$T/refused"
        exit "$E_WRITE"
    fi
    mark prepared
    claim confirm || {
        drop_prepared
        exit "$E_NOTHING"
    }
    finish_confirm
}

refuse_confirm() {
    printf '%s\n' "$1" >"$T/refused"
    exit "$E_REFUSED"
}

end_late() { # WHY: only the timer may end it now, and the timer may have run already
    claim revert || exit "$E_NOTHING"
    printf '%s\n' "$1" >"$T/refused"
    take_back "not confirmed in time"
    exit "$E_NOTHING"
}

real() { # PATH: the target of a link
    readlink -f "$1" || printf '%s' "$1"
}

prepared() { # FILE: its new text, beside it; `source DIR/*` never reads such a name
    printf '%s/.%s.vipkeeper.%s' "$(dirname "$1")" "$(basename "$1")" "$ID"
}

kept() { # FILE: the second name of the old one, until all new files are verified
    printf '%s.was' "$(prepared "$1")"
}

flush() { sync "$@"; } # fsync(2) of each; coreutils before 8.24 syncs all

digest() { # FILE: its SHA-256
    { sum=$(sha256sum <"$1"); } 2>/dev/null || return 1
    printf '%s' "${sum%% *}"
}

holds() { # FILE LIST PATH: does its text have the digest of PATH in a list of "digest  path" lines?
    have=$(digest "$1") || return 1
    [ "$have" = "$(awk -v path="$3" 'substr($0, 67) == path { print $1; exit }' "$2")" ]
}

was_absent() { grep -qxF -- "$1" "$T/absent"; } # PATH: did it not exist before?

prepare_files() { # all new files, complete and synced beside their targets; no target is touched yet
    : >"$T/absent" && : >"$T/written" || return 1
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        was=$(kept "$target")
        rm -f "$fresh" "$was"
        if [ -e "$target" ]; then
            cp -a --attributes-only "$target" "$fresh" || return 1
            # A copy only where no second name can be given (a bind mount, an immutable file).
            ln -T "$target" "$was" 2>/dev/null || cp -a "$target" "$was" || return 1
            flush "$was" || return 1
        else
            printf '%s\n' "$path" >>"$T/absent" || return 1
            : >"$fresh" && chmod 644 "$fresh" || return 1
        fi
        cat "$T/new$path" >"$fresh" && flush "$fresh" && flush "$(dirname "$fresh")" || return 1
        sum=$(digest "$T/new$path") && printf '%s  %s\n' "$sum" "$path" >>"$T/written" || return 1
    done <"$T/changed"
}

keep_previous() { # the files as they are now, and the digests of the new ones; for a rollback
    rm -rf "$V/previous.new"
    mkdir -p "$V/previous.new/files" || return 1
    cp "$T/id" "$T/owner" "$T/message" "$T/removed" "$V/previous.new/" || return 1
    cat "$T/changed" "$T/removed" | while IFS= read -r path; do
        [ -e "$path" ] || continue
        mkdir -p "$V/previous.new/files$(dirname "$path")" &&
            cp -p "$(real "$path")" "$V/previous.new/files$path" || return 1
    done || return 1
    sed 's/  / /' "$T/written" >"$V/previous.new/written" || return 1
    find "$V/previous.new" -exec sync {} + && flush "$V"
}

promote_previous() { # keep what the newest confirm replaced, now that it is confirmed
    [ -d "$V/previous.new" ] || return 0
    rm -rf "$V/previous" && mv -T "$V/previous.new" "$V/previous" && flush "$V"
}

settle_previous() { # after a confirm that a power cut interrupted: was it completed?
    new=$V/previous.new
    [ -d "$new" ] && [ ! -d "$V/confirm" ] || return 0
    if [ -s "$new/written" ] || [ -s "$new/removed" ]; then
        stands=yes
        while read -r sum path; do
            [ "$(digest "$path")" = "$sum" ] || stands=no
        done <"$new/written"
        while IFS= read -r path; do
            [ ! -e "$path" ] || stands=no
        done <"$new/removed"
        [ "$stands" = no ] || promote_previous
    fi
    rm -rf "$new"
}

cmd_previous() { # for the client: the files that the newest confirm replaced, as a tar archive
    require_root
    mkdir -p "$D"
    take_lock 60 || die "$E_INTERNAL" "The lock $D/lock is held by a run that does not end."
    if [ ! -d "$D/pending" ] && [ ! -d "$D/claimed.revert" ] && [ ! -d "$D/claimed.confirm" ]; then
        [ ! -d "$V/confirm" ] || boot_or_die
        settle_previous
    fi
    [ ! -d "$V/previous" ] || tar -C "$V" -cf - previous
}
