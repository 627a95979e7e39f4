put_files() { # rename each new file over its target; skip what is done already. At the first failure it
# fails, and prints why
    while IFS= read -r path; do
        target=$(real "$path")
        fresh=$(prepared "$target")
        if [ -e "$fresh" ]; then
            replace "$path" "$target" "$fresh" || return 1
        fi
        mark "written $path"
    done <"$T/changed"
    while IFS= read -r path; do
        if exists "$path" && ! exists "$(kept "$path")"; then
            mv -T "$path" "$(kept "$path")" && flush "$(dirname "$path")" || return 1
        fi
        mark "removed $path"
    done <"$T/removed"
}

exists() { [ -e "$1" ] || [ -L "$1" ]; }

replace() { # PATH TARGET FRESH
    if was_absent "$1"; then
        mv -n -T "$3" "$2"
        [ ! -e "$3" ] || {
            [ ! -e "$2" ] || printf '%s was made by somebody else just now\n' "$1"
            return 1
        }
    else
        holds "$2" "$T/manifest" "$1" || {
            printf '%s was changed by somebody else just now\n' "$1"
            return 1
        }
        mv -f -T "$3" "$2" || return 1
    fi
    flush "$(dirname "$2")"
}

check_written() { # is every file as it should be? Prints a sentence for each that is not
    right=0
    while IFS= read -r path; do
        target=$(real "$path")
        holds "$target" "$T/written" "$path" || {
            right=1
            printf '%s does not hold the new text. ' "$path"
        }
        # The second name still leads to the file that the rename replaced.
        was_absent "$path" || holds "$(kept "$target")" "$T/manifest" "$path" || {
            right=1
            printf '%s was edited by somebody else while it was being replaced. ' "$path"
        }
    done <"$T/changed"
    while IFS= read -r path; do
        if exists "$path"; then
            right=1
            printf '%s is still there. ' "$path"
        fi
        holds "$(kept "$path")" "$T/manifest" "$path" || {
            right=1
            printf '%s was edited by somebody else while it was being removed. ' "$path"
        }
    done <"$T/removed"
    return "$right"
}

restore_files() { # restore the very files that were replaced; print a sentence for each that is not back
    back=0
    while IFS= read -r path; do
        target=$(real "$path")
        was=$(kept "$target")
        words=''
        if holds "$target" "$T/written" "$path"; then
            if was_absent "$path"; then
                words=$(rm -f "$target" 2>&1)
            elif [ -e "$was" ]; then
                words=$(mv -f -T "$was" "$target" 2>&1)
            fi
            flush "$(dirname "$target")" 2>/dev/null
        fi
        if holds "$target" "$T/written" "$path"; then
            back=1
            printf '%s holds the new text: %s\n' "$path" "${words:-its old text is gone}"
        elif [ -e "$was" ] && [ ! -e "$(prepared "$target")" ] &&
            [ "$(digest "$was")" != "$(digest "$target")" ]; then # it was replaced, and then edited
            back=1
            printf '%s holds neither its old nor its new text; the old one is in %s\n' "$path" "$was"
        fi
        mark "restored $path"
    done <"$T/changed"
    while IFS= read -r path; do
        was=$(kept "$path")
        words=''
        if exists "$was"; then
            words=$(mv -n -T "$was" "$path" 2>&1)
            flush "$(dirname "$path")" 2>/dev/null
        fi
        if exists "$was" || ! exists "$path"; then
            back=1
            printf '%s is removed, its old text is in %s: %s\n' "$path" "$was" \
                "${words:-somebody else made another}"
        fi
        mark "brought back $path"
    done <"$T/removed"
    return "$back"
}
