cmd_confirm() {
    ID=$1
    if [ "$(value "$D/claimed.confirm/id")" = "$ID" ]; then # killed on its way: go on
        use "$D/claimed.confirm"
        take_lock 60 || exit "$E_INTERNAL"
        [ -d "$D/claimed.confirm" ] || exit 0
        finish_confirm
        exit
    fi
    ours || exit "$E_NOTHING"
    use "$D/pending"
    take_lock 60 || exit "$E_INTERNAL"
    ours || exit "$E_NOTHING"
    printf '%s\n' "$$" >"$T/pid.confirm"
    if late; then # its timer is dead, or goes off this instant
        printf 'its time was over %s s ago\n' "$(($(seconds_up) - $(value "$T/deadline")))" >"$T/refused"
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
    if ! { prepare_files && keep_previous && prepare_journal; } 2>>"$T/log"; then
        drop_prepared
        printf '%s\n' "$(tail -n 1 "$T/log")" >"$T/refused"
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

prepared() { # PATH: the dot file beside it; `source DIR/*` never reads such a name
    printf '%s/.%s.vipkeeper.%s' "$(dirname "$1")" "$(basename "$1")" "$ID"
}

drop_prepared() {
    while IFS= read -r path; do
        rm -f "$(prepared "$(real "$path")")"
    done <"$T/changed"
    rm -rf "$V/previous.new"
    drop_journal
}

real() { # PATH: where a link leads
    readlink -f "$1" || printf '%s' "$1"
}

flush() { sync "$@" 2>/dev/null || sync; } # fsync(2) of each; coreutils before 8.24 syncs all

prepare_files() { # every new file complete and durable beside its target; no target touched yet
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        rm -f "$fresh"
        if [ -e "$target" ]; then
            cp -a --attributes-only "$target" "$fresh" || return 1
        else
            : >"$fresh" && chmod 644 "$fresh" || return 1
        fi
        cat "$T/new$path" >"$fresh" && flush "$fresh" && flush "$(dirname "$fresh")" || return 1
    done <"$T/changed"
}

keep_previous() { # the files as they are now, and how the new ones will be known
    rm -rf "$V/previous.new"
    mkdir -p "$V/previous.new/files" && chmod 700 "$V" || return 1
    cp "$T/id" "$T/owner" "$T/message" "$V/previous.new/" || return 1
    cat "$T/changed" "$T/removed" | while IFS= read -r path; do
        [ -e "$path" ] || continue
        mkdir -p "$V/previous.new/files$(dirname "$path")" &&
            cp -p "$(real "$path")" "$V/previous.new/files$path" || return 1
    done || return 1
    while IFS= read -r path; do
        digest=$(sha256sum <"$T/new$path") && printf '%s %s\n' "${digest%% *}" "$path" || return 1
    done <"$T/changed" >"$V/previous.new/written"
    cp "$T/removed" "$V/previous.new/removed"
}

# One file changes in one rename. Several cannot: a journal on the disk and a unit that runs before
# the network comes up finish what a power cut interrupts. Both exist only while the files are
# being renamed.
